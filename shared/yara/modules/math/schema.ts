/** `math`: statistics over a range of the object or over a text, and arithmetic that the language has no operator for. */
import type { FunctionSchema, RangeKind, ScalarSchema, StructureSchema } from '../schema.ts';

export const mathSchema: StructureSchema = {
  kind: 'structure',
  name: 'math',
  constants: { MEAN_BYTES: 127.5 },
  functions: {
    min: [{ parameters: ['integer', 'integer'], result: 'integer' }],
    max: [{ parameters: ['integer', 'integer'], result: 'integer' }],
    abs: [{ parameters: ['integer'], result: 'integer' }],
    in_range: [
      { parameters: ['float', 'float', 'float'], result: 'boolean' },
      { parameters: ['integer', 'integer', 'integer'], result: 'boolean' },
    ],
    to_number: [{ parameters: ['boolean'], result: 'integer' }],
    to_string: [
      { parameters: ['integer', 'integer'], result: 'text' },
      { parameters: ['integer'], result: 'text' },
    ],
    count: byteOverloads('integer'),
    percentage: byteOverloads('float'),
    mode: [
      { parameters: [], result: 'integer', range: { kind: 'distribution', part: 'whole' } },
      {
        parameters: ['integer', 'integer'],
        result: 'integer',
        range: { kind: 'distribution', part: { offset: 0, size: 1 } },
      },
    ],
    entropy: rangeOverloads('distribution', []),
    deviation: rangeOverloads('distribution', ['float']),
    mean: rangeOverloads('distribution', []),
    serial_correlation: rangeOverloads('serialCorrelation', []),
    monte_carlo_pi: rangeOverloads('monteCarlo', []),
  },
};

function rangeOverloads(kind: RangeKind, others: readonly ScalarSchema[]): readonly FunctionSchema[] {
  return [
    { parameters: ['integer', 'integer', ...others], result: 'float', range: { kind, part: { offset: 0, size: 1 } } },
    { parameters: ['text', ...others], result: 'float' },
  ];
}

/** Of one byte's value, in a range or in all of the object. */
function byteOverloads(result: ScalarSchema): readonly FunctionSchema[] {
  const kind = 'distribution';
  return [
    { parameters: ['integer', 'integer', 'integer'], result, range: { kind, part: { offset: 1, size: 2 } } },
    { parameters: ['integer'], result, range: { kind, part: 'whole' } },
  ];
}

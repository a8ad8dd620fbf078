/** The types of byte code, and what instructions take and give whose operands need little or no look. */
import type { ParameterSchema, TypeSchema } from '../modules/schema.ts';
import type { Instruction } from './opcodes.ts';

/** `number` stands for an integer or a float, in signatures only; `pattern` is the current pattern of a loop. */
export type CodeType = TypeSchema | ParameterSchema | 'number' | 'pattern';

export interface Signature {
  readonly takes: readonly CodeType[];
  readonly gives: CodeType;
  /** Operands besides: the first one names a pattern, or a regex; three are a quantifier and a set. */
  readonly pattern?: true;
  readonly regex?: true;
  readonly set?: true;
}

export function signatureOf(instruction: Instruction): Signature | undefined {
  return signatures[instruction];
}

function arithmetic(type: 'integer' | 'float', operands: number): Signature {
  return { takes: new Array<CodeType>(operands).fill(type), gives: type };
}

function test(...takes: readonly CodeType[]): Signature {
  return { takes, gives: 'boolean' };
}

const integers = arithmetic('integer', 2);
const floats = arithmetic('float', 2);
const numberTest = test('number', 'number');
const textTest = test('text', 'text');

const signatures: Partial<Record<Instruction, Signature>> = {
  true: test(),
  false: test(),
  small: { takes: [], gives: 'integer' },
  filesize: { takes: [], gives: 'integer' },
  entrypoint: { takes: [], gives: 'integer' },

  has: { ...test(), pattern: true },
  hasAt: { ...test('integer'), pattern: true },
  hasIn: { ...test('integer', 'integer'), pattern: true },
  count: { takes: [], gives: 'integer', pattern: true },
  countIn: { takes: ['integer', 'integer'], gives: 'integer', pattern: true },
  offset: { takes: ['integer'], gives: 'integer', pattern: true },
  length: { takes: ['integer'], gives: 'integer', pattern: true },
  of: { ...test(), set: true },
  ofAt: { ...test('integer'), set: true },
  ofIn: { ...test('integer', 'integer'), set: true },

  and: test('boolean', 'boolean'),
  or: test('boolean', 'boolean'),
  not: test('boolean'),
  truth: test('number'),
  textTruth: test('text'),

  toInteger: { takes: ['boolean'], gives: 'integer' },
  toFloat: { takes: ['integer'], gives: 'float' },
  add: integers,
  subtract: integers,
  multiply: integers,
  divide: integers,
  remainder: integers,
  negate: arithmetic('integer', 1),
  bitAnd: integers,
  bitOr: integers,
  bitXor: integers,
  bitNot: arithmetic('integer', 1),
  shiftLeft: integers,
  shiftRight: integers,
  addFloat: floats,
  subtractFloat: floats,
  multiplyFloat: floats,
  divideFloat: floats,
  negateFloat: arithmetic('float', 1),
  equal: numberTest,
  notEqual: numberTest,
  less: numberTest,
  lessOrEqual: numberTest,
  greater: numberTest,
  greaterOrEqual: numberTest,

  textEqual: textTest,
  textNotEqual: textTest,
  textLess: textTest,
  textLessOrEqual: textTest,
  textGreater: textTest,
  textGreaterOrEqual: textTest,
  contains: textTest,
  icontains: textTest,
  startswith: textTest,
  istartswith: textTest,
  endswith: textTest,
  iendswith: textTest,
  iequals: textTest,
  matches: test('text', 'regex'),
  regex: { takes: [], gives: 'regex', regex: true },
};

/** `hash`: digests and checksums of a range of the object or of a text. Results are lower-case hex, or integers. */
import type { FunctionSchema, RangeKind, ResultConstraint, StructureSchema } from '../schema.ts';

export const hashSchema: StructureSchema = {
  kind: 'structure',
  name: 'hash',
  functions: {
    md5: digest('md5', 32),
    sha1: digest('sha1', 40),
    sha256: digest('sha256', 64),
    crc32: overloads('crc32', 'integer', {}),
    checksum32: overloads('distribution', 'integer', {}),
  },
};

function digest(kind: RangeKind, length: number): readonly FunctionSchema[] {
  return overloads(kind, 'text', { isLowerCase: true, length });
}

function overloads(
  kind: RangeKind,
  result: 'text' | 'integer',
  constraint: ResultConstraint,
): readonly FunctionSchema[] {
  return [
    { parameters: ['integer', 'integer'], result, constraint, range: { kind, part: { offset: 0, size: 1 } } },
    { parameters: ['text'], result, constraint },
  ];
}

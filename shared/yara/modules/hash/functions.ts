/** A range that is not wholly within the object has no digest: undefined. */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation } from '../module.ts';
import { computeOver, type Distribution, type RangeResults } from '../range-computations.ts';
import type { RangeKind } from '../schema.ts';

export const hashFunctions: Readonly<Record<string, Implementation>> = {
  ...overloads('md5', 'md5', (digest) => digest),
  ...overloads('sha1', 'sha1', (digest) => digest),
  ...overloads('sha256', 'sha256', (digest) => digest),
  ...overloads('crc32', 'crc32', (checksum) => checksum),
  ...overloads('checksum32', 'distribution', checksum32),
};

function overloads<Kind extends RangeKind>(
  name: string,
  kind: Kind,
  result: (computed: RangeResults[Kind]) => Integer | Uint8Array,
): Record<string, Implementation> {
  return {
    [`hash.${name}(integer, integer)`]: (context: CallContext, offset: Integer, size: Integer) => {
      const length = context.object.size;
      // Compared as they are: the sum of two 64-bit numbers may wrap, and then means no range either.
      if (offset < 0 || size < 0 || offset > length || size > length - Number(offset)) return undefined;
      return result(context.range(kind, Number(offset), Number(size)));
    },
    [`hash.${name}(text)`]: (_context: CallContext, text: Uint8Array) => result(computeOver(kind, text)),
  };
}

/** The sum of all bytes modulo 2^32. */
function checksum32({ counts }: Distribution): number {
  return Number(counts.reduce((sum, count, byte) => sum + BigInt(count) * BigInt(byte), 0n) & 0xffffffffn);
}

/**
 * Where YARA-X 1.20 answers otherwise about an ELF file, and is wrong. Each entry of `shared/yara/DIALECT.md` has its
 * predicate here, as narrow as it can be.
 *
 * - `offset-32-bit`: the npm package is built for 32 bits and drops the upper half of 64-bit offsets and lengths.
 * - `telfhash-quartiles`: its TLSH looks for the first and third quartile in all but the last of the ranges where they may
 *   be, and takes 0 where they are in that one.
 */
import { quartiles, tlsh, type Quartiles } from '../../../shared/yara/modules/elf/tlsh.ts';

/** Does a 64-bit file name an offset, or an end, of 4 GiB or more? */
export function namesOffsetBeyond32Bits(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || bytes[4] !== 2) return false;
  const isLittle = bytes[5] === 1;
  const isLarge = (at: number, lengthAt?: number): boolean => {
    const length = lengthAt === undefined ? 0n : view.getBigUint64(lengthAt, isLittle);
    const start = view.getBigUint64(at, isLittle);
    return start >= 1n << 32n || length >= 1n << 32n || start + length >= 1n << 32n;
  };
  const anyEntry = (
    tableAt: number,
    countAt: number,
    size: number,
    [offset, length]: readonly [number, number],
  ): boolean => {
    if (isLarge(tableAt)) return true;
    const start = Number(view.getBigUint64(tableAt, isLittle));
    const count = view.getUint16(countAt, isLittle);
    for (let at = start; at < start + count * size && at + size <= bytes.length; at += size) {
      if (isLarge(at + offset, at + length)) return true;
    }
    return false;
  };
  return anyEntry(32, 56, 56, [8, 32]) || anyEntry(40, 60, 64, [24, 32]);
}

/** The telfhash that the reference gives for these names. */
export function referenceTelfhash(names: Uint8Array): Uint8Array | undefined {
  return tlsh(names, quartilesOfReference);
}

/** Those that the search for the median does not come across by halving are taken as 0. */
function quartilesOfReference(buckets: Uint32Array): Quartiles {
  const [first, second, third] = quartiles(buckets);
  const { below, above } = pivotsAround(Array.from(buckets), 63);
  return [below.some((pivot) => pivot >= 31) ? first : 0, second, above.some((pivot) => pivot <= 95) ? third : 0];
}

/** Where quickselect, looking for one place, put its pivots on the way. */
function pivotsAround(values: number[], place: number): { readonly below: number[]; readonly above: number[] } {
  const below: number[] = [];
  const above: number[] = [];
  let low = 0;
  let high = values.length - 1;
  for (;;) {
    const pivot = partition(values, low, high);
    if (pivot === place) return { below, above };
    if (pivot > place) {
      above.push(pivot);
      high = pivot - 1;
    } else {
      below.push(pivot);
      low = pivot + 1;
    }
  }
}

/** Around the middle value; gives where that ends up. */
function partition(values: number[], low: number, high: number): number {
  const swap = (a: number, b: number): void => {
    [values[a], values[b]] = [values[b]!, values[a]!];
  };
  if (low === high) return low;
  if (low + 1 === high) {
    if (values[low]! > values[high]!) swap(low, high);
    return low;
  }
  const middle = (low + high) >> 1;
  const value = values[middle]!;
  swap(middle, high);
  let border = low;
  for (let at = low; at < high; at++) if (values[at]! < value) swap(at, border++);
  values[high] = values[border]!;
  values[border] = value;
  return border;
}

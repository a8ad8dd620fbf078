/**
 * The hashes of the tables. The host that builds them computes the same ones (`bundle/filter-layout.ts`): whoever changes one
 * changes both. The kinds of look-up share buckets, so the lowest bits of a hash say which kind it is of.
 */
export const KIND_EIGHT: u32 = 0;
export const KIND_SIX_FORWARD: u32 = 1;
export const KIND_SIX_BACKWARD: u32 = 2;
export const KIND_FOUR_EVEN: u32 = 3;
export const KIND_FOUR_ODD: u32 = 4;
export const KIND_PIVOT: u32 = 5;

const KIND_MASK: u32 = 7;

/** Makes letters of either case equal: sets bit 5 where bit 6 is set, so that zeros and spaces stay apart. */
export function fold(bytes: u32): u32 {
  return bytes | ((bytes >> 1) & 0x20202020);
}

export function hashGram(gram: u32): u32 {
  return gram * 0x9e3779b1;
}

export function hashLong(low: u32, high: u32): u32 {
  let hash = low * 0x9e3779b1 + high * 0x85ebca77;
  hash ^= hash >> 15;
  return hash * 0xc2b2ae3d;
}

/** Of eight bytes at `at`. */
export function hashEight(at: usize): u32 {
  return hashLong(fold(load<u32>(at)), fold(load<u32>(at, 4)));
}

/** Of six bytes at `at`. */
export function hashSix(at: usize): u32 {
  return hashLong(fold(load<u32>(at)), fold(<u32>load<u16>(at, 4)) + 0x10000);
}

/** Of the bytes that a pivot's mask takes; `mask` is its number among all. */
export function hashMasked(low: u32, high: u32, mask: u32): u32 {
  return hashLong(low + mask * 0x27d4eb2f, high);
}

/** Says by which of its masks a pivot's entry is found too, so that it is found by no other. */
export function ofMask(hash: u32, which: u32): u32 {
  return (hash & ~0xff) | (which << 3) | KIND_PIVOT;
}

export function ofKind(hash: u32, kind: u32): u32 {
  return (hash & ~KIND_MASK) | kind;
}

/** 1 or 0: the hash's bit of a table. */
export function bitOf(bits: usize, shift: u32, hash: u32): u32 {
  const bit = hash >> shift;
  return (load<u32>(bits + <usize>((bit >> 5) << 2)) >> (bit & 31)) & 1;
}

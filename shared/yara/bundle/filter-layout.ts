/**
 * The filter's tables as compiler, bundle and kernel know them. The header is the kernel's own (`kernel/memory.ts`), word for
 * word, except that its addresses count from the first byte of `filterTables`; the hashes are those of `kernel/hashes.ts`.
 *
 * ```
 * gramBits                                 two bits per hash, for grams of `eight` and of `six`, 32-bit words
 * eightBits, sixBits, fourBits             one bit per hash, 32-bit words
 * pairEntries                              65,536 × 16 bits
 * byteGroups                               8 × 256 × 32 bits
 * groupStarts, groupItems                  33 starts, items of 4 bytes
 * bucketStarts, bucketItems                one start more than buckets; items of 8 bytes, hash and item, two more than used
 * nibbles, nibbleStarts, nibbleItems       8 × 16 bytes, 9 starts, items of 4 bytes
 * probes                                   8 bytes: the shared one, then each entry's other one and its distance
 * pivotNumbers                             131,072 × 16 bits: the pivot that two bytes are at an even position, then at an odd one
 * pivotStarts, pivotMasks                  one start more than numbers; masks of 12 bytes: distance, and the bits of eight bytes
 * pivotBits                                one bit per hash, 32-bit words
 * runNumbers                               16 bits an entry: its run, 0 for none
 * runs, runClasses                         12 bytes: class, distance from the compared bytes, length; 32 bytes: see `runClass`
 * records                                  32 bytes an entry: value, mask
 * ```
 * An item: bits 0–25 the entry, 26–29 `before`, 30–31 `ahead` (see `packItem`).
 */
import type { RuleImage } from './image.ts';

export const FILTER = {
  passes: 0,
  gramBits: 1,
  gramShift: 2,
  eightBits: 3,
  eightShift: 4,
  sixBits: 5,
  sixShift: 6,
  fourBits: 7,
  fourShift: 8,
  pairEntries: 9,
  byteGroups: 10,
  groupStarts: 11,
  groupItems: 12,
  bucketStarts: 13,
  bucketShift: 14,
  bucketItems: 15,
  nibbles: 16,
  nibbleStarts: 17,
  nibbleItems: 18,
  records: 19,
  probes: 20,
  probeCount: 21,
  pivotNumbers: 22,
  pivotStarts: 23,
  pivotMasks: 24,
  pivotBits: 25,
  pivotShift: 26,
  runNumbers: 27,
  runs: 28,
  runClasses: 29,
  pivotCount: 30,
  runCount: 31,
  runClassCount: 32,
} as const;
export const FILTER_FIELDS = 33;

/** What the kernel looks for entries with: the image's own, or fewer (`compiler/narrow-filter.ts`). */
export type FilterTables = Pick<RuleImage, 'filterHeader' | 'filterTables'>;

export const PASS = { eight: 1, six: 2, four: 4, groups: 8, nibbles: 16, probes: 32, pivots: 64, runs: 128 } as const;

export const RECORD_BYTES = 32;
export const COMPARED_BYTES = 16;
/** Bytes of a window in which a gram begins at each of four positions; all of them are among those compared. */
export const GRAM_WINDOW = 7;
export const GROUP_COUNT = 32;
export const GROUP_BYTES = 8;
export const NIBBLE_BUCKETS = 8;
/** Bytes that the nibble tables tell apart, each by its two halves. */
export const NIBBLE_PLACES = 4;
export const MAX_PROBES = 2;
export const PROBE_TABLE_BYTES = 8;
/** Distances of probed bytes are less, to either side, so that they stay within a block's context. */
export const PROBE_SPAN = 32;
export const RUN_BYTES = 12;
export const RUN_CLASS_BYTES = 32;
/** Bytes of a run that are looked at, all at once. */
export const MAX_RUN = 16;
/** Runs begin at or behind the first of the compared bytes, and end within a block's context. */
export const MAX_RUN_DISTANCE = 240;
/** Numbers of pivots: for each pair at an even position, and at an odd one. */
export const PIVOT_NUMBERS = 2 << 16;
/** Bytes of one mask's row, and those that it looks at. */
export const PIVOT_MASK_BYTES = 12;
export const MASKED_BYTES = 8;
/** Masks of one pivot: `ofMask` has room for no more. */
export const MAX_PIVOT_MASKS = 32;
/** Masks begin less than this before or behind their pivot, so that they stay within a block's context. */
export const PIVOT_SPAN = 32;
export const BUCKET_ITEM_BYTES = 8;
/** Items that may be read behind the last of all buckets. */
export const SPARE_ITEMS = 2;
export const MAX_ENTRIES = 1 << 26;

/** Kinds of look-ups that share the buckets; the lowest bits of a hash say which it is of. */
export const LOOK = { eight: 0, sixForward: 1, sixBackward: 2, fourEven: 3, fourOdd: 4, pivot: 5 } as const;
export type Look = (typeof LOOK)[keyof typeof LOOK];

/** Of four bytes, little-endian, made equal for letters of either case. */
export function fold(bytes: number): number {
  return bytes | ((bytes >>> 1) & 0x20202020);
}

export function hashGram(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> 0;
}

function hashLong(low: number, high: number): number {
  let hash = (Math.imul(low, 0x9e3779b1) + Math.imul(high, 0x85ebca77)) | 0;
  hash ^= hash >>> 15;
  return Math.imul(hash, 0xc2b2ae3d) >>> 0;
}

/** Of eight bytes as two little-endian words. */
export function hashEight(low: number, high: number): number {
  return hashLong(fold(low), fold(high));
}

/** Of six bytes; `high` are the last two. */
export function hashSix(low: number, high: number): number {
  return hashLong(fold(low), fold(high) + 0x10000);
}

/** Of the bytes that a pivot's mask takes; `mask` is its number among all. */
export function hashMasked(low: number, high: number, mask: number): number {
  return hashLong((low + Math.imul(mask, 0x27d4eb2f)) | 0, high);
}

/** The hash of an entry that is found by that one of its pivot's masks. */
export function ofMask(hash: number, which: number): number {
  return ((hash & ~0xff) | (which << 3) | LOOK.pivot) >>> 0;
}

export function ofLook(hash: number, look: Look): number {
  return ((hash & ~7) | look) >>> 0;
}

export function lookOf(hash: number): number {
  return hash & 7;
}

/**
 * `before`: bytes from where the comparison begins to the entry's window, 0–15. `ahead`: bytes between window and position,
 * 0–3; in groups the window is that far behind the position, elsewhere before it.
 */
export function packItem(entry: number, before: number, ahead: number): number {
  return (entry | (before << 26) | (ahead << 30)) >>> 0;
}

/**
 * The table of a class of bytes: for each lower half of a byte the upper halves below 8 that stand with it, as bits, then those from
 * 8 on.
 */
export function runClass(has: (byte: number) => boolean): Uint8Array {
  const table = new Uint8Array(RUN_CLASS_BYTES);
  for (let byte = 0; byte < 256; byte++) {
    if (has(byte)) table[(byte & 15) + (byte < 128 ? 0 : 16)]! |= 1 << ((byte >>> 4) & 7);
  }
  return table;
}

export function entryOf(item: number): number {
  return item & (MAX_ENTRIES - 1);
}

export function beforeOf(item: number): number {
  return (item >>> 26) & 15;
}

export function aheadOf(item: number): number {
  return item >>> 30;
}

/** Sets of bytes as 256 bits in eight words: byte `b` is bit `b & 31` of word `b >> 5`. Operations change their first argument. */

export type ByteSet = Uint32Array;

export function emptySet(): ByteSet {
  return new Uint32Array(8);
}

export function addByte(set: ByteSet, byte: number): void {
  set[byte >> 5]! |= 1 << (byte & 31);
}

/** Both ends inclusive. */
export function addRange(set: ByteSet, first: number, last: number): void {
  for (let byte = first; byte <= last; byte++) addByte(set, byte);
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return ((set[byte >> 5]! >>> (byte & 31)) & 1) === 1;
}

export function addAll(set: ByteSet, other: ByteSet): void {
  for (let word = 0; word < 8; word++) set[word]! |= other[word]!;
}

export function keepCommon(set: ByteSet, other: ByteSet): void {
  for (let word = 0; word < 8; word++) set[word]! &= other[word]!;
}

export function removeAll(set: ByteSet, other: ByteSet): void {
  for (let word = 0; word < 8; word++) set[word]! &= ~other[word]!;
}

/** What is in exactly one of the two. */
export function keepDifferent(set: ByteSet, other: ByteSet): void {
  for (let word = 0; word < 8; word++) set[word]! ^= other[word]!;
}

export function invert(set: ByteSet): void {
  for (let word = 0; word < 8; word++) set[word] = ~set[word]!;
}

/** ASCII letters of either case come in both. Letters are bits 1 to 26 of words 2 (upper) and 3 (lower). */
export function foldCase(set: ByteSet): void {
  const letters = (set[2]! | set[3]!) & 0x07ff_fffe;
  set[2]! |= letters;
  set[3]! |= letters;
}

function setOf(...ranges: readonly (readonly [first: number, last: number])[]): ByteSet {
  const set = emptySet();
  for (const [first, last] of ranges) addRange(set, first, last);
  return set;
}

const DIGITS = [0x30, 0x39] as const;
const LOWER = [0x61, 0x7a] as const;
const UPPER = [0x41, 0x5a] as const;

/** `\d`, `\s`, `\w`: ASCII only. Not to be changed. */
export const DIGIT_SET: ByteSet = setOf(DIGITS);
export const SPACE_SET: ByteSet = setOf([0x09, 0x0d], [0x20, 0x20]);
export const WORD_SET: ByteSet = setOf(DIGITS, LOWER, UPPER, [0x5f, 0x5f]);

/** `[:name:]`. Not to be changed. */
export const NAMED_SETS: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', setOf(DIGITS, LOWER, UPPER)],
  ['alpha', setOf(LOWER, UPPER)],
  ['ascii', setOf([0x00, 0x7f])],
  ['blank', setOf([0x09, 0x09], [0x20, 0x20])],
  ['cntrl', setOf([0x00, 0x1f], [0x7f, 0x7f])],
  ['digit', DIGIT_SET],
  ['graph', setOf([0x21, 0x7e])],
  ['lower', setOf(LOWER)],
  ['print', setOf([0x20, 0x7e])],
  ['punct', setOf([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e])],
  ['space', SPACE_SET],
  ['upper', setOf(UPPER)],
  ['word', WORD_SET],
  ['xdigit', setOf(DIGITS, [0x41, 0x46], [0x61, 0x66])],
]);

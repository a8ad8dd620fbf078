/**
 * What the filter looks for, in one form: literals and the runs of atoms, byte by byte. An entry is found through a window
 * of its bytes, which `filter-windows.ts` chooses; `filter-tables.ts` writes what was chosen.
 */
import { hasByte } from '../syntax/byte-set.ts';
import type { LiteralForm } from './literals.ts';

export interface FilterEntry {
  readonly length: number;
  /** A byte fits position `i` only if `(byte & mask[i]) === value[i]`. Where sets have no such form, some that fit do not belong. */
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
  /** Exactly the bytes that fit, where value and mask do not say it. */
  readonly sets: readonly (Uint32Array | undefined)[] | undefined;
}

const CASELESS = 0xdf;

export function entryOfLiteral({ value, mask, negated }: LiteralForm): FilterEntry {
  const { length } = value;
  if (mask === undefined) return { length, value, mask: new Uint8Array(length).fill(0xff), sets: undefined };
  if (negated === undefined) return { length, value, mask, sets: undefined };
  const sets = Array.from(negated, (isNegated, at) => {
    if (isNegated === 0) return undefined;
    const set = new Uint32Array(8);
    for (const byte of allBytes) if ((byte & mask[at]!) !== value[at]) set[byte >>> 5]! |= 1 << (byte & 31);
    return set;
  });
  const isPlain = (at: number): boolean => sets[at] === undefined;
  return {
    length,
    value: value.map((byte, at) => (isPlain(at) ? byte : 0)),
    mask: mask.map((bits, at) => (isPlain(at) ? bits : 0)),
    sets,
  };
}

export function entryOfSets(sets: readonly Uint32Array[]): FilterEntry {
  const forms = sets.map(formOf);
  return {
    length: sets.length,
    value: Uint8Array.from(forms, ({ value }) => value),
    mask: Uint8Array.from(forms, ({ mask }) => mask),
    sets: forms.map(({ isExact }, at) => (isExact ? undefined : sets[at])),
  };
}

interface SetForm {
  readonly value: number;
  readonly mask: number;
  readonly isExact: boolean;
}

const forms = new WeakMap<Uint32Array, SetForm>();

/** The bits that all members share. */
function formOf(set: Uint32Array): SetForm {
  let form = forms.get(set);
  if (form === undefined) {
    const members = allBytes.filter((byte) => hasByte(set, byte));
    let mask = 0xff;
    for (const byte of members) mask &= ~(byte ^ members[0]!);
    const value = (members[0] ?? 0) & mask;
    let fitting = 1;
    for (let bits = ~mask & 0xff; bits !== 0; bits &= bits - 1) fitting *= 2;
    forms.set(set, (form = { value, mask, isExact: members.length === fitting }));
  }
  return form;
}

const allBytes: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);
const byForm = new Map<number, readonly number[]>();
const bySet = new WeakMap<Uint32Array, readonly number[]>();

const lists = new Map<string, readonly number[]>();

/** Equal lists are the same one. */
function interned(bytes: readonly number[]): readonly number[] {
  const key = bytes.join();
  const known = lists.get(key);
  if (known === undefined) lists.set(key, bytes);
  return known ?? bytes;
}

/** The bytes that fit a position; equal lists are the same one. Before the start and behind the end all do. */
export function bytesAt(entry: FilterEntry, at: number): readonly number[] {
  if (at < 0 || at >= entry.length) return allBytes;
  const set = entry.sets?.[at];
  if (set !== undefined) {
    let bytes = bySet.get(set);
    if (bytes === undefined) bySet.set(set, (bytes = interned(allBytes.filter((byte) => hasByte(set, byte)))));
    return bytes;
  }
  const key = (entry.mask[at]! << 8) | entry.value[at]!;
  let bytes = byForm.get(key);
  if (bytes === undefined) {
    byForm.set(key, (bytes = interned(allBytes.filter((byte) => (byte & entry.mask[at]!) === entry.value[at]))));
  }
  return bytes;
}

/** Is the position one byte, or one letter of either case? */
export function isPlainAt({ mask, value, sets }: FilterEntry, at: number): boolean {
  if (sets?.[at] !== undefined) return false;
  return mask[at] === 0xff || (mask[at] === CASELESS && value[at]! >= 0x41 && value[at]! <= 0x5a);
}

/** All bytes fit, so that nothing is learnt there. */
export function isOpenAt(entry: FilterEntry, at: number): boolean {
  return bytesAt(entry, at).length === 256;
}

/** Little-endian numbers of `length` bytes, at most four, from `offset` on. */
export function spellings(entry: FilterEntry, offset: number, length: number): number[] {
  let numbers = [0];
  for (let at = 0; at < length; at++) {
    const bytes = bytesAt(entry, offset + at);
    const [only] = bytes;
    if (bytes.length === 1) numbers = numbers.map((low) => low | (only! << (8 * at)));
    else numbers = numbers.flatMap((low) => bytes.map((byte) => low | (byte << (8 * at))));
  }
  return numbers;
}

export function spellingCount(entry: FilterEntry, offset: number, length: number): number {
  let count = 1;
  for (let at = 0; at < length; at++) count *= bytesAt(entry, offset + at).length;
  return count;
}

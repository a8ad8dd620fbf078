/**
 * What matched so far: per pattern an exact count, and the first matches up to a bound. Matches arrive ordered by offset,
 * so "the first" never depends on chunks.
 *
 * Flat: a pattern that matches gets a slot; a slot's matches lie in blocks of 4, 8, 16, … places of one pool, so that any
 * of them is found without walking. Only touched patterns cost anything, also when the store is emptied.
 */
import type { MatchQueue } from './match-queue.ts';

const FIRST_BLOCK = 4;
/** 4 × (2^20 − 1) places: more than any `matchesPerPattern`. */
const BLOCKS_PER_SLOT = 20;
export const MAX_MATCHES_PER_PATTERN = FIRST_BLOCK * (2 ** BLOCKS_PER_SLOT - 1);
/** Offset, length, key. */
const BYTES_PER_PLACE = 8 + 4 + 2;
/** Fewer matches are not worth looking at together. */
const FEW = 4;

/** Why nothing certain can be said of a pattern any more: a bound that was met. */
export const UNKNOWN_REASONS = ['limit:chainHeads', 'limit:stepsPerByte'] as const;
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

export interface StoreLimits {
  /** Matches to keep of that pattern. */
  readonly keep: (pattern: number) => number;
  readonly matchBytes: number;
}

export class MatchStore {
  readonly #limits: StoreLimits;
  /** 0: no match yet; otherwise slot number + 1. */
  readonly #slotOf: Int32Array;
  #patterns: Int32Array = new Int32Array(16);
  #counts: Float64Array = new Float64Array(16);
  #stored: Int32Array = new Int32Array(16);
  #lastOffsets: Float64Array = new Float64Array(16);
  #blocks: Int32Array = new Int32Array(16 * BLOCKS_PER_SLOT);
  #slotCount = 0;

  #offsets: Float64Array = new Float64Array(64);
  #lengths: Uint32Array = new Uint32Array(64);
  /** −1: none. */
  #xorKeys: Int16Array = new Int16Array(64);
  #placeCount = 0;
  /** Slots whose matches came out of order. */
  readonly #unordered = new Set<number>();
  /** Patterns, each with the index of its reason among `UNKNOWN_REASONS`. */
  readonly #unknown = new Map<number, number>();

  constructor(patternCount: number, limits: StoreLimits) {
    this.#slotOf = new Int32Array(patternCount);
    this.#limits = limits;
  }

  has(pattern: number): boolean {
    return this.#slotOf[pattern] !== 0;
  }

  count(pattern: number): number {
    const slot = this.#slotOf[pattern]! - 1;
    return slot < 0 ? 0 : this.#counts[slot]!;
  }

  /** How many are kept; the rest is only counted. */
  stored(pattern: number): number {
    const slot = this.#slotOf[pattern]! - 1;
    return slot < 0 ? 0 : this.#stored[slot]!;
  }

  isTruncated(pattern: number): boolean {
    return this.stored(pattern) < this.count(pattern);
  }

  /** `index` from 0, below `stored`. */
  offset(pattern: number, index: number): number {
    return this.#offsets[this.#place(pattern, index)]!;
  }

  length(pattern: number, index: number): number {
    return this.#lengths[this.#place(pattern, index)]!;
  }

  xorKey(pattern: number, index: number): number | undefined {
    const key = this.#xorKeys[this.#place(pattern, index)]!;
    return key < 0 ? undefined : key;
  }

  /** Offset of the last match, kept or not; the pattern must have one. */
  lastOffset(pattern: number): number {
    return this.#lastOffsets[this.#slotOf[pattern]! - 1]!;
  }

  /** Index of the first kept match at `offset` or later. */
  lowerBound(pattern: number, offset: number): number {
    let low = 0;
    let high = this.stored(pattern);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offset(pattern, middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Adds a match; false when it is at the offset of the pattern's last one. Offsets may descend only for patterns whose
   * matches are read after `finish` alone.
   */
  add(pattern: number, offset: number, length: number, xorKey: number): boolean {
    let slot = this.#slotOf[pattern]! - 1;
    if (slot < 0) slot = this.#newSlot(pattern);
    else if (this.#lastOffsets[slot] === offset) return false;
    else if (offset < this.#lastOffsets[slot]!) this.#unordered.add(slot);
    this.#counts[slot]! += 1;
    this.#lastOffsets[slot] = Math.max(offset, this.#counts[slot] === 1 ? offset : this.#lastOffsets[slot]!);
    const stored = this.#stored[slot]!;
    // A gap would make "the first n" untrue: once one was not kept, none is.
    if (stored !== this.#counts[slot]! - 1 || stored >= this.#limits.keep(pattern)) return true;
    const place = this.#newPlace(slot, stored);
    if (place < 0) return true;
    this.#offsets[place] = offset;
    this.#lengths[place] = length;
    this.#xorKeys[place] = xorKey;
    this.#stored[slot] = stored + 1;
    return true;
  }

  /** Adds the matches `first … past` of the queue, which are in order. */
  addRun(pattern: number, queue: MatchQueue, first: number, past: number): void {
    for (let at = first; at < past;) {
      if (past - at > FEW) at = this.#addTogether(pattern, queue, at, past);
      if (at === past) return;
      this.add(pattern, queue.starts[at]!, queue.lengths[at]!, queue.markOf(at));
      at++;
    }
  }

  /** As `addRun`, as far as there is nothing but to fill a block, or to count; returns how far that was. */
  #addTogether(pattern: number, queue: MatchQueue, first: number, past: number): number {
    const slot = this.#slotOf[pattern]! - 1;
    const { starts } = queue;
    if (slot < 0 || starts[first]! < this.#lastOffsets[slot]!) return first;
    const keep = this.#limits.keep(pattern);
    let stored = this.#stored[slot]!;
    let last = this.#lastOffsets[slot]!;
    let at = first;
    if (stored < keep && stored === this.#counts[slot]!) {
      const block = blockOf(stored);
      if (stored === blockStart(block)) return first;
      const limit = Math.min(keep, blockStart(block + 1));
      let place = this.#blocks[slot * BLOCKS_PER_SLOT + block]! + stored - blockStart(block);
      for (; at < past && stored < limit; at++) {
        if (starts[at] === last) continue;
        last = starts[at]!;
        this.#offsets[place] = last;
        this.#lengths[place] = queue.lengths[at]!;
        this.#xorKeys[place++] = queue.markOf(at);
        stored++;
      }
      this.#stored[slot] = stored;
      this.#counts[slot] = stored;
    } else {
      let count = 0;
      for (; at < past; at++) {
        if (starts[at] === last) continue;
        last = starts[at]!;
        count++;
      }
      this.#counts[slot]! += count;
    }
    this.#lastOffsets[slot] = last;
    return at;
  }

  /** Counts matches that are not kept; the pattern has more before them. */
  addCount(pattern: number, count: number, lastOffset: number): void {
    let slot = this.#slotOf[pattern]! - 1;
    if (slot < 0) slot = this.#newSlot(pattern);
    this.#lastOffsets[slot] = Math.max(lastOffset, this.#counts[slot] === 0 ? lastOffset : this.#lastOffsets[slot]!);
    this.#counts[slot]! += count;
  }

  /** Puts the matches that came out of order into it. Of two at one offset the first to come stays. */
  finish(): void {
    for (const slot of this.#unordered) this.#sort(slot);
    this.#unordered.clear();
  }

  #sort(slot: number): void {
    const pattern = this.#patterns[slot]!;
    const stored = this.#stored[slot]!;
    const matches = Array.from({ length: stored }, (_, index) => ({
      offset: this.offset(pattern, index),
      length: this.length(pattern, index),
      key: this.#xorKeys[this.#place(pattern, index)]!,
    })).sort((a, b) => a.offset - b.offset);
    const distinct = matches.filter((match, at) => at === 0 || match.offset !== matches[at - 1]!.offset);
    distinct.forEach(({ offset, length, key }, index) => {
      const place = this.#place(pattern, index);
      this.#offsets[place] = offset;
      this.#lengths[place] = length;
      this.#xorKeys[place] = key;
    });
    this.#stored[slot] = distinct.length;
    this.#counts[slot]! -= stored - distinct.length;
  }

  /** From here on nothing certain can be said of the pattern but that it matched, if it did. */
  giveUp(pattern: number, reason: UnknownReason): void {
    if (!this.#unknown.has(pattern)) this.#unknown.set(pattern, UNKNOWN_REASONS.indexOf(reason));
  }

  /** Why it was given up; undefined when it was not. */
  unknownReason(pattern: number): UnknownReason | undefined {
    const reason = this.#unknown.get(pattern);
    return reason === undefined ? undefined : UNKNOWN_REASONS[reason];
  }

  isUnknown(pattern: number): boolean {
    return this.#unknown.has(pattern);
  }

  /** How many matches are kept of it. */
  keeps(pattern: number): number {
    return this.#limits.keep(pattern);
  }

  /** Patterns that were given up. */
  unknown(): Iterable<number> {
    return this.#unknown.keys();
  }

  /** Further matches of which offset and length are worth having. */
  wanted(pattern: number): number {
    return Math.max(0, this.#limits.keep(pattern) - this.count(pattern));
  }

  /** Patterns with a match, in the order of their first one. */
  touched(): Int32Array {
    return this.#patterns.subarray(0, this.#slotCount);
  }

  reset(): void {
    for (const pattern of this.touched()) this.#slotOf[pattern] = 0;
    this.#slotCount = 0;
    this.#placeCount = 0;
    this.#unordered.clear();
    this.#unknown.clear();
  }

  /** The whole state as arrays, for a checkpoint. */
  save(): MatchStoreState {
    return {
      patterns: this.#patterns.slice(0, this.#slotCount),
      counts: this.#counts.slice(0, this.#slotCount),
      stored: this.#stored.slice(0, this.#slotCount),
      lastOffsets: this.#lastOffsets.slice(0, this.#slotCount),
      blocks: this.#blocks.slice(0, this.#slotCount * BLOCKS_PER_SLOT),
      offsets: this.#offsets.slice(0, this.#placeCount),
      lengths: this.#lengths.slice(0, this.#placeCount),
      xorKeys: this.#xorKeys.slice(0, this.#placeCount),
      unordered: Int32Array.from(this.#unordered),
      unknown: Int32Array.from(this.#unknown.keys()),
      unknownReasons: Int32Array.from(this.#unknown.values()),
    };
  }

  restore(state: MatchStoreState): void {
    this.reset();
    this.#slotCount = state.patterns.length;
    this.#placeCount = state.offsets.length;
    const slots = Math.max(16, this.#slotCount);
    this.#patterns = sized(state.patterns, slots);
    this.#counts = sized(state.counts, slots);
    this.#stored = sized(state.stored, slots);
    this.#lastOffsets = sized(state.lastOffsets, slots);
    this.#blocks = sized(state.blocks, slots * BLOCKS_PER_SLOT);
    const places = Math.max(64, this.#placeCount);
    this.#offsets = sized(state.offsets, places);
    this.#lengths = sized(state.lengths, places);
    this.#xorKeys = sized(state.xorKeys, places);
    for (const slot of state.unordered) this.#unordered.add(slot);
    state.unknown.forEach((pattern, at) => this.#unknown.set(pattern, state.unknownReasons[at]!));
    state.patterns.forEach((pattern, slot) => (this.#slotOf[pattern] = slot + 1));
  }

  #newSlot(pattern: number): number {
    const slot = this.#slotCount++;
    if (slot === this.#patterns.length) {
      const slots = slot * 2;
      this.#patterns = sized(this.#patterns, slots);
      this.#counts = sized(this.#counts, slots);
      this.#stored = sized(this.#stored, slots);
      this.#lastOffsets = sized(this.#lastOffsets, slots);
      this.#blocks = sized(this.#blocks, slots * BLOCKS_PER_SLOT);
    }
    this.#slotOf[pattern] = slot + 1;
    this.#patterns[slot] = pattern;
    this.#counts[slot] = 0;
    this.#stored[slot] = 0;
    return slot;
  }

  /** The place for the slot's match number `index`, which opens a block when it is the first in it; −1 when the pool is full. */
  #newPlace(slot: number, index: number): number {
    const block = blockOf(index);
    const start = blockStart(block);
    if (index === start) {
      const size = FIRST_BLOCK << block;
      const needed = this.#placeCount + size;
      if (needed * BYTES_PER_PLACE > this.#limits.matchBytes) return -1;
      if (needed > this.#offsets.length) {
        this.#offsets = grown(this.#offsets, needed);
        this.#lengths = grown(this.#lengths, needed);
        this.#xorKeys = grown(this.#xorKeys, needed);
      }
      this.#blocks[slot * BLOCKS_PER_SLOT + block] = this.#placeCount;
      this.#placeCount = needed;
    }
    return this.#blocks[slot * BLOCKS_PER_SLOT + block]! + index - start;
  }

  #place(pattern: number, index: number): number {
    const slot = this.#slotOf[pattern]! - 1;
    const block = blockOf(index);
    return this.#blocks[slot * BLOCKS_PER_SLOT + block]! + index - blockStart(block);
  }
}

export interface MatchStoreState {
  readonly patterns: Int32Array;
  readonly counts: Float64Array;
  readonly stored: Int32Array;
  readonly lastOffsets: Float64Array;
  readonly blocks: Int32Array;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  readonly xorKeys: Int16Array;
  /** Slots. */
  readonly unordered: Int32Array;
  /** Patterns. */
  readonly unknown: Int32Array;
  readonly unknownReasons: Int32Array;
}

/** Does a saved state point only where it has something, so that restoring it is safe? */
export function isSoundStore(state: MatchStoreState, patternCount: number): boolean {
  const { patterns, counts, stored, lastOffsets, blocks, offsets, lengths, xorKeys } = state;
  const slots = patterns.length;
  if (counts.length !== slots || stored.length !== slots || lastOffsets.length !== slots) return false;
  if (blocks.length !== slots * BLOCKS_PER_SLOT) return false;
  if (lengths.length !== offsets.length || xorKeys.length !== offsets.length) return false;
  if (new Set(patterns).size !== slots) return false;
  if (!state.unordered.every((slot) => slot >= 0 && slot < slots)) return false;
  if (!state.unknown.every((pattern) => pattern >= 0 && pattern < patternCount)) return false;
  if (state.unknownReasons.length !== state.unknown.length) return false;
  if (!state.unknownReasons.every((reason) => reason >= 0 && reason < UNKNOWN_REASONS.length)) return false;
  return patterns.every((pattern, slot) => {
    const kept = stored[slot]!;
    if (pattern < 0 || pattern >= patternCount || kept < 0 || kept > MAX_MATCHES_PER_PATTERN) return false;
    if (!(counts[slot]! >= kept && counts[slot]! >= 1)) return false;
    for (let block = 0; kept > blockStart(block); block++) {
      const start = blocks[slot * BLOCKS_PER_SLOT + block]!;
      if (start < 0 || start + FIRST_BLOCK * 2 ** block > offsets.length) return false;
    }
    return true;
  });
}

function blockOf(index: number): number {
  return 31 - Math.clz32((index >>> 2) + 1);
}

function blockStart(block: number): number {
  return FIRST_BLOCK * ((1 << block) - 1);
}

type Growable = Int32Array | Float64Array | Uint32Array | Int16Array;

function grown<T extends Growable>(array: T, needed: number): T {
  return sized(array, Math.max(array.length * 2, needed));
}

function sized<T extends Growable>(array: T, length: number): T {
  const other = new (array.constructor as new (length: number) => T)(length);
  other.set(array);
  return other;
}

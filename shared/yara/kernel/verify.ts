/**
 * From positions to hits. Each position that passed its looks is expanded to the items of its bucket or group, and each
 * such pair of position and item compared over sixteen bytes, again without branches on data. What does not fit the buffer
 * of pairs at once is left for the next call: `stage`, the cursors and `skipped` say where it goes on.
 *
 * An item: bits 0–25 the entry (its record), 26–29 how far before the entry's window the compared bytes begin, 30–31 how far
 * the window begins before the position. Items of buckets stand behind the hash they belong to.
 */
import {
  hashEight,
  hashGram,
  hashSix,
  KIND_EIGHT,
  KIND_FOUR_EVEN,
  KIND_SIX_BACKWARD,
  KIND_SIX_FORWARD,
  ofKind,
} from './hashes';
import {
  BLOCK,
  BUCKET_ITEMS,
  BUCKET_SHIFT,
  BUCKET_STARTS,
  EIGHT_LIST,
  EVEN_LIST,
  GROUP_ITEMS,
  GROUP_LIST,
  GROUP_MASKS,
  GROUP_STARTS,
  HITS,
  LIST_ENDS,
  MASKED_LIST,
  NIBBLE_ITEMS,
  NIBBLE_LIST,
  NIBBLE_STARTS,
  ODD_LIST,
  PAIR_CAPACITY,
  PAIRS,
  PASS_RUNS,
  PASSES,
  PIVOT_LIST,
  RECORDS,
  SIX_BACKWARD_LIST,
  SIX_FORWARD_LIST,
} from './memory';
import { keepRuns } from './runs';
import { lookAroundPivots, maskedEnd } from './pivots';

/** The stages below `STAGE_GROUPS` are the kinds of bucket look-ups. */
export const STAGE_GROUPS: u32 = 5;
export const STAGE_NIBBLES: u32 = 6;
export const STAGE_PIVOTS: u32 = 7;
export const STAGE_COUNT: u32 = 8;

const ENTRY_MASK: u32 = 0x03ffffff;
/** Room for two pairs is left behind it. */
const PAIRS_FULL: usize = PAIRS + <usize>((PAIR_CAPACITY - 2) << 3);

let stage: u32 = STAGE_COUNT;
let cursor: usize = 0;
let cursorMasks: usize = 0;
let cursorMasked: usize = 0;
/** Items of the cursor's position that were handed on. */
let skipped: u32 = 0;
let isFull: bool = false;

function listOf(which: u32): usize {
  switch (which) {
    case 0:
      return EIGHT_LIST;
    case 1:
      return SIX_FORWARD_LIST;
    case 2:
      return SIX_BACKWARD_LIST;
    case 3:
      return EVEN_LIST;
    case 4:
      return ODD_LIST;
    case 5:
      return GROUP_LIST;
    case 6:
      return NIBBLE_LIST;
    default:
      return PIVOT_LIST;
  }
}

export function setListEnd(which: u32, end: usize): void {
  store<usize>(LIST_ENDS + ((<usize>which) << 2), end);
}

/** All lists are empty. */
export function emptyLists(): void {
  for (let which: u32 = 0; which < STAGE_COUNT; which++) setListEnd(which, listOf(which));
}

/** Goes back to the first stage. */
export function rewind(): void {
  enter(0);
}

function enter(which: u32): void {
  stage = which;
  cursor = listOf(which);
  cursorMasks = GROUP_MASKS;
  cursorMasked = maskedEnd;
  skipped = 0;
}

function hashAt(kind: u32, at: usize): u32 {
  if (kind === KIND_EIGHT) return ofKind(hashEight(at), kind);
  if (kind === KIND_SIX_FORWARD) return ofKind(hashSix(at), kind);
  if (kind === KIND_SIX_BACKWARD) return ofKind(hashSix(at - 2), kind);
  if (kind === KIND_FOUR_EVEN) return ofKind(hashGram(load<u32>(at)), kind);
  return ofKind(hashGram(load<u32>(at - 1)), kind);
}

/** Stores the pair of a position and an item of a bucket, and returns where the next one goes. */
function putPair(to: usize, at: u32, item: usize, hash: u32, isThere: u32): usize {
  const packed = load<u32>(item, 4);
  store<u32>(to, at - (packed >> 30) - ((packed >> 26) & 15));
  store<u32>(to, packed, 4);
  return to + <usize>(((<u32>(load<u32>(item) === hash)) & isThere) << 3);
}

function expandBuckets(kind: u32, to: usize): usize {
  const end = load<usize>(LIST_ENDS + ((<usize>kind) << 2));
  for (; cursor < end; cursor += 2) {
    const at: u32 = <u32>load<u16>(cursor);
    to = expandBucket(to, at, hashAt(kind, BLOCK + <usize>at));
    if (isFull) return to;
  }
  return to;
}

/** Stores pairs for the items behind a hash; the first `skipped` of its bucket were. */
function expandBucket(to: usize, at: u32, hash: u32): usize {
  if (to >= PAIRS_FULL) {
    isFull = true;
    return to;
  }
  const bucket = load<usize>(BUCKET_STARTS) + ((<usize>(hash >> load<u32>(BUCKET_SHIFT))) << 2);
  const first = load<u32>(bucket);
  const past = load<u32>(bucket, 4);
  const items = load<usize>(BUCKET_ITEMS);
  let from = first + skipped;
  // Most buckets hold one or two items: those without a branch, the table has two behind its last.
  const item = items + ((<usize>from) << 3);
  to = putPair(to, at, item, hash, <u32>(from < past));
  to = putPair(to, at, item + 8, hash, <u32>(from + 1 < past));
  for (from += 2; from < past; from++) {
    if (to >= PAIRS_FULL) {
      skipped = from - first;
      isFull = true;
      return to;
    }
    to = putPair(to, at, items + ((<usize>from) << 3), hash, 1);
  }
  skipped = 0;
  return to;
}

/** Stores pairs for the items of the lists whose bits are set in `groups`; the first `skipped` of them were. */
function expandItems(to: usize, at: u32, groups: u32, starts: usize, items: usize): usize {
  let passed: u32 = 0;
  while (groups !== 0) {
    const list = starts + ((<usize>ctz(groups)) << 2);
    const past = load<u32>(list, 4);
    for (let from = load<u32>(list); from < past; from++) {
      if (passed++ < skipped) continue;
      if (to >= PAIRS_FULL) {
        skipped = passed - 1;
        isFull = true;
        return to;
      }
      const packed = load<u32>(items + ((<usize>from) << 2));
      store<u32>(to, at + (packed >> 30) - ((packed >> 26) & 15));
      store<u32>(to, packed, 4);
      to += 8;
    }
    groups &= groups - 1;
  }
  skipped = 0;
  return to;
}

function expandGroups(to: usize): usize {
  const starts = load<usize>(GROUP_STARTS);
  const items = load<usize>(GROUP_ITEMS);
  const end = load<usize>(LIST_ENDS + ((<usize>STAGE_GROUPS) << 2));
  for (; cursor < end; cursor += 2) {
    to = expandItems(to, <u32>load<u16>(cursor), load<u32>(cursorMasks), starts, items);
    if (isFull) return to;
    cursorMasks += 4;
  }
  return to;
}

function expandNibbles(to: usize): usize {
  const starts = load<usize>(NIBBLE_STARTS);
  const items = load<usize>(NIBBLE_ITEMS);
  const end = load<usize>(LIST_ENDS + ((<usize>STAGE_NIBBLES) << 2));
  for (; cursor < end; cursor += 4) {
    const candidate = load<u32>(cursor);
    to = expandItems(to, candidate & 0xffff, candidate >> 16, starts, items);
    if (isFull) return to;
  }
  return to;
}

/** What is around pivots is looked at in parts, so that its list stays short. */
function expandPivots(to: usize): usize {
  const end = load<usize>(LIST_ENDS + ((<usize>STAGE_PIVOTS) << 2));
  while (cursor < end || cursorMasked < maskedEnd) {
    if (cursorMasked === maskedEnd) {
      cursor = lookAroundPivots(cursor, end);
      cursorMasked = MASKED_LIST;
    }
    for (; cursorMasked < maskedEnd; cursorMasked += 8) {
      to = expandBucket(to, load<u32>(cursorMasked), load<u32>(cursorMasked, 4));
      if (isFull) return to;
    }
  }
  return to;
}

/** Fills the buffer of pairs as far as there are any and returns its end. */
function expand(): usize {
  let to = PAIRS;
  isFull = false;
  while (stage < STAGE_COUNT) {
    if (stage < STAGE_GROUPS) to = expandBuckets(stage, to);
    else if (stage === STAGE_GROUPS) to = expandGroups(to);
    else if (stage === STAGE_NIBBLES) to = expandNibbles(to);
    else to = expandPivots(to);
    if (isFull) return to;
    enter(stage + 1);
  }
  return to;
}

/** The next hits; their number, complemented when there are more to come. */
export function takeHits(): i32 {
  const records = load<usize>(RECORDS);
  const end = expand();
  let hits = HITS;
  for (let pair = PAIRS; pair < end; pair += 8) {
    const at = load<i32>(pair);
    const entry = load<u32>(pair, 4) & ENTRY_MASK;
    const record = records + ((<usize>entry) << 5);
    const isUnequal = v128.any_true(
      v128.and(v128.xor(v128.load(BLOCK + <usize>at), v128.load(record)), v128.load(record, 16)),
    );
    store<i32>(hits, at);
    store<u32>(hits, entry, 4);
    hits += <usize>((<u32>!isUnequal) << 3);
  }
  if ((load<u32>(PASSES) & PASS_RUNS) !== 0) hits = keepRuns(hits);
  const count = <i32>((hits - HITS) >> 3);
  return stage < STAGE_COUNT ? ~count : count;
}

/**
 * The tables of pivots (`kernel/pivots.ts`): which pairs of bytes are one at even positions and at odd ones, the masks of each, and
 * the hashes of what they take around it, which go into the buckets that all hashes share.
 */
import {
  FILTER,
  hashMasked,
  MASKED_BYTES,
  ofMask,
  packItem,
  PASS,
  PIVOT_MASK_BYTES,
  PIVOT_NUMBERS,
} from '../bundle/filter-layout.ts';
import { spellings, type FilterEntry } from './filter-entries.ts';
import type { PivotPairs } from './filter-groups.ts';
import type { PivotPlace } from './filter-pivots.ts';
import type { Buckets, TableWriter } from './filter-writer.ts';
import type { PivotMask } from './pivot-masks.ts';

/** An entry at one of its pivots. */
export interface PivotEntry extends PivotPlace {
  readonly at: number;
  readonly entry: FilterEntry;
  /** Bytes from where the comparison begins to the pivot. */
  readonly before: number;
}

const PAIRS = PIVOT_NUMBERS / 2;

/** Adds the entries to the buckets and writes the other tables. Returns the pairs that are pivots. */
export function writePivots(writer: TableWriter, buckets: Buckets, entries: readonly PivotEntry[]): PivotPairs {
  if (entries.length === 0) return { even: [], odd: [] };
  // By pair; those at odd positions behind the others.
  const masks = new Map<number, PivotMask[]>();
  for (const pivot of entries) {
    for (const pair of pairsOf(pivot)) {
      const known = masks.get(pair);
      if (known === undefined) masks.set(pair, [pivot.mask]);
      else if (!known.includes(pivot.mask)) known.push(pivot.mask);
    }
  }
  const numbers = new Uint16Array(PIVOT_NUMBERS);
  // Number 0 is no pivot and has no masks.
  const starts = [0, 0];
  [...masks].forEach(([pair, { length }], at) => {
    numbers[pair] = at + 1;
    starts.push(starts.at(-1)! + length);
  });
  for (const pivot of entries) {
    const { low, high } = taken(pivot);
    for (const pair of pairsOf(pivot)) {
      const which = masks.get(pair)!.indexOf(pivot.mask);
      const hash = hashMasked(low, high, starts[numbers[pair]!]! + which);
      buckets.add(ofMask(hash, which), packItem(pivot.at, pivot.before, 0));
    }
  }
  writer.pass(PASS.pivots);
  writer.header[FILTER.pivotCount] = masks.size;
  writer.table('pivotNumbers', numbers);
  writer.table('pivotStarts', Uint32Array.from(starts));
  writer.table('pivotMasks', rowsOf([...masks.values()].flat()));
  return pivotPairs(numbers);
}

/** The pairs that have a number. */
export function pivotPairs(numbers: Uint16Array): PivotPairs {
  const even: number[] = [];
  const odd: number[] = [];
  numbers.forEach((number, at) => {
    if (number === 0) return;
    if (at < PAIRS) even.push(at);
    else odd.push(at - PAIRS);
  });
  return { even, odd };
}

function pairsOf({ entry, offset, isEven }: PivotEntry): number[] {
  const pairs = spellings(entry, offset, 2);
  return isEven ? pairs : [...pairs, ...pairs.map((pair) => pair + PAIRS)];
}

/** As two little-endian words. */
function taken({ entry, offset, mask: { distance, bits } }: PivotEntry): { low: number; high: number } {
  const bytes = new Uint8Array(MASKED_BYTES);
  bits.forEach((bit, at) => {
    if (bit !== 0) bytes[at] = entry.value[offset + distance + at]! & bit;
  });
  const words = new DataView(bytes.buffer);
  return { low: words.getInt32(0, true), high: words.getInt32(4, true) };
}

function rowsOf(masks: readonly PivotMask[]): Uint8Array {
  const rows = new Uint8Array(masks.length * PIVOT_MASK_BYTES);
  const view = new DataView(rows.buffer);
  masks.forEach(({ distance, bits }, at) => {
    view.setInt32(at * PIVOT_MASK_BYTES, distance, true);
    rows.set(bits, at * PIVOT_MASK_BYTES + 4);
  });
  return rows;
}

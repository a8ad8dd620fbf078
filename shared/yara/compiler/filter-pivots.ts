/**
 * Chooses the pivots of entries in which plain bytes seldom stand side by side. Few pivots that many entries share, and that
 * ordinary data has seldom, are better than the rarest one for each: blocks of code nearly all hold one of some dozen pairs.
 *
 * Only at even positions is a pivot found for itself. At odd ones it is looked for as two halves, so that every first byte of one
 * pivot passes before every second byte of another (`Halves`). What has none of the common pivots is given two of its own, one at
 * an even and one at an odd place of the entry: wherever it stands, one of them stands at an even position.
 */
import { MAX_PIVOT_MASKS } from '../bundle/filter-layout.ts';
import { bytesAt, isOpenAt, spellingCount, spellings, type FilterEntry } from './filter-entries.ts';
import { pairFrequency } from './frequency.ts';
import { Halves, HALVES } from './pivot-halves.ts';
import { planMasks, type PivotMask } from './pivot-masks.ts';

/** One of the pivots by which an entry is found. */
export interface PivotPlace {
  /** Of the pivot's first byte in the entry. */
  readonly offset: number;
  readonly mask: PivotMask;
  /** At odd positions the entry is found by its other pivot. */
  readonly isEven: boolean;
}

/** A pivot may be spelled in this many ways: letters of either case, or half a byte that is open. */
const MAX_PIVOT_SPELLINGS = 16;
/** Pivots are looked for in this many first bytes of an entry. */
const MAX_OFFSET = 512;
/** A common pivot that makes more places pass than this for each entry is not worth it. */
const MOST_COMMON = 1e-4;
/** Nor are two pivots of one entry alone that stand at more places than this. */
const MOST_OWN = 1e-3;
/** What has neither is found by one that makes at most so many pass. */
const MOST_LAST = 1e-2;
const LEAST_COST = 2e-6;
/** Two pivots of an entry are among the bytes that are compared. */
const MAX_BETWEEN = 13;
/** Plain bytes are counted this far around a pivot. */
const NEAR = 8;

/** Two bytes that some entries hold. */
interface Pivot {
  readonly pairs: readonly number[];
  /** The part of ordinary data's places at which it stands. */
  readonly frequency: number;
  /** Entries, by their index, and the best place in each. */
  readonly places: Map<number, number>;
}

interface Member {
  readonly at: number;
  readonly offset: number;
  readonly isEven: boolean;
}

/** For each entry its pivots, one or two; none where they are not worth it. */
export function planPivots(entries: readonly FilterEntry[]): PivotPlace[][] {
  const members = new Map<Pivot, Member[]>();
  const found = new Map<string, Pivot>();
  entries.forEach((entry, at) => {
    addPivots(found, entry, at);
  });
  const halves = Array.from({ length: HALVES }, () => new Halves());
  const isCovered = shareCommon([...found.values()], entries.length, members, halves);
  const inUse = new Set(members.keys());
  const take = (pivot: Pivot, member: Member): void => {
    inUse.add(pivot);
    const known = members.get(pivot);
    if (known === undefined) members.set(pivot, [member]);
    else known.push(member);
  };
  entries.forEach((entry, at) => {
    if (isCovered[at] === 1) return;
    const places = placesOf(entry, found);
    const two = twoOf(places, inUse);
    for (const { pivot, offset } of two) take(pivot, { at, offset, isEven: true });
    const last = two.length > 0 ? undefined : lastOf(places, halves);
    if (last !== undefined) take(last.pivot, { at, offset: last.offset, isEven: false });
  });
  return withMasks(entries, members);
}

function addPivots(found: Map<string, Pivot>, entry: FilterEntry, at: number): void {
  for (const offset of offsetsOf(entry)) {
    const pairs = spellings(entry, offset, 2);
    const key = pairs.join();
    let pivot = found.get(key);
    if (pivot === undefined) {
      const frequency = pairs.reduce((sum, pair) => sum + pairFrequency(pair), 0);
      found.set(key, (pivot = { pairs, frequency, places: new Map() }));
    }
    const known = pivot.places.get(at);
    if (known === undefined || plainNear(entry, offset) > plainNear(entry, known)) pivot.places.set(at, offset);
  }
}

function offsetsOf(entry: FilterEntry): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset + 2 <= Math.min(entry.length, MAX_OFFSET); offset++) {
    if (isOpenAt(entry, offset) || isOpenAt(entry, offset + 1)) continue;
    if (spellingCount(entry, offset, 2) <= MAX_PIVOT_SPELLINGS) offsets.push(offset);
  }
  return offsets;
}

function plainNear(entry: FilterEntry, offset: number): number {
  let count = 0;
  for (let at = offset - NEAR; at < offset + 2 + NEAR; at++) if (bytesAt(entry, at).length === 1) count++;
  return count;
}

/** Fills `members` with what common pivots cover; which entries that are. Of several an entry goes to the rarest. */
function shareCommon(
  pivots: readonly Pivot[],
  entryCount: number,
  members: Map<Pivot, Member[]>,
  halves: readonly Halves[],
): Uint8Array {
  const chosen = chooseCommon(pivots, entryCount, halves).sort((a, b) => a.frequency - b.frequency);
  const isCovered = new Uint8Array(entryCount);
  for (const pivot of chosen) {
    const own: Member[] = [];
    for (const [at, offset] of pivot.places) {
      if (isCovered[at] === 0) own.push({ at, offset, isEven: false });
      isCovered[at] = 1;
    }
    if (own.length > 0) members.set(pivot, own);
  }
  return isCovered;
}

/** Again and again the pivot that costs least for each entry that has none yet. */
function chooseCommon(pivots: readonly Pivot[], entryCount: number, halves: readonly Halves[]): Pivot[] {
  const chosen: Pivot[] = [];
  const isCovered = new Uint8Array(entryCount);
  const gainOf = ({ places }: Pivot): number => {
    let gain = 0;
    for (const at of places.keys()) gain += 1 - isCovered[at]!;
    return gain;
  };
  // The most that a pivot can be worth; it only falls.
  const boundOf = (pivot: Pivot): number => gainOf(pivot) / (pivot.frequency + LEAST_COST);
  let queue = pivots.map((pivot) => ({ pivot, bound: boundOf(pivot) }));
  for (;;) {
    queue.sort((a, b) => b.bound - a.bound);
    let best: Pivot | undefined;
    let bestHalves = halves[0]!;
    let bestScore = 1 / MOST_COMMON;
    for (const candidate of queue) {
      if (candidate.bound <= bestScore) break;
      candidate.bound = boundOf(candidate.pivot);
      if (candidate.bound <= bestScore) continue;
      for (const half of halves) {
        const cost = candidate.pivot.frequency + LEAST_COST + half.costOf(candidate.pivot.pairs);
        const score = gainOf(candidate.pivot) / cost;
        if (score <= bestScore) continue;
        best = candidate.pivot;
        bestHalves = half;
        bestScore = score;
      }
    }
    if (best === undefined) return chosen;
    chosen.push(best);
    bestHalves.take(best.pairs);
    for (const at of best.places.keys()) isCovered[at] = 1;
    queue = queue.filter(({ pivot, bound }) => pivot !== best && bound > 0);
  }
}

interface Place {
  readonly pivot: Pivot;
  readonly offset: number;
}

function placesOf(entry: FilterEntry, found: ReadonlyMap<string, Pivot>): Place[] {
  return offsetsOf(entry).map((offset) => ({ pivot: found.get(spellings(entry, offset, 2).join())!, offset }));
}

/** The two pivots that stand at the fewest places, those in use counting nothing; none when that is too many. */
function twoOf(places: readonly Place[], inUse: ReadonlySet<Pivot>): readonly Place[] {
  const costOf = ({ pivot }: Place): number => (inUse.has(pivot) ? LEAST_COST : pivot.frequency);
  const odd = places.filter(({ offset }) => offset % 2 === 1);
  let best: readonly Place[] = [];
  let bestCost = MOST_OWN;
  for (const one of places) {
    if (one.offset % 2 === 1) continue;
    for (const other of odd) {
      const cost = costOf(one) + costOf(other);
      if (cost >= bestCost || Math.abs(one.offset - other.offset) > MAX_BETWEEN) continue;
      bestCost = cost;
      best = [one, other];
    }
  }
  return best;
}

/** The pivot by which the fewest places more pass. It is in `halves` then. */
function lastOf(places: readonly Place[], halves: readonly Halves[]): Place | undefined {
  let best: Place | undefined;
  let bestHalves = halves[0]!;
  let bestCost = MOST_LAST;
  for (const place of places) {
    for (const half of halves) {
      const cost = place.pivot.frequency + half.costOf(place.pivot.pairs);
      if (cost >= bestCost) continue;
      bestCost = cost;
      best = place;
      bestHalves = half;
    }
  }
  if (best !== undefined) bestHalves.take(best.pivot.pairs);
  return best;
}

/** Masks are chosen pivot by pivot. An entry that finds no room for one has no pivots. */
function withMasks(entries: readonly FilterEntry[], members: ReadonlyMap<Pivot, readonly Member[]>): PivotPlace[][] {
  const plans = entries.map((): PivotPlace[] => []);
  const isCrowded = new Uint8Array(entries.length);
  const room = new MaskRoom();
  for (const [{ pairs }, own] of members) {
    const masks = planMasks(own.map(({ at, offset }) => ({ entry: entries[at]!, offset })));
    own.forEach(({ at, offset, isEven }, member) => {
      const mask = masks[member];
      if (mask === undefined || !room.take(pairs, mask)) isCrowded[at] = 1;
      else plans[at]!.push({ offset, mask, isEven });
    });
  }
  return plans.map((plan, at) => (isCrowded[at] === 1 ? [] : plan));
}

/** A pair that several pivots are spelled as has the masks of them all. */
class MaskRoom {
  readonly #masks = new Map<number, Set<PivotMask>>();

  /** Is there room for the mask with each of the pairs? It is taken then. */
  take(pairs: readonly number[], mask: PivotMask): boolean {
    const sets = pairs.map((pair) => {
      let set = this.#masks.get(pair);
      if (set === undefined) this.#masks.set(pair, (set = new Set()));
      return set;
    });
    if (sets.some((set) => set.size >= MAX_PIVOT_MASKS && !set.has(mask))) return false;
    for (const set of sets) set.add(mask);
    return true;
  }
}

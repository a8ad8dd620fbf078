/**
 * Chooses how each entry is found: by which look-ups (`FilterPlan`), and through which of its bytes. The window chosen is the
 * one that ordinary data holds least often, since every place that passes must be looked at again. Grams that data is full
 * of (zeros, spaces) are kept out of the tables altogether: a few of them would let more through than all the rest.
 */
import { bytesAt, isOpenAt, isPlainAt, spellingCount, spellings, type FilterEntry } from './filter-entries.ts';
import { fillNibbles } from './filter-nibbles.ts';
import { planPivots, type PivotPlace } from './filter-pivots.ts';
import { byteFrequency, gramFrequency, pairFrequency } from './frequency.ts';
import { GramCounts } from './gram-counts.ts';

/**
 * `eight`, `six`: a gram at every fourth position. `four`, `groups`, `pivots`: pairs at every second. `nibbles`, `probes`: every
 * position.
 */
export type FilterLook = 'eight' | 'six' | 'four' | 'groups' | 'pivots' | 'nibbles' | 'probes';

export interface FilterPlan {
  readonly look: FilterLook;
  /** Of the window's first byte in the entry. */
  readonly offset: number;
  /** Of `pivots`; the window is all of them. */
  readonly pivots?: readonly PivotPlace[];
}

/** Plain bytes that a window of each look must have, so that any alignment of its look-up falls inside. */
const EIGHT_WINDOW = 11;
const SIX_WINDOW = 7;

/** A window that passes at more places than this is not for the gram table. */
const HOT = 3e-3;
/** Sharing a gram costs nothing until this many entries use it. */
const SHARED_FREELY = 16;
const SHARING_COST = 2e-6;
/** How much rarer a window of `groups` must be to be worth its looks. */
const GROUP_COST = 4;
/** Windows are looked for in this many first bytes of an entry. */
const MAX_WINDOW_OFFSET = 512;
/** A window of four bytes may be spelled in this many ways. */
export const MAX_SPELLINGS = 64;
/** How often data has one of the first, or second, pairs that share a bit, about. */
const COMPANY = 0.02;
/** What the second look at a place of `groups` costs, in first ones. */
const AGAIN = 2;
/** More entries of `groups` than this are looked for by pivots, as far as they have some. */
const MOST_IN_GROUPS = 128;
/** So few entries are looked for by nibbles, sixteen positions at a time. */
const FEW = 16;
const FEW_SHORT = 64;
/** Nibbles branch on what they find: not worth it above this part of all positions. */
const MAX_NIBBLE_COST = 0.01;

export function planFilter(entries: readonly FilterEntry[]): FilterPlan[] {
  if (entries.length <= FEW) {
    const plans = entries.map(planNibbles);
    if (costOfNibbles(entries, plans) <= MAX_NIBBLE_COST) return plans;
  }
  const plans = planLong(entries);
  const short = entries.filter((_, entry) => plans[entry] === undefined);
  const isFew = short.length <= FEW_SHORT && costOfNibbles(short, short.map(planNibbles)) <= MAX_NIBBLE_COST;
  return withPivots(
    entries,
    entries.map((entry, at) => plans[at] ?? (isFew ? planNibbles(entry) : planShort(entry))),
  );
}

/** Groups cannot tell many entries apart. */
function withPivots(entries: readonly FilterEntry[], plans: FilterPlan[]): FilterPlan[] {
  const grouped = [...plans.keys()].filter((at) => plans[at]!.look === 'groups');
  if (grouped.length <= MOST_IN_GROUPS) return plans;
  planPivots(grouped.map((at) => entries[at]!)).forEach((pivots, member) => {
    if (pivots.length === 0) return;
    plans[grouped[member]!] = { look: 'pivots', offset: Math.min(...pivots.map(({ offset }) => offset)), pivots };
  });
  return plans;
}

/** Plans by grams, undefined for entries that need another way. Those with the fewest windows choose first. */
function planLong(entries: readonly FilterEntry[]): (FilterPlan | undefined)[] {
  const plans = new Array<FilterPlan | undefined>(entries.length);
  const counts = new GramCounts();
  const order = entries
    .map((entry, at) => ({ at, runs: plainRuns(entry) }))
    .filter(({ runs }) => runs.length > 0)
    .map(({ at, runs }) => ({
      at,
      runs,
      windows: runs.reduce((sum, [from, to]) => sum + to - from - SIX_WINDOW + 1, 0),
    }))
    .sort((a, b) => a.windows - b.windows || a.at - b.at);
  for (const { at, runs } of order) {
    const entry = entries[at]!;
    const costs = gramCosts(entry, runs, counts);
    const plan = cheapest(runs, costs, 'eight', EIGHT_WINDOW) ?? cheapest(runs, costs, 'six', SIX_WINDOW);
    if (plan === undefined) continue;
    plans[at] = plan;
    for (let ahead = 0; ahead < 4; ahead++) {
      for (const gram of spellings(entry, plan.offset + ahead, 4)) counts.add(gram);
    }
  }
  return plans;
}

/** From and past each run of plain bytes that is long enough. */
function plainRuns(entry: FilterEntry): [from: number, to: number][] {
  const runs: [number, number][] = [];
  const last = Math.min(entry.length, MAX_WINDOW_OFFSET);
  for (let from = 0; from < last; from++) {
    let to = from;
    while (to < last && isPlainAt(entry, to)) to++;
    if (to - from >= SIX_WINDOW) runs.push([from, to]);
    from = to;
  }
  return runs;
}

interface GramCosts {
  /** Of the gram at that offset: how often data has it, and what it costs to look for it. */
  readonly frequencies: Float64Array;
  readonly costs: Float64Array;
}

function gramCosts(entry: FilterEntry, runs: readonly [number, number][], counts: GramCounts): GramCosts {
  const size = Math.min(entry.length, MAX_WINDOW_OFFSET);
  const frequencies = new Float64Array(size);
  const costs = new Float64Array(size);
  for (const [from, to] of runs) {
    for (let at = from; at + 4 <= to; at++) {
      for (const gram of gramsAt(entry, at)) {
        const frequency = gramFrequency(gram);
        const users = counts.count(gram);
        frequencies[at]! += frequency;
        if (users === 0) costs[at]! += frequency;
        else if (users >= SHARED_FREELY) costs[at]! += users * SHARING_COST;
      }
    }
  }
  return { frequencies, costs };
}

const single = [0];

/** As `spellings`, for the common case that there is one; what it returns holds until the next call. */
function gramsAt(entry: FilterEntry, at: number): readonly number[] {
  const { value, mask } = entry;
  if ((mask[at]! & mask[at + 1]! & mask[at + 2]! & mask[at + 3]!) !== 0xff) return spellings(entry, at, 4);
  single[0] = value[at]! | (value[at + 1]! << 8) | (value[at + 2]! << 16) | (value[at + 3]! << 24);
  return single;
}

/** The window with the lowest sum over its four grams and over what stands behind each; undefined when all are hot. */
function cheapest(
  runs: readonly [number, number][],
  { frequencies, costs }: GramCosts,
  look: 'eight' | 'six',
  window: number,
): FilterPlan | undefined {
  const second = look === 'eight' ? 4 : 0;
  let best: FilterPlan | undefined;
  let bestCost = HOT;
  for (const [from, to] of runs) {
    for (let offset = from; offset + window <= to; offset++) {
      let cost = 0;
      for (let at = offset; at < offset + 4; at++) {
        cost += costs[at]! + Math.min(frequencies[at]!, frequencies[at + second]!);
      }
      if (cost >= bestCost) continue;
      bestCost = cost;
      best = { look, offset };
    }
  }
  return best;
}

function planShort(entry: FilterEntry): FilterPlan {
  let best: FilterPlan | undefined;
  let bestCost = Infinity;
  const last = Math.min(entry.length, MAX_WINDOW_OFFSET);
  for (let offset = 0; offset + 4 <= last; offset++) {
    if (spellingCount(entry, offset, 4) > MAX_SPELLINGS) continue;
    let frequency = 0;
    for (const gram of spellings(entry, offset, 4)) frequency += gramFrequency(gram);
    if (frequency > HOT) continue;
    const even = lookCost(pairCost(entry, offset), pairCost(entry, offset + 2));
    const odd = lookCost(pairCost(entry, offset + 1), pairCost(entry, offset + 3));
    const cost = frequency + even + odd + runCost(entry, offset + 1, 3);
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = { look: 'four', offset };
  }
  const other = planGroups(entry, last);
  // Where the only four plain bytes are mostly zeros, others tell more.
  return best === undefined || other.cost * GROUP_COST < bestCost ? other.plan : best;
}

/** The offset from which the first bytes are rarest, first and foremost the four that the pairs look at. */
function planGroups(entry: FilterEntry, last: number): { plan: FilterPlan; cost: number } {
  let best: FilterPlan = { look: 'groups', offset: 0 };
  let bestCost = Infinity;
  for (let offset = 0; offset < last; offset++) {
    const even = lookCost(pairCost(entry, offset), pairCost(entry, offset + 2));
    const odd = lookCost(pairCost(entry, offset - 1, offset), pairCost(entry, offset + 1));
    let rest = 1;
    for (let at = offset + 3; at < offset + 7; at++) rest *= byteCost(entry, at);
    const cost = (runCost(entry, offset) + even + odd) * (1 + AGAIN * rest ** 0.5);
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = { look: 'groups', offset };
  }
  return { plan: best, cost: bestCost };
}

/** How often two pairs that follow each other are looked at again: for themselves, and in company of those that share their bits. */
function lookCost(first: number, second: number): number {
  return second >= 1 ? first : first * second + COMPANY * (first + second);
}

/** How often data has one of the pairs at `offset`; bytes before `first` are not looked at. */
function pairCost(entry: FilterEntry, offset: number, first = 0): number {
  const isFirstOpen = offset < first || isOpenAt(entry, offset);
  if (isFirstOpen) return byteCost(entry, offset + 1);
  if (isOpenAt(entry, offset + 1)) return byteCost(entry, offset);
  if (spellingCount(entry, offset, 2) > MAX_SPELLINGS * 4) return byteCost(entry, offset) * byteCost(entry, offset + 1);
  let cost = 0;
  for (const pair of spellings(entry, offset, 2)) cost += pairFrequency(pair);
  return Math.min(1, cost);
}

function byteCost(entry: FilterEntry, at: number): number {
  if (isOpenAt(entry, at)) return 1;
  let cost = 0;
  for (const byte of bytesAt(entry, at)) cost += byteFrequency(byte);
  return Math.min(1, cost);
}

/** The same byte again and again is far likelier than its parts: padding, rulers, zeros. */
function runCost(entry: FilterEntry, offset: number, length = 4): number {
  const [byte] = bytesAt(entry, offset);
  for (let at = offset; at < Math.min(offset + length, entry.length); at++) {
    if (bytesAt(entry, at).length !== 1 || bytesAt(entry, at)[0] !== byte) return 0;
  }
  return gramFrequency(Math.imul(byte!, 0x01010101));
}

/** The three bytes, or four, that are rarest together. */
export function planNibbles(entry: FilterEntry): FilterPlan {
  let best: FilterPlan = { look: 'nibbles', offset: 0 };
  let bestCost = Infinity;
  for (let offset = 0; offset === 0 || offset + 3 <= Math.min(entry.length, MAX_WINDOW_OFFSET); offset++) {
    const cost = nibbleCost(entry, offset);
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = { look: 'nibbles', offset };
  }
  return best;
}

function nibbleCost(entry: FilterEntry, offset: number): number {
  const parts = pairCost(entry, offset) * pairCost(entry, offset + 2);
  return Math.max(parts, runCost(entry, offset));
}

function costOfNibbles(entries: readonly FilterEntry[], plans: readonly FilterPlan[]): number {
  const placed = entries.map((entry, at) => ({ entry, offset: plans[at]!.offset }));
  const runs = placed.reduce((sum, { entry, offset }) => sum + runCost(entry, offset), 0);
  return Math.max(runs, fillNibbles(placed).cost);
}

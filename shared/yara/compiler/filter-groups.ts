/**
 * Puts short entries into the groups of the pair table, and those told apart byte by byte into 32 finer ones. A place passes
 * a group when its first pair is among the group's first ones and its second among the second: so entries go together that
 * raise that product least.
 */
import { GROUP_BYTES, GROUP_COUNT } from '../bundle/filter-layout.ts';
import { bytesAt, type FilterEntry } from './filter-entries.ts';
import { byteFrequency, gramFrequency, pairFrequency } from './frequency.ts';
import { groupHalves } from './pivot-halves.ts';

export interface PlacedEntry {
  readonly entry: FilterEntry;
  /** Of its window. */
  readonly offset: number;
}

/** The pairs that are looked for as pivots, little-endian, at positions of either kind. */
export interface PivotPairs {
  readonly even: readonly number[];
  readonly odd: readonly number[];
}

/** One of `groups`, by its index, found that many bytes ahead of its window. */
export interface GroupUnit {
  readonly at: number;
  readonly ahead: number;
}

export interface EntryGroups {
  /** `GROUP_BYTES` × 256 words: the groups that a byte fits there. */
  readonly byteGroups: Uint32Array;
  readonly items: readonly (readonly GroupUnit[])[];
}

/** Groups of the table, as bits: see `kernel/pairs.ts`. */
const EVEN_GROUPS = [0, 1];
const ODD_GROUPS = [2, 3];
const BYTE_GROUPS = [4, 5, 6];
/** Where there are pivots. */
const BYTE_GROUPS_BESIDE = [4];
const PIVOT_GROUPS = [5, 6];
/** For those of which only the first pair says anything. */
const OPEN_GROUP = 7;
/** Above this many, the finer groups are filled in turn instead of by cost. */
const MAX_COSTED_UNITS = 20000;

/** `table` takes the pairs of both kinds: 65,536 entries. */
export function groupEntries(
  table: Uint16Array,
  four: readonly PlacedEntry[],
  groups: readonly PlacedEntry[],
  pivots: PivotPairs,
): EntryGroups {
  const pairs = Array.from({ length: 8 }, (_, bit) => new PairGroup(table, bit));
  for (const { entry, offset } of four) {
    put(
      EVEN_GROUPS.map((group) => pairs[group]!),
      pairsOf(entry, offset),
      pairsOf(entry, offset + 2),
    );
    put(
      ODD_GROUPS.map((group) => pairs[group]!),
      pairsOf(entry, offset + 1),
      odd(entry, offset),
    );
  }
  for (const pair of pivots.even) pairs[OPEN_GROUP]!.take({ low: [pair & 0xff], high: [pair >>> 8] }, ALL);
  const halves = groupHalves(pivots.odd);
  pivots.odd.forEach((pair, at) => {
    const group = pairs[PIVOT_GROUPS[halves[at]!]!]!;
    group.take({ low: ALL.low, high: [pair & 0xff] }, { low: [pair >>> 8], high: ALL.high });
  });
  const closed = pivots.even.length === 0 ? BYTE_GROUPS : BYTE_GROUPS_BESIDE;
  const units = groups.flatMap((_, at) => [0, 1].map((ahead): GroupUnit => ({ at, ahead })));
  for (const { at, ahead } of units) {
    const { entry, offset } = groups[at]!;
    // Bytes before the window are not looked at: the entry may not have them.
    const window = windowOf(entry, offset);
    const second = pairsOf(window, 2 - ahead);
    const choice = areAll(second) ? [OPEN_GROUP] : closed;
    put(
      choice.map((group) => pairs[group]!),
      pairsOf(window, -ahead),
      second,
    );
  }
  return groupByBytes(groups, units);
}

/** The last byte of four and what follows it, if that belongs to the entry. */
function odd(entry: FilterEntry, offset: number): Pairs {
  return pairsOf(entry, offset + 3);
}

/** The entry from the window's start on. */
function windowOf(entry: FilterEntry, offset: number): FilterEntry {
  return {
    length: entry.length - offset,
    value: entry.value.subarray(offset),
    mask: entry.mask.subarray(offset),
    sets: entry.sets?.slice(offset),
  };
}

/** Every byte of one list before every byte of the other. */
interface Pairs {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

function pairsOf(entry: FilterEntry, offset: number): Pairs {
  return { low: bytesAt(entry, offset), high: bytesAt(entry, offset + 1) };
}

const allBytes: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);
const ALL: Pairs = { low: allBytes, high: allBytes };

function areAll({ low, high }: Pairs): boolean {
  return low.length === 256 && high.length === 256;
}

function put(groups: readonly PairGroup[], first: Pairs, second: Pairs): void {
  let best = groups[0]!;
  let bestCost = Infinity;
  if (groups.length > 1) {
    for (const group of groups) {
      const cost = group.costOf(first, second);
      if (cost >= bestCost) continue;
      bestCost = cost;
      best = group;
    }
  }
  best.take(first, second);
}

class PairGroup {
  readonly #table: Uint16Array;
  readonly #first: number;
  readonly #second: number;
  #firstFrequency = 0;
  #secondFrequency = 0;
  #takesAllSecond = false;

  constructor(table: Uint16Array, bit: number) {
    this.#table = table;
    this.#first = 1 << bit;
    this.#second = 256 << bit;
  }

  /** By how much more places would pass. */
  costOf(first: Pairs, second: Pairs): number {
    const firstGain = this.#gain(first, this.#first);
    const secondGain = this.#gain(second, this.#second);
    const before = this.#firstFrequency * this.#secondFrequency;
    const after = (this.#firstFrequency + firstGain) * (this.#secondFrequency + secondGain);
    return after - before + this.#runGain(first, second);
  }

  take(first: Pairs, second: Pairs): void {
    this.#firstFrequency += this.#add(first, this.#first);
    if (this.#takesAllSecond) return;
    this.#secondFrequency += this.#add(second, this.#second);
    this.#takesAllSecond = areAll(second);
  }

  #gain({ low, high }: Pairs, bit: number): number {
    let gain = 0;
    for (const upper of high) {
      for (const lower of low) {
        const pair = lower | (upper << 8);
        if ((this.#table[pair]! & bit) === 0) gain += pairFrequency(pair);
      }
    }
    return gain;
  }

  /** As `#gain`, and it is so from now on. */
  #add({ low, high }: Pairs, bit: number): number {
    let gain = 0;
    for (const upper of high) {
      for (const lower of low) {
        const pair = lower | (upper << 8);
        if ((this.#table[pair]! & bit) !== 0) continue;
        gain += pairFrequency(pair);
        this.#table[pair]! |= bit;
      }
    }
    return gain;
  }

  /** A pair of equal bytes follows itself far more often than the product says: zeros, spaces, padding. */
  #runGain(first: Pairs, second: Pairs): number {
    let gain = 0;
    for (let byte = 0; byte < 256; byte++) {
      const pair = byte * 0x0101;
      const isFirst = (this.#table[pair]! & this.#first) !== 0;
      const isSecond = (this.#table[pair]! & this.#second) !== 0;
      if (isFirst && isSecond) continue;
      if ((isFirst || hasTwice(first, byte)) && (isSecond || hasTwice(second, byte)))
        gain += gramFrequency(pair | (pair << 16));
    }
    return gain;
  }
}

function hasTwice({ low, high }: Pairs, byte: number): boolean {
  return low.includes(byte) && high.includes(byte);
}

function groupByBytes(groups: readonly PlacedEntry[], units: readonly GroupUnit[]): EntryGroups {
  const byteGroups = new Uint32Array(GROUP_BYTES * 256);
  const items = Array.from({ length: GROUP_COUNT }, (): GroupUnit[] => []);
  const shares = new Float64Array(GROUP_COUNT * GROUP_BYTES);
  units.forEach((unit, index) => {
    const { entry, offset } = groups[unit.at]!;
    const window = windowOf(entry, offset);
    const sets = Array.from({ length: GROUP_BYTES }, (_, place) => bytesAt(window, place - unit.ahead));
    let group = index % GROUP_COUNT;
    if (units.length <= MAX_COSTED_UNITS) {
      let bestCost = Infinity;
      for (let candidate = 0; candidate < GROUP_COUNT; candidate++) {
        let before = 1;
        let after = 1;
        sets.forEach((bytes, place) => {
          const share = shares[candidate * GROUP_BYTES + place]!;
          before *= share;
          after *= bytes.length === 256 ? 1 : Math.min(1, share + gainOf(byteGroups, place, candidate, bytes));
        });
        // Each place that passes costs a comparison for every entry of the group.
        const size = items[candidate]!.length;
        const cost = after * (size + 1) - before * size;
        if (cost >= bestCost) continue;
        bestCost = cost;
        group = candidate;
      }
    }
    sets.forEach((bytes, place) => {
      shares[group * GROUP_BYTES + place]! += gainOf(byteGroups, place, group, bytes);
      for (const byte of bytes) byteGroups[place * 256 + byte]! |= 1 << group;
    });
    items[group]!.push(unit);
  });
  return { byteGroups, items };
}

function gainOf(byteGroups: Uint32Array, place: number, group: number, bytes: readonly number[]): number {
  let gain = 0;
  for (const byte of bytes) {
    if (((byteGroups[place * 256 + byte]! >>> group) & 1) === 0) gain += byteFrequency(byte);
  }
  return gain;
}

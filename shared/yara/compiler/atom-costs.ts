/**
 * What atoms cost: of the bytes of ordinary data, the part at which a run of sets of bytes stands, as far as the tables of
 * `frequency.ts` tell, and more for what many patterns of the rule set hold. Such a run is most likely common in data, whatever
 * the tables say (`FileDescription`, `/github.com/`); and each pattern that has its atom there is one more to be looked at.
 */
import { hasByte } from '../syntax/byte-set.ts';
import { MAX_SPELLINGS } from './filter-windows.ts';
import { factsOf, gramFrequency, pairFrequency } from './frequency.ts';
import type { Shape } from './shape.ts';

/** Sets by which two runs are told apart. */
const TOLD_APART_BY = 8;
/** What each further pattern that has the run is taken to add. */
const SHARING_COST = 1e-7;
/** What an atom adds in which the filter finds no four bytes to look up. */
const SHORT_COST = 2e-6;
/** What a byte beside a run is taken to be worth: more than pairs tell, since bytes do not stand independently, bounded. */
const DEPENDENCE = 4;
const LEAST_NEIGHBOUR_COST = 1 / 16;
/** Pairs that are added up one by one. */
const MAX_PAIRS = 1024;
/** Places of the table for each shape, and bounds of what they come to, as powers of two. */
const PLACES_PER_SHAPE = 256;
const LEAST_BITS = 10;
const MOST_BITS = 22;
const MOST = 0xffff;

/** How many shapes have a run; runs may share a place in the table. */
export class SharedRuns {
  readonly #counts: Uint16Array;
  readonly #shift: number;
  readonly #numbers = new Map<string, number>();
  readonly #numberOf = new WeakMap<Uint32Array, number>();

  constructor(shapeCount: number) {
    const bits = Math.ceil(Math.log2(shapeCount * PLACES_PER_SHAPE + 1));
    const bounded = Math.min(MOST_BITS, Math.max(LEAST_BITS, bits));
    this.#counts = new Uint16Array(1 << bounded);
    this.#shift = 32 - bounded;
  }

  /** Counts the runs of one shape's items, in all its forms, once each; what stands in alternatives or repeats is counted by itself. */
  count(...forms: readonly (readonly Shape[])[]): void {
    const places = new Set<number>();
    for (const items of forms) {
      for (let from = 0; from < items.length; from++) {
        const place = this.#placeOf(items, from, from + TOLD_APART_BY);
        if (place !== undefined) places.add(place);
      }
    }
    for (const place of places) if (this.#counts[place]! < MOST) this.#counts[place]!++;
  }

  /** What is added for the items `from … past`, of whose runs the rarest counts; they are bytes, all of them. */
  cost(items: readonly Shape[], from: number, past: number): number {
    let least = Infinity;
    for (let at = from; at + TOLD_APART_BY <= past; at++) {
      least = Math.min(least, this.#counts[this.#placeOf(items, at, at + TOLD_APART_BY)!]!);
    }
    // What is shorter stands alone between items that are no bytes, or at the shape's edges.
    if (least === Infinity) {
      const place = this.#placeOf(items, from, from + TOLD_APART_BY);
      least = place === undefined ? 0 : this.#counts[place]!;
    }
    return Math.max(0, least - 1) * SHARING_COST;
  }

  #placeOf(items: readonly Shape[], from: number, past: number): number | undefined {
    let hash = 0;
    let at = from;
    for (; at < past; at++) {
      const item = items[at];
      if (item?.kind !== 'byte') break;
      hash = Math.imul(hash ^ this.#number(item.set), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    // A run that is shorter is counted where it begins.
    if (at === from || (at < past && items[from - 1]?.kind === 'byte')) return undefined;
    return Math.imul(hash, 0x85ebca6b) >>> this.#shift;
  }

  #number(set: Uint32Array): number {
    let number = this.#numberOf.get(set);
    if (number !== undefined) return number;
    const key = set.join();
    number = this.#numbers.get(key) ?? this.#numbers.size + 1;
    this.#numbers.set(key, number);
    this.#numberOf.set(set, number);
    return number;
  }
}

/** How often the runs of some items stand in ordinary data. Items that are no bytes must not be asked for. */
export class RunCosts {
  readonly #sets: readonly (Uint32Array | undefined)[];
  readonly #pairs: Float64Array;

  constructor(items: readonly Shape[]) {
    this.#sets = items.map((item) => (item.kind === 'byte' ? item.set : undefined));
    this.#pairs = new Float64Array(items.length).fill(-1);
  }

  /** Of `length` sets from `from` on, at most four; undefined for three or four that have too many spellings. */
  run(from: number, length: number): number | undefined {
    let chain = this.#frequency(from);
    let spellingCount = factsOf(this.#sets[from]!).size;
    for (let at = from + 1; at < from + length; at++) {
      chain *= this.#given(at - 1, at - 1);
      spellingCount *= factsOf(this.#sets[at]!).size;
    }
    if (length > 2 && spellingCount > MAX_SPELLINGS) return undefined;
    if (length < 4) return chain + SHORT_COST;
    // The table of grams is too small to tell rare ones apart, and pairs do not know words: the truth lies between.
    const gram = this.#gram(from);
    return Math.min(gram, Math.sqrt(gram * chain));
  }

  /** What the set at `at` is worth beside the one next to it, `step` farther on. */
  neighbour(at: number, step: 1 | -1): number {
    const given = this.#given(Math.min(at, at + step), at + step);
    return Math.max(LEAST_NEIGHBOUR_COST, Math.min(1, given * DEPENDENCE));
  }

  #frequency(at: number): number {
    return factsOf(this.#sets[at]!).frequency;
  }

  /** How often the other set of the pair at `pair` stands beside the one at `known`. */
  #given(pair: number, known: number): number {
    const given = this.#pair(pair) / Math.max(this.#frequency(known), Number.MIN_VALUE);
    const isRepeated = factsOf(this.#sets[pair]!).size === 1 && isSame(this.#sets[pair]!, this.#sets[pair + 1]!);
    // A run of one byte is far likelier than its parts: padding, rulers, zeros.
    return Math.min(1, isRepeated ? Math.max(given, 0.5) : given);
  }

  #pair(at: number): number {
    let frequency = this.#pairs[at]!;
    if (frequency >= 0) return frequency;
    const first = factsOf(this.#sets[at]!);
    const second = factsOf(this.#sets[at + 1]!);
    if (first.size * second.size > MAX_PAIRS) frequency = first.frequency * second.frequency;
    else {
      frequency = 0;
      const lasts = bytesOf(this.#sets[at + 1]!);
      for (const byte of bytesOf(this.#sets[at]!)) {
        for (const last of lasts) frequency += pairFrequency(byte | (last << 8));
      }
    }
    return (this.#pairs[at] = Math.min(1, frequency));
  }

  #gram(from: number): number {
    let grams = [0];
    for (let at = 0; at < 4; at++) {
      const bytes = bytesOf(this.#sets[from + at]!);
      grams = grams.flatMap((gram) => bytes.map((byte) => gram | (byte << (8 * at))));
    }
    return Math.min(
      1,
      grams.reduce((sum, gram) => sum + gramFrequency(gram), 0),
    );
  }
}

const members = new WeakMap<Uint32Array, readonly number[]>();

function bytesOf(set: Uint32Array): readonly number[] {
  let bytes = members.get(set);
  if (bytes === undefined) {
    bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => hasByte(set, byte));
    members.set(set, bytes);
  }
  return bytes;
}

function isSame(set: Uint32Array, other: Uint32Array): boolean {
  return set === other || set.every((word, at) => word === other[at]);
}

/**
 * At odd positions a pivot is looked for as two halves: its first byte ends one pair, its second begins the next. Every first byte
 * of a group passes before every second one of it; so pivots go together that make the fewest other pairs pass.
 */
import { pairFrequency } from './frequency.ts';

/** Groups of the pair table that are for halves. */
export const HALVES = 2;

/** The pivots of one group. */
export class Halves {
  readonly #first = new Set<number>();
  readonly #second = new Set<number>();

  /** By how much more places would pass. */
  costOf(pairs: readonly number[]): number {
    let cost = 0;
    const firsts = new Set(pairs.map((pair) => pair & 0xff));
    const seconds = new Set(pairs.map((pair) => pair >>> 8));
    for (const first of firsts) {
      if (!this.#first.has(first)) for (const second of this.#second) cost += pairFrequency(first | (second << 8));
      for (const second of seconds) {
        if (!this.#second.has(second)) cost += pairFrequency(first | (second << 8));
      }
    }
    for (const second of seconds) {
      if (this.#second.has(second)) continue;
      for (const first of this.#first) if (!firsts.has(first)) cost += pairFrequency(first | (second << 8));
    }
    return cost;
  }

  take(pairs: readonly number[]): void {
    for (const pair of pairs) {
      this.#first.add(pair & 0xff);
      this.#second.add(pair >>> 8);
    }
  }
}

/** For each pair its group. */
export function groupHalves(pairs: readonly number[]): number[] {
  const halves = Array.from({ length: HALVES }, () => new Halves());
  const groups = new Array<number>(pairs.length).fill(0);
  const order = [...pairs.keys()].sort((a, b) => pairFrequency(pairs[b]!) - pairFrequency(pairs[a]!) || a - b);
  for (const at of order) {
    const pair = [pairs[at]!];
    const costs = halves.map((half) => half.costOf(pair));
    const best = costs.indexOf(Math.min(...costs));
    halves[best]!.take(pair);
    groups[at] = best;
  }
  return groups;
}

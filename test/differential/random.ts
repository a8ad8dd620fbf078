/**
 * Random numbers that can be had again. One run has one seed; every object is made from the seed and words that name the
 * object, so that any of them can be made alone, whatever else is asked in the same run.
 */

/** `SLUICE_SEED`, or of the moment. It stands in every report of a difference. */
export function seedOfRun(given = process.env['SLUICE_SEED']): number {
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`a seed is a whole number, not ${given ?? ''}`);
  return seed;
}

export class Random {
  #state: number;

  /** The same sequence for the same seed and words. */
  constructor(seed: number, ...words: readonly (string | number)[]) {
    // FNV-1a over the words, then mulberry32: short, and even enough for choosing.
    let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x811c9dc5;
    for (const letter of words.join('\0')) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193);
    this.#state = state;
  }

  /** From 0 to `bound − 1`; 0 for a bound below 1. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * Math.max(bound, 1));
  }

  /** Both ends inclusive. */
  between(lower: number, upper: number): number {
    return lower + this.below(upper - lower + 1);
  }

  /** True `percent` times out of 100. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  byte(): number {
    return this.below(256);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** A new list of the same items in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
    }
    return shuffled;
  }
}

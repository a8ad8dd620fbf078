/**
 * Puts matches in order. A literal is found by a window somewhere inside it, so matches are met in the order of their
 * windows, not of their starts. The queue holds them until no earlier start can follow, and hands them on ordered by
 * offset; of two forms of one pattern that start at one place the shorter goes first (and the store keeps the first).
 */
import type { MatchStore } from './match-store.ts';

export class MatchQueue {
  starts = new Float64Array(1024);
  patterns = new Int32Array(1024);
  lengths = new Uint32Array(1024);
  length = 0;
  #keys = new Float64Array(1024);

  /** `start` is an offset of the object. */
  push(start: number, pattern: number, length: number): void {
    if (this.length === this.starts.length) this.#grow();
    this.starts[this.length] = start;
    this.patterns[this.length] = pattern;
    this.lengths[this.length++] = length;
  }

  /** Hands every match that starts before `offset` to the store. */
  release(offset: number, store: MatchStore): void {
    if (this.length === 0) return;
    if (!this.#isOrdered()) this.#order();
    let count = 0;
    while (count < this.length && this.starts[count]! < offset) {
      store.add(this.patterns[count]!, this.starts[count]!, this.lengths[count]!, -1);
      count++;
    }
    this.starts.copyWithin(0, count, this.length);
    this.patterns.copyWithin(0, count, this.length);
    this.lengths.copyWithin(0, count, this.length);
    this.length -= count;
  }

  reset(): void {
    this.length = 0;
  }

  #isOrdered(): boolean {
    for (let at = 1; at < this.length; at++) {
      const step = this.starts[at]! - this.starts[at - 1]!;
      if (step < 0 || (step === 0 && this.lengths[at]! < this.lengths[at - 1]!)) return false;
    }
    return true;
  }

  /** Sorts by start, then length, otherwise in the order met. Numeric keys let the engine's native sort do it. */
  #order(): void {
    const { starts, patterns, lengths, length } = this;
    let first = Infinity;
    for (let at = 0; at < length; at++) first = Math.min(first, starts[at]!);
    if (this.#keys.length < length) this.#keys = new Float64Array(starts.length);
    const keys = this.#keys.subarray(0, length);
    // Starts in the queue lie within one window of each other, so start and index fit one exact number.
    for (let at = 0; at < length; at++) keys[at] = (starts[at]! - first) * INDEX_SPACE + at;
    keys.sort();
    const order = Array.from(keys, (key) => key % INDEX_SPACE);
    for (let at = 1; at < length; at++) {
      const moved = order[at]!;
      let to = at;
      for (; to > 0; to--) {
        const earlier = order[to - 1]!;
        if (starts[earlier] !== starts[moved] || lengths[earlier]! <= lengths[moved]!) break;
        order[to] = earlier;
      }
      order[to] = moved;
    }
    this.starts.set(order.map((index) => starts[index]!));
    this.patterns.set(order.map((index) => patterns[index]!));
    this.lengths.set(order.map((index) => lengths[index]!));
  }

  #grow(): void {
    const size = this.starts.length * 2;
    const starts = new Float64Array(size);
    const patterns = new Int32Array(size);
    const lengths = new Uint32Array(size);
    starts.set(this.starts);
    patterns.set(this.patterns);
    lengths.set(this.lengths);
    this.starts = starts;
    this.patterns = patterns;
    this.lengths = lengths;
  }
}

/** More than the matches a queue ever holds: it is released every `RELEASE_AT`, and one list of candidates adds little. */
const INDEX_SPACE = 2 ** 28;

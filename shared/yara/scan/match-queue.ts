/**
 * Puts matches in order. A pattern is found by bytes somewhere inside it, so matches are met in the order of those, not of
 * their starts. The queue holds them until no earlier start can follow, and hands them on ordered by offset; of several
 * forms of one pattern that start at one place the one of lowest rank goes first (and whoever takes them keeps the first).
 */

/** Takes the matches `first … past` of the queue's arrays, all of one target. */
export type TakeRun = (target: number, first: number, past: number) => void;

export class MatchQueue {
  starts = new Float64Array(1024);
  /** A pattern, or `~piece` of a chain. */
  targets = new Int32Array(1024);
  lengths = new Uint32Array(1024);
  /** How far the last end of a run lies behind the first, for pieces of chains. */
  spreads = new Uint32Array(1024);
  /** Rank and mark, see `packed`. */
  extras = new Int32Array(1024);
  length = 0;
  // Room for sorting.
  #keys = new Float64Array(1024);
  #orders: readonly [Int32Array, Int32Array] = [new Int32Array(1024), new Int32Array(1024)];
  readonly #places = new Int32Array(DIGITS + 1);

  /** `start` is an offset of the object; `mark` a xor key, or −1. */
  push(start: number, target: number, length: number, rank: number, mark: number, spread = 0): void {
    if (this.length === this.starts.length) this.#grow(this.length * 2);
    this.starts[this.length] = start;
    this.targets[this.length] = target;
    this.lengths[this.length] = length;
    this.spreads[this.length] = spread;
    this.extras[this.length++] = packed(rank, mark);
  }

  /** Hands on every match that starts before `offset`, as many at a time as stand together for one target. */
  release(offset: number, take: TakeRun): void {
    if (this.length === 0) return;
    if (!this.#isOrdered()) this.#order();
    const { starts, targets, length } = this;
    let count = 0;
    while (count < length && starts[count]! < offset) {
      const first = count;
      const target = targets[first]!;
      do count++;
      while (count < length && targets[count] === target && starts[count]! < offset);
      take(target, first, count);
    }
    for (const array of [this.starts, this.targets, this.lengths, this.spreads, this.extras])
      array.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** A xor key, or −1. */
  markOf(index: number): number {
    return (this.extras[index]! & MARKS) - 1;
  }

  reset(): void {
    this.length = 0;
  }

  save(): MatchQueueState {
    const { starts, targets, lengths, spreads, extras, length } = this;
    return {
      starts: starts.slice(0, length),
      targets: targets.slice(0, length),
      lengths: lengths.slice(0, length),
      spreads: spreads.slice(0, length),
      extras: extras.slice(0, length),
    };
  }

  restore({ starts, targets, lengths, spreads, extras }: MatchQueueState): void {
    while (this.starts.length < starts.length) this.#grow(this.starts.length * 2);
    this.starts.set(starts);
    this.targets.set(targets);
    this.lengths.set(lengths);
    this.spreads.set(spreads);
    this.extras.set(extras);
    this.length = starts.length;
  }

  #isOrdered(): boolean {
    for (let at = 1; at < this.length; at++) {
      const step = this.starts[at]! - this.starts[at - 1]!;
      if (step < 0 || (step === 0 && this.extras[at]! >>> RANK_SHIFT < this.extras[at - 1]! >>> RANK_SHIFT))
        return false;
    }
    return true;
  }

  /** Sorts by start, then rank, otherwise in the order met. */
  #order(): void {
    const { starts, targets, lengths, spreads, extras, length } = this;
    let first = Infinity;
    let last = 0;
    for (let at = 0; at < length; at++) {
      first = Math.min(first, starts[at]!);
      last = Math.max(last, starts[at]!);
    }
    if (this.#keys.length < length) {
      this.#keys = new Float64Array(starts.length);
      this.#orders = [new Int32Array(starts.length), new Int32Array(starts.length)];
    }
    const keys = this.#keys.subarray(0, length);
    const order = length < FEW || last - first >= DIGITS ** 2 ? this.#byKeys(first) : this.#byDigits(first);
    for (let at = 1; at < length; at++) {
      const moved = order[at]!;
      let to = at;
      for (; to > 0; to--) {
        const earlier = order[to - 1]!;
        if (starts[earlier] !== starts[moved] || extras[earlier]! >>> RANK_SHIFT <= extras[moved]! >>> RANK_SHIFT)
          break;
        order[to] = earlier;
      }
      order[to] = moved;
    }
    // What was sorted is done with, and has room for eight bytes each.
    for (const array of [starts, targets, lengths, spreads, extras]) {
      for (let at = 0; at < length; at++) keys[at] = array[order[at]!]!;
      array.set(keys);
    }
  }

  /** Numeric keys let the host's native sort do it. */
  #byKeys(first: number): Int32Array {
    const { starts, length } = this;
    const keys = this.#keys.subarray(0, length);
    // Starts in the queue lie within one window of each other, so start and index fit one exact number.
    for (let at = 0; at < length; at++) keys[at] = (starts[at]! - first) * INDEX_SPACE + at;
    keys.sort();
    const [order] = this.#orders;
    for (let at = 0; at < length; at++) order[at] = keys[at]! % INDEX_SPACE;
    return order;
  }

  /** In two passes, by the lower and by the upper digit of what lies between the first start and each. */
  #byDigits(first: number): Int32Array {
    const { starts, length } = this;
    const [order, once] = this.#orders;
    const places = this.#places;
    places.fill(0);
    for (let at = 0; at < length; at++) places[((starts[at]! - first) & (DIGITS - 1)) + 1]!++;
    for (let digit = 1; digit <= DIGITS; digit++) places[digit]! += places[digit - 1]!;
    for (let at = 0; at < length; at++) once[places[(starts[at]! - first) & (DIGITS - 1)]!++] = at;
    places.fill(0);
    for (let at = 0; at < length; at++) places[((starts[at]! - first) >>> DIGIT_BITS) + 1]!++;
    for (let digit = 1; digit <= DIGITS; digit++) places[digit]! += places[digit - 1]!;
    for (let at = 0; at < length; at++) {
      const index = once[at]!;
      order[places[(starts[index]! - first) >>> DIGIT_BITS]!++] = index;
    }
    return order;
  }

  #grow(size: number): void {
    const { starts, targets, lengths, spreads, extras } = this;
    this.starts = new Float64Array(size);
    this.starts.set(starts);
    this.targets = new Int32Array(size);
    this.targets.set(targets);
    this.lengths = new Uint32Array(size);
    this.lengths.set(lengths);
    this.spreads = new Uint32Array(size);
    this.spreads.set(spreads);
    this.extras = new Int32Array(size);
    this.extras.set(extras);
  }
}

export interface MatchQueueState {
  readonly starts: Float64Array;
  readonly targets: Int32Array;
  readonly lengths: Uint32Array;
  readonly spreads: Uint32Array;
  readonly extras: Int32Array;
}

/** A mark takes nine bits: −1 to 255, one more than itself. */
const RANK_SHIFT = 9;
const MARKS = (1 << RANK_SHIFT) - 1;

function packed(rank: number, mark: number): number {
  return (rank << RANK_SHIFT) | (mark + 1);
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** So few matches are not worth two passes over all digits. */
const FEW = 256;

/** More than the matches a queue ever holds: it is released every `RELEASE_AT`, and one list of candidates adds little. */
const INDEX_SPACE = 2 ** 28;

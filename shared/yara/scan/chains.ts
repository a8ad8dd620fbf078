/**
 * Chains: patterns of pieces with wide gaps between them. Matches of pieces come in ordered by offset; a match of the first
 * piece is a *head*, which waits for a match of the next one at the right distance, and so on to the last. Every head is
 * reported once: with the first tail that completes it where gaps are lazy, with the last one where they are greedy.
 *
 * Three ways of waiting, by what the gaps of a chain ask for:
 * - no gap has an upper bound, all lazy: whoever may go on goes on at the next piece, all at once, so that waiting heads are
 *   a count, the first of them and the last (`Crowd`);
 * - one gap, greedy, without upper bound: the same, and the last tail of the object serves all;
 * - otherwise each head waits for itself, up to `MAX_HEADS`; beyond that the pattern is unknown.
 */
import { CHAIN, CHAIN_FIELDS, PIECE, PIECE_FIELDS, type RuleImage } from '../bundle/image.ts';

/** Heads that wait for themselves, of all chains together: 32 bytes each. */
export const MAX_HEADS = 1 << 20;

export interface ChainSink {
  /** One match. */
  readonly match: (pattern: number, start: number, length: number) => void;
  /** `count` further matches that are only counted, the last one at `lastStart`. */
  readonly count: (pattern: number, count: number, lastStart: number) => void;
  /** From here on nothing certain can be said of the pattern. */
  readonly unknown: (pattern: number) => void;
  /** How many more matches of the pattern are worth their offsets. */
  readonly wanted: (pattern: number) => number;
}

export class Chains {
  readonly #image: RuleImage;
  readonly #sink: ChainSink;
  readonly #trackers: Tracker[] = [];
  readonly #budget = { heads: 0 };

  constructor(image: RuleImage, sink: ChainSink) {
    this.#image = image;
    this.#sink = sink;
    for (let chain = 0; chain < image.chains.length / CHAIN_FIELDS; chain++) this.#trackers.push(this.#track(chain));
  }

  /** A piece matches at `start`; `mayEnd` says whether the chain may end with it. */
  piece(piece: number, start: number, length: number, mayEnd: boolean): void {
    const chain = this.#image.pieces[piece * PIECE_FIELDS + PIECE.chain]!;
    const index = piece - this.#image.chains[chain * CHAIN_FIELDS + CHAIN.firstPiece]!;
    this.#trackers[chain]!.piece(index, start, start + length, mayEnd);
  }

  /** The object has ended. */
  finish(): void {
    for (const tracker of this.#trackers) tracker.finish();
  }

  reset(): void {
    this.#budget.heads = 0;
    for (const tracker of this.#trackers) tracker.reset();
  }

  /** Plain numbers, for a checkpoint. */
  save(): Float64Array {
    const numbers: number[] = [];
    for (const tracker of this.#trackers) tracker.save(numbers);
    return Float64Array.from(numbers);
  }

  /** False when the numbers are not those of such chains. */
  restore(numbers: Float64Array): boolean {
    const reader = new NumberReader(numbers);
    for (const tracker of this.#trackers) tracker.restore(reader);
    return reader.isSound && reader.isAtEnd;
  }

  #track(chain: number): Tracker {
    const row = chain * CHAIN_FIELDS;
    const { chains, pieces } = this.#image;
    const first = chains[row + CHAIN.firstPiece]!;
    const gaps = Array.from({ length: chains[row + CHAIN.pieceCount]! - 1 }, (_, at): Gap => {
      const piece = (first + 1 + at) * PIECE_FIELDS;
      return { min: pieces[piece + PIECE.minGap]!, max: pieces[piece + PIECE.maxGap]! };
    });
    const pattern = chains[row + CHAIN.pattern]!;
    const isGreedy = chains[row + CHAIN.isGreedy] === 1;
    const isEndless = gaps.every(({ max }) => max === Infinity);
    if (isEndless && (!isGreedy || gaps.length === 1)) return new CrowdTracker(pattern, gaps, isGreedy, this.#sink);
    return new HeadTracker(pattern, gaps, isGreedy, this.#sink, this.#budget);
  }
}

interface Gap {
  readonly min: number;
  readonly max: number;
}

interface Tracker {
  piece(index: number, start: number, end: number, mayEnd: boolean): void;
  finish(): void;
  reset(): void;
  save(to: number[]): void;
  restore(from: NumberReader): void;
}

// Gaps without end --------------------------------------------------------------------------------------------------------

/** Heads that stand alike: how many, the first ones, the last one. */
class Crowd {
  count = 0;
  firsts: number[] = [];
  last = 0;

  add(start: number, wanted: number): void {
    this.count++;
    if (this.firsts.length < wanted) this.firsts.push(start);
    this.last = start;
  }

  join(other: Crowd, wanted: number): void {
    this.count += other.count;
    for (const start of other.firsts) {
      if (this.firsts.length >= wanted) break;
      this.firsts.push(start);
    }
    this.last = Math.max(this.last, other.last);
  }
}

/** Heads that came to the end of a piece at `end`, and may go on from `end + min` on. */
interface Arrival {
  readonly end: number;
  readonly crowd: Crowd;
}

class CrowdTracker implements Tracker {
  readonly #pattern: number;
  readonly #gaps: readonly Gap[];
  readonly #isGreedy: boolean;
  readonly #sink: ChainSink;
  /** Per gap: those that may go on at once, and those still too near, in the order of their ends. */
  #ready: Crowd[] = [];
  #near: Arrival[][] = [];
  /** Greedy: the last tail's end, 0 before there is one, and whether the chain may end there; who has a tail. */
  #tail = { end: 0, mayEnd: false };
  #served = new Crowd();

  constructor(pattern: number, gaps: readonly Gap[], isGreedy: boolean, sink: ChainSink) {
    this.#pattern = pattern;
    this.#gaps = gaps;
    this.#isGreedy = isGreedy;
    this.#sink = sink;
    this.reset();
  }

  piece(index: number, start: number, end: number, mayEnd: boolean): void {
    if (index > 0) this.#arrive(index - 1, start, end, mayEnd);
    if (index === 0) this.#leave(0, end, single(start, this.#sink.wanted(this.#pattern)));
  }

  #arrive(gap: number, start: number, end: number, mayEnd: boolean): void {
    const wanted = this.#sink.wanted(this.#pattern);
    const ready = this.#ready[gap]!;
    const near = this.#near[gap]!;
    let passed = 0;
    while (passed < near.length && near[passed]!.end + this.#gaps[gap]!.min <= start) {
      ready.join(near[passed]!.crowd, wanted);
      passed++;
    }
    near.splice(0, passed);
    const isServed = this.#isGreedy && this.#served.count > 0;
    if (ready.count === 0 && !isServed) return;
    if (gap < this.#gaps.length - 1) {
      this.#leave(gap + 1, end, ready);
    } else if (this.#isGreedy) {
      this.#served.join(ready, wanted);
      this.#tail = { end, mayEnd };
    } else {
      if (!mayEnd) return;
      this.#report(ready, end);
    }
    this.#ready[gap] = new Crowd();
  }

  #leave(gap: number, end: number, crowd: Crowd): void {
    const near = this.#near[gap]!;
    let at = near.length;
    while (at > 0 && near[at - 1]!.end > end) at--;
    if (at > 0 && near[at - 1]!.end === end) near[at - 1]!.crowd.join(crowd, this.#sink.wanted(this.#pattern));
    else near.splice(at, 0, { end, crowd });
    // Whoever is far enough from what has arrived can stand with the others: any later piece starts behind this one's start.
    const ready = this.#ready[gap]!;
    const wanted = this.#sink.wanted(this.#pattern);
    let passed = 0;
    while (passed < near.length - 1 && near[passed]!.end + this.#gaps[gap]!.min <= crowd.last) {
      ready.join(near[passed]!.crowd, wanted);
      passed++;
    }
    near.splice(0, passed);
  }

  #report(crowd: Crowd, end: number): void {
    for (const start of crowd.firsts) this.#sink.match(this.#pattern, start, end - start);
    const rest = crowd.count - crowd.firsts.length;
    if (rest > 0) this.#sink.count(this.#pattern, rest, crowd.last);
  }

  finish(): void {
    if (this.#isGreedy && this.#served.count > 0 && this.#tail.mayEnd) this.#report(this.#served, this.#tail.end);
    this.#served = new Crowd();
  }

  reset(): void {
    this.#ready = this.#gaps.map(() => new Crowd());
    this.#near = this.#gaps.map(() => []);
    this.#served = new Crowd();
    this.#tail = { end: 0, mayEnd: false };
  }

  save(to: number[]): void {
    for (const crowd of [...this.#ready, this.#served]) saveCrowd(crowd, to);
    for (const near of this.#near) {
      to.push(near.length);
      for (const { end, crowd } of near) {
        to.push(end);
        saveCrowd(crowd, to);
      }
    }
    to.push(this.#tail.end, Number(this.#tail.mayEnd));
  }

  restore(from: NumberReader): void {
    this.#ready = this.#gaps.map(() => restoreCrowd(from));
    this.#served = restoreCrowd(from);
    this.#near = this.#gaps.map(() =>
      Array.from({ length: from.size() }, () => ({ end: from.number(), crowd: restoreCrowd(from) })),
    );
    this.#tail = { end: from.number(), mayEnd: from.number() === 1 };
  }
}

function single(start: number, wanted: number): Crowd {
  const crowd = new Crowd();
  crowd.add(start, wanted);
  return crowd;
}

function saveCrowd({ count, firsts, last }: Crowd, to: number[]): void {
  to.push(count, last, firsts.length);
  for (const start of firsts) to.push(start);
}

function restoreCrowd(from: NumberReader): Crowd {
  const crowd = new Crowd();
  crowd.count = from.number();
  crowd.last = from.number();
  crowd.firsts = Array.from({ length: from.size() }, () => from.number());
  return crowd;
}

// Gaps with an end --------------------------------------------------------------------------------------------------------

interface Head {
  /** Where the match begins, and where the piece reached so far ends. */
  readonly start: number;
  readonly end: number;
}

/** Heads in the order of their ends: most join at one end and leave at the other. */
class HeadList {
  #heads: Head[] = [];
  #first = 0;

  get length(): number {
    return this.#heads.length - this.#first;
  }

  at(index: number): Head {
    return this.#heads[this.#first + index]!;
  }

  all(): readonly Head[] {
    return this.#heads.slice(this.#first);
  }

  /** False when the same head stands here already. */
  add(head: Head): boolean {
    let at = this.#heads.length;
    while (at > this.#first && this.#heads[at - 1]!.end > head.end) at--;
    for (let before = at; before > this.#first && this.#heads[before - 1]!.end === head.end; before--) {
      if (this.#heads[before - 1]!.start === head.start) return false;
    }
    if (at === this.#heads.length) this.#heads.push(head);
    else this.#heads.splice(at, 0, head);
    return true;
  }

  /** Removes the first ones. */
  take(count: number): readonly Head[] {
    const taken = this.#heads.slice(this.#first, this.#first + count);
    this.#first += count;
    if (this.#first > 64 && this.#first * 2 > this.#heads.length) {
      this.#heads = this.#heads.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  has(start: number): boolean {
    return this.all().some((head) => head.start === start);
  }

  /** How many were removed. */
  remove(start: number): number {
    const left = this.all().filter((head) => head.start !== start);
    const removed = this.length - left.length;
    this.#heads = left;
    this.#first = 0;
    return removed;
  }
}

class HeadTracker implements Tracker {
  readonly #pattern: number;
  readonly #gaps: readonly Gap[];
  readonly #isGreedy: boolean;
  readonly #sink: ChainSink;
  readonly #budget: { heads: number };
  /** Per gap, in the order of their ends. */
  #waiting: HeadList[] = [];
  /** Greedy: the last end of each start that was completed, negative where the chain must not end there. */
  #completed = new Map<number, number>();
  #isUnknown = false;

  constructor(pattern: number, gaps: readonly Gap[], isGreedy: boolean, sink: ChainSink, budget: { heads: number }) {
    this.#pattern = pattern;
    this.#gaps = gaps;
    this.#isGreedy = isGreedy;
    this.#sink = sink;
    this.#budget = budget;
    this.reset();
  }

  piece(index: number, start: number, end: number, mayEnd: boolean): void {
    if (this.#isUnknown) return;
    if (index < this.#gaps.length) this.#expire(index, start);
    if (index > 0) this.#arrive(index - 1, start, end, mayEnd);
    else this.#wait(0, { start, end });
  }

  /** Every later piece starts at `now` or behind it: whoever cannot reach that far waits in vain. */
  #expire(gap: number, now: number): void {
    const { max } = this.#gaps[gap]!;
    const waiting = this.#waiting[gap]!;
    let expired = 0;
    while (expired < waiting.length && waiting.at(expired).end + max < now) expired++;
    if (expired > 0) this.#drop(gap, waiting.take(expired));
  }

  #arrive(gap: number, start: number, end: number, mayEnd: boolean): void {
    this.#expire(gap, start);
    const { min } = this.#gaps[gap]!;
    const waiting = this.#waiting[gap]!;
    const isLast = gap === this.#gaps.length - 1;
    // A completed lazy head is done; one that only goes on may need a later piece too, unless distance no longer matters.
    const isDone = isLast
      ? !this.#isGreedy && mayEnd
      : !this.#isGreedy && this.#gaps.slice(gap + 1).every(({ max: most }) => most === Infinity);
    const completed: number[] = [];
    let at = 0;
    for (; at < waiting.length && waiting.at(at).end + min <= start; at++) {
      const head = waiting.at(at);
      if (!isLast) this.#wait(gap + 1, { start: head.start, end });
      else if (this.#isGreedy) this.#completed.set(head.start, mayEnd ? end : -end);
      else if (mayEnd) completed.push(head.start);
    }
    if (isDone && at > 0) {
      waiting.take(at);
      this.#budget.heads -= at;
    }
    for (const head of new Set(completed)) {
      this.#sink.match(this.#pattern, head, end - head);
      if (this.#gaps.length > 1) this.#forget(head);
    }
  }

  #wait(gap: number, head: Head): void {
    if (++this.#budget.heads > MAX_HEADS) {
      this.#isUnknown = true;
      this.#sink.unknown(this.#pattern);
      this.#release();
      return;
    }
    if (!this.#waiting[gap]!.add(head)) this.#budget.heads--;
  }

  /** Heads whose tail can no longer come; a greedy one that has had a tail is reported once it waits nowhere. */
  #drop(gap: number, heads: readonly Head[]): void {
    this.#budget.heads -= heads.length;
    if (!this.#isGreedy) return;
    for (const { start } of heads) {
      const waitsOn = this.#waiting.some((waiting, at) => at >= gap && waiting.has(start));
      if (!waitsOn) this.#complete(start);
    }
  }

  #complete(start: number): void {
    const end = this.#completed.get(start);
    this.#completed.delete(start);
    if (end !== undefined && end > 0) this.#sink.match(this.#pattern, start, end - start);
  }

  #forget(start: number): void {
    for (const waiting of this.#waiting) this.#budget.heads -= waiting.remove(start);
  }

  finish(): void {
    if (!this.#isUnknown) for (const start of [...this.#completed.keys()].sort((a, b) => a - b)) this.#complete(start);
    this.#release();
  }

  #release(): void {
    for (const waiting of this.#waiting) this.#budget.heads -= waiting.length;
    this.#waiting = this.#gaps.map(() => new HeadList());
    this.#completed.clear();
  }

  reset(): void {
    this.#waiting = this.#gaps.map(() => new HeadList());
    this.#completed.clear();
    this.#isUnknown = false;
  }

  save(to: number[]): void {
    to.push(Number(this.#isUnknown));
    for (const waiting of this.#waiting) {
      to.push(waiting.length);
      for (const { start, end } of waiting.all()) to.push(start, end);
    }
    to.push(this.#completed.size);
    for (const [start, end] of this.#completed) to.push(start, end);
  }

  restore(from: NumberReader): void {
    this.reset();
    this.#isUnknown = from.number() === 1;
    for (const waiting of this.#waiting) {
      const count = from.size();
      for (let at = 0; at < count; at++) waiting.add({ start: from.number(), end: from.number() });
      this.#budget.heads += waiting.length;
    }
    const completed = from.size();
    for (let at = 0; at < completed; at++) this.#completed.set(from.number(), from.number());
  }
}

/** Reads saved numbers; what is not there is 0, and `isSound` turns false. */
class NumberReader {
  readonly #numbers: Float64Array;
  #at = 0;
  isSound = true;

  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#numbers.length;
  }

  number(): number {
    const value = this.#numbers[this.#at++];
    if (value === undefined) this.isSound = false;
    return value ?? 0;
  }

  /** The length of a list that follows. */
  size(): number {
    const size = this.number();
    if (Number.isSafeInteger(size) && size >= 0 && size <= this.#numbers.length - this.#at) return size;
    this.isSound = false;
    return 0;
  }
}

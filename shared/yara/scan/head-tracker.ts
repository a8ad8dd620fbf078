/**
 * A chain with a gap that has an upper bound: each head waits for itself. Where it may go on is a list of *spans*: behind a
 * piece that ends at `first … last` the next one may start at `first + min … last + max`.
 *
 * Before the last gap a match of the next piece is told to every head in whose span it starts, which then waits behind it.
 * At the last gap, where most wait, everyone is looked at once: a lazy head is done with the first tail in its span; a greedy
 * one looks, when its span has passed, at the last tail there was.
 */
import type { ChainShape, Tracker } from './chains.ts';
import type { SavedNumbers } from './saved-numbers.ts';
import type { UnknownReason } from './match-store.ts';
import { SpanHeap, type Span } from './span-heap.ts';
import { StepCounts } from './step-counts.ts';

export interface Head {
  readonly start: number;
  /** Spans it waits in. */
  spans: number;
  isDone: boolean;
  /** Greedy: the end of the last tail so far; 0 before there is one. */
  end: number;
  /** Per gap, the span it was given last. */
  readonly latest: Span[];
}

/** What a head, and a span, take of the room. */
const HEAD_NUMBERS = 5;
const SPAN_NUMBERS = 5;
/** Lists are rid of what has passed when they have doubled since, from this length on. */
const SWEEP_AT = 256;

export class HeadTracker implements Tracker {
  readonly #chain: ChainShape;
  readonly #lastGap: number;
  /** Per gap, ordered by `from`; for the last gap of a greedy chain there is `#leaving` instead. */
  #waiting: Span[][] = [];
  #sweepAt: number[] = [];
  readonly #leaving = new SpanHeap();
  /** Greedy: the last tail; −1 before there is one. */
  #tailStart = -1;
  #tailEnd = 0;
  /** The head that was told last, which may have further runs of ends. */
  #newest: Head | undefined;
  #isUnknown = false;
  #steps: StepCounts;

  constructor(chain: ChainShape) {
    this.#chain = chain;
    this.#lastGap = chain.gaps.length - 1;
    this.#steps = new StepCounts(1, chain.sink.stepsPerByte());
    this.#empty();
  }

  piece(index: number, start: number, firstEnd: number, lastEnd: number): void {
    if (this.#isUnknown) return;
    this.#settle(start);
    if (index > 0) this.#arrive(index - 1, start, firstEnd, lastEnd);
    else this.#wait(0, this.#headAt(start), start, firstEnd, lastEnd);
  }

  #headAt(start: number): Head {
    if (this.#newest?.start === start) return this.#newest;
    return (this.#newest = { start, spans: 0, isDone: false, end: 0, latest: [] });
  }

  #arrive(gap: number, start: number, firstEnd: number, lastEnd: number): void {
    const isLast = gap === this.#lastGap;
    if (isLast && this.#chain.isGreedy) {
      this.#tailStart = start;
      this.#tailEnd = firstEnd;
      return;
    }
    const waiting = this.#waiting[gap]!;
    let kept = 0;
    let at = 0;
    for (; at < waiting.length && waiting[at]!.from <= start; at++) {
      const span = waiting[at]!;
      const isHere = start <= span.to && !span.head.isDone;
      if (isHere && isLast) this.#complete(span.head, firstEnd);
      else if (isHere) this.#wait(gap + 1, span.head, start, firstEnd, lastEnd);
      if (this.#isUnknown) return;
      // Further runs of this piece may follow, so who is at its span's end stays.
      if (isHere && !isLast) waiting[kept++] = span;
      else this.#leave(span);
    }
    waiting.splice(kept, at - kept);
    // Those who stay are looked at again and again.
    this.#steps.spend(0, kept);
    if (this.#steps.left(0, start) < 0) this.#giveUp('limit:stepsPerByte');
  }

  #wait(gap: number, head: Head, now: number, firstEnd: number, lastEnd: number): void {
    const { gaps, isGreedy } = this.#chain;
    const from = firstEnd + gaps[gap]!.min;
    const to = lastEnd + gaps[gap]!.max;
    const latest = head.latest[gap];
    if (latest !== undefined && from >= latest.from && from <= latest.to + 1 && latest.to >= now) {
      latest.to = Math.max(latest.to, to);
      return;
    }
    if (!this.#takeRoom(head)) return;
    const span: Span = { head, from, to, key: to };
    head.spans++;
    if (latest === undefined || latest.from <= from) head.latest[gap] = span;
    if (isGreedy && gap === this.#lastGap) {
      this.#leaving.add(span);
      return;
    }
    const waiting = this.#waiting[gap]!;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]!.from > from) at--;
    if (at === waiting.length) waiting.push(span);
    else waiting.splice(at, 0, span);
    if (waiting.length >= this.#sweepAt[gap]!) this.#sweep(gap, now);
  }

  #takeRoom(head: Head): boolean {
    if (this.#chain.room.take(SPAN_NUMBERS + (head.spans === 0 ? HEAD_NUMBERS : 0))) return true;
    this.#giveUp('limit:chainHeads');
    return false;
  }

  #giveUp(reason: UnknownReason): void {
    this.#isUnknown = true;
    this.#release();
    this.#chain.sink.unknown(this.#chain.pattern, reason);
  }

  /** Every later piece starts at `now` or behind it: whoever cannot reach that far waits in vain. */
  #sweep(gap: number, now: number): void {
    const waiting = this.#waiting[gap]!;
    const left = waiting.filter((span) => span.to >= now && !span.head.isDone);
    this.#waiting[gap] = left;
    this.#sweepAt[gap] = Math.max(SWEEP_AT, left.length * 2);
    for (const span of waiting) if (span.to < now || span.head.isDone) this.#leave(span);
  }

  /** Greedy: whoever's span ends before `now` knows its last tail. */
  #settle(now: number): void {
    for (let span = this.#leaving.takeBefore(now); span !== undefined; span = this.#leaving.takeBefore(now)) {
      const { head, from } = span;
      if (this.#tailStart >= from) head.end = this.#tailEnd;
      this.#leave(span);
    }
  }

  /** The head no longer waits in that span; a greedy one that waits in none is done. */
  #leave({ head }: Span): void {
    this.#giveBack(head);
    if (head.spans === 0 && head.end > 0) this.#complete(head, head.end);
  }

  #giveBack(head: Head): void {
    head.spans--;
    this.#chain.room.giveBack(SPAN_NUMBERS + (head.spans === 0 ? HEAD_NUMBERS : 0));
  }

  #complete(head: Head, end: number): void {
    const { sink, pattern } = this.#chain;
    head.isDone = true;
    sink.match(pattern, head.start, end - head.start);
  }

  finish(): void {
    this.#settle(Infinity);
    for (const span of this.#waiting.flat()) this.#leave(span);
    this.#empty();
  }

  #release(): void {
    for (const { head } of [...this.#waiting.flat(), ...this.#leaving.all()]) this.#giveBack(head);
    this.#empty();
  }

  #empty(): void {
    this.#waiting = this.#chain.gaps.map(() => []);
    this.#sweepAt = this.#chain.gaps.map(() => SWEEP_AT);
    this.#leaving.clear();
    this.#tailStart = -1;
    this.#tailEnd = 0;
    this.#newest = undefined;
  }

  reset(): void {
    this.#empty();
    this.#isUnknown = false;
    this.#steps = new StepCounts(1, this.#chain.sink.stepsPerByte());
  }

  save(to: number[]): void {
    const lists = [...this.#waiting, this.#leaving.all()];
    const heads = new Map<Head, number>();
    for (const { head } of lists.flat()) if (!heads.has(head)) heads.set(head, heads.size);
    to.push(Number(this.#isUnknown), ...this.#steps.save(), this.#tailStart, this.#tailEnd);
    to.push(heads.size);
    for (const { start, isDone, end } of heads.keys()) to.push(start, Number(isDone), end);
    for (const list of lists) {
      to.push(list.length);
      for (const { head, from, to: last, key } of list) {
        to.push(heads.get(head)!, from, last, key);
      }
    }
    this.#sweepAt.forEach((length) => to.push(length));
  }

  restore(from: SavedNumbers): void {
    this.reset();
    this.#isUnknown = from.number() === 1;
    this.#steps.restore(Float64Array.of(from.number()));
    this.#tailStart = from.number();
    this.#tailEnd = from.number();
    const heads = Array.from({ length: from.size(3) }, (): Head => {
      return { start: from.number(), spans: 0, isDone: from.number() === 1, end: from.number(), latest: [] };
    });
    const gaps = this.#chain.gaps.length;
    for (let list = 0; list <= gaps; list++) {
      for (let count = from.size(4); count > 0; count--) {
        const head = heads[from.index(heads.length)];
        if (head === undefined) return;
        const span: Span = { head, from: from.number(), to: from.number(), key: from.number() };
        this.#chain.room.take(SPAN_NUMBERS + (head.spans === 0 ? HEAD_NUMBERS : 0));
        head.spans++;
        const gap = Math.min(list, this.#lastGap);
        const latest = head.latest[gap];
        if (latest === undefined || latest.from <= span.from) head.latest[gap] = span;
        if (list < gaps) this.#waiting[gap]!.push(span);
        else this.#leaving.add(span);
      }
    }
    this.#sweepAt = this.#sweepAt.map(() => from.size(0));
  }
}

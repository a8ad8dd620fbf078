/**
 * A chain whose gaps have no upper bound. Whoever stands behind a piece may go on at any later match of the next one, so all
 * who are far enough stand alike: a count, the first of them and the last (`Crowd`). A piece's nearest end is the only one
 * that counts, and of two matches of a middle piece the one with the nearer end serves everybody who came by the other.
 *
 * Lazy gaps: a tail settles all who are far enough. Greedy ones: the last tail of the object is the end of all who had one.
 */
import type { ChainShape, Tracker } from './chains.ts';
import type { SavedNumbers } from './saved-numbers.ts';

/** Heads that stand alike: how many, the first ones by their starts, the last start. */
class Crowd {
  count = 0;
  firsts: number[] = [];
  last = 0;
}

/** Who came to the end of a piece at `end`, and may go on from `end + min` on. */
interface Arrival {
  readonly end: number;
  readonly crowd: Crowd;
}

/** What an arrival takes of the room besides its firsts, and what a head takes that is still too near. */
const ARRIVAL_NUMBERS = 8;
const HEAD_NUMBERS = 2;

export class CrowdTracker implements Tracker {
  readonly #chain: ChainShape;
  /** Per gap: those that may go on at once. */
  #ready: Crowd[] = [];
  /** Those too near for that, in the order of their ends: heads one by one, those behind later gaps in crowds. */
  readonly #nearHeads = new NearHeads();
  #near: Arrival[][] = [];
  /** Greedy: who has a tail, and the end of the last one. */
  #served = new Crowd();
  #tailEnd = 0;
  #isUnknown = false;

  constructor(chain: ChainShape) {
    this.#chain = chain;
    this.reset();
  }

  piece(index: number, start: number, end: number): void {
    if (this.#isUnknown) return;
    if (index > 0) this.#arrive(index - 1, start, end);
    else if (this.#chain.room.take(HEAD_NUMBERS)) this.#nearHeads.add(start, end);
    else this.#giveUp();
    if (index < this.#chain.gaps.length) this.#ripen(index, start);
  }

  #arrive(gap: number, start: number, end: number): void {
    this.#ripen(gap, start);
    const ready = this.#ready[gap]!;
    const { gaps, isGreedy } = this.#chain;
    if (gap < gaps.length - 1) {
      const crowd = this.#takeFartherThan(gap + 1, end);
      this.#merge(crowd, ready);
      if (crowd.count > 0) this.#wait(gap + 1, end, crowd);
    } else if (isGreedy) {
      this.#merge(this.#served, ready);
      if (this.#served.count > 0) this.#tailEnd = end;
    } else {
      this.#report(ready, end);
    }
    this.#ready[gap] = new Crowd();
  }

  /** Whoever is far enough from `now`, where the next piece may start, stands with the others. */
  #ripen(gap: number, now: number): void {
    const { gaps, room } = this.#chain;
    const farthest = now - gaps[gap]!.min;
    const ready = this.#ready[gap]!;
    if (gap === 0) {
      for (let start = this.#nearHeads.take(farthest); start >= 0; start = this.#nearHeads.take(farthest)) {
        this.#add(ready, start);
        room.giveBack(HEAD_NUMBERS);
      }
      return;
    }
    const near = this.#near[gap]!;
    let ripe = 0;
    while (ripe < near.length && near[ripe]!.end <= farthest) this.#merge(ready, near[ripe++]!.crowd);
    if (ripe === 0) return;
    near.splice(0, ripe);
    room.giveBack(ripe * ARRIVAL_NUMBERS);
  }

  /** Takes out those who came to a farther end than this one, which serves them too. */
  #takeFartherThan(gap: number, end: number): Crowd {
    const near = this.#near[gap]!;
    const crowd = new Crowd();
    while (near.length > 0 && near[near.length - 1]!.end >= end) {
      this.#merge(crowd, near.pop()!.crowd);
      this.#chain.room.giveBack(ARRIVAL_NUMBERS);
    }
    return crowd;
  }

  /** All who wait there came to nearer ends. */
  #wait(gap: number, end: number, crowd: Crowd): void {
    if (this.#chain.room.take(ARRIVAL_NUMBERS)) this.#near[gap]!.push({ end, crowd });
    else this.#giveUp();
  }

  #add(crowd: Crowd, start: number): void {
    const { sink, pattern, room } = this.#chain;
    const { firsts } = crowd;
    // Once one of a crowd is only counted, a later one that is kept would leave a hole.
    if (firsts.length === crowd.count && firsts.length < sink.wanted(pattern) && room.take(1)) {
      let at = firsts.length;
      while (at > 0 && firsts[at - 1]! > start) at--;
      if (at === firsts.length) firsts.push(start);
      else firsts.splice(at, 0, start);
    }
    crowd.last = crowd.count === 0 ? start : Math.max(crowd.last, start);
    crowd.count++;
  }

  /** All of `other` join `crowd`. Whoever is not among the first is only counted. */
  #merge(crowd: Crowd, other: Crowd): void {
    const { sink, pattern, room } = this.#chain;
    const isWhole = crowd.firsts.length === crowd.count;
    crowd.last = crowd.count === 0 ? other.last : Math.max(crowd.last, other.last);
    crowd.count += other.count;
    const kept = crowd.firsts.length + other.firsts.length;
    if (isWhole) crowd.firsts = mergeSorted(crowd.firsts, other.firsts, sink.wanted(pattern));
    room.giveBack(kept - crowd.firsts.length);
  }

  #report({ count, firsts, last }: Crowd, end: number): void {
    const { sink, pattern, room } = this.#chain;
    for (const start of firsts) sink.match(pattern, start, end - start);
    if (count > firsts.length) sink.count(pattern, count - firsts.length, last);
    room.giveBack(firsts.length);
  }

  #giveUp(): void {
    this.#isUnknown = true;
    this.#chain.sink.unknown(this.#chain.pattern, 'limit:chainHeads');
    this.#release();
  }

  finish(): void {
    this.#report(this.#served, this.#tailEnd);
    this.#served = new Crowd();
    this.#release();
  }

  #release(): void {
    const { room } = this.#chain;
    for (const { firsts } of [...this.#ready, this.#served]) room.giveBack(firsts.length);
    for (const { crowd } of this.#near.flat()) room.giveBack(ARRIVAL_NUMBERS + crowd.firsts.length);
    room.giveBack(this.#nearHeads.length * HEAD_NUMBERS);
    this.#empty();
  }

  #empty(): void {
    const { gaps } = this.#chain;
    this.#ready = gaps.map(() => new Crowd());
    this.#near = gaps.map(() => []);
    this.#nearHeads.reset();
    this.#served = new Crowd();
    this.#tailEnd = 0;
  }

  reset(): void {
    this.#empty();
    this.#isUnknown = false;
  }

  save(to: number[]): void {
    to.push(Number(this.#isUnknown), this.#tailEnd);
    for (const crowd of [...this.#ready, this.#served]) saveCrowd(crowd, to);
    this.#nearHeads.save(to);
    for (const near of this.#near) {
      to.push(near.length);
      for (const { end, crowd } of near) {
        to.push(end);
        saveCrowd(crowd, to);
      }
    }
  }

  restore(from: SavedNumbers): void {
    this.#isUnknown = from.number() === 1;
    this.#tailEnd = from.number();
    const { gaps } = this.#chain;
    this.#ready = gaps.map(() => this.#restoreCrowd(from));
    this.#served = this.#restoreCrowd(from);
    this.#nearHeads.restore(from);
    this.#chain.room.take(this.#nearHeads.length * HEAD_NUMBERS);
    this.#near = gaps.map(() =>
      Array.from({ length: from.size(4) }, () => {
        this.#chain.room.take(ARRIVAL_NUMBERS);
        return { end: from.number(), crowd: this.#restoreCrowd(from) };
      }),
    );
  }

  #restoreCrowd(from: SavedNumbers): Crowd {
    const crowd = new Crowd();
    crowd.count = from.number();
    crowd.last = from.number();
    crowd.firsts = Array.from({ length: from.size() }, () => from.number());
    this.#chain.room.take(crowd.firsts.length);
    return crowd;
  }
}

/** Heads whose piece ends too near: mostly they come in the order of their ends, and leave in it. */
class NearHeads {
  #starts: number[] = [];
  #ends: number[] = [];
  #left = 0;

  get length(): number {
    return this.#ends.length - this.#left;
  }

  add(start: number, end: number): void {
    let at = this.#ends.length;
    while (at > this.#left && this.#ends[at - 1]! > end) at--;
    if (at === this.#ends.length) {
      this.#starts.push(start);
      this.#ends.push(end);
    } else {
      this.#starts.splice(at, 0, start);
      this.#ends.splice(at, 0, end);
    }
  }

  /** Takes one whose piece ends at `farthest` or before it, and returns its start; −1 when there is none. */
  take(farthest: number): number {
    if (this.length === 0 || this.#ends[this.#left]! > farthest) return -1;
    const start = this.#starts[this.#left++]!;
    if (this.#left > 1024 && this.#left * 2 > this.#ends.length) {
      this.#starts.splice(0, this.#left);
      this.#ends.splice(0, this.#left);
      this.#left = 0;
    }
    return start;
  }

  reset(): void {
    this.#starts = [];
    this.#ends = [];
    this.#left = 0;
  }

  save(to: number[]): void {
    to.push(this.length);
    for (let at = this.#left; at < this.#ends.length; at++) to.push(this.#starts[at]!, this.#ends[at]!);
  }

  restore(from: SavedNumbers): void {
    this.reset();
    for (let count = from.size(2); count > 0; count--) this.add(from.number(), from.number());
  }
}

/** Merges ascending lists, and keeps the first `most`. Mostly the second lies wholly behind the first. */
function mergeSorted(left: number[], right: readonly number[], most: number): number[] {
  if (right.length === 0 || most === 0) return left;
  let at = left.length;
  while (at > 0 && left[at - 1]! > right[0]!) at--;
  const behind = left.splice(at);
  for (let own = 0, other = 0; left.length < most && (own < behind.length || other < right.length);) {
    const isOwn = other === right.length || (own < behind.length && behind[own]! <= right[other]!);
    left.push(isOwn ? behind[own++]! : right[other++]!);
  }
  return left;
}

function saveCrowd({ count, firsts, last }: Crowd, to: number[]): void {
  to.push(count, last, firsts.length);
  for (const start of firsts) to.push(start);
}

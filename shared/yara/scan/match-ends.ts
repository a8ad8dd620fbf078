/**
 * All ends of the matches that begin at several places of one stretch, in ascending order of these places. A chain's piece
 * wants them: of the ends of one start the nearest, or runs of ends that lie near each other.
 *
 * As in `MatchLengths`, runs of the automaton that come to the same state at the same byte go on alike. So the last one is
 * remembered with what it accepted, and one that meets it takes over the rest.
 */
import type { Automaton, Stretch } from './automaton.ts';
import { ENDS } from './chains.ts';

/** Told of the first and the last end of a run. */
export type TellRun = (first: number, last: number) => void;

export class MatchEnds {
  readonly #automaton: Automaton;
  readonly #stretch: Stretch;
  readonly #wantsOne: boolean;
  // The remembered run: its state before the byte at each index from `#from` on, up to and with `#to`, and where it accepted.
  #states: Int32Array = new Int32Array(256);
  #from = 0;
  #to = -1;
  #ends: EndRuns;
  #generation = -1;
  // A run that has not met it yet.
  #own: Int32Array = new Int32Array(256);
  #ownEnds: EndRuns;

  /** `distance`: the widest between two ends of one run, or `ENDS.nearest`. */
  constructor(automaton: Automaton, stretch: Stretch, distance: number) {
    this.#automaton = automaton;
    this.#stretch = stretch;
    this.#wantsOne = distance === ENDS.nearest;
    this.#ends = new EndRuns(distance);
    this.#ownEnds = new EndRuns(distance);
  }

  /**
   * Tells the runs of ends that a match beginning at `start` can have up to `limit`, or only its nearest end. False when it
   * has none. Neither may descend.
   */
  at(start: number, limit: number, tell: TellRun): boolean {
    const dfa = this.#automaton.allEndsDfa;
    if (dfa === undefined) return this.#simulate(start, limit, tell);
    if (this.#generation !== dfa.generation) this.#forget(dfa.generation);
    this.#ownEnds.clear();
    let state = dfa.initial(this.#automaton.sideAt(this.#stretch, start - 1));
    for (let at = start; ; at++) {
      if (at >= this.#from && at <= this.#to && this.#states[at - this.#from] === state) {
        if (!this.#extend(limit)) return this.#simulate(start, limit, tell);
        return this.#tell(this.#ends, at, tell);
      }
      if (at - start === this.#own.length) this.#own = doubled(this.#own);
      this.#own[at - start] = state;
      const entry = this.#entry(state, at);
      if (this.#generation !== dfa.generation) return this.#simulate(start, limit, tell);
      // What was not read is no match.
      if ((entry & 1) !== 0 && at > start) this.#ownEnds.add(at);
      if (at === limit || dfa.isDead(entry >>> 1) || (this.#wantsOne && !this.#ownEnds.isEmpty)) {
        const found = this.#tell(undefined, at, tell);
        [this.#states, this.#own] = [this.#own, this.#states];
        [this.#ends, this.#ownEnds] = [this.#ownEnds, this.#ends];
        this.#from = start;
        this.#to = at;
        return found;
      }
      state = entry >>> 1;
    }
  }

  /** The same for one start by itself: nothing is remembered, and starts and limits may come in any order. */
  beyond(start: number, limit: number, tell: TellRun): boolean {
    return this.#simulate(start, limit, tell);
  }

  #simulate(start: number, limit: number, tell: TellRun): boolean {
    this.#ownEnds.clear();
    this.#automaton.endsAt(this.#stretch, start, limit, (end) => {
      this.#ownEnds.add(end);
    });
    return this.#tell(undefined, limit, tell);
  }

  /** Tells its own ends and those of `others` from `from` on. */
  #tell(others: EndRuns | undefined, from: number, tell: TellRun): boolean {
    const own = this.#ownEnds;
    if (!this.#wantsOne) return own.tell(others, from, tell);
    const nearest = own.isEmpty ? others?.nearestFrom(from) : own.nearestFrom(0);
    if (nearest !== undefined) tell(nearest, nearest);
    return nearest !== undefined;
  }

  /** Follows the remembered run on to `limit`; false when that is no longer possible. */
  #extend(limit: number): boolean {
    const dfa = this.#automaton.allEndsDfa!;
    let at = this.#to;
    let entry = this.#entry(this.#states[at - this.#from]!, at);
    while (at < limit && this.#generation === dfa.generation && !dfa.isDead(entry >>> 1)) {
      if (this.#wantsOne && !this.#ends.isEmpty) break;
      at++;
      if (at - this.#from === this.#states.length) this.#states = doubled(this.#states);
      const state = entry >>> 1;
      this.#states[at - this.#from] = state;
      entry = this.#entry(state, at);
      if ((entry & 1) !== 0) this.#ends.add(at);
    }
    this.#to = at;
    return this.#generation === dfa.generation;
  }

  #entry(state: number, at: number): number {
    const dfa = this.#automaton.allEndsDfa!;
    const { bytes, end, endsData } = this.#stretch;
    const byteClass = at >= end && endsData ? this.#automaton.edgeClass : this.#automaton.classOf[bytes[at]!]!;
    const entry = dfa.transitions[state * dfa.stride + byteClass]!;
    return entry < 0 ? dfa.build(state, byteClass) : entry;
  }

  #forget(generation: number): void {
    this.#to = -1;
    this.#generation = generation;
  }
}

/** Ends in ascending order, and where among them a new run begins. */
class EndRuns {
  readonly #distance: number;
  #ends: number[] = [];
  /** Indices of `#ends`. */
  #runStarts: number[] = [];

  constructor(distance: number) {
    this.#distance = distance;
  }

  get isEmpty(): boolean {
    return this.#ends.length === 0;
  }

  clear(): void {
    this.#ends = [];
    this.#runStarts = [];
  }

  add(end: number): void {
    const last = this.#ends.length - 1;
    if (last < 0 || end - this.#ends[last]! > this.#distance) this.#runStarts.push(last + 1);
    this.#ends.push(end);
  }

  nearestFrom(from: number): number | undefined {
    return this.#ends[lowerBound(this.#ends, from)];
  }

  /** Tells its runs, and behind them those of `others` from `from` on, joined where they are near enough. False for none. */
  tell(others: EndRuns | undefined, from: number, tell: TellRun): boolean {
    let first = -1;
    let last = -1;
    const join = (runFirst: number, runLast: number): void => {
      if (first >= 0 && runFirst - last > this.#distance) {
        tell(first, last);
        first = runFirst;
      } else if (first < 0) {
        first = runFirst;
      }
      last = runLast;
    };
    this.#runsFrom(0, join);
    if (others !== undefined) others.#runsFrom(lowerBound(others.#ends, from), join);
    if (first >= 0) tell(first, last);
    return first >= 0;
  }

  /** Runs among the ends from that index on. */
  #runsFrom(index: number, take: TellRun): void {
    const ends = this.#ends;
    let run = lowerBound(this.#runStarts, index + 1);
    for (let first = index; first < ends.length; run++) {
      const behind = this.#runStarts[run] ?? ends.length;
      take(ends[first]!, ends[behind - 1]!);
      first = behind;
    }
  }
}

/** Index of the first that is not below `least`. */
function lowerBound(ascending: readonly number[], least: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

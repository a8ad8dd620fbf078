/**
 * Runs automata over a window. Two questions, two machines:
 *
 * - Where do matches start? The reversed automaton reads a stretch once, towards its start, and may begin anywhere: each
 *   place where it accepts is a start. As a lazily built DFA it costs one look-up a byte; only automata with assertions over
 *   two-byte units are simulated state by state.
 * - How long is the match at this start? The forward automaton follows its alternatives in order of preference, all at
 *   once, and the first that accepts wins: what backtracking would find, in linear time.
 *
 * Nothing here depends on anything but the bytes and the automaton, so built states are shared by all scans.
 */
import { STATE_FIELDS, STATE_OP } from '../compiler/automaton.ts';
import { ASSERTION } from '../compiler/shape.ts';
import { hasByte, WORD_SET } from '../syntax/byte-set.ts';
import { Dfa } from './dfa.ts';

/** What an automaton reads: `bytes` between `start` and `end`, which are the data's own edges where the flags say so. */
export interface Stretch {
  readonly bytes: Uint8Array;
  /** First and last index that may be looked at. */
  readonly start: number;
  readonly end: number;
  /** Is `start` the object's first byte; is `end` behind its last one? */
  readonly startsData: boolean;
  readonly endsData: boolean;
}

/** What stands on one side of a position. */
export const SIDE = { edge: 0, word: 1, other: 2 } as const;

export class Automaton {
  /** `STATE_FIELDS` numbers per state. */
  readonly states: Int32Array;
  readonly sets: readonly Uint32Array[];
  readonly #hasAssertions: boolean;
  /** Assertions that look at more than one byte on a side. */
  readonly #hasWideAssertions: boolean;
  readonly stateCount: number;
  /** The class of each byte: those that no state tells apart share one. */
  readonly classOf: Uint8Array;
  /** The class of what is no byte: the data's edge. */
  readonly edgeClass: number;
  /** A byte of each class. */
  readonly #representatives: Uint8Array;
  #startDfa: Dfa | undefined;
  #endDfa: Dfa | undefined;
  #allEndsDfa: Dfa | undefined;
  // Sets of states, sparse: `dense` lists them, `mark[state] === round` says whether one is in.
  #dense: Int32Array;
  #nextDense: Int32Array;
  #mark: Int32Array;
  #round = 0;
  #pending: number[] = [];
  /** States looked at by simulations so far. */
  steps = 0;

  /** `sets` are the byte sets that the states number. */
  constructor(states: Int32Array, sets: readonly Uint32Array[]) {
    this.states = states;
    this.sets = sets;
    this.stateCount = states.length / STATE_FIELDS;
    const assertions: number[] = [];
    for (let at = 0; at < states.length; at += STATE_FIELDS) {
      if (states[at] === STATE_OP.assert) assertions.push(states[at + 1]!);
    }
    this.#hasAssertions = assertions.length > 0;
    this.#hasWideAssertions = assertions.some((assertion) => assertion >= ASSERTION.wideWordBoundary);
    ({ classOf: this.classOf, representatives: this.#representatives } = byteClasses(
      states,
      sets,
      this.#hasAssertions,
    ));
    this.edgeClass = this.#representatives.length;
    this.#dense = new Int32Array(this.stateCount);
    this.#nextDense = new Int32Array(this.stateCount);
    this.#mark = new Int32Array(this.stateCount).fill(-1);
  }

  /** Never accepts anything. */
  get isEmpty(): boolean {
    return this.stateCount === 0;
  }

  /**
   * Reads from `from` down to `to` and reports each index at which a match begins that ends at `from` or before it and is
   * not empty, in descending order.
   */
  findStarts(stretch: Stretch, from: number, to: number, report: (index: number) => void): void {
    if (this.isEmpty) return;
    if (this.#hasWideAssertions) this.#simulateStarts(stretch, from, to, report);
    else this.#runDfa(stretch, from, to, report);
  }

  /**
   * Whether it accepts at a place depends on the bytes on both sides of it where there are assertions: so the state there
   * knows what is on the right, and acceptance comes with the byte on the left.
   */
  #runDfa(stretch: Stretch, from: number, to: number, report: (index: number) => void): void {
    const dfa = (this.#startDfa ??= new Dfa(this, 'starts'));
    const { classOf, edgeClass } = this;
    const { bytes } = stretch;
    const { stride } = dfa;
    let { transitions } = dfa;
    let state = dfa.initial(this.sideAt(stretch, from));
    for (let at = from; at >= to; at--) {
      const byteClass = at > stretch.start ? classOf[bytes[at - 1]!]! : edgeClass;
      let entry = transitions[state * stride + byteClass]!;
      if (entry < 0) {
        entry = dfa.build(state, byteClass);
        ({ transitions } = dfa);
      }
      if ((entry & 1) !== 0) report(at);
      state = entry >>> 1;
    }
  }

  /** As `findStarts`, for at most so many steps: false when they do not suffice. */
  findStartsWithin(
    steps: number,
    stretch: Stretch,
    from: number,
    to: number,
    report: (index: number) => void,
  ): boolean {
    return this.isEmpty || this.#simulateStarts(stretch, from, to, report, steps);
  }

  #simulateStarts(
    stretch: Stretch,
    from: number,
    to: number,
    report: (index: number) => void,
    most = Infinity,
  ): boolean {
    const bound = this.steps + most;
    let count = 0;
    for (let at = from; ; at--) {
      if (this.steps > bound) return false;
      // What was read up to here first: acceptance with nothing read is no match.
      this.#round++;
      const stepped = count;
      count = 0;
      let accepts = false;
      const holds = (assertion: number): boolean => assertionHolds(assertion, stretch, at);
      for (let member = 0; member < stepped; member++) {
        const reached = this.#close(this.#nextDense[member]!, holds, count);
        count = reached.count;
        accepts ||= reached.accepts;
      }
      if (accepts) report(at);
      if (at === to) return true;
      ({ count } = this.#close(0, holds, count));
      count = this.#stepOver(stretch.bytes[at - 1]!, count);
    }
  }

  /** Adds what `state` reaches without reading to `#dense`. */
  #close(state: number, holds: (assertion: number) => boolean, count: number): { count: number; accepts: boolean } {
    const { states } = this;
    let accepts = false;
    this.#pending.push(state);
    while (this.#pending.length > 0) {
      const next = this.#pending.pop()!;
      this.steps++;
      if (this.#mark[next] === this.#round) continue;
      this.#mark[next] = this.#round;
      const row = next * STATE_FIELDS;
      switch (states[row]) {
        case STATE_OP.byte:
          this.#dense[count++] = next;
          break;
        case STATE_OP.split:
          this.#pending.push(states[row + 2]!, states[row + 1]!);
          break;
        case STATE_OP.jump:
          this.#pending.push(states[row + 1]!);
          break;
        case STATE_OP.assert:
          if (holds(states[row + 1]!)) this.#pending.push(next + 1);
          break;
        default:
          accepts = true;
      }
    }
    return { count, accepts };
  }

  /** Moves the states of `#dense` that read `byte` to `#nextDense`, one further. */
  #stepOver(byte: number, count: number): number {
    const { states, sets } = this;
    let moved = 0;
    this.steps += count;
    for (let at = 0; at < count; at++) {
      const state = this.#dense[at]!;
      if (hasByte(sets[states[state * STATE_FIELDS + 1]!]!, byte)) this.#nextDense[moved++] = state + 1;
    }
    return moved;
  }

  /** For `MatchLengths`; undefined where there are assertions that it cannot take. */
  get endDfa(): Dfa | undefined {
    if (this.#hasWideAssertions) return undefined;
    this.#endDfa ??= new Dfa(this, 'ends');
    return this.#endDfa;
  }

  /** For `MatchEnds`, likewise. */
  get allEndsDfa(): Dfa | undefined {
    if (this.#hasWideAssertions) return undefined;
    this.#allEndsDfa ??= new Dfa(this, 'all');
    return this.#allEndsDfa;
  }

  /** Every place, in ascending order, where a match that begins at `start` may end, following it no further than `limit`. */
  endsAt(stretch: Stretch, start: number, limit: number, report: (end: number) => void): void {
    if (this.isEmpty) return;
    let place = start;
    const holds = (assertion: number): boolean => assertionHolds(assertion, stretch, place);
    this.#round++;
    let { count } = this.#close(0, holds, 0);
    for (let at = start; at < limit && count > 0; at++) {
      const moved = this.#stepOver(stretch.bytes[at]!, count);
      this.#round++;
      place = at + 1;
      count = 0;
      let accepts = false;
      for (let thread = 0; thread < moved; thread++) {
        const reached = this.#close(this.#nextDense[thread]!, holds, count);
        count = reached.count;
        accepts ||= reached.accepts;
      }
      if (accepts) report(at + 1);
    }
  }

  /**
   * Length of the match that begins at `start`, following it no further than `limit`; −1 where there is none. The preferred
   * one: alternatives in their order, greedy repeats as long and lazy ones as short as they lead to a match. It takes no more
   * than `most` steps, and is then not to be trusted.
   */
  lengthAt(stretch: Stretch, start: number, limit: number, most = Infinity): number {
    if (this.isEmpty) return -1;
    const bound = this.steps + most;
    let best = -1;
    let count = 0;
    this.#round++;
    let place = start;
    const holds = (assertion: number): boolean => assertionHolds(assertion, stretch, place);
    let threads = this.#follow(0, holds, 0);
    count = threads.count;
    if (threads.accepts) best = 0;
    for (let at = start; at < limit && count > 0 && this.steps <= bound; at++) {
      const moved = this.#stepOver(stretch.bytes[at]!, count);
      this.#round++;
      place = at + 1;
      count = 0;
      for (let thread = 0; thread < moved; thread++) {
        threads = this.#follow(this.#nextDense[thread]!, holds, count);
        count = threads.count;
        if (threads.accepts) {
          best = at + 1 - start;
          // Whatever is less preferred than a match can no longer win.
          break;
        }
      }
    }
    return best;
  }

  /** As `#close`, in order of preference, and no further than acceptance. */
  #follow(state: number, holds: (assertion: number) => boolean, count: number): { count: number; accepts: boolean } {
    const { states } = this;
    this.#pending.push(state);
    while (this.#pending.length > 0) {
      const next = this.#pending.pop()!;
      this.steps++;
      if (this.#mark[next] === this.#round) continue;
      this.#mark[next] = this.#round;
      const row = next * STATE_FIELDS;
      switch (states[row]) {
        case STATE_OP.byte:
          this.#dense[count++] = next;
          break;
        case STATE_OP.split:
          this.#pending.push(states[row + 2]!, states[row + 1]!);
          break;
        case STATE_OP.jump:
          this.#pending.push(states[row + 1]!);
          break;
        case STATE_OP.assert:
          if (holds(states[row + 1]!)) this.#pending.push(next + 1);
          break;
        default:
          this.#pending.length = 0;
          return { count, accepts: true };
      }
    }
    return { count, accepts: false };
  }

  // For DFAs ---------------------------------------------------------------------------------------------------------------

  /** What is reached without reading between a side on the left and one on the right, and whether acceptance is. */
  closure(from: Iterable<number>, left: number, right: number): { members: number[]; accepts: boolean } {
    this.#round++;
    const holds = (assertion: number): boolean => holdsBetween(assertion, left, right);
    let count = 0;
    let accepts = false;
    for (const state of from) {
      const reached = this.#close(state, holds, count);
      count = reached.count;
      accepts ||= reached.accepts;
    }
    return { members: Array.from(this.#dense.subarray(0, count)), accepts };
  }

  /** The same in order of preference: nothing behind acceptance is followed. */
  preferred(from: Iterable<number>, left: number, right: number): { members: number[]; accepts: boolean } {
    this.#round++;
    const holds = (assertion: number): boolean => holdsBetween(assertion, left, right);
    let count = 0;
    let accepts = false;
    for (const state of from) {
      ({ count, accepts } = this.#follow(state, holds, count));
      if (accepts) break;
    }
    return { members: Array.from(this.#dense.subarray(0, count)), accepts };
  }

  /** The states behind those of `members` that read a byte of that class, in their order. */
  step(members: readonly number[], byteClass: number): number[] {
    const byte = this.#representatives[byteClass]!;
    return members
      .filter((state) => hasByte(this.sets[this.states[state * STATE_FIELDS + 1]!]!, byte))
      .map((state) => state + 1);
  }

  /** Which side a class of bytes makes, as far as this automaton asks. */
  sideOfClass(byteClass: number): number {
    if (byteClass === this.edgeClass) return SIDE.edge;
    return this.#hasAssertions && isWordByte(this.#representatives[byteClass]!) ? SIDE.word : SIDE.other;
  }

  /** What stands at an index, for whoever begins there and reads away from it. */
  sideAt(stretch: Stretch, at: number): number {
    return this.#hasAssertions ? sideOf(stretch, at) : SIDE.other;
  }
}

/** Bytes that no state tells apart share a class. */
function byteClasses(
  states: Int32Array,
  sets: readonly Uint32Array[],
  tellsWords: boolean,
): { classOf: Uint8Array; representatives: Uint8Array } {
  const used = new Set<number>();
  for (let at = 0; at < states.length; at += STATE_FIELDS) if (states[at] === STATE_OP.byte) used.add(states[at + 1]!);
  const telling = Array.from(used, (number) => sets[number]!);
  if (tellsWords) telling.push(WORD_SET);
  let classOf = new Uint8Array(256);
  let count = 1;
  for (const set of telling) {
    const split = new Map<number, number>();
    const finer = new Uint8Array(256);
    let finerCount = 0;
    for (let byte = 0; byte < 256; byte++) {
      const key = classOf[byte]! * 2 + (hasByte(set, byte) ? 1 : 0);
      let to = split.get(key);
      if (to === undefined) split.set(key, (to = finerCount++));
      finer[byte] = to;
    }
    classOf = finer;
    count = finerCount;
  }
  const representatives = new Uint8Array(count);
  for (let byte = 255; byte >= 0; byte--) representatives[classOf[byte]!] = byte;
  return { classOf, representatives };
}

export function assertionHolds(assertion: number, stretch: Stretch, at: number): boolean {
  const { start, end, startsData, endsData } = stretch;
  switch (assertion) {
    case ASSERTION.start:
      return startsData && at === start;
    case ASSERTION.end:
      return endsData && at === end;
    case ASSERTION.wordBoundary:
      return isWord(stretch, at - 1) !== isWord(stretch, at);
    case ASSERTION.notWordBoundary:
      return isWord(stretch, at - 1) === isWord(stretch, at);
    case ASSERTION.wideStart:
      return startsData && at - start < 2;
    case ASSERTION.wideEnd:
      return endsData && end - at < 2;
    case ASSERTION.wideWordBoundary:
      return isWideWord(stretch, at - 2) !== isWideWord(stretch, at);
    default:
      return isWideWord(stretch, at - 2) === isWideWord(stretch, at);
  }
}

/** The same between two sides, for assertions that look no further. */
function holdsBetween(assertion: number, left: number, right: number): boolean {
  switch (assertion) {
    case ASSERTION.start:
      return left === SIDE.edge;
    case ASSERTION.end:
      return right === SIDE.edge;
    case ASSERTION.wordBoundary:
      return (left === SIDE.word) !== (right === SIDE.word);
    default:
      return (left === SIDE.word) === (right === SIDE.word);
  }
}

function sideOf(stretch: Stretch, at: number): number {
  if (at < stretch.start) return stretch.startsData ? SIDE.edge : SIDE.other;
  if (at >= stretch.end) return stretch.endsData ? SIDE.edge : SIDE.other;
  return isWordByte(stretch.bytes[at]!) ? SIDE.word : SIDE.other;
}

function isWord({ bytes, start, end }: Stretch, at: number): boolean {
  return at >= start && at < end && isWordByte(bytes[at]!);
}

function isWordByte(byte: number): boolean {
  return hasByte(WORD_SET, byte);
}

function isWideWord(stretch: Stretch, at: number): boolean {
  return isWord(stretch, at) && at + 1 < stretch.end && stretch.bytes[at + 1] === 0;
}

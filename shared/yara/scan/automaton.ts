/**
 * Runs automata over a window. Two questions, two machines:
 *
 * - Where do matches start? The reversed automaton reads a stretch once, towards its start, and may begin anywhere: each
 *   place where it accepts is a start. As a lazily built DFA it costs one look-up a byte; automata with assertions, which
 *   look at their neighbourhood, are simulated state by state.
 * - How long is the match at this start? The forward automaton follows its alternatives in order of preference, all at
 *   once, and the first that accepts wins: what backtracking would find, in linear time.
 *
 * Nothing here depends on anything but the bytes and the automaton, so built states are shared by all scans.
 */
import { ASSERTION, STATE_FIELDS, STATE_OP } from '../compiler/automaton.ts';
import { hasByte } from '../syntax/byte-set.ts';

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

/** DFA states built before the table is thrown away and begun anew. */
const MAX_DFA_STATES = 2048;

export class Automaton {
  /** `STATE_FIELDS` numbers per state. */
  readonly states: Int32Array;
  readonly sets: readonly Uint32Array[];
  readonly hasAssertions: boolean;
  readonly stateCount: number;
  readonly #classOf: Uint8Array;
  readonly #classCount: number;
  /** A byte of each class. */
  readonly #representatives: Uint8Array;
  #dfa: Dfa | undefined;
  // Sets of states, sparse: `dense` lists them, `mark[state] === round` says whether one is in.
  #dense: Int32Array;
  #nextDense: Int32Array;
  #mark: Int32Array;
  #round = 0;
  #pending: number[] = [];

  /** `sets` are the byte sets that the states number. */
  constructor(states: Int32Array, sets: readonly Uint32Array[]) {
    this.states = states;
    this.sets = sets;
    this.stateCount = states.length / STATE_FIELDS;
    this.hasAssertions = false;
    for (let at = 0; at < states.length; at += STATE_FIELDS)
      if (states[at] === STATE_OP.assert) this.hasAssertions = true;
    ({ classOf: this.#classOf, representatives: this.#representatives } = byteClasses(states, sets));
    this.#classCount = this.#representatives.length;
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
    if (this.hasAssertions) this.#simulateStarts(stretch, from, to, report);
    else this.#runDfa(stretch.bytes, from, to, report);
  }

  #runDfa(bytes: Uint8Array, from: number, to: number, report: (index: number) => void): void {
    let dfa = (this.#dfa ??= new Dfa(this, this.#classCount));
    const classOf = this.#classOf;
    let state = dfa.initial;
    for (let at = from - 1; at >= to; at--) {
      const byteClass = classOf[bytes[at]!]!;
      let next = dfa.transitions[state * dfa.stride + byteClass]!;
      if (next < 0) {
        if (dfa.isFull) {
          const members = dfa.membersOf(state);
          dfa = this.#dfa = new Dfa(this, this.#classCount);
          state = dfa.add(members, false);
        }
        next = dfa.build(state, byteClass, this.#representatives[byteClass]!);
      }
      state = next;
      if (dfa.accepts[state] === 1) report(at);
    }
  }

  #simulateStarts(stretch: Stretch, from: number, to: number, report: (index: number) => void): void {
    let count = 0;
    for (let at = from; ; at--) {
      // What was read up to here first: acceptance with nothing read is no match.
      this.#round++;
      const stepped = this.#nextDense.slice(0, count);
      count = 0;
      let accepts = false;
      for (const state of stepped) {
        const reached = this.#close(state, stretch, at, count);
        count = reached.count;
        accepts ||= reached.accepts;
      }
      if (accepts) report(at);
      if (at === to) return;
      ({ count } = this.#close(0, stretch, at, count));
      count = this.#stepOver(stretch.bytes[at - 1]!, count);
    }
  }

  /** Adds what `state` reaches without reading at index `at` to `#dense`. */
  #close(state: number, stretch: Stretch, at: number, count: number): { count: number; accepts: boolean } {
    const { states } = this;
    let accepts = false;
    this.#pending.push(state);
    while (this.#pending.length > 0) {
      const next = this.#pending.pop()!;
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
          if (assertionHolds(states[row + 1]!, stretch, at)) this.#pending.push(next + 1);
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
    for (let at = 0; at < count; at++) {
      const state = this.#dense[at]!;
      if (hasByte(sets[states[state * STATE_FIELDS + 1]!]!, byte)) this.#nextDense[moved++] = state + 1;
    }
    return moved;
  }

  /**
   * Length of the match that begins at `start`, following it no further than `limit`; −1 where there is none. The preferred
   * one: alternatives in their order, greedy repeats as long and lazy ones as short as they lead to a match.
   */
  lengthAt(stretch: Stretch, start: number, limit: number): number {
    if (this.isEmpty) return -1;
    let best = -1;
    let count = 0;
    this.#round++;
    let threads = this.#follow(0, stretch, start, 0);
    count = threads.count;
    if (threads.accepts) best = 0;
    for (let at = start; at < limit && count > 0; at++) {
      const moved = this.#stepOver(stretch.bytes[at]!, count);
      this.#round++;
      count = 0;
      for (let thread = 0; thread < moved; thread++) {
        threads = this.#follow(this.#nextDense[thread]!, stretch, at + 1, count);
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
  #follow(state: number, stretch: Stretch, at: number, count: number): { count: number; accepts: boolean } {
    const { states } = this;
    this.#pending.push(state);
    while (this.#pending.length > 0) {
      const next = this.#pending.pop()!;
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
          if (assertionHolds(states[row + 1]!, stretch, at)) this.#pending.push(next + 1);
          break;
        default:
          this.#pending.length = 0;
          return { count, accepts: true };
      }
    }
    return { count, accepts: false };
  }

  // For the DFA ------------------------------------------------------------------------------------------------------------

  /** The states reached without reading, sorted, and whether acceptance is among them. No assertions. */
  closure(from: Iterable<number>): { members: number[]; accepts: boolean } {
    this.#round++;
    let count = 0;
    let accepts = false;
    for (const state of from) {
      const reached = this.#close(state, noStretch, 0, count);
      count = reached.count;
      accepts ||= reached.accepts;
    }
    return { members: Array.from(this.#dense.subarray(0, count)).sort((a, b) => a - b), accepts };
  }

  step(members: readonly number[], byte: number): number[] {
    return members
      .filter((state) => hasByte(this.sets[this.states[state * STATE_FIELDS + 1]!]!, byte))
      .map((state) => state + 1);
  }
}

const noStretch: Stretch = { bytes: new Uint8Array(0), start: 0, end: 0, startsData: false, endsData: false };

/** A DFA that begins a new run at every place, built as bytes ask for it. */
class Dfa {
  readonly #automaton: Automaton;
  readonly stride: number;
  transitions: Int32Array;
  accepts = new Uint8Array(64);
  readonly initial: number;
  readonly #numberOf = new Map<string, number>();
  readonly #members: (readonly number[])[] = [];

  constructor(automaton: Automaton, classCount: number) {
    this.#automaton = automaton;
    this.stride = classCount;
    this.transitions = new Int32Array(64 * classCount).fill(-1);
    this.initial = this.add(automaton.closure([0]).members, false);
  }

  get isFull(): boolean {
    return this.#members.length >= MAX_DFA_STATES;
  }

  membersOf(state: number): readonly number[] {
    return this.#members[state]!;
  }

  add(members: readonly number[], accepts: boolean): number {
    const key = `${accepts ? '+' : '-'}${members.join()}`;
    const known = this.#numberOf.get(key);
    if (known !== undefined) return known;
    const state = this.#members.length;
    if (state === this.accepts.length) this.#grow();
    this.#members.push(members);
    this.#numberOf.set(key, state);
    this.accepts[state] = accepts ? 1 : 0;
    return state;
  }

  build(state: number, byteClass: number, byte: number): number {
    const automaton = this.#automaton;
    const stepped = automaton.step(this.#members[state]!, byte);
    const { accepts } = automaton.closure(stepped);
    const { members } = automaton.closure([...stepped, 0]);
    const next = this.add(members, accepts);
    this.transitions[state * this.stride + byteClass] = next;
    return next;
  }

  #grow(): void {
    const accepts = new Uint8Array(this.accepts.length * 2);
    accepts.set(this.accepts);
    this.accepts = accepts;
    const transitions = new Int32Array(this.transitions.length * 2).fill(-1);
    transitions.set(this.transitions);
    this.transitions = transitions;
  }
}

/** Bytes that no state tells apart share a class. */
function byteClasses(
  states: Int32Array,
  sets: readonly Uint32Array[],
): { classOf: Uint8Array; representatives: Uint8Array } {
  const used = new Set<number>();
  for (let at = 0; at < states.length; at += STATE_FIELDS) if (states[at] === STATE_OP.byte) used.add(states[at + 1]!);
  let classOf = new Uint8Array(256);
  let count = 1;
  for (const number of used) {
    const set = sets[number]!;
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

function isWord({ bytes, start, end }: Stretch, at: number): boolean {
  if (at < start || at >= end) return false;
  const byte = bytes[at]!;
  const folded = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (folded >= 0x61 && folded <= 0x7a) || byte === 0x5f;
}

function isWideWord(stretch: Stretch, at: number): boolean {
  return isWord(stretch, at) && at + 1 < stretch.end && stretch.bytes[at + 1] === 0;
}

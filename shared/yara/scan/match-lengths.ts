/**
 * Lengths of the matches that begin at several places of one stretch, in ascending order. Runs that begin near each other
 * mostly come to the same state at the same byte, and go on alike from there: so the last run is remembered, and one that
 * meets it is not read again. Dense matches then cost what one of them does, and not the square of it.
 */
import type { Automaton, Stretch } from './automaton.ts';

/** Most runs are short. */
const FIRST_ROOM = 32;

export class MatchLengths {
  readonly #automaton: Automaton;
  readonly #stretch: Stretch;
  // The remembered run: its state before the byte at each index from `#from` on, up to and with `#to`.
  #states: Int32Array = new Int32Array(FIRST_ROOM);
  #from = 0;
  #to = -1;
  #lastAccept = -1;
  #generation = -1;
  // A run that has not met it yet.
  #own: Int32Array = new Int32Array(FIRST_ROOM);

  constructor(automaton: Automaton, stretch: Stretch) {
    this.#automaton = automaton;
    this.#stretch = stretch;
  }

  /** Length of the preferred match at `start`, followed no further than `limit`; −1 for none. Neither may descend. */
  at(start: number, limit: number): number {
    const dfa = this.#automaton.endDfa;
    if (dfa === undefined) return this.#automaton.lengthAt(this.#stretch, start, limit);
    if (this.#generation !== dfa.generation) this.#forget(dfa.generation);
    let state = dfa.initial(this.#automaton.sideAt(this.#stretch, start - 1));
    let accept = -1;
    for (let at = start; ; at++) {
      if (at >= this.#from && at <= this.#to && this.#states[at - this.#from] === state)
        return this.#goOn(start, at, limit, accept);
      if (at - start === this.#own.length) this.#own = doubled(this.#own);
      this.#own[at - start] = state;
      const entry = this.#entry(state, at);
      if (this.#generation !== dfa.generation) return this.#automaton.lengthAt(this.#stretch, start, limit);
      if ((entry & 1) !== 0) accept = at;
      if (at === limit || dfa.isDead(entry >>> 1)) {
        this.#remember(start, at, accept);
        return accept < 0 ? -1 : accept - start;
      }
      state = entry >>> 1;
    }
  }

  /** The same for one start by itself: nothing is remembered, and starts and limits may come in any order. */
  beyond(start: number, limit: number): number {
    const dfa = this.#automaton.endDfa;
    if (dfa === undefined) return this.#automaton.lengthAt(this.#stretch, start, limit);
    const { generation } = dfa;
    let state = dfa.initial(this.#automaton.sideAt(this.#stretch, start - 1));
    let accept = -1;
    for (let at = start; ; at++) {
      const entry = this.#entry(state, at);
      if (dfa.generation !== generation) return this.#automaton.lengthAt(this.#stretch, start, limit);
      if ((entry & 1) !== 0) accept = at;
      state = entry >>> 1;
      if (at === limit || dfa.isDead(state)) return accept < 0 ? -1 : accept - start;
    }
  }

  /**
   * The run has met the remembered one: what that accepts from there on holds for it too, and is followed on to `limit`. What it
   * accepted before they met is its own affair.
   */
  #goOn(start: number, met: number, limit: number, accept: number): number {
    const dfa = this.#automaton.endDfa!;
    let at = this.#to;
    let state = this.#states[at - this.#from]!;
    let entry = this.#entry(state, at);
    while (at < limit && this.#generation === dfa.generation && !dfa.isDead(entry >>> 1)) {
      at++;
      state = entry >>> 1;
      if (at - this.#from === this.#states.length) this.#states = doubled(this.#states);
      this.#states[at - this.#from] = state;
      entry = this.#entry(state, at);
      if ((entry & 1) !== 0) this.#lastAccept = at;
    }
    if (this.#generation !== dfa.generation) return this.#automaton.lengthAt(this.#stretch, start, limit);
    this.#to = at;
    const last = this.#lastAccept >= met ? this.#lastAccept : accept;
    return last < start ? -1 : last - start;
  }

  #entry(state: number, at: number): number {
    const dfa = this.#automaton.endDfa!;
    const { bytes, end, endsData } = this.#stretch;
    const byteClass = at >= end && endsData ? this.#automaton.edgeClass : this.#automaton.classOf[bytes[at]!]!;
    const entry = dfa.transitions[state * dfa.stride + byteClass]!;
    return entry < 0 ? dfa.build(state, byteClass) : entry;
  }

  #remember(start: number, to: number, accept: number): void {
    [this.#states, this.#own] = [this.#own, this.#states];
    this.#from = start;
    this.#to = to;
    this.#lastAccept = accept;
  }

  #forget(generation: number): void {
    this.#to = -1;
    this.#lastAccept = -1;
    this.#generation = generation;
  }
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

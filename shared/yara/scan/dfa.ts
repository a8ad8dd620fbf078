/**
 * A DFA over an automaton, built as bytes ask for it. It comes in three kinds:
 *
 * - `starts` reads towards the start of the data and begins a new run at every place: where it accepts, a match starts. Which
 *   alternatives lead there is no matter.
 * - `ends` reads on from one start and keeps alternatives in their order: the last place where it accepts is the end of the
 *   preferred match.
 * - `all` reads on from one start too, and follows every alternative: wherever it accepts, a match may end.
 *
 * Acceptance at a place may depend on the bytes on both sides of it. So a state knows the side that was read, and an entry of
 * the table, for the byte on the other side, is twice the next state, plus one where the automaton accepts between the two.
 */
import { SIDE, type Automaton } from './automaton.ts';

/** States built before the table is thrown away and begun anew. */
const MAX_STATES = 2048;
/** The same for what all of them hold: 8 MB. */
const MAX_MEMBERS = 1 << 20;

export type DfaKind = 'starts' | 'ends' | 'all';

interface DfaState {
  /** States of the automaton that what was read so far leads to, before anything is reached without reading. */
  readonly members: readonly number[];
  /** What was read last. */
  readonly side: number;
}

export class Dfa {
  readonly #automaton: Automaton;
  readonly #kind: DfaKind;
  /** One more than there are classes of bytes: the last is the data's edge. */
  readonly stride: number;
  transitions: Int32Array;
  #numberOf = new Map<string, number>();
  #states: DfaState[] = [];
  #memberCount = 0;
  /** The state from which nothing can be accepted; −1 where none was met. */
  dead = -1;
  /** Goes up whenever the states get new numbers. */
  generation = 0;

  constructor(automaton: Automaton, kind: DfaKind) {
    this.#automaton = automaton;
    this.#kind = kind;
    this.stride = automaton.edgeClass + 1;
    this.transitions = new Int32Array(16 * this.stride).fill(-1);
  }

  /** The state in which nothing was read, next to `side`. */
  initial(side: number): number {
    return this.#add(this.#kind === 'starts' ? [] : [0], side);
  }

  /** Can nothing be accepted from here on? Only those that read on come to that. */
  isDead(state: number): boolean {
    return state === this.dead;
  }

  /** The entry of a state for a class of bytes. The state itself may get another number: `generation` tells. */
  build(state: number, byteClass: number): number {
    const automaton = this.#automaton;
    const { members, side } = this.#states[state]!;
    const isEdge = byteClass === automaton.edgeClass;
    const other = automaton.sideOfClass(byteClass);
    let accepts: boolean;
    let stepped: number[];
    if (this.#kind === 'starts') {
      // Acceptance with nothing read is no match, so those that begin here are looked at apart.
      ({ accepts } = automaton.closure(members, other, side));
      stepped = isEdge
        ? []
        : automaton.step(automaton.closure([...members, 0], other, side).members, byteClass).sort((a, b) => a - b);
    } else if (this.#kind === 'ends') {
      const reached = automaton.preferred(members, side, other);
      ({ accepts } = reached);
      stepped = isEdge ? [] : automaton.step(reached.members, byteClass);
    } else {
      const reached = automaton.closure(members, side, other);
      ({ accepts } = reached);
      stepped = isEdge ? [] : automaton.step(reached.members, byteClass).sort((a, b) => a - b);
    }
    if (this.#states.length >= MAX_STATES || this.#memberCount > MAX_MEMBERS) {
      this.#clear();
      return this.#add(stepped, other) * 2 + (accepts ? 1 : 0);
    }
    const entry = this.#add(stepped, other) * 2 + (accepts ? 1 : 0);
    this.transitions[state * this.stride + byteClass] = entry;
    return entry;
  }

  #clear(): void {
    this.#numberOf = new Map();
    this.#states = [];
    this.#memberCount = 0;
    this.dead = -1;
    this.transitions.fill(-1);
    this.generation++;
  }

  #add(members: readonly number[], side: number): number {
    // Where nothing can follow, sides no longer matter.
    const key = members.length === 0 && this.#kind !== 'starts' ? '' : `${side}:${members.join()}`;
    const known = this.#numberOf.get(key);
    if (known !== undefined) return known;
    const state = this.#states.length;
    if ((state + 1) * this.stride > this.transitions.length) this.#grow();
    this.#states.push({ members, side: key === '' ? SIDE.other : side });
    this.#numberOf.set(key, state);
    if (key === '') this.dead = state;
    this.#memberCount += members.length;
    return state;
  }

  #grow(): void {
    const transitions = new Int32Array(this.transitions.length * 2).fill(-1);
    transitions.set(this.transitions);
    this.transitions = transitions;
  }
}

/**
 * Looks at the few places where a match around an atom may begin, before a whole block is run for it: from each the automaton
 * reads on until nothing can follow, mostly a few bytes. A program that is run over blocks costs thousands of steps wherever
 * its atom stands, and nearly always for nothing: the atom is `http`, and the line ends before the rest has come.
 *
 * Where the places of one block have taken too much, or one of them has a match that cannot be told by itself, the block is run
 * as if nobody had looked. Both follow from the block's bytes alone, in whatever order its atoms are met, so what is counted
 * for a program is the same however the object is cut.
 */
import { REACH } from '../bundle/image.ts';
import type { Automata } from './automata.ts';
import type { Automaton, Stretch } from './automaton.ts';
import { StraightWalker } from './straight.ts';

/** Bytes that may be read for a block, or steps taken where those are counted: about what running it takes. */
const MOST_BYTES = 8192;
const MOST_STEPS = 32768;
/** Blocks of one program whose atoms may come by turns. */
const OPEN_BLOCKS = 4;
/** Of each slot in use. */
const SAVED_NUMBERS = 3;

export interface Places {
  readonly stretch: Stretch;
  readonly first: number;
  readonly last: number;
  readonly limit: number;
}

interface OpenBlock {
  readonly block: number;
  spent: number;
}

export class Glances {
  readonly #automata: Automata;
  /** Of each program the blocks `b` last looked at, at `b % OPEN_BLOCKS` of its slots. */
  readonly #slots = new Map<number, OpenBlock>();

  constructor(automata: Automata) {
    this.#automata = automata;
  }

  reset(): void {
    this.#slots.clear();
  }

  /**
   * Must the block be run for the matches that begin at the indices `first … last` of it and end at `limit` or before it? Where
   * `take` is given it is told of their starts, in ascending order, and of lengths that are known; they alone are no reason.
   */
  look(
    program: number,
    block: number,
    { stretch, first, last, limit }: Places,
    take: ((start: number, length: number | undefined) => void) | undefined,
  ): boolean {
    const slot = program * OPEN_BLOCKS + (block % OPEN_BLOCKS);
    let open = this.#slots.get(slot);
    if (open?.block !== block) this.#slots.set(slot, (open = { block, spent: 0 }));
    const straight = this.#automata.straight(program);
    const walker = straight && new StraightWalker(straight, stretch, limit);
    const isCounted = this.isCounted(program);
    const most = isCounted ? MOST_STEPS : MOST_BYTES;
    const forward = this.#automata.forward(program);
    for (let start = first; start <= last; start++) {
      const { steps } = walker ?? forward;
      let isMatch: boolean;
      let taken: number;
      let length: number | undefined;
      if (walker !== undefined) {
        length = walker.lengthAt(start, Math.min(limit, start + REACH));
        // What ends beyond that, but within the block's bound, is followed so far.
        if (length === 0 && start + REACH < limit) length = walker.lengthAt(start, limit);
        isMatch = length > 0;
        taken = walker.steps - steps;
      } else if (isCounted) {
        isMatch = forward.lengthAt(stretch, start, limit, most) > 0;
        taken = forward.steps - steps;
      } else {
        taken = readOn(forward, stretch, start, limit);
        isMatch = taken < 0;
        if (isMatch) taken = 2 * ~taken;
      }
      open.spent += taken + 1;
      if (open.spent > most) return true;
      if (!isMatch) continue;
      if (take === undefined) return true;
      take(start, length);
    }
    return open.spent > most;
  }

  /** Is the work of the program's automaton counted? */
  isCounted(program: number): boolean {
    return this.#automata.straight(program) === undefined && this.#automata.isFarUnrolled(program);
  }

  /** What a scan that goes on must know: of counted programs the slots, what block each is of and what it took. */
  save(): number[] {
    const numbers: number[] = [];
    for (const [slot, { block, spent }] of this.#slots) {
      if (this.isCounted(Math.floor(slot / OPEN_BLOCKS))) numbers.push(slot, block, spent);
    }
    return numbers;
  }

  /** False when the numbers are not such, of that many programs. */
  restore(numbers: Float64Array, programCount: number): boolean {
    if (numbers.length % SAVED_NUMBERS !== 0) return false;
    for (let at = 0; at < numbers.length; at += SAVED_NUMBERS) {
      const [slot, block, spent] = numbers.subarray(at, at + SAVED_NUMBERS);
      if (!Number.isInteger(slot) || slot! < 0 || slot! >= programCount * OPEN_BLOCKS || !(spent! >= 0)) return false;
      this.#slots.set(slot!, { block: block!, spent: spent! });
    }
    return true;
  }
}

/** How many bytes are read from `start` on until no match can follow; the complement where one may be there. */
function readOn(automaton: Automaton, stretch: Stretch, start: number, limit: number): number {
  if (automaton.isEmpty) return 0;
  const dfa = automaton.endDfa;
  if (dfa === undefined) {
    const length = automaton.lengthAt(stretch, start, limit);
    return length > 0 ? ~length : limit - start;
  }
  const { bytes, end, endsData } = stretch;
  const { classOf, edgeClass } = automaton;
  const { generation, stride } = dfa;
  let { transitions, dead } = dfa;
  let state = dfa.initial(automaton.sideAt(stretch, start - 1));
  for (let at = start; ; at++) {
    const byteClass = at >= end && endsData ? edgeClass : classOf[bytes[at]!]!;
    let entry = transitions[state * stride + byteClass]!;
    if (entry < 0) {
      entry = dfa.build(state, byteClass);
      ({ transitions, dead } = dfa);
      if (dfa.generation !== generation) return ~(at - start);
    }
    if ((entry & 1) !== 0) return ~(at - start);
    state = entry >>> 1;
    if (at === limit || state === dead) return at - start;
  }
}

/**
 * The automata of a rule set, made when their program first runs and shared by all scans. Programs with the same shape share
 * theirs.
 */
import { PROGRAM, PROGRAM_FIELDS, REACH, type RuleImage } from '../bundle/image.ts';
import { isFarUnrolled } from '../compiler/shape-size.ts';
import { straightOf, type StraightProgram } from '../compiler/straight-program.ts';
import { Automaton } from './automaton.ts';
import { Unroller } from './unroller.ts';

/** States held (50 MB) before all are thrown away and made anew as they are needed. Ordinary rule sets have fewer in all. */
const MAX_HELD_STATES = 1 << 21;

/** An automaton of more states is walked where that is possible. */
const WALKED_STATES = 64;

interface ShapeFacts {
  readonly straight: StraightProgram | undefined;
  readonly isFarUnrolled: boolean;
}

export class Automata {
  readonly #programs: Int32Array;
  readonly #unroller: Unroller;
  readonly #forward = new Map<number, Automaton>();
  readonly #backward = new Map<number, Automaton>();
  readonly #facts = new Map<number, ShapeFacts>();
  #held = 0;

  constructor(image: RuleImage) {
    this.#programs = image.programs;
    this.#unroller = new Unroller(image);
  }

  /** Not to be kept: whoever needs it again asks again. */
  forward(program: number): Automaton {
    return this.#of(program, this.#forward, false);
  }

  /** As `forward`, of the shape reversed. */
  backward(program: number): Automaton {
    return this.#of(program, this.#backward, true);
  }

  #of(program: number, made: Map<number, Automaton>, isReversed: boolean): Automaton {
    const shape = this.#programs[program * PROGRAM_FIELDS + PROGRAM.shape]!;
    return made.get(shape) ?? this.#make(shape, made, isReversed);
  }

  /** Undefined unless it is large, and a match of it can be walked. */
  straight(program: number): StraightProgram | undefined {
    return this.#factsOf(program).straight;
  }

  /** Must the work it makes be counted? */
  isFarUnrolled(program: number): boolean {
    return this.#factsOf(program).isFarUnrolled;
  }

  #factsOf(program: number): ShapeFacts {
    const shape = this.#programs[program * PROGRAM_FIELDS + PROGRAM.shape]!;
    let facts = this.#facts.get(shape);
    if (facts === undefined) {
      const size = this.#unroller.sizeOf(shape, REACH);
      const straight = size.stateCount > WALKED_STATES ? straightOf(this.#unroller.shapeOf(shape)) : undefined;
      facts = { straight, isFarUnrolled: isFarUnrolled(size) };
      this.#facts.set(shape, facts);
    }
    return facts;
  }

  #make(shape: number, made: Map<number, Automaton>, isReversed: boolean): Automaton {
    const { states, sets } = this.#unroller.unroll(shape, REACH, isReversed);
    const automaton = new Automaton(states, sets);
    if (this.#held + automaton.stateCount > MAX_HELD_STATES) {
      this.#forward.clear();
      this.#backward.clear();
      this.#held = 0;
    }
    this.#held += automaton.stateCount;
    made.set(shape, automaton);
    return automaton;
  }
}

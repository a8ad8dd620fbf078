/** The automata of a rule set, made from the image when one is first asked for and shared by all scans. */
import { PROGRAM, PROGRAM_FIELDS, type RuleImage } from '../bundle/image.ts';
import { STATE_FIELDS } from '../compiler/automaton.ts';
import { Automaton } from './automaton.ts';

export class Automata {
  readonly #image: RuleImage;
  readonly #made = new Map<number, Automaton>();
  #sets: readonly Uint32Array[] | undefined;

  constructor(image: RuleImage) {
    this.#image = image;
  }

  forward(program: number): Automaton {
    return this.#at(program, PROGRAM.forward, PROGRAM.forwardCount);
  }

  backward(program: number): Automaton {
    return this.#at(program, PROGRAM.backward, PROGRAM.backwardCount);
  }

  #at(program: number, firstField: number, countField: number): Automaton {
    const { programs, states, byteSets } = this.#image;
    const first = programs[program * PROGRAM_FIELDS + firstField]!;
    const count = programs[program * PROGRAM_FIELDS + countField]!;
    const key = count === 0 ? -1 : first;
    let automaton = this.#made.get(key);
    if (automaton === undefined) {
      this.#sets ??= Array.from({ length: byteSets.length / 8 }, (_, set) => byteSets.subarray(set * 8, set * 8 + 8));
      automaton = new Automaton(states.subarray(first * STATE_FIELDS, (first + count) * STATE_FIELDS), this.#sets);
      this.#made.set(key, automaton);
    }
    return automaton;
  }
}

/**
 * A regex asked of a text: does it match anywhere? All alternatives are followed at once, so the time is at most the text's
 * length times the automaton's states. Unlike patterns, the empty match counts.
 */
import { STATE_FIELDS, STATE_OP } from '../compiler/automaton.ts';
import type { RegexValue } from '../modules/module.ts';
import { hasByte } from '../syntax/byte-set.ts';
import { assertionHolds, type Stretch } from './automaton.ts';
import type { Unrolled } from './unroller.ts';

export class TextRegex implements RegexValue {
  readonly #unroll: () => Unrolled;
  #isUnrolled = false;
  #states: Int32Array = new Int32Array(0);
  #sets: readonly Uint32Array[] = [];
  #mark = new Int32Array(0);
  #round = 0;
  readonly #pending: number[] = [];
  #visited = 0;

  /** `unroll` is called once, when it is first asked. */
  constructor(unroll: () => Unrolled) {
    this.#unroll = unroll;
  }

  ask(text: Uint8Array): { readonly isMatch: boolean; readonly cost: number } {
    if (!this.#isUnrolled) this.#prepare();
    this.#visited = 0;
    const isMatch = this.#states.length > 0 && this.#matches(text);
    return { isMatch, cost: this.#visited };
  }

  #prepare(): void {
    const { states, sets } = this.#unroll();
    this.#states = states;
    this.#sets = sets;
    this.#mark = new Int32Array(states.length / STATE_FIELDS);
    this.#isUnrolled = true;
  }

  #matches(text: Uint8Array): boolean {
    const stretch: Stretch = { bytes: text, start: 0, end: text.length, startsData: true, endsData: true };
    let current: number[] = [];
    for (let at = 0; ; at++) {
      const reading: number[] = [];
      this.#nextRound();
      // A match may begin at every place, so the first state joins those that are under way.
      for (const state of [...current, 0]) if (this.#follow(state, stretch, at, reading)) return true;
      if (at === text.length) return false;
      const byte = text[at]!;
      current = [];
      for (const state of reading) {
        if (hasByte(this.#sets[this.#states[state * STATE_FIELDS + 1]!]!, byte)) current.push(state + 1);
      }
    }
  }

  #nextRound(): void {
    if (++this.#round < 2 ** 31) return;
    this.#mark.fill(0);
    this.#round = 1;
  }

  /** Adds what reads a byte to `reading`; true when the match is complete. */
  #follow(from: number, stretch: Stretch, at: number, reading: number[]): boolean {
    const states = this.#states;
    this.#pending.push(from);
    while (this.#pending.length > 0) {
      const state = this.#pending.pop()!;
      if (this.#mark[state] === this.#round) continue;
      this.#mark[state] = this.#round;
      this.#visited++;
      const row = state * STATE_FIELDS;
      switch (states[row]) {
        case STATE_OP.byte:
          reading.push(state);
          break;
        case STATE_OP.split:
          this.#pending.push(states[row + 2]!, states[row + 1]!);
          break;
        case STATE_OP.jump:
          this.#pending.push(states[row + 1]!);
          break;
        case STATE_OP.assert:
          if (assertionHolds(states[row + 1]!, stretch, at)) this.#pending.push(state + 1);
          break;
        default:
          this.#pending.length = 0;
          return true;
      }
    }
    return false;
  }
}

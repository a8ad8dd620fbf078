/**
 * Reads guards: is there around an atom what must be there where it is part of a match? Most atoms stand where they do by
 * chance, and a few bytes beside them show it, for far less than an automaton costs. The answer depends on the bytes and the
 * guard alone, and on bytes no farther away than a match may reach, so it is the same for every way of cutting the object.
 */
import { ENDLESS, GUARD_HEAD, GUARD_OP } from '../bundle/guard-code.ts';
import type { RuleImage } from '../bundle/image.ts';
import type { Window } from './window.ts';

/** Tries that one guard may take before it lets pass, each a byte farther: fewer bytes than any match without a longest one may reach. */
const MAX_TRIES = 2048;
/** Rounds that a repeat must have to be worth a look at the last of them first. */
const LONG = 16;

export class Guards {
  readonly #codes: Uint8Array;
  readonly #byteSets: Uint32Array;
  readonly #window: Window;
  /** The window's at each call: it may lie over a chunk by then. */
  #bytes: Uint8Array;
  #start = 0;
  #end = 0;
  #triesLeft = 0;

  constructor({ guards, byteSets }: RuleImage, window: Window) {
    this.#codes = guards;
    this.#byteSets = byteSets;
    this.#window = window;
    this.#bytes = window.bytes;
  }

  /** May the atom at that index of the window be part of a match? */
  letsPass(guard: number, index: number): boolean {
    const codes = this.#codes;
    this.#bytes = this.#window.bytes;
    this.#start = this.#window.dataStart;
    this.#end = this.#window.end;
    this.#triesLeft = MAX_TRIES;
    const behind = guard + GUARD_HEAD;
    const before = behind + codes[guard + 1]!;
    return (
      this.#fits(behind, index + codes[guard]!, 1) &&
      this.#fits(before, index - 1, -1) &&
      this.#fits(before + codes[guard + 2]!, index, 1)
    );
  }

  /** Can the code's steps be taken from `from` on, in the direction of `step`? */
  #fits(code: number, from: number, step: 1 | -1): boolean {
    const codes = this.#codes;
    const bytes = this.#bytes;
    const start = this.#start;
    const end = this.#end;
    let at = from;
    for (let next = code; ;) {
      const op = codes[next]!;
      if (op === GUARD_OP.end) return true;
      if (op === GUARD_OP.run) {
        const past = next + 2 + codes[next + 1]!;
        for (next += 2; next < past; next++, at += step) {
          if (at < start || at >= end || bytes[at] !== codes[next]) return false;
        }
      } else if (op === GUARD_OP.masked) {
        const past = next + 2 + 2 * codes[next + 1]!;
        for (next += 2; next < past; next += 2, at += step) {
          if (at < start || at >= end || (bytes[at]! & codes[next + 1]!) !== codes[next]) return false;
        }
      } else if (op === GUARD_OP.set) {
        if (at < start || at >= end || !this.#isIn(next, bytes[at]!)) return false;
        next += 3;
        at += step;
      } else {
        return this.#repeats(next, at, step);
      }
    }
  }

  /** The same for a code that begins with a gap or a repeat. */
  #repeats(code: number, from: number, step: 1 | -1): boolean {
    const codes = this.#codes;
    const isGap = codes[code] === GUARD_OP.gap;
    const row = isGap ? code : code + 2;
    const min = codes[row + 1]! | (codes[row + 2]! << 8);
    const max = codes[row + 3]! | (codes[row + 4]! << 8);
    const rest = row + 5;
    // Mostly it is a text that is looked for, and the first of its bytes is not there.
    const [value, mask] = this.#firstOf(rest);
    const bytes = this.#bytes;
    if (!isGap && min >= LONG) {
      // Where a run is too short, its far end shows it.
      const far = from + (min - 1) * step;
      if (far < this.#start || far >= this.#end || !this.#isIn(code, bytes[far]!)) return false;
    }
    let at = from;
    for (let count = 0; ; count++, at += step) {
      if (count >= min && (mask === 0 || (bytes[at]! & mask) === value) && this.#fits(rest, at, step)) return true;
      if (count === max) return max === ENDLESS;
      if (--this.#triesLeft < 0) return true;
      if (at < this.#start || at >= this.#end) return false;
      if (!isGap && !this.#isIn(code, this.#bytes[at]!)) return false;
    }
  }

  /** The byte that a code begins with, as value and mask; a mask of 0 where it may be any. */
  #firstOf(code: number): readonly [value: number, mask: number] {
    const codes = this.#codes;
    if (codes[code] === GUARD_OP.run) return [codes[code + 2]!, 0xff];
    if (codes[code] === GUARD_OP.masked) return [codes[code + 2]!, codes[code + 3]!];
    return [0, 0];
  }

  /** `step`: where a set's number stands behind. */
  #isIn(step: number, byte: number): boolean {
    const set = this.#codes[step + 1]! | (this.#codes[step + 2]! << 8);
    return ((this.#byteSets[set * 8 + (byte >>> 5)]! >>> (byte & 31)) & 1) === 1;
  }
}

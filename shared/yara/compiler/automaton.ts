/**
 * Unrolls shapes into automata: lists of instructions that read one byte at a time. One shape gives two of them. The forward
 * one keeps the order of preference (greedy, lazy, first alternative) and tells how long a match is; that of the reversed
 * shape reads towards the start and tells where matches begin, for which preference is no matter.
 *
 * ```
 * instruction  op, x, y
 * byte         0, set         reads a byte of that set, goes on behind
 * split        1, a, b        goes on at a, and at b if that leads nowhere
 * jump         2, a
 * assert       3, kind        goes on behind where `ASSERTION` kind holds
 * accept       4
 * ```
 * Targets are relative to the automaton's first instruction.
 */
import { extentOf, hasAssertion, type Shape } from './shape.ts';

export const STATE_OP = { byte: 0, split: 1, jump: 2, assert: 3, accept: 4 } as const;
export const STATE_FIELDS = 3;

/** What needs more instructions than this is refused. */
export const MAX_STATES = 1 << 18;
/** The reach of a regex in a condition: it is asked of one text, however long, and unrolled as far as it is written. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Rounds that cannot be left out: none where a round may be empty, unless it is so only where an assertion holds. */
export function neededRounds(min: number, shortestRound: number, hasAssertion: boolean): number {
  return shortestRound === 0 && !hasAssertion ? 0 : min;
}

/**
 * The instructions of a shape, for matches of at most `reach` bytes: repeats are unrolled no further than a match can go,
 * and what is always longer has none. `numberOf` numbers the sets. `measureShape` says beforehand how many there will be,
 * acceptance not counted: whoever asks has seen to it that these are at most `MAX_STATES`.
 */
export function statesOf(shape: Shape, reach: number, numberOf: (set: Uint32Array) => number): Int32Array {
  if (extentOf(shape).min > reach) return new Int32Array(0);
  const unrolling = new Unrolling(reach, numberOf);
  unrolling.write(shape);
  unrolling.emit(STATE_OP.accept);
  return Int32Array.from(unrolling.states);
}

class Unrolling {
  readonly states: number[] = [];
  readonly #reach: number;
  readonly #numberOf: (set: Uint32Array) => number;

  constructor(reach: number, numberOf: (set: Uint32Array) => number) {
    this.#reach = reach;
    this.#numberOf = numberOf;
  }

  get #count(): number {
    return this.states.length / STATE_FIELDS;
  }

  emit(op: number, x = 0): number {
    this.states.push(op, x, 0);
    return this.#count - 1;
  }

  #patch(state: number, field: 1 | 2, target: number): void {
    this.states[state * STATE_FIELDS + field] = target;
  }

  /** One frame for each level of the shape. */
  write(shape: Shape): void {
    switch (shape.kind) {
      case 'byte':
        this.emit(STATE_OP.byte, this.#numberOf(shape.set));
        return;
      case 'assertion':
        this.emit(STATE_OP.assert, shape.assertion);
        return;
      case 'sequence':
        for (const item of shape.items) this.write(item);
        return;
      case 'alternation': {
        const ends: number[] = [];
        const last = shape.items.length - 1;
        for (let at = 0; at < last; at++) {
          const split = this.emit(STATE_OP.split, this.#count + 1);
          this.write(shape.items[at]!);
          ends.push(this.emit(STATE_OP.jump));
          this.#patch(split, 2, this.#count);
        }
        this.write(shape.items[last]!);
        for (const end of ends) this.#patch(end, 1, this.#count);
        return;
      }
      case 'repeat': {
        const { item, min, max, isGreedy } = shape;
        // An item that reads nothing holds once or not at all.
        if (extentOf(item).max === 0) {
          if (min > 0) this.write(item);
          return;
        }
        const needed = neededRounds(min, extentOf(item).min, hasAssertion(item));
        for (let round = 0; round < needed; round++) this.write(item);
        const left = max - needed;
        // More rounds than a match has bytes are as good as any number.
        const isEndless = left > this.#reach;
        const splits: number[] = [];
        for (let round = isEndless ? 1 : left; round > 0; round--) {
          const split = this.emit(STATE_OP.split);
          splits.push(split);
          this.#patch(split, isGreedy ? 1 : 2, this.#count);
          this.write(item);
          if (isEndless) this.#patch(this.emit(STATE_OP.jump), 1, split);
        }
        for (const split of splits) this.#patch(split, isGreedy ? 2 : 1, this.#count);
      }
    }
  }
}

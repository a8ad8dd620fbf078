/**
 * How large a shape is, found in its code without unrolling it or even reading it into a tree. What is no code is refused:
 * so it serves the compiler, which takes nothing that is too large, and the check of bundles from outside alike.
 */
import { MAX_DEPTH } from '../syntax/limits.ts';
import { neededRounds } from './automaton.ts';
import { encodeShape, SHAPE_OP, SHAPE_OPS, ShapeReader } from './shape-code.ts';
import { ASSERTION, type Shape } from './shape.ts';

export interface ShapeSize {
  /** Of a match, in bytes; `maxLength` may be Infinity. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Instructions that `statesOf` writes for it, acceptance not counted; at most `Number.MAX_SAFE_INTEGER`. */
  readonly stateCount: number;
}

/** Nodes that stand in each other: a level of the syntax tree makes a node and a sequence in it at most. */
export const MAX_SHAPE_DEPTH = 2 * MAX_DEPTH + 2;

export function sizeOf(shape: Shape, reach: number): ShapeSize {
  return measureShape(
    encodeShape(shape, () => 0),
    1,
    reach,
  )!;
}

/**
 * The size of the shape that `code` is, unrolled for matches of at most `reach` bytes; `setCount` sets of bytes may be named
 * in it. Undefined when it is not exactly one shape. O(bytes of the code).
 */
export function measureShape(code: Uint8Array, setCount: number, reach: number): ShapeSize | undefined {
  const measuring = new Measuring(code, setCount, reach);
  return measuring.node(0, false) && measuring.isAtEnd ? measuring : undefined;
}

const MOST = Number.MAX_SAFE_INTEGER;
const LAST_ASSERTION = Math.max(...Object.values(ASSERTION));

/** Its measures are those of the node last read. */
class Measuring implements ShapeSize {
  readonly #reader: ShapeReader;
  readonly #length: number;
  readonly #setCount: number;
  readonly #reach: number;
  minLength = 0;
  maxLength = 0;
  stateCount = 0;
  #hasAssertion = false;

  constructor(code: Uint8Array, setCount: number, reach: number) {
    this.#reader = new ShapeReader(code);
    this.#length = code.length;
    this.#setCount = setCount;
    this.#reach = reach;
  }

  get isAtEnd(): boolean {
    return this.#reader.at === this.#length;
  }

  /** Is what comes next a sound node? */
  node(depth: number, isInSequence: boolean): boolean {
    if (depth > MAX_SHAPE_DEPTH || this.#reader.at >= this.#length) return false;
    const head = this.#reader.number();
    const argument = Math.floor(head / SHAPE_OPS);
    switch (head % SHAPE_OPS) {
      case SHAPE_OP.byte:
        this.#set(1, 1, 1, false);
        return argument < this.#setCount;
      case SHAPE_OP.assertion:
        this.#set(0, 0, 1, true);
        return argument <= LAST_ASSERTION;
      case SHAPE_OP.sequence:
        return !isInSequence && argument !== 1 && this.#sequence(argument, depth);
      case SHAPE_OP.alternation:
        return argument >= 2 && this.#alternation(argument, depth);
      case SHAPE_OP.greedy:
      case SHAPE_OP.lazy:
        return this.#repeat(argument, depth);
      default:
        return false;
    }
  }

  #set(minLength: number, maxLength: number, stateCount: number, hasAssertion: boolean): void {
    this.minLength = Math.min(MOST, minLength);
    this.maxLength = maxLength;
    this.stateCount = Math.min(MOST, stateCount);
    this.#hasAssertion = hasAssertion;
  }

  #sequence(count: number, depth: number): boolean {
    let [min, max, states, hasAssertion] = [0, 0, 0, false];
    for (let item = 0; ; item++) {
      const bytes = this.#reader.skipBytes(count - item, this.#setCount);
      min += bytes;
      max += bytes;
      states += bytes;
      item += bytes;
      if (item === count) break;
      if (!this.node(depth + 1, true)) return false;
      min += this.minLength;
      max += this.maxLength;
      states += this.stateCount;
      hasAssertion ||= this.#hasAssertion;
    }
    this.#set(min, max, states, hasAssertion);
    return true;
  }

  #alternation(count: number, depth: number): boolean {
    let [min, max, states, hasAssertion] = [Infinity, 0, -2, false];
    for (let item = 0; item < count; item++) {
      if (!this.node(depth + 1, false)) return false;
      min = Math.min(min, this.minLength);
      max = Math.max(max, this.maxLength);
      states += this.stateCount + 2;
      hasAssertion ||= this.#hasAssertion;
    }
    this.#set(min, max, states, hasAssertion);
    return true;
  }

  #repeat(min: number, depth: number): boolean {
    const end = this.#reader.number();
    const max = end === 0 ? Infinity : end - 1;
    if (!(max >= 1 && max >= min) || !this.node(depth + 1, false) || this.maxLength === 0) return false;
    const needed = neededRounds(min, this.minLength, this.#hasAssertion);
    const left = max - needed;
    const states = this.stateCount;
    this.#set(
      min * this.minLength,
      max * this.maxLength,
      needed * states + (left > this.#reach ? states + 2 : left * (states + 1)),
      this.#hasAssertion,
    );
    return true;
  }
}

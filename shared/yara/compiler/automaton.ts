/**
 * Turns the trees of regexes and hex patterns into automata: lists of instructions that read one byte at a time. One tree
 * gives two of them. The forward one keeps the order of preference (greedy, lazy, first alternative) and tells how long a
 * match is; the reversed one reads towards the start and tells where matches begin, for which preference is no matter.
 *
 * ```
 * instruction  op, x, y
 * byte         0, set         reads a byte of `byteSets`, goes on behind
 * split        1, a, b        goes on at a, and at b if that leads nowhere
 * jump         2, a
 * assert       3, kind        goes on behind where `ASSERTION` kind holds
 * accept       4
 * ```
 * Targets are relative to the automaton's first instruction.
 */
import type { HexNode } from '../syntax/hex-ast.ts';
import type { RegexNode } from '../syntax/regex-ast.ts';

export const STATE_OP = { byte: 0, split: 1, jump: 2, assert: 3, accept: 4 } as const;
export const STATE_FIELDS = 3;

export const ASSERTION = {
  start: 0,
  end: 1,
  wordBoundary: 2,
  notWordBoundary: 3,
  /** The same over two-byte units: an edge is where less than one of them is left. */
  wideWordBoundary: 4,
  notWideWordBoundary: 5,
  wideStart: 6,
  wideEnd: 7,
} as const;

/** What both kinds of trees come down to. */
export type Shape =
  | { readonly kind: 'byte'; readonly set: Uint32Array }
  | { readonly kind: 'sequence'; readonly items: readonly Shape[] }
  | { readonly kind: 'alternation'; readonly items: readonly Shape[] }
  | {
      readonly kind: 'repeat';
      readonly item: Shape;
      readonly min: number;
      readonly max: number;
      readonly isGreedy: boolean;
    }
  | { readonly kind: 'assertion'; readonly assertion: number };

const EMPTY: Shape = { kind: 'sequence', items: [] };

// Shapes ------------------------------------------------------------------------------------------------------------------

export function shapeOfHex(node: HexNode): Shape {
  switch (node.kind) {
    case 'bytes':
      return {
        kind: 'sequence',
        items: Array.from(node.values, (value, at) => byteShape(maskedSet(value, node.masks[at]!, false))),
      };
    case 'negatedByte':
      return byteShape(maskedSet(node.value, node.mask, true));
    case 'jump':
      return { kind: 'repeat', item: byteShape(ANY), min: node.min, max: node.max ?? Infinity, isGreedy: false };
    case 'alternatives':
      return { kind: 'alternation', items: node.alternatives.map(shapeOfHex) };
    case 'sequence':
      return { kind: 'sequence', items: node.items.map(shapeOfHex) };
  }
}

export function shapeOfRegex(node: RegexNode): Shape {
  switch (node.kind) {
    case 'empty':
      return EMPTY;
    case 'literal': {
      const setOf = node.ignoreCase ? foldedSet : exactSet;
      return { kind: 'sequence', items: Array.from(node.bytes, (byte) => byteShape(setOf(byte))) };
    }
    case 'dot':
      return byteShape(node.includesNewline ? ANY : NOT_NEWLINE);
    case 'class':
      return byteShape(node.set);
    case 'assertion':
      return { kind: 'assertion', assertion: ASSERTION[node.assertion] };
    case 'group':
      // What stands in a group is no part of the outermost sequence, which decides where chains are cut.
      return { kind: 'sequence', items: [shapeOfRegex(node.node)] };
    case 'sequence':
      return { kind: 'sequence', items: node.items.map(shapeOfRegex) };
    case 'alternation':
      return { kind: 'alternation', items: node.alternatives.map(shapeOfRegex) };
    case 'repeat':
      return {
        kind: 'repeat',
        item: shapeOfRegex(node.node),
        min: node.min,
        max: node.max ?? Infinity,
        isGreedy: node.isGreedy,
      };
  }
}

/** Every byte followed by a zero byte; word boundaries between two-byte units. */
export function widened(shape: Shape): Shape {
  switch (shape.kind) {
    case 'byte':
      return { kind: 'sequence', items: [shape, byteShape(ZERO)] };
    case 'assertion':
      return { kind: 'assertion', assertion: wideAssertions[shape.assertion] ?? shape.assertion };
    case 'repeat':
      return { ...shape, item: widened(shape.item) };
    default:
      return { ...shape, items: shape.items.map(widened) };
  }
}

const wideAssertions: Readonly<Record<number, number>> = {
  [ASSERTION.start]: ASSERTION.wideStart,
  [ASSERTION.end]: ASSERTION.wideEnd,
  [ASSERTION.wordBoundary]: ASSERTION.wideWordBoundary,
  [ASSERTION.notWordBoundary]: ASSERTION.notWideWordBoundary,
};

export function reversed(shape: Shape): Shape {
  switch (shape.kind) {
    case 'byte':
    case 'assertion':
      return shape;
    case 'repeat':
      return { ...shape, item: reversed(shape.item) };
    case 'alternation':
      return { ...shape, items: shape.items.map(reversed) };
    case 'sequence':
      return { ...shape, items: shape.items.map(reversed).reverse() };
  }
}

/** Shortest and longest match in bytes; the longest may be Infinity. */
export function extentOf(shape: Shape): { readonly min: number; readonly max: number } {
  switch (shape.kind) {
    case 'byte':
      return { min: 1, max: 1 };
    case 'assertion':
      return { min: 0, max: 0 };
    case 'repeat': {
      const item = extentOf(shape.item);
      return { min: item.min * shape.min, max: item.max === 0 ? 0 : item.max * shape.max };
    }
    case 'sequence': {
      let min = 0;
      let max = 0;
      for (const extent of shape.items.map(extentOf)) {
        min += extent.min;
        max += extent.max;
      }
      return { min, max };
    }
    case 'alternation': {
      const extents = shape.items.map(extentOf);
      return { min: Math.min(...extents.map(({ min }) => min)), max: Math.max(...extents.map(({ max }) => max)) };
    }
  }
}

export function hasAssertion(shape: Shape): boolean {
  switch (shape.kind) {
    case 'byte':
      return false;
    case 'assertion':
      return true;
    case 'repeat':
      return hasAssertion(shape.item);
    default:
      return shape.items.some(hasAssertion);
  }
}

// Sets of bytes -----------------------------------------------------------------------------------------------------------

const ANY = new Uint32Array(8).fill(0xffffffff);
const NOT_NEWLINE = setWhere((byte) => byte !== 0x0a);
const ZERO = setWhere((byte) => byte === 0);

function byteShape(set: Uint32Array): Shape {
  return { kind: 'byte', set };
}

function setWhere(fits: (byte: number) => boolean): Uint32Array {
  const set = new Uint32Array(8);
  for (let byte = 0; byte < 256; byte++) if (fits(byte)) set[byte >>> 5]! |= 1 << (byte & 31);
  return set;
}

/** Patterns are made of few sets: the same one is the same object, so that what is known of it need not be found again. */
const madeSets = new Map<number, Uint32Array>();

function once(key: number, make: () => Uint32Array): Uint32Array {
  let set = madeSets.get(key);
  if (set === undefined) madeSets.set(key, (set = make()));
  return set;
}

function maskedSet(value: number, mask: number, isNegated: boolean): Uint32Array {
  const key = (Number(isNegated) << 16) | (mask << 8) | value;
  return once(key, () => setWhere((byte) => ((byte & mask) === value) !== isNegated));
}

function foldedSet(byte: number): Uint32Array {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  if (!isLetter) return exactSet(byte);
  return once((1 << 17) | byte, () => setWhere((other) => other === byte || (other ^ byte) === 0x20));
}

function exactSet(byte: number): Uint32Array {
  return maskedSet(byte, 0xff, false);
}

// Instructions ------------------------------------------------------------------------------------------------------------

/** A pattern with more instructions than this is refused. */
export const MAX_STATES = 1 << 18;

/** Rounds that cannot be left out: none where a round may be empty, unless it is so only where an assertion holds. */
function neededRounds({ item, min }: Extract<Shape, { kind: 'repeat' }>): number {
  return extentOf(item).min === 0 && !hasAssertion(item) ? 0 : min;
}

/** How many instructions `statesOf` writes for it, acceptance not counted. */
export function stateCountOf(shape: Shape, reach: number): number {
  switch (shape.kind) {
    case 'byte':
    case 'assertion':
      return 1;
    case 'sequence':
      return shape.items.reduce((sum, item) => sum + stateCountOf(item, reach), 0);
    case 'alternation':
      return shape.items.reduce((sum, item) => sum + stateCountOf(item, reach) + 2, -2);
    case 'repeat': {
      const item = stateCountOf(shape.item, reach);
      if (extentOf(shape.item).max === 0) return shape.min > 0 ? item : 0;
      const needed = neededRounds(shape);
      const left = shape.max - needed;
      return needed * item + (left > reach ? item + 2 : left * (item + 1));
    }
  }
}

/**
 * The instructions of a shape, for matches of at most `reach` bytes: repeats are unrolled no further than a match can go,
 * and what is always longer has none. Sets are interned by `intern`. `stateCountOf` says beforehand how many there will be.
 */
export function statesOf(shape: Shape, reach: number, intern: (set: Uint32Array) => number): number[] {
  const states: number[] = [];
  const emit = (op: number, x = 0, y = 0): number => {
    states.push(op, x, y);
    return states.length / STATE_FIELDS - 1;
  };
  const here = (): number => states.length / STATE_FIELDS;
  const patch = (state: number, field: 1 | 2, target: number): void => {
    states[state * STATE_FIELDS + field] = target;
  };

  const write = (part: Shape): void => {
    switch (part.kind) {
      case 'byte':
        emit(STATE_OP.byte, intern(part.set));
        break;
      case 'assertion':
        emit(STATE_OP.assert, part.assertion);
        break;
      case 'sequence':
        for (const item of part.items) write(item);
        break;
      case 'alternation': {
        const ends: number[] = [];
        part.items.forEach((item, at) => {
          const isLast = at === part.items.length - 1;
          const split = isLast ? -1 : emit(STATE_OP.split, here() + 1);
          write(item);
          if (isLast) return;
          ends.push(emit(STATE_OP.jump));
          patch(split, 2, here());
        });
        for (const end of ends) patch(end, 1, here());
        break;
      }
      case 'repeat':
        writeRepeat(part);
        break;
    }
  };

  const writeRepeat = (repeat: Extract<Shape, { kind: 'repeat' }>): void => {
    const { item, min, max, isGreedy } = repeat;
    // An item that reads nothing holds once or not at all.
    if (extentOf(item).max === 0) {
      if (min > 0) write(item);
      return;
    }
    const needed = neededRounds(repeat);
    for (let count = 0; count < needed; count++) write(item);
    const left = max - needed;
    if (left > reach) {
      // x*: more rounds than a match has bytes are as good as any number.
      const split = emit(STATE_OP.split);
      patch(split, isGreedy ? 1 : 2, here());
      write(item);
      emit(STATE_OP.jump, split);
      patch(split, isGreedy ? 2 : 1, here());
      return;
    }
    const splits: number[] = [];
    for (let count = 0; count < left; count++) {
      const split = emit(STATE_OP.split);
      splits.push(split);
      patch(split, isGreedy ? 1 : 2, here());
      write(item);
    }
    for (const split of splits) patch(split, isGreedy ? 2 : 1, here());
  };

  if (extentOf(shape).min <= reach) {
    write(shape);
    emit(STATE_OP.accept);
  }
  return states;
}

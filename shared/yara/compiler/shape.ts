/**
 * Shapes: what the trees of regexes and hex patterns both come down to. Few kinds of nodes, each byte a set of bytes, case
 * and wildcards dissolved in them. Whoever looks into a pattern (where it is cut, what it is found by, how it is run) looks
 * at its shape; how it was written is no longer to be seen, but for groups, which are sequences of their own.
 */
import type { HexPattern, RegexPattern } from '../syntax/ast.ts';
import { addByte, emptySet } from '../syntax/byte-set.ts';
import type { HexNode } from '../syntax/hex-ast.ts';
import type { RegexNode } from '../syntax/regex-ast.ts';

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

const knownShapes = new WeakMap<HexPattern | RegexPattern, Shape>();

/** Several ask for it: who writes it, and who warns. */
export function shapeOf(pattern: HexPattern | RegexPattern): Shape {
  let shape = knownShapes.get(pattern);
  if (shape === undefined) {
    shape = pattern.kind === 'hex' ? shapeOfHex(pattern.root) : shapeOfRegex(pattern.regex.root);
    knownShapes.set(pattern, shape);
  }
  return shape;
}

function shapeOfHex(node: HexNode): Shape {
  switch (node.kind) {
    case 'bytes':
      return {
        kind: 'sequence',
        items: Array.from(node.values, (value, at) => maskedByte(value, node.masks[at]!, false)),
      };
    case 'negatedByte':
      return maskedByte(node.value, node.mask, true);
    case 'jump': {
      // One that ends before it starts was reported, but its pattern is looked at for further errors.
      const max = Math.max(node.min, node.max ?? Infinity);
      return { kind: 'repeat', item: ANY, min: node.min, max, isGreedy: false };
    }
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
      const byteOf = node.ignoreCase ? foldedByte : exactByte;
      return { kind: 'sequence', items: Array.from(node.bytes, byteOf) };
    }
    case 'dot':
      return node.includesNewline ? ANY : NOT_NEWLINE;
    case 'class':
      return { kind: 'byte', set: node.set };
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
      return { kind: 'sequence', items: [shape, ZERO] };
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

export interface Extent {
  readonly min: number;
  readonly max: number;
}

const NOTHING: Extent = { min: 0, max: 0 };
const ONE_BYTE: Extent = { min: 1, max: 1 };

/** Shapes are asked over and over, each for itself and as a part of others. */
const knownExtents = new WeakMap<Shape, Extent>();

/** Shortest and longest match in bytes; the longest may be Infinity. */
export function extentOf(shape: Shape): Extent {
  if (shape.kind === 'byte') return ONE_BYTE;
  if (shape.kind === 'assertion') return NOTHING;
  let extent = knownExtents.get(shape);
  if (extent === undefined) knownExtents.set(shape, (extent = findExtent(shape)));
  return extent;
}

function findExtent(shape: Exclude<Shape, { kind: 'byte' | 'assertion' }>): Extent {
  if (shape.kind === 'repeat') {
    const item = extentOf(shape.item);
    return { min: item.min * shape.min, max: item.max === 0 || shape.max === 0 ? 0 : item.max * shape.max };
  }
  const isSequence = shape.kind === 'sequence';
  let min = isSequence ? 0 : Infinity;
  let max = 0;
  for (const item of shape.items) {
    const extent = extentOf(item);
    min = isSequence ? min + extent.min : Math.min(min, extent.min);
    max = isSequence ? max + extent.max : Math.max(max, extent.max);
  }
  return { min, max };
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

// Bytes -------------------------------------------------------------------------------------------------------------------

/** Patterns are made of few bytes: the same one is the same object, so that what is known of it need not be found again. */
const made = new Map<number, Shape>();

function once(key: number, fits: (byte: number) => boolean): Shape {
  let shape = made.get(key);
  if (shape === undefined) {
    const set = emptySet();
    for (let byte = 0; byte < 256; byte++) if (fits(byte)) addByte(set, byte);
    made.set(key, (shape = { kind: 'byte', set }));
  }
  return shape;
}

function maskedByte(value: number, mask: number, isNegated: boolean): Shape {
  const key = (Number(isNegated) << 16) | (mask << 8) | value;
  return once(key, (byte) => ((byte & mask) === value) !== isNegated);
}

function exactByte(byte: number): Shape {
  return maskedByte(byte, 0xff, false);
}

function foldedByte(byte: number): Shape {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  if (!isLetter) return exactByte(byte);
  return once((1 << 17) | byte, (other) => other === byte || (other ^ byte) === 0x20);
}

const ANY = maskedByte(0, 0, false);
const NOT_NEWLINE = maskedByte(0x0a, 0xff, true);
const ZERO = exactByte(0);

/**
 * Warns of patterns that are found through a single byte, or through a run of the bytes that files are full of. What counts
 * as such follows the reference, which looks for atoms: of each place in a pattern, the texts that may stand there, spelled
 * out to four bytes while they are few. The engine itself may well be quick with some of them; the rule's author is told
 * what other engines will make of it.
 */
import type { Pattern } from '../syntax/ast.ts';
import type { RuleScope } from './rule-scope.ts';
import { extentOf, shapeOf, type Shape } from './shape.ts';

export function warnOfSlowPatterns(scope: RuleScope): void {
  for (const { ast } of scope.patterns) {
    if (!isSlow(ast)) continue;
    scope.warning('slow_pattern', ast.span, `pattern ${ast.identifier.name} may slow down the scan`, {
      hint: 'give it two or more bytes, one after the other, that files are not full of',
    });
  }
}

export function isSlow(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'text': {
      const { xor, fullword } = pattern.modifiers;
      return xor === undefined && fullword === undefined && isSlowLiteral(pattern.bytes);
    }
    case 'hex':
    case 'regex':
      return isSlowShape(shapeOf(pattern));
  }
}

/** Runs of these are everywhere: zeros, filling, padding. */
const FILLING: ReadonlySet<number> = new Set([0x00, 0x90, 0xff]);

function isSlowLiteral(bytes: Uint8Array): boolean {
  return bytes.length === 1 || (FILLING.has(bytes[0]!) && bytes.every((byte) => byte === bytes[0]));
}

/** A gap that may differ in width by more than this cuts a pattern in two, each found by itself. */
const MAX_INNER_GAP = 200;

function isSlowShape(shape: Shape): boolean {
  const pieces: Shape[][] = [[]];
  for (const item of itemsOf(shape)) {
    const isGap = item.kind === 'repeat' && isAnyByte(item.item) && item.max - item.min > MAX_INNER_GAP;
    if (isGap) pieces.push([]);
    else pieces.at(-1)!.push(item);
  }
  // Unless each of them is long enough for that.
  const isCut = pieces.length > 1 && pieces.every((piece) => extentOf({ kind: 'sequence', items: piece }).min >= 2);
  return isCut ? pieces.some((piece) => isSlowPiece(piece, false)) : isSlowPiece(itemsOf(shape), true);
}

function isSlowPiece(items: readonly Shape[], isWhole: boolean): boolean {
  const literal = literalOf(items);
  if (literal !== undefined) return isWhole && isSlowLiteral(literal);
  const [only] = items;
  // A choice between plain texts is looked for text by text.
  if (items.length === 1 && only?.kind === 'alternation') {
    const texts = only.items.map((item) => literalOf(itemsOf(item)));
    const arePlain = texts.every((text) => text !== undefined);
    if (arePlain && texts.some((text) => text.length > 1)) return false;
  }
  if (items.every(isAnyByte)) return false;
  let hasRun = false;
  let hasByte = false;
  for (let at = 0; at < items.length; at++) {
    const texts = textsFrom(items, at);
    const shortest = shortestOf(texts);
    const isGood = !texts.some(isFilling);
    if (shortest >= 2 && isGood) return false;
    hasRun ||= shortest >= 2;
    hasByte ||= shortest === 1 && isGood;
  }
  // A run of filling is found by that run, unless a single byte elsewhere is better.
  return !hasRun || hasByte;
}

function itemsOf(shape: Shape): readonly Shape[] {
  return shape.kind === 'sequence' ? shape.items.flatMap(itemsOf) : [shape];
}

function isAnyByte(shape: Shape): boolean {
  return shape.kind === 'byte' && shape.set.every((word) => word >>> 0 === 0xffffffff);
}

/** Its bytes, when it is nothing but bytes with one value each. */
function literalOf(items: readonly Shape[]): Uint8Array | undefined {
  const bytes = items.map((item) => {
    const values = item.kind === 'byte' ? valuesOf(item.set, 2) : [];
    return values.length === 1 ? values[0] : undefined;
  });
  return bytes.length > 0 && bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined;
}

// Texts that may stand at a place -----------------------------------------------------------------------------------------

interface Text {
  readonly bytes: readonly number[];
  /** Nothing was left out: what follows in the pattern follows these bytes. */
  readonly isWhole: boolean;
}

/** Undefined stands for too many. */
type Texts = readonly Text[] | undefined;

const MAX_TEXTS = 3000;
const MAX_BYTES = 4;
const MAX_ROUNDS = 10;

const NOTHING: readonly Text[] = [{ bytes: [], isWhole: true }];

function textsFrom(items: readonly Shape[], first: number): readonly Text[] {
  let texts = NOTHING;
  for (let at = first; at < items.length && texts.some(({ isWhole }) => isWhole); at++) {
    texts = joined(texts, textsOf(items[at]!));
  }
  return texts;
}

function textsOf(shape: Shape): Texts {
  switch (shape.kind) {
    case 'byte':
      // A wildcard is looked for by what stands beside it, and weighs less than a class of as many bytes.
      return valuesOf(shape.set, isAnyByte(shape) ? 16 : 256).map((byte) => ({ bytes: [byte], isWhole: true }));
    case 'assertion':
      return NOTHING;
    case 'sequence':
      return textsFrom(shape.items, 0);
    case 'alternation':
      return united(shape.items.map(textsOf));
    case 'repeat': {
      const item = textsOf(shape.item);
      const { min, max } = shape;
      const isGap = isAnyByte(shape.item) && min !== max && max > 1;
      if (item === undefined || isGap) return undefined;
      if (min === 0) return united([max === 1 ? item : cutShort(item), NOTHING]);
      let texts = NOTHING;
      for (let round = 0; round < Math.min(min, MAX_ROUNDS); round++) texts = joined(texts, item);
      return min === max && min <= MAX_ROUNDS ? texts : cutShort(texts);
    }
  }
}

/** Each of the first, followed by each of the second. */
function joined(first: readonly Text[], second: Texts): readonly Text[] {
  const whole = first.filter(({ isWhole }) => isWhole);
  const count = first.length - whole.length + whole.length * (second?.length ?? Infinity);
  if (second === undefined || count > MAX_TEXTS) return cutShort(first);
  return first.flatMap((text) => {
    if (!text.isWhole) return [text];
    return second.map(({ bytes, isWhole }): Text => {
      const all = [...text.bytes, ...bytes];
      return { bytes: all.slice(0, MAX_BYTES), isWhole: isWhole && all.length <= MAX_BYTES };
    });
  });
}

function united(lists: readonly Texts[]): Texts {
  const all: Text[] = [];
  for (const texts of lists) {
    if (texts === undefined || all.length + texts.length > MAX_TEXTS) return undefined;
    all.push(...texts);
  }
  return all;
}

function cutShort(texts: readonly Text[]): readonly Text[] {
  return texts.map(({ bytes }) => ({ bytes, isWhole: false }));
}

function shortestOf(texts: readonly Text[]): number {
  return texts.reduce((shortest, { bytes }) => Math.min(shortest, bytes.length), MAX_BYTES);
}

const COMMON: ReadonlySet<number> = new Set([0x00, 0x20, 0x90, 0xcc, 0xff]);

function isFilling({ bytes }: Text): boolean {
  const [first] = bytes;
  if (first === undefined || !bytes.every((byte) => byte === first)) return false;
  return first === 0 || (bytes.length <= 2 && COMMON.has(first));
}

/** The bytes of a set; no more than `most` of them. */
function valuesOf(set: Uint32Array, most: number): number[] {
  const values: number[] = [];
  for (let byte = 0; byte < 256 && values.length < most; byte++) {
    if (((set[byte >>> 5]! >>> (byte & 31)) & 1) === 1) values.push(byte);
  }
  return values;
}

/**
 * Turns patterns that are more than a run of bytes into what the scanner runs: programs (a shape, with the atoms that say
 * where to look for it) and chains (pieces with gaps between them that are too wide for one program). A piece that is a
 * plain run of bytes is a literal like any other.
 *
 * What matches goes to a *target*: a pattern, or, below zero, the piece `~target` of a chain.
 */
import type { HexPattern, RegexPattern } from '../syntax/ast.ts';
import type { RegexNode } from '../syntax/regex-ast.ts';
import { REACH, USER_FLAG } from '../bundle/image.ts';
import type { ImageBuilder } from '../bundle/image-builder.ts';
import { SharedRuns } from './atom-costs.ts';
import { chooseAtoms, countRuns, type Atom } from './atoms.ts';
import { MAX_STATES } from './automaton.ts';
import { literalOfShape, type LiteralSet } from './literals.ts';
import { extentOf, shapeOf, shapeOfRegex, widened, type Shape } from './shape.ts';
import { isRunInBlocks, sizeOf } from './shape-size.ts';

/** A gap wider than this makes a chain of a pattern. */
const MAX_INNER_GAP = 200;
/** A hex piece stays below this, so that it never meets `REACH`. */
const MAX_PIECE = 2048;

export interface Program {
  readonly target: number;
  readonly flags: number;
  readonly rank: number;
  readonly minLength: number;
  /** Infinity when it is run in blocks. */
  readonly maxLength: number;
  /** Number of its shape in the image. */
  readonly shape: number;
  /** Undefined: run everywhere. */
  readonly atoms: readonly GuardedAtom[] | undefined;
}

export interface GuardedAtom extends Atom {
  /** Offset of its guard in the image. */
  readonly guard: number;
}

export interface Piece {
  readonly chain: number;
  /** The gap before it; 0 and 0 for the first. */
  readonly minGap: number;
  readonly maxGap: number;
}

export interface Chain {
  readonly pattern: number;
  readonly firstPiece: number;
  readonly pieceCount: number;
  readonly isGreedy: boolean;
}

/** All programs and chains of a rule set. */
export class ProgramSet {
  readonly pieces: Piece[] = [];
  readonly chains: Chain[] = [];
  readonly #literals: LiteralSet;
  readonly #image: ImageBuilder;
  readonly #programs: Omit<Program, 'atoms'>[] = [];
  /** The shapes of all programs, by their numbers. */
  readonly #shapes = new Map<number, Shape>();
  /** Patterns that have a chain. */
  readonly chained = new Set<number>();

  constructor(literals: LiteralSet, image: ImageBuilder) {
    this.#literals = literals;
    this.#image = image;
  }

  /** To be asked for when all are added: which atoms a program has depends on what the others hold. */
  programs(): Program[] {
    const shared = new SharedRuns(this.#shapes.size);
    for (const shape of this.#shapes.values()) countRuns(shape, shared);
    const atomsOf = new Map<number, readonly GuardedAtom[] | undefined>();
    for (const [number, shape] of this.#shapes) {
      const atoms = chooseAtoms(shape, shared);
      atomsOf.set(
        number,
        atoms?.map((atom) => ({ ...atom, guard: this.#image.guard(atom) })),
      );
    }
    return this.#programs.map((program) => ({ ...program, atoms: atomsOf.get(program.shape) }));
  }

  addHex(pattern: number, hex: HexPattern): void {
    const shape = shapeOf(hex);
    const parts = splitHex(topLevel(shape));
    if (parts.length === 1) this.#add(pattern, shape, 0, 0);
    else this.#addChain(pattern, parts, 0);
  }

  addRegex(pattern: number, regex: RegexPattern): void {
    const { modifiers } = regex;
    const flags = modifiers.fullword === undefined ? 0 : USER_FLAG.fullword;
    const hasAscii = modifiers.ascii !== undefined || modifiers.wide === undefined;
    const alternatives = flags === 0 ? undefined : plainAlternatives(regex.regex.root);
    // With `fullword` each text of an alternation of plain texts is tried for itself; earlier ones are preferred.
    const shapes = alternatives?.map(shapeOfRegex) ?? [shapeOf(regex)];
    shapes.forEach((shape, rank) => {
      if (hasAscii) this.#addForm(pattern, shape, flags, rank);
      if (modifiers.wide !== undefined) {
        this.#addForm(pattern, widened(shape), flags === 0 ? 0 : flags | USER_FLAG.wide, rank + shapes.length);
      }
    });
  }

  #addForm(pattern: number, shape: Shape, flags: number, rank: number): void {
    const parts = splitRegex(outermost(shape));
    if (parts.length === 1) this.#add(pattern, shape, flags, rank);
    else this.#addChain(pattern, parts, flags);
  }

  /** Gaps are all lazy or all greedy: a regex that mixes them is refused. */
  #addChain(pattern: number, parts: readonly ChainPart[], flags: number): void {
    this.chained.add(pattern);
    const chain = this.chains.length;
    const firstPiece = this.pieces.length;
    this.chains.push({
      pattern,
      firstPiece,
      pieceCount: parts.length,
      isGreedy: parts.some(({ isGreedy }) => isGreedy),
    });
    for (const { minGap, maxGap } of parts) this.pieces.push({ chain, minGap, maxGap });
    const last = parts.length - 1;
    parts.forEach(({ shape }, at) => {
      const side = at === 0 ? USER_FLAG.leftAlone : at === last ? USER_FLAG.rightAlone : 0;
      const isAlone = (flags & USER_FLAG.fullword) !== 0 && side !== 0;
      this.#add(~(firstPiece + at), shape, isAlone ? side | (flags & USER_FLAG.wide) : 0, 0);
    });
  }

  #add(target: number, shape: Shape, flags: number, rank: number): void {
    const literal = literalOfShape(shape);
    if (literal !== undefined) {
      this.#literals.add(literal, { target, flags, detail: -1, rank });
      return;
    }
    const { min, max } = extentOf(shape);
    // What is always longer than the reach matches nothing.
    if (min > REACH) return;
    const number = this.#image.shape(shape);
    if (!this.#shapes.has(number)) this.#shapes.set(number, shape);
    this.#programs.push({
      target,
      flags,
      rank,
      minLength: min,
      maxLength: isRunInBlocks(sizeOf(shape, REACH)) ? Infinity : max,
      shape: number,
    });
  }
}

/** Is the pattern too large to be run? */
export function isTooLarge(pattern: HexPattern | RegexPattern): boolean {
  const shape = shapeOf(pattern);
  // A part of it is no larger than the whole.
  if (sizeOf(shape, REACH).stateCount <= MAX_STATES) return false;
  const parts = pattern.kind === 'hex' ? splitHex(topLevel(shape)) : splitRegex(outermost(shape));
  return parts.some((part) => extentOf(part.shape).min <= REACH && sizeOf(part.shape, REACH).stateCount > MAX_STATES);
}

// Gaps --------------------------------------------------------------------------------------------------------------------

interface ChainPart {
  readonly shape: Shape;
  readonly minGap: number;
  readonly maxGap: number;
  readonly isGreedy: boolean;
}

function topLevel(shape: Shape): readonly Shape[] {
  return shape.kind === 'sequence' ? shape.items.flatMap(topLevel) : [shape];
}

/** As written: a group is one item, whatever it holds. */
function outermost(shape: Shape): readonly Shape[] {
  return shape.kind === 'sequence' ? shape.items : [shape];
}

function isGap(shape: Shape): shape is Extract<Shape, { kind: 'repeat' }> {
  return shape.kind === 'repeat' && shape.item.kind === 'byte' && shape.item.set.every((word) => word === 0xffffffff);
}

/** Cuts at wide gaps, and at the widest of the others while a piece is longer than `MAX_PIECE`. */
function splitHex(items: readonly Shape[]): readonly ChainPart[] {
  return cut(items, (gap) => gap.max - gap.min > MAX_INNER_GAP || gap.min > MAX_INNER_GAP).flatMap(shorten);
}

function shorten(part: ChainPart): readonly ChainPart[] {
  const items = topLevel(part.shape);
  const widest = Math.max(...items.filter(isGap).map(({ max }) => max));
  if (extentOf(part.shape).max <= MAX_PIECE || widest < 1) return [part];
  let isCut = false;
  const [first, ...rest] = cut(items, (gap) => {
    if (isCut || gap.max !== widest) return false;
    isCut = true;
    return true;
  });
  return [{ ...part, shape: first!.shape }, ...rest].flatMap(shorten);
}

/** As the reference: only variable gaps wider than 200 between pieces of two bytes and more, and long fixed ones. */
function splitRegex(items: readonly Shape[]): readonly ChainPart[] {
  const extents = items.map(extentOf);
  const lengthOf = (from: number, to: number): number => extents.slice(from, to).reduce((sum, { min }) => sum + min, 0);
  const gaps = items.flatMap((item, at) => (isGap(item) ? [at] : []));
  const isWide = (at: number): boolean => {
    const gap = items[at] as Extract<Shape, { kind: 'repeat' }>;
    return gap.max - gap.min > MAX_INNER_GAP || (gap.max === gap.min && gap.min > MAX_INNER_GAP);
  };
  const wide = gaps.filter(isWide);
  const cuts = new Set(
    wide.filter((at, number) => {
      const before = lengthOf(number === 0 ? 0 : wide[number - 1]! + 1, at);
      const behind = lengthOf(at + 1, wide[number + 1] ?? items.length);
      return before >= 2 && behind >= 2;
    }),
  );
  return cut(items, (gap) => cuts.has(items.indexOf(gap)));
}

function cut(items: readonly Shape[], isCut: (gap: Extract<Shape, { kind: 'repeat' }>) => boolean): ChainPart[] {
  const parts: ChainPart[] = [];
  let gap = { minGap: 0, maxGap: 0, isGreedy: false };
  let piece: Shape[] = [];
  for (const item of items) {
    if (piece.length > 0 && isGap(item) && isCut(item)) {
      parts.push({ ...gap, shape: { kind: 'sequence', items: piece } });
      gap = { minGap: item.min, maxGap: item.max, isGreedy: item.isGreedy };
      piece = [];
    } else {
      piece.push(item);
    }
  }
  parts.push({ ...gap, shape: { kind: 'sequence', items: piece } });
  return parts;
}

/** The alternatives, when the regex is nothing but an alternation of case-sensitive texts. */
function plainAlternatives(root: RegexNode): readonly RegexNode[] | undefined {
  let node = root;
  while (node.kind === 'group') node = node.node;
  if (node.kind !== 'alternation') return undefined;
  const { alternatives } = node;
  return alternatives.every((item) => item.kind === 'literal' && !item.ignoreCase) ? alternatives : undefined;
}

/** Are the tables of programs, atoms and chains of an image sound? A part of `checkImage`. */
import { MAX_STATES } from '../compiler/automaton.ts';
import { isRunInBlocks, measureShape, type ShapeSize } from '../compiler/shape-size.ts';
import { isRank, isTarget, isWithin, rowsOf } from './bounds.ts';
import { guardStarts } from './guard-code.ts';
import {
  ATOM,
  ATOM_FIELDS,
  CHAIN,
  CHAIN_FIELDS,
  PATTERN_FIELDS,
  PIECE,
  PIECE_FIELDS,
  PROGRAM,
  PROGRAM_FIELDS,
  REACH,
  SCALAR,
  shapeCodeOf,
  type RuleImage,
} from './image.ts';

export function checkPrograms(image: RuleImage): string | undefined {
  return checkRows(image) ?? checkAtoms(image) ?? checkChains(image);
}

function checkRows(image: RuleImage): string | undefined {
  const { programs, scalars } = image;
  if (rowsOf(programs, PROGRAM_FIELDS) < 0) return 'its table of programs is broken';
  const sizes = sizesWithin(image, REACH);
  const room = Math.min(scalars[SCALAR.leftReach] ?? 0, scalars[SCALAR.rightReach] ?? 0);
  for (let row = 0; row < programs.length; row += PROGRAM_FIELDS) {
    const maxLength = programs[row + PROGRAM.maxLength]!;
    const size = sizes(programs[row + PROGRAM.shape]!);
    const isSound =
      isTarget(image, programs[row + PROGRAM.target]!) &&
      isRank(programs[row + PROGRAM.rank]!) &&
      size !== undefined &&
      programs[row + PROGRAM.minLength] === size.minLength &&
      maxLength === (isRunInBlocks(size) ? -1 : size.maxLength) &&
      (maxLength < 0 ? 2 * REACH : maxLength) <= room;
    if (!isSound) return `program ${row / PROGRAM_FIELDS} of its table is broken`;
  }
  return undefined;
}

/**
 * Sizes of the image's shapes for a reach, each found once; undefined where there is no such shape, or where it is not small
 * enough to be unrolled, or always longer than the reach.
 */
export function sizesWithin(image: RuleImage, reach: number): (shape: number) => ShapeSize | undefined {
  const { shapeOffsets, byteSets } = image;
  const known = new Map<number, ShapeSize | undefined>();
  return (shape) => {
    if (!known.has(shape)) {
      const isThere = isWithin(shape, 1, shapeOffsets.length - 1);
      const size = isThere ? measureShape(shapeCodeOf(image, shape), byteSets.length / 8, reach) : undefined;
      const isUsable = size !== undefined && size.minLength <= reach && size.stateCount <= MAX_STATES;
      known.set(shape, isUsable ? size : undefined);
    }
    return known.get(shape);
  };
}

function checkAtoms({ atoms, programs, guards, byteSets }: RuleImage): string | undefined {
  const starts = guardStarts(guards, byteSets.length / 8);
  if (starts === undefined) return 'its guards are broken';
  if (rowsOf(atoms, ATOM_FIELDS) < 0) return 'its table of atoms is broken';
  for (let row = 0; row < atoms.length; row += ATOM_FIELDS) {
    const program = atoms[row + ATOM.program]!;
    if (!isWithin(program, 1, programs.length / PROGRAM_FIELDS)) return 'its table of atoms is broken';
    const maxLength = programs[program * PROGRAM_FIELDS + PROGRAM.maxLength]!;
    const before = atoms[row + ATOM.maxBefore]!;
    // Where matches have a longest one, the atom lies within it.
    const isInside = maxLength < 0 || (before >= 0 && before <= maxLength);
    const isGuarded = starts[atoms[row + ATOM.guard]!] === 1;
    if (!isInside || !isGuarded || atoms[row + ATOM.minBefore]! < 0) return 'its table of atoms is broken';
  }
  return undefined;
}

function checkChains({ chains, pieces, patterns }: RuleImage): string | undefined {
  const pieceCount = rowsOf(pieces, PIECE_FIELDS);
  if (rowsOf(chains, CHAIN_FIELDS) < 0 || pieceCount < 0) return 'its table of chains is broken';
  const owners = new Map<number, number>();
  for (let row = 0; row < chains.length; row += CHAIN_FIELDS) {
    const first = chains[row + CHAIN.firstPiece]!;
    const count = chains[row + CHAIN.pieceCount]!;
    const isSound =
      count >= 2 &&
      isWithin(first, count, pieceCount) &&
      isWithin(chains[row + CHAIN.pattern]!, 1, patterns.length / PATTERN_FIELDS);
    if (!isSound) return 'its table of chains is broken';
    for (let piece = first; piece < first + count; piece++) owners.set(piece, row / CHAIN_FIELDS);
  }
  for (let piece = 0; piece < pieceCount; piece++) {
    const row = piece * PIECE_FIELDS;
    const min = pieces[row + PIECE.minGap]!;
    const max = pieces[row + PIECE.maxGap]!;
    if (owners.get(piece) !== pieces[row + PIECE.chain] || !(min >= 0) || !(max >= min))
      return 'its table of chains is broken';
  }
  return undefined;
}

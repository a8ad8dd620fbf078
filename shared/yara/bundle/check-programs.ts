/** Are the tables of programs, atoms and chains of an image sound? A part of `checkImage`. */
import { STATE_FIELDS, STATE_OP } from '../compiler/automaton.ts';
import { isRank, isTarget, isWithin, rowsOf } from './bounds.ts';
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
  type RuleImage,
} from './image.ts';

export function checkPrograms(image: RuleImage): string | undefined {
  return checkRows(image) ?? checkAtoms(image) ?? checkChains(image);
}

function checkRows(image: RuleImage): string | undefined {
  const { programs, states, byteSets, scalars } = image;
  const stateCount = rowsOf(states, STATE_FIELDS);
  if (rowsOf(programs, PROGRAM_FIELDS) < 0 || stateCount < 0 || rowsOf(byteSets, 8) < 0)
    return 'its table of programs is broken';
  const room = Math.min(scalars[SCALAR.leftReach] ?? 0, scalars[SCALAR.rightReach] ?? 0);
  for (let row = 0; row < programs.length; row += PROGRAM_FIELDS) {
    const maxLength = programs[row + PROGRAM.maxLength]!;
    const isSound =
      isTarget(image, programs[row + PROGRAM.target]!) &&
      isRank(programs[row + PROGRAM.rank]!) &&
      programs[row + PROGRAM.minLength]! >= 0 &&
      maxLength <= REACH &&
      (maxLength < 0 ? 2 * REACH : maxLength) <= room &&
      isAutomaton(image, programs[row + PROGRAM.forward]!, programs[row + PROGRAM.forwardCount]!) &&
      isAutomaton(image, programs[row + PROGRAM.backward]!, programs[row + PROGRAM.backwardCount]!);
    if (!isSound) return `program ${row / PROGRAM_FIELDS} of its table is broken`;
  }
  return undefined;
}

/** Every state leads to a state of the same automaton. */
export function isAutomaton(
  { states, byteSets }: Pick<RuleImage, 'states' | 'byteSets'>,
  first: number,
  count: number,
): boolean {
  if (!isWithin(first, count, states.length / STATE_FIELDS)) return false;
  for (let state = 0; state < count; state++) {
    const row = (first + state) * STATE_FIELDS;
    const x = states[row + 1]!;
    const y = states[row + 2]!;
    const hasNext = state + 1 < count;
    switch (states[row]) {
      case STATE_OP.byte:
        if (!hasNext || !isWithin(x, 1, byteSets.length / 8)) return false;
        break;
      case STATE_OP.split:
        if (!isWithin(x, 1, count) || !isWithin(y, 1, count)) return false;
        break;
      case STATE_OP.jump:
        if (!isWithin(x, 1, count)) return false;
        break;
      case STATE_OP.assert:
        if (!hasNext) return false;
        break;
      case STATE_OP.accept:
        break;
      default:
        return false;
    }
  }
  return true;
}

function checkAtoms({ atoms, programs }: RuleImage): string | undefined {
  if (rowsOf(atoms, ATOM_FIELDS) < 0) return 'its table of atoms is broken';
  for (let row = 0; row < atoms.length; row += ATOM_FIELDS) {
    const program = atoms[row + ATOM.program]!;
    if (!isWithin(program, 1, programs.length / PROGRAM_FIELDS)) return 'its table of atoms is broken';
    const maxLength = programs[program * PROGRAM_FIELDS + PROGRAM.maxLength]!;
    const before = atoms[row + ATOM.maxBefore]!;
    const behind = atoms[row + ATOM.maxBehind]!;
    // Where matches have a longest one, the atom lies within it.
    const isInside = maxLength < 0 || (before >= 0 && before <= maxLength && behind >= 0 && behind <= maxLength);
    if (!isInside || atoms[row + ATOM.minBefore]! < 0) return 'its table of atoms is broken';
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

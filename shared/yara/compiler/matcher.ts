/**
 * Lays out what the scanner matches with: literals, programs with their atoms, the filter that finds both, and how much of the
 * object around a position all of it needs.
 */
import { LITERAL, LITERAL_FIELDS, REACH, SCALAR, SCALAR_COUNT, USER_FIELDS } from '../bundle/image.ts';
import type { MatchingSection } from '../bundle/image-builder.ts';
import type { RuleImage } from '../bundle/image.ts';
import { entryOfAtom } from './atom-entries.ts';
import { entryOfLiteral, type FilterEntry } from './filter-entries.ts';
import { buildFilter } from './filter-tables.ts';
import { layOutPrograms } from './lay-out-programs.ts';
import type { Literal } from './literals.ts';
import type { ProgramSet } from './programs.ts';

/**
 * Bytes of context that a match may need on either side: a two-byte neighbour of a wide word, the rest of a group of four
 * wide base64 characters, or what the filter reads around a position.
 */
const CONTEXT = 8;

/** The filter's entries are the literals, and behind them the atoms. */
export function buildMatcher(
  literals: readonly Literal[],
  programSet: ProgramSet,
  readsPages: boolean,
): Pick<RuleImage, MatchingSection> {
  const entries: FilterEntry[] = literals.map(entryOfLiteral);
  /** How far from an atom its matches may begin and end. */
  const reachOfAtom: number[] = [];
  const programs = programSet.programs();
  const laidOut = layOutPrograms(programs, programSet);
  let leftReach = CONTEXT;
  let rightReach = CONTEXT;
  for (const { atoms, maxLength } of programs) {
    // Without a longest match whole blocks are run, and each beyond its end.
    const reach = maxLength === Infinity ? 2 * REACH : maxLength;
    leftReach = Math.max(leftReach, reach + CONTEXT);
    rightReach = Math.max(rightReach, reach + CONTEXT);
    for (const atom of atoms ?? []) {
      entries.push(entryOfAtom(atom));
      reachOfAtom.push(reach);
    }
  }
  const { sections, reaches } = buildFilter(entries);
  reaches.forEach(({ min, max }, at) => {
    const literal = literals[at];
    const reach = literal === undefined ? reachOfAtom[at - literals.length]! : 0;
    const length = literal === undefined ? reach : literal.value.length;
    leftReach = Math.max(leftReach, reach + max + CONTEXT);
    rightReach = Math.max(rightReach, length - min + CONTEXT);
  });
  const scalars = new Int32Array(SCALAR_COUNT);
  scalars[SCALAR.leftReach] = leftReach;
  scalars[SCALAR.rightReach] = rightReach;
  scalars[SCALAR.readsPages] = readsPages ? 1 : 0;
  return { ...layOutLiterals(literals), ...laidOut, ...sections, scalars };
}

function layOutLiterals(literals: readonly Literal[]): Pick<RuleImage, 'literals' | 'literalBytes' | 'literalUsers'> {
  const fields = new Int32Array(literals.length * LITERAL_FIELDS);
  const users: number[] = [];
  let byteCount = 0;
  for (const { value, mask, negated } of literals) {
    byteCount += value.length * (1 + Number(mask !== undefined) + Number(negated !== undefined));
  }
  const bytes = new Uint8Array(byteCount);
  let at = 0;
  const place = (part: Uint8Array | undefined): number => {
    if (part === undefined) return -1;
    bytes.set(part, at);
    at += part.length;
    return at - part.length;
  };
  literals.forEach((literal, id) => {
    const row = id * LITERAL_FIELDS;
    fields[row + LITERAL.value] = place(literal.value);
    fields[row + LITERAL.length] = literal.value.length;
    fields[row + LITERAL.mask] = place(literal.mask);
    fields[row + LITERAL.negation] = place(literal.negated);
    fields[row + LITERAL.firstUser] = users.length / USER_FIELDS;
    fields[row + LITERAL.userCount] = literal.users.length;
    for (const { target, flags, detail, rank } of literal.users) users.push(target, flags, detail, rank);
  });
  return { literals: fields, literalBytes: bytes, literalUsers: Int32Array.from(users) };
}

/**
 * Whether a filter can be true and whether it can be false, over everything that could ever be asked of it.
 *
 * The comparisons of one field are not independent: a process has one name. So for each field the rows of answers that its
 * comparisons can give together are listed, and the filter is tried on every combination of rows.
 *
 *   missing field             every comparison's answer is known
 *   each mentioned value      known; in each way of writing its case that the comparisons tell apart
 *   any other value           equal to none; the other comparisons (startswith, matches, …) give any answers that do not
 *                             contradict each other in a way that is plain to see
 *   a list                    what any number of entries give together
 *
 * The rows are never too few, and for `==`, `!=`, `in` and numbers they are exactly those that exist. So "always" is never
 * said of a filter that is not; of a filter with other comparisons it may go unnoticed.
 */
import { compare, foldCase } from './evaluate.ts';
import type { FieldValue, FieldValues } from './evaluate.ts';
import { fieldOf } from './fields.ts';
import type { Comparison, Filter, TextValue } from './filter-ast.ts';
import { comparisonsOf } from './filter-ast.ts';

export type Truth = 'always' | 'never' | 'sometimes' | 'unknown';

/** Combinations that are tried at most; a filter with more is `unknown`. */
const MAX_COMBINATIONS = 200_000;
const MAX_ROWS = 4_096;
const MAX_FREE = 12;

/** Fields whose values are known and do not vary. */
export interface FixedFields {
  readonly isFixed: (field: string) => boolean;
  readonly values: FieldValues;
}

/** O(combinations × length of the filter). */
export function truthOf(filter: Filter, fixed?: FixedFields): Truth {
  const byField = new Map<string, Comparison[]>();
  for (const comparison of comparisonsOf(filter)) {
    byField.set(comparison.field, [...(byField.get(comparison.field) ?? []), comparison]);
  }
  const choices: Choice[] = [];
  let combinations = 1;
  for (const [field, comparisons] of byField) {
    const isFixed = fixed?.isFixed(field) ?? false;
    const rows = isFixed ? [rowFor(comparisons, fixed?.values.get(field))] : rowsOf(field, comparisons);
    combinations *= rows?.length ?? Infinity;
    if (rows === undefined || combinations > MAX_COMBINATIONS) return 'unknown';
    choices.push({ comparisons, rows });
  }
  return tryAll(filter, choices);
}

interface Choice {
  readonly comparisons: readonly Comparison[];
  /** Each as one bit for each comparison. */
  readonly rows: readonly number[];
}

function tryAll(filter: Filter, choices: readonly Choice[]): Truth {
  const answers = new Map<Comparison, boolean>();
  /** Whether the filter was true, and false, of a combination so far. */
  const seen = new Set<boolean>();
  const choose = (depth: number): void => {
    const choice = choices[depth];
    if (choice === undefined) {
      seen.add(answer(filter, answers));
      return;
    }
    for (const row of choice.rows) {
      if (seen.size === 2) return;
      choice.comparisons.forEach((comparison, bit) => answers.set(comparison, ((row >>> bit) & 1) === 1));
      choose(depth + 1);
    }
  };
  choose(0);
  if (seen.size === 2) return 'sometimes';
  return seen.has(true) ? 'always' : 'never';
}

function answer(filter: Filter, answers: ReadonlyMap<Comparison, boolean>): boolean {
  switch (filter.kind) {
    case 'comparison':
      return answers.get(filter)!;
    case 'not':
      return !answer(filter.operand, answers);
    case 'and':
      return filter.operands.every((operand) => answer(operand, answers));
    case 'or':
      return filter.operands.some((operand) => answer(operand, answers));
  }
}

/** The rows of answers that a field's comparisons can give together; undefined where there are too many to list. */
function rowsOf(field: string, comparisons: readonly Comparison[]): number[] | undefined {
  if (comparisons.length > 30) return undefined;
  const type = fieldOf(field)?.type;
  if (type === 'number') return numberRows(comparisons);
  const rows = textRows(comparisons);
  return type === 'list' && rows !== undefined ? unionRows(comparisons, rows) : rows;
}

/** A number's answers change only at the values that are mentioned, so those and their neighbours are all there is. */
function numberRows(comparisons: readonly Comparison[]): number[] {
  const numbers = comparisons.flatMap(({ values }) =>
    values.flatMap((value) => (value.kind === 'number' ? [value.number - 1, value.number, value.number + 1] : [])),
  );
  const rows = numbers.filter((number) => number >= 0).map((number) => rowFor(comparisons, number));
  return [...new Set([rowFor(comparisons, undefined), ...rows])];
}

function textRows(comparisons: readonly Comparison[]): number[] | undefined {
  const rows = new Set([rowFor(comparisons, undefined)]);
  const mentioned = new Set(
    comparisons.filter(isEquality).flatMap(({ values }) => values.map((value) => (value as TextValue).text)),
  );
  for (const text of mentioned) {
    rows.add(rowFor(comparisons, text));
    // The same text in a case that nobody mentions: equal to what is compared without regard to case, and to no other.
    if (text.toLowerCase() === text.toUpperCase()) continue;
    if (!addRows(rows, comparisons, (comparison) => answerForOtherCase(comparison, text))) return undefined;
  }
  const isWhole = addRows(rows, comparisons, (comparison) =>
    isEquality(comparison) ? comparison.operator === '!=' : undefined,
  );
  return isWhole ? [...rows] : undefined;
}

function answerForOtherCase(comparison: Comparison, text: string): boolean | undefined {
  if (comparison.operator === 'matches' && !foldsAsTextDoes(comparison, text)) return undefined;
  if (!comparison.isCased) return compare(comparison, text);
  return isEquality(comparison) ? comparison.operator === '!=' : undefined;
}

/** A regex knows ASCII case only, and may turn to cased letters inside. */
function foldsAsTextDoes({ isCased, values: [value] }: Comparison, text: string): boolean {
  return !isCased && /^\p{ASCII}*$/u.test(text) && value?.kind === 'regex' && !value.source.includes('(?');
}

/** Adds every row that has the known answers; false when there are too many. */
function addRows(
  rows: Set<number>,
  comparisons: readonly Comparison[],
  known: (comparison: Comparison) => boolean | undefined,
): boolean {
  const given = comparisons.map(known);
  const free = given.flatMap((value, index) => (value === undefined ? [index] : []));
  if (free.length > MAX_FREE) return false;
  const base = given.reduce((row, value, index) => (value === true ? row | (1 << index) : row), 0);
  for (let choice = 0; choice < 1 << free.length; choice++) {
    const row = free.reduce((bits, index, at) => ((choice >>> at) & 1 ? bits | (1 << index) : bits), base);
    if (isPossible(row, comparisons, free)) rows.add(row);
    if (rows.size > MAX_ROWS) return false;
  }
  return true;
}

/** False when two of the free answers plainly contradict each other. */
function isPossible(row: number, comparisons: readonly Comparison[], free: readonly number[]): boolean {
  const isTrue = (index: number): boolean => ((row >>> index) & 1) === 1;
  return free.every((index) =>
    free.every((other) => {
      const [a, b] = [comparisons[index]!, comparisons[other]!];
      if (isTrue(index) && !isTrue(other) && implies(a, b)) return false;
      return !(isTrue(index) && isTrue(other) && excludes(a, b));
    }),
  );
}

/** Whether every text that the first is true of must make the second true; only what is plain to see. */
function implies(a: Comparison, b: Comparison): boolean {
  // Equal without regard to case says nothing about the case.
  if (b.isCased && !a.isCased) return false;
  const parts = partsOf(a, b.isCased);
  const wanted = partsOf(b, b.isCased);
  if (a.operator === 'matches' || b.operator === 'matches') {
    return a.operator === b.operator && a.isCased === b.isCased && sameRegex(a, b);
  }
  return parts.every((part) =>
    wanted.some((other) => {
      switch (b.operator) {
        case 'startswith':
          return a.operator === 'startswith' && part.startsWith(other);
        case 'endswith':
          return a.operator === 'endswith' && part.endsWith(other);
        default:
          return part.includes(other);
      }
    }),
  );
}

/** Whether no text can make both true: two beginnings, or two ends, of which neither goes on as the other. */
function excludes(a: Comparison, b: Comparison): boolean {
  if (a.operator !== b.operator || (a.operator !== 'startswith' && a.operator !== 'endswith')) return false;
  const isCased = a.isCased && b.isCased;
  const [part, other] = [partsOf(a, isCased)[0]!, partsOf(b, isCased)[0]!];
  return a.operator === 'startswith'
    ? !part.startsWith(other) && !other.startsWith(part)
    : !part.endsWith(other) && !other.endsWith(part);
}

function partsOf({ values }: Comparison, isCased: boolean): string[] {
  return values.flatMap((value) => (value.kind === 'text' ? [isCased ? value.text : foldCase(value.text)] : []));
}

function sameRegex(a: Comparison, b: Comparison): boolean {
  const [one, other] = [a.values[0]!, b.values[0]!];
  return one.kind === 'regex' && other.kind === 'regex' && one.source === other.source && one.dotAll === other.dotAll;
}

/** A list fits what one of its entries fits; `!=` is the opposite of that, so its bit is turned around meanwhile. */
function unionRows(comparisons: readonly Comparison[], rows: readonly number[]): number[] | undefined {
  const negated = comparisons.reduce(
    (bits, { operator }, index) => (operator === '!=' ? bits | (1 << index) : bits),
    0,
  );
  const positive = [...new Set(rows.map((row) => row ^ negated))];
  const unions = new Set([0]);
  for (const row of positive) {
    for (const union of [...unions]) unions.add(union | row);
    if (unions.size > MAX_ROWS) return undefined;
  }
  return [...unions].map((row) => row ^ negated);
}

function rowFor(comparisons: readonly Comparison[], value: FieldValue | undefined): number {
  return comparisons.reduce((row, comparison, index) => (compare(comparison, value) ? row | (1 << index) : row), 0);
}

function isEquality({ operator }: Comparison): boolean {
  return operator === '==' || operator === '!=' || operator === 'in';
}

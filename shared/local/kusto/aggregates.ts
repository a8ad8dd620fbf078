/**
 * Kusto's aggregates by name: from the values of their arguments in each row of a group to one value. Nulls are left out,
 * as the documentation of each says. `dcount` is exact here, while the service estimates from 10,000 values on.
 *
 * `arg_max`, `arg_min` and `take_any(*)` give several columns and are part of the summarize operator.
 */
import { isArray, TimeSpan } from './table.ts';
import type { Value } from './table.ts';
import { compareValues, groupKey } from './values.ts';

export interface Aggregate {
  /** How many arguments are evaluated in each row; those behind them, once. */
  readonly perRow: number;
  readonly compute: (varying: readonly (readonly Value[])[], fixed: readonly Value[], rows: number) => Value;
}

const ofOne = (compute: (values: readonly Value[], fixed: readonly Value[]) => Value): Aggregate => ({
  perRow: 1,
  compute: ([values], fixed) => compute(values!.filter(isThere), fixed),
});

/** The same over the rows in which a second argument is true. */
const ifTrue = (compute: (values: readonly Value[], fixed: readonly Value[]) => Value): Aggregate => ({
  perRow: 2,
  compute: ([values, conditions], fixed) =>
    compute(
      values!.filter((value, index) => conditions![index] === true && isThere(value)),
      fixed,
    ),
});

export const aggregates: Readonly<Record<string, Aggregate>> = {
  count: { perRow: 0, compute: (_varying, _fixed, rows) => rows },
  countif: { perRow: 1, compute: ([conditions]) => conditions!.filter((condition) => condition === true).length },
  dcount: ofOne((values) => distinct(values).length),
  dcountif: ifTrue((values) => distinct(values).length),
  sum: ofOne(sum),
  sumif: ifTrue(sum),
  avg: ofOne((values) => {
    const total = sum(values);
    if (values.length === 0) return null;
    if (total instanceof TimeSpan) return new TimeSpan(total.ticks / BigInt(values.length));
    return typeof total === 'number' ? total / values.length : null;
  }),
  min: ofOne((values) => extreme(values, -1)),
  max: ofOne((values) => extreme(values, 1)),
  minif: ifTrue((values) => extreme(values, -1)),
  maxif: ifTrue((values) => extreme(values, 1)),
  percentile: ofOne((values, [rank]) => percentile(values, rank ?? null)),
  make_set: ofOne((values, [most]) => limit(distinct(values.flatMap(takeApart)), most)),
  make_set_if: ifTrue((values, [most]) => limit(distinct(values.flatMap(takeApart)), most)),
  make_list: ofOne((values, [most]) => limit(values, most)),
  take_any: ofOne((values) => values[0] ?? null),
  take_anyif: ifTrue((values) => values[0] ?? null),
};

function isThere(value: Value): boolean {
  return value !== null;
}

function takeApart(value: Value): readonly Value[] {
  return isArray(value) ? value : [value];
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [groupKey(value), value])).values()];
}

const defaultSetSize = 1_048_576;

function limit(values: readonly Value[], most: Value | undefined): readonly Value[] {
  return values.slice(0, typeof most === 'number' ? most : defaultSetSize);
}

function sum(values: readonly Value[]): Value {
  if (values.some((value) => value instanceof TimeSpan)) {
    const spans = values.filter((value) => value instanceof TimeSpan);
    return new TimeSpan(spans.reduce((total, { ticks }) => total + ticks, 0n));
  }
  return values.reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0);
}

function extreme(values: readonly Value[], sign: number): Value {
  return values.reduce<Value>(
    (best, value) => (best === null || (compareValues(value, best) ?? 0) * sign > 0 ? value : best),
    null,
  );
}

/** The nearest value of that rank, as the service does it for few values. */
function percentile(values: readonly Value[], rank: Value): Value {
  const sorted = values.toSorted((left, right) => compareValues(left, right) ?? 0);
  if (sorted.length === 0 || typeof rank !== 'number') return null;
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? null;
}

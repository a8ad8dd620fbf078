/**
 * What queries work on: typed columns and rows of values. Datetimes and timespans are kept in ticks of 100 ns, as Kusto
 * keeps them. Numbers are JavaScript's: a long beyond 2^53 is refused where it comes in.
 */
import { SluiceError } from '../../base/errors.ts';

export type ScalarType = 'bool' | 'datetime' | 'dynamic' | 'guid' | 'int' | 'long' | 'real' | 'string' | 'timespan';

export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

export class DateTime {
  /** Since 1970-01-01, in 100 ns. */
  readonly ticks: bigint;

  constructor(ticks: bigint) {
    this.ticks = ticks;
  }
}

export class TimeSpan {
  /** In 100 ns; may be negative. */
  readonly ticks: bigint;

  constructor(ticks: bigint) {
    this.ticks = ticks;
  }
}

/** A string is never null, as in Kusto: what is missing is `''`. */
export type Value = null | boolean | number | string | DateTime | TimeSpan | readonly Value[] | Bag;

export interface Bag {
  readonly [name: string]: Value;
}

/** When the row came into its table: only rows of a table as it is stored have it. */
export const ingestionTime = Symbol('ingestion time');

export interface Row {
  readonly [ingestionTime]?: DateTime;
  readonly [column: string]: Value;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** The query is faulty, or asks for what this evaluator does not know. Code `KUSTO_QUERY`. */
export class KustoError extends SluiceError {
  readonly code = 'KUSTO_QUERY';
}

/** The longest intermediate table. */
export const maximumRows = 1_000_000;

export function isBag(value: Value): value is Bag {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof DateTime) &&
    !(value instanceof TimeSpan)
  );
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

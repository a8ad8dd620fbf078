/**
 * Runs a Kusto query over rows in memory: what the local stack computes incidents with, and what tests ask how the
 * Sentinel content answers. It knows the part of the language that the content uses; an operator, a function or a form
 * that it does not know is an error that names it, never a wrong answer.
 *
 * Where Kusto leaves a choice (which of equal rows `arg_max` takes, the order of unsorted rows), the first row in the
 * order of the input is taken. Rows and intermediate results are all in memory.
 */
import { letStatements } from './expression.ts';
import { runTable } from './operators.ts';
import { part, unknown } from './scope.ts';
import type { Scope } from './scope.ts';
import { readQuery } from './syntax.ts';
import type { KustoFunction } from './syntax.ts';
import { ingestionTime, KustoError } from './table.ts';
import type { Column, Row, Table, Value } from './table.ts';
import { fromDate } from './time.ts';
import { convertTo, fromJson, toJson } from './values.ts';

export interface QueryTable {
  readonly name: string;
  /** Types as Log Analytics or as KQL calls them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Values as JSON holds them; a column that a row lacks is empty. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** When the row with this index came in, which `ingestion_time()` gives; null unless given. */
  readonly ingestedAt?: (index: number) => Date;
}

export interface QueryContext {
  readonly tables: readonly QueryTable[];
  readonly functions?: readonly KustoFunction[];
}

/** A row as JSON holds it: times and timespans as Kusto prints them, what is missing null or `''`. */
export type ResultRow = Readonly<Record<string, unknown>>;

export interface QueryResult {
  readonly columns: readonly Column[];
  readonly rows: readonly ResultRow[];
}

/**
 * The result of the query as of `now`. Throws `KustoError` when the query does not bind to the tables and functions, or
 * uses what the evaluator does not know.
 */
export function runQuery(text: string, { tables, functions = [] }: QueryContext, now: Date): QueryResult {
  const { tree, errors } = readQuery(text, tables, functions);
  if (errors.length > 0) throw new KustoError(errors.join('\n'));
  const statements = part(tree, 'Statements').items;
  const last = statements.at(-1);
  if (last?.kind !== 'ExpressionStatement') return unknown(last ?? tree);
  const root: Scope = {
    now: fromDate(now),
    tables: new Map(tables.map((table) => [table.name, readTable(table)])),
    names: new Map(),
    runTable,
  };
  const { columns, rows } = runTable(last, letStatements(statements.slice(0, -1), root));
  return {
    columns,
    rows: rows.map((row) => Object.fromEntries(columns.map(({ name }) => [name, toJson(row[name] ?? null)]))),
  };
}

const types: Readonly<Record<string, Column['type']>> = {
  bool: 'bool',
  boolean: 'bool',
  dateTime: 'datetime',
  datetime: 'datetime',
  dynamic: 'dynamic',
  guid: 'guid',
  int: 'int',
  long: 'long',
  real: 'real',
  string: 'string',
  timespan: 'timespan',
};

function readTable({ name, columns: given, rows, ingestedAt }: QueryTable): Table {
  const columns = given.map((column) => {
    const type = types[column.type];
    if (type === undefined) throw new KustoError(`${name}.${column.name} has no type ${column.type}`);
    return { name: column.name, type };
  });
  return {
    columns,
    rows: rows.map((row, index): Row => {
      const values = Object.fromEntries(columns.map((column) => [column.name, readValue(row[column.name], column)]));
      return ingestedAt === undefined ? values : { ...values, [ingestionTime]: fromDate(ingestedAt(index)) };
    }),
  };
}

function readValue(given: unknown, { name, type }: Column): Value {
  const value = fromJson(given);
  if (value === null) return type === 'string' ? '' : null;
  const converted = convertTo(value, type);
  if (converted === null) throw new KustoError(`${JSON.stringify(given)} is no ${type}, as ${name} is`);
  return converted;
}

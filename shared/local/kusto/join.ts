/**
 * `join` and `lookup` on equal columns. Keys that are null equal nothing. Columns of the result are the left side's and then
 * the right side's, by place; `lookup` leaves the right side's keys out. Without a kind, `join` keeps one left row for each
 * key (`innerunique`), as Kusto does.
 */
import { nameOf, parametersOf, part, unknown } from './scope.ts';
import type { Syntax } from './syntax.ts';
import { KustoError } from './table.ts';
import type { Column, Row, Table, Value } from './table.ts';
import { groupKey } from './values.ts';

interface Key {
  readonly left: string;
  readonly right: string;
}

/** Throws `KustoError` for a kind or a condition that it does not know. */
export function joinTables(node: Syntax, left: Table, right: Table, columns: readonly Column[]): Table {
  const kind = parametersOf(node).get('kind') ?? 'innerunique';
  const keys = readKeys(part(node, 'ConditionClause'));
  const rightOf = finder(right, keys, 'right', 'left');
  switch (kind) {
    case 'innerunique':
      return combine(uniqueByKey(left, keys), right, rightOf, columns, false);
    case 'inner':
      return combine(left, right, rightOf, columns, false);
    case 'leftouter':
      return combine(left, right, rightOf, columns, true);
    case 'leftsemi':
      return { columns, rows: left.rows.filter((row) => rightOf(row).length > 0) };
    case 'leftanti':
    case 'anti':
      return { columns, rows: left.rows.filter((row) => rightOf(row).length === 0) };
    default:
      throw new KustoError(`the evaluator does not know join kind=${kind}`);
  }
}

/** Throws like `joinTables`. */
export function lookUp(node: Syntax, left: Table, right: Table, columns: readonly Column[]): Table {
  const kind = parametersOf(node).get('kind') ?? 'leftouter';
  if (kind !== 'leftouter' && kind !== 'inner') {
    throw new KustoError(`the evaluator does not know lookup kind=${kind}`);
  }
  const keys = readKeys(part(node, 'LookupClause'));
  const others = right.columns.filter(({ name }) => !keys.some((key) => key.right === name));
  const rightOf = finder(right, keys, 'right', 'left');
  return combine(left, { ...right, columns: others }, rightOf, columns, kind === 'leftouter');
}

function readKeys(clause: Syntax): Key[] {
  if (clause.kind !== 'JoinOnClause') return unknown(clause);
  return part(clause, 'Expressions').items.map((item) => {
    if (item.kind === 'NameReference') return { left: nameOf(item), right: nameOf(item) };
    if (item.kind !== 'EqualExpression') return unknown(item);
    const sides = [part(item, 'Left'), part(item, 'Right')].map((side) => ({
      side: nameOf(part(side, 'Expression')),
      name: nameOf(part(side, 'Selector')),
    }));
    const left = sides.find(({ side }) => side === '$left') ?? unknown(item);
    const right = sides.find(({ side }) => side === '$right') ?? unknown(item);
    return { left: left.name, right: right.name };
  });
}

/** Undefined where a key is null. */
function keyOf(row: Row, names: readonly string[]): string | undefined {
  const values: Value[] = names.map((name) => row[name] ?? null);
  return values.includes(null) ? undefined : JSON.stringify(values.map(groupKey));
}

/** From a row of one side to the rows of the other that have the same keys. O(rows) once, then O(1). */
function finder(
  table: Table,
  keys: readonly Key[],
  side: 'left' | 'right',
  other: 'left' | 'right',
): (row: Row) => readonly Row[] {
  const byKey = new Map<string, Row[]>();
  for (const row of table.rows) {
    const key = keyOf(
      row,
      keys.map((each) => each[side]),
    );
    if (key === undefined) continue;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [row]);
    else same.push(row);
  }
  const names = keys.map((each) => each[other]);
  return (row) => byKey.get(keyOf(row, names) ?? '') ?? [];
}

function uniqueByKey(table: Table, keys: readonly Key[]): Table {
  const names = keys.map((each) => each.left);
  const byKey = new Map(table.rows.toReversed().map((row) => [keyOf(row, names) ?? Symbol('null'), row]));
  return { ...table, rows: [...byKey.values()].toReversed() };
}

function combine(
  left: Table,
  right: Table,
  rightOf: (row: Row) => readonly Row[],
  columns: readonly Column[],
  isOuter: boolean,
): Table {
  const sources = [...left.columns.map(({ name }) => name), ...right.columns.map(({ name }) => name)];
  if (sources.length !== columns.length) {
    throw new KustoError(`a join of ${sources.length} columns cannot give ${columns.length}`);
  }
  const rows = left.rows.flatMap((row) => {
    const partners = rightOf(row);
    const pairs: readonly (Row | undefined)[] = partners.length === 0 && isOuter ? [undefined] : partners;
    return pairs.map((partner) =>
      Object.fromEntries(
        columns.map(({ name, type }, index) => {
          const from = index < left.columns.length ? row : partner;
          return [name, from?.[sources[index]!] ?? (type === 'string' ? '' : null)];
        }),
      ),
    );
  });
  return { columns, rows };
}

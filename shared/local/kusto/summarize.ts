/**
 * `summarize`: rows gathered by keys, and for each group what the aggregates say. Without keys there is one group, even
 * over no rows. The result's columns are the keys and then those of each aggregate, in order.
 */
import { evaluate } from './expression.ts';
import { nameOf, part, unknown, withRow } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Syntax } from './syntax.ts';
import type { Column, Row, Table, Value } from './table.ts';
import { compareValues, groupKey } from './values.ts';

export function summarize(node: Syntax, input: Table, scope: Scope): Table {
  const columns = node.columns ?? unknown(node);
  const keys = (node.parts['ByClause'] === undefined ? [] : part(part(node, 'ByClause'), 'Expressions').items).map(
    expressionOf,
  );
  const calls = part(node, 'Aggregates').items.map(expressionOf);
  const groups = new Map<string, { readonly values: readonly Value[]; readonly rows: Row[] }>();
  if (keys.length === 0) groups.set('', { values: [], rows: [...input.rows] });
  else {
    for (const row of input.rows) {
      const values = keys.map((key) => evaluate(key, withRow(scope, row)));
      const id = JSON.stringify(values.map(groupKey));
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { values, rows: [row] });
      else group.rows.push(row);
    }
  }
  const rows = [...groups.values()].map((group) => {
    const values = [...group.values, ...calls.flatMap((call) => aggregate(call, group.rows, scope))];
    return Object.fromEntries(columns.map(({ name, type }, index) => [name, orEmpty(values[index] ?? null, type)]));
  });
  return { columns, rows };
}

function orEmpty(value: Value, type: Column['type']): Value {
  return value === null && type === 'string' ? '' : value;
}

function expressionOf(item: Syntax): Syntax {
  return item.kind === 'SimpleNamedExpression' || item.kind === 'CompoundNamedExpression'
    ? part(item, 'Expression')
    : item;
}

/** One value, or several for what takes a whole row along. */
function aggregate(call: Syntax, rows: readonly Row[], scope: Scope): readonly Value[] {
  if (call.columns === undefined) return [evaluate(call, { ...scope, row: undefined, group: rows })];
  if (call.kind !== 'FunctionCallExpression') return unknown(call);
  const given = part(part(call, 'ArgumentList'), 'Expressions').items;
  const [extreme, ...others] = given;
  if (extreme === undefined) return unknown(call);
  switch (nameOf(part(call, 'Name'))) {
    case 'arg_max':
      return carry(call.columns, extreme, others, rows, scope, 1);
    case 'arg_min':
      return carry(call.columns, extreme, others, rows, scope, -1);
    case 'take_any':
      return call.columns.map(({ name }) => rows[0]?.[name] ?? null);
    default:
      return unknown(call);
  }
}

/** The extreme, and from the row that has it the other columns. Of equal rows the first counts; the service takes any. */
function carry(
  columns: readonly Column[],
  extreme: Syntax,
  others: readonly Syntax[],
  rows: readonly Row[],
  scope: Scope,
  sign: number,
): readonly Value[] {
  let best: { readonly row: Row; readonly value: Value } | undefined;
  for (const row of rows) {
    const value = evaluate(extreme, withRow(scope, row));
    const isBetter =
      best === undefined || (best.value === null ? value !== null : (compareValues(value, best.value) ?? 0) * sign > 0);
    if (isBetter) best = { row, value };
  }
  if (best === undefined) return columns.map(() => null);
  const { row, value } = best;
  if (others.length === 1 && others[0]!.kind === 'StarExpression') {
    return [value, ...columns.slice(1).map(({ name }) => row[name] ?? null)];
  }
  return [value, ...others.map((other) => evaluate(other, withRow(scope, row)))];
}

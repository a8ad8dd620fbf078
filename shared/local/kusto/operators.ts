/**
 * Runs what yields a table: names of tables, functions, datatables, and the operators behind `|`. The columns of each
 * result, with their order and names, are those that the language service found; values are matched to them by place.
 */
import { joinTables, lookUp } from './join.ts';
import { callScope, evaluate, holds } from './expression.ts';
import { nameOf, parametersOf, part, unknown, withRow } from './scope.ts';
import type { Scope } from './scope.ts';
import { summarize } from './summarize.ts';
import type { Syntax } from './syntax.ts';
import { DateTime, ingestionTime, KustoError, maximumRows } from './table.ts';
import type { Column, Row, Table, Value } from './table.ts';
import { compareValues, convertTo, groupKey } from './values.ts';

/** Throws `KustoError` for an operator that it does not know. */
export function runTable(node: Syntax, scope: Scope): Table {
  const table = runNode(node, scope);
  if (table.rows.length > maximumRows) {
    throw new KustoError(`more than ${maximumRows} rows`, { where: node.text.slice(0, 80) });
  }
  return table;
}

function runNode(node: Syntax, scope: Scope): Table {
  switch (node.kind) {
    case 'ParenthesizedExpression':
    case 'MaterializeExpression':
    case 'ExpressionStatement':
      return runTable(part(node, 'Expression'), scope);
    case 'PipeExpression': {
      const input = runTable(part(node, 'Expression'), scope);
      return runOperator(part(node, 'Operator'), input, scope);
    }
    case 'NameReference':
      return tableOf(nameOf(node), node, scope);
    case 'FunctionCallExpression':
      return callFunction(node, scope);
    case 'DataTableExpression':
      return readDataTable(node, scope);
    case 'UnionOperator':
      return union(node, [], scope);
    case 'PrintOperator':
      return printRow(node, scope);
    default:
      return unknown(node);
  }
}

function tableOf(name: string, node: Syntax, scope: Scope): Table {
  const binding = scope.names.get(name)?.();
  if (binding?.kind === 'table') return binding.table;
  if (binding?.kind === 'function') return runBody(binding.declaration, callScope(binding, [], scope));
  const table = scope.tables.get(name);
  if (table === undefined) throw new KustoError(`there is no table ${name}`, { where: node.text.slice(0, 80) });
  return table;
}

function callFunction(node: Syntax, scope: Scope): Table {
  const name = nameOf(part(node, 'Name'));
  const binding = scope.names.get(name)?.();
  if (binding?.kind !== 'function') {
    throw new KustoError(`there is no function ${name}`, { where: node.text.slice(0, 80) });
  }
  const given = part(part(node, 'ArgumentList'), 'Expressions').items;
  return runBody(binding.declaration, callScope(binding, given, scope));
}

function runBody(declaration: Syntax, scope: Scope): Table {
  return runTable(part(part(declaration, 'Body'), 'Expression'), scope);
}

function readDataTable(node: Syntax, scope: Scope): Table {
  const columns = columnsOf(node);
  const values = part(node, 'Values').items.map((item) => evaluate(item, scope));
  const count = columns.length === 0 ? 0 : Math.floor(values.length / columns.length);
  const rows = Array.from({ length: count }, (_, row) =>
    Object.fromEntries(
      columns.map(({ name, type }, index) => [name, convertTo(values[row * columns.length + index] ?? null, type)]),
    ),
  );
  return { columns, rows };
}

function printRow(node: Syntax, scope: Scope): Table {
  const columns = columnsOf(node);
  const values = part(node, 'Expressions').items.map((item) => evaluate(valueOf(item), scope));
  return { columns, rows: [Object.fromEntries(columns.map(({ name }, index) => [name, values[index] ?? null]))] };
}

function runOperator(node: Syntax, input: Table, scope: Scope): Table {
  switch (node.kind) {
    case 'FilterOperator': {
      const condition = part(node, 'Condition');
      return { ...input, rows: input.rows.filter((row) => holds(condition, withRow(scope, row))) };
    }
    case 'ExtendOperator':
      return extend(node, input, scope);
    case 'ProjectOperator':
      return project(node, input, scope);
    case 'ProjectAwayOperator':
    case 'ProjectKeepOperator':
    case 'ProjectReorderOperator':
      return pick(columnsOf(node), input);
    case 'ProjectRenameOperator':
      return rename(node, input);
    case 'DistinctOperator':
      return distinct(pick(columnsOf(node), input));
    case 'SummarizeOperator':
      return summarize(node, input, scope);
    case 'SortOperator':
      return { ...input, rows: sortRows(part(node, 'Expressions').items, input.rows, scope) };
    case 'TopOperator': {
      const rows = sortRows([part(node, 'ByExpression')], input.rows, scope);
      return { ...input, rows: rows.slice(0, countOf(part(node, 'Expression'), scope)) };
    }
    case 'TakeOperator':
      return { ...input, rows: input.rows.slice(0, countOf(part(node, 'Expression'), scope)) };
    case 'CountOperator':
      return { columns: columnsOf(node), rows: [{ [columnsOf(node)[0]!.name]: input.rows.length }] };
    case 'JoinOperator':
      return joinTables(node, input, runTable(part(node, 'Expression'), scope), columnsOf(node));
    case 'LookupOperator':
      return lookUp(node, input, runTable(part(node, 'Expression'), scope), columnsOf(node));
    case 'UnionOperator':
      return union(node, [input], scope);
    // They say how a result is shown or kept, not what it holds.
    case 'RenderOperator':
    case 'SerializeOperator':
      return input;
    default:
      return unknown(node);
  }
}

function columnsOf(node: Syntax): readonly Column[] {
  return node.columns ?? unknown(node);
}

function valueOf(item: Syntax): Syntax {
  return item.kind === 'SimpleNamedExpression' ? part(item, 'Expression') : item;
}

function extend(node: Syntax, input: Table, scope: Scope): Table {
  const items = part(node, 'Expressions').items.map((item) => {
    if (item.kind !== 'SimpleNamedExpression') return unknown(item);
    return { name: nameOf(part(item, 'Name')), value: part(item, 'Expression') };
  });
  const rows = input.rows.map((row) => {
    const inner = withRow(scope, row);
    return { ...row, ...Object.fromEntries(items.map(({ name, value }) => [name, evaluate(value, inner)])) };
  });
  return { columns: columnsOf(node), rows };
}

function project(node: Syntax, input: Table, scope: Scope): Table {
  const columns = columnsOf(node);
  const items = part(node, 'Expressions').items.map(valueOf);
  const rows = input.rows.map((row) => {
    const inner = withRow(scope, row);
    return keepTime(row, Object.fromEntries(items.map((item, index) => [columns[index]!.name, evaluate(item, inner)])));
  });
  return { columns, rows };
}

function keepTime(from: Row, row: Row): Row {
  const time = from[ingestionTime];
  return time instanceof DateTime ? { ...row, [ingestionTime]: time } : row;
}

function pick(columns: readonly Column[], input: Table): Table {
  const names = columns.map(({ name }) => name);
  const rows = input.rows.map((row) =>
    keepTime(row, Object.fromEntries(names.map((name) => [name, row[name] ?? emptyOf(name, columns)]))),
  );
  return { columns, rows };
}

function emptyOf(name: string, columns: readonly Column[]): Value {
  return columns.find((column) => column.name === name)?.type === 'string' ? '' : null;
}

function rename(node: Syntax, input: Table): Table {
  const columns = columnsOf(node);
  const rows = input.rows.map((row) =>
    keepTime(
      row,
      Object.fromEntries(columns.map(({ name }, index) => [name, row[input.columns[index]!.name] ?? null])),
    ),
  );
  return { columns, rows };
}

function distinct(table: Table): Table {
  const seen = new Map<string, Row>();
  for (const row of table.rows) {
    const key = JSON.stringify(table.columns.map(({ name }) => groupKey(row[name] ?? null)));
    if (!seen.has(key)) seen.set(key, Object.fromEntries(table.columns.map(({ name }) => [name, row[name] ?? null])));
  }
  return { ...table, rows: [...seen.values()] };
}

interface Ordering {
  readonly value: Syntax;
  readonly sign: number;
  readonly nullsFirst: boolean;
}

/** Down unless `asc` is said; nulls count as the least unless it is said where they go. */
function readOrdering(item: Syntax): Ordering {
  if (item.kind !== 'OrderedExpression') return { value: item, sign: -1, nullsFirst: false };
  const ordering = item.parts['Ordering'];
  const isUp = ordering?.parts['AscOrDescKeyword']?.text === 'asc';
  const nulls = ordering?.parts['NullsClause']?.parts['FirstOrLastKeyword']?.text;
  const nullsFirst = nulls === undefined ? isUp : nulls === 'first';
  return { value: part(item, 'Expression'), sign: isUp ? 1 : -1, nullsFirst };
}

function sortRows(items: readonly Syntax[], rows: readonly Row[], scope: Scope): Row[] {
  const orderings = items.map(readOrdering);
  const keyed = rows.map((row) => ({
    row,
    keys: orderings.map(({ value }) => evaluate(value, withRow(scope, row))),
  }));
  keyed.sort((left, right) => {
    for (const [index, { sign, nullsFirst }] of orderings.entries()) {
      const [one, other] = [left.keys[index] ?? null, right.keys[index] ?? null];
      if (one === null || other === null) {
        if (one === other) continue;
        return (one === null) === nullsFirst ? -1 : 1;
      }
      const order = (compareValues(one, other) ?? 0) * sign;
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function countOf(node: Syntax, scope: Scope): number {
  const count = evaluate(node, scope);
  if (typeof count !== 'number') throw new KustoError(`${node.text} is no number of rows`);
  return count;
}

function union(node: Syntax, inputs: readonly Table[], scope: Scope): Table {
  // Legs of a fuzzy union that are not there were left out when the query was read.
  const odd = [...parametersOf(node).keys()].find((name) => name !== 'isfuzzy');
  if (odd !== undefined) throw new KustoError(`the evaluator does not know union ${odd}`);
  const columns = columnsOf(node);
  const legs = part(node, 'Expressions').items.map((leg) => runTable(leg, scope));
  const rows = [...inputs, ...legs].flatMap((leg) => {
    const other = leg.columns.find(
      ({ name, type }) => !columns.some((each) => each.name === name && each.type === type),
    );
    if (other !== undefined) throw new KustoError(`the legs of the union do not agree about ${other.name}`);
    return pick(columns, leg).rows;
  });
  return { columns, rows };
}

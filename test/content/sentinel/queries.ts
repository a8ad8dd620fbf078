/**
 * Checks the queries of a folder like infra/: that they bind with Microsoft's language service, whichever of the tables are
 * there, and that they yield what rules, hunting queries and alerts take from them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOf } from '../../../infra/sentinel/analytic-rule.ts';
import type { AnalyticRule } from '../../../infra/sentinel/analytic-rule.ts';
import { readContent } from '../../../infra/sentinel/build.ts';
import type { Content } from '../../../infra/sentinel/build.ts';
import { formatDuration, parseDuration } from '../../../infra/sentinel/duration.ts';
import { functionParameters } from '../../../infra/sentinel/reader-function.ts';
import { readQuery } from '../../../shared/local/kusto/syntax.ts';
import type { KustoFunction, KustoTable, Reading, Syntax } from '../../../shared/local/kusto/syntax.ts';
import { readTables } from '../infra/columns.ts';
import { microsoftTables } from './microsoft-tables.ts';

export function readSentinel(folder: string): Content {
  return readContent(join(folder, 'sentinel'));
}

export function functionsOf({ functions }: Content): KustoFunction[] {
  return functions.map((each) => ({
    name: each.FunctionAlias,
    parameters: functionParameters(each),
    body: each.FunctionQuery,
  }));
}

/** What is wrong with the rules' queries: where every table is there, where only ours are, and where none is yet. */
export function ruleQueryFaults(folder: string): string[] {
  const own = readTables(folder);
  const content = readSentinel(folder);
  return content.rules.flatMap((rule) => {
    // A leg of a fuzzy union that is not there is left out, as the service does.
    const complete = readQuery(rule.query, [...own, ...microsoftTables], functionsOf(content));
    const withoutOthers = readQuery(rule.query, own);
    const first = readQuery(rule.query, []);
    return [
      ...[...complete.errors, ...complete.warnings, ...columnFaults(rule, complete)],
      ...[...withoutOthers.errors, ...columnFaults(rule, withoutOthers)].map(
        (fault) => `without Microsoft's tables: ${fault}`,
      ),
      ...[...first.errors, ...columnFaults(rule, first)].map((fault) => `before the first row: ${fault}`),
      ...standInFaults(complete.tree),
      ...windowFaults(rule),
    ].map((fault) => `${rule.name}: ${fault}`);
  });
}

/** What is wrong with the hunting queries: they too must run where Microsoft's tables are not there. */
export function huntingQueryFaults(folder: string): string[] {
  const own = readTables(folder);
  const content = readSentinel(folder);
  return content.huntingQueries.flatMap((hunt) => {
    const complete = readQuery(hunt.query, [...own, ...microsoftTables], functionsOf(content));
    const withoutOthers = readQuery(hunt.query, own, functionsOf(content));
    const mapped = hunt.entityMappings.flatMap(({ fieldMappings }) => fieldMappings.map((field) => field.columnName));
    return [
      ...[...complete.errors, ...complete.warnings, ...missing(mapped, complete), ...textFaults(mapped, complete)],
      ...[...withoutOthers.errors, ...missing(mapped, withoutOthers)].map(
        (fault) => `without Microsoft's tables: ${fault}`,
      ),
      ...standInFaults(complete.tree),
    ].map((fault) => `${hunt.name}: ${fault}`);
  });
}

/** What is wrong with the queries of the workbooks. */
export function workbookFaults(folder: string): string[] {
  const content = readSentinel(folder);
  return content.workbooks.flatMap(({ charts }) =>
    charts.flatMap(({ title, query }) => {
      const { errors, warnings, columns } = readQuery(
        query,
        [...readTables(folder), ...microsoftTables],
        functionsOf(content),
      );
      const bags = [...columns].filter(([, type]) => type === 'dynamic').map(([name]) => `${name} is no single value`);
      return [...errors, ...warnings, ...bags].map((fault) => `${title}: ${fault}`);
    }),
  );
}

/** What is wrong with the functions: they must bind, and a reader must yield every column of the table it reads. */
export function functionFaults(folder: string): string[] {
  const tables = readTables(folder);
  const functions = functionsOf(readSentinel(folder));
  return functions.flatMap(({ name }) => {
    const { errors, warnings, columns } = readQuery(`${name}()`, tables, functions);
    const table = tables.find((each) => each.name === `${name}_CL`);
    const lost = table?.columns.filter((column) => !columns.has(column.name)) ?? [];
    return [...errors, ...warnings, ...lost.map((column) => `it yields no ${column.name}`)].map(
      (fault) => `${name}: ${fault}`,
    );
  });
}

/** The transformation that the data collection rule makes of each stream: it must yield the table's columns. */
export function transformFaults(folder: string): string[] {
  const text = readFileSync(join(folder, 'modules/ingestion.bicep'), 'utf8');
  const transforms = [...text.matchAll(/transformKql: '([^']*)'/g)].map((match) => match[1]!);
  if (transforms.length === 0) return ['no transformKql in ingestion.bicep'];
  return transforms.flatMap((transform) =>
    readTables(folder).flatMap((table) => {
      const { errors, columns } = readQuery(transform, [{ ...table, name: 'source' }]);
      const lost = table.columns.filter(({ name }) => !columns.has(name)).map(({ name }) => `it loses ${name}`);
      return [...errors, ...lost].map((fault) => `${table.name}: ${fault}`);
    }),
  );
}

/** A stand-in with a column that the table has not got would hide that the query asks for it in vain. */
function standInFaults(node: Syntax): string[] {
  const faults = [...Object.values(node.parts), ...node.items].flatMap(standInFaults);
  if (node.kind !== 'UnionOperator') return faults;
  const legs = node.parts['Expressions']!.items.map(withoutParentheses);
  const standIn = legs.find(({ kind }) => kind === 'DataTableExpression');
  const columns = legs.filter((leg) => leg !== standIn).flatMap((leg) => leg.columns ?? []);
  return [
    ...faults,
    ...(standIn?.columns ?? [])
      .map(({ name, type }) => ({ name, type, given: columns.find((column) => column.name === name)?.type }))
      .filter(({ type, given }) => given !== type)
      .map(({ name, type, given }) => `a stand-in has ${name}: ${type}, the table ${given ?? 'has it not'}`),
  ];
}

function withoutParentheses(node: Syntax): Syntax {
  return node.kind === 'ParenthesizedExpression' ? withoutParentheses(node.parts['Expression']!) : node;
}

const simpleTypes = ['string', 'long', 'int', 'real', 'bool', 'datetime', 'timespan', 'guid'];

/** How the columns that a query yields differ from what the rule takes from it. */
function columnFaults(rule: AnalyticRule, reading: Reading): string[] {
  const taken = columnsOf(rule);
  const texts = [
    ...rule.entityMappings.flatMap(({ fieldMappings }) => fieldMappings.map(({ columnName }) => columnName)),
    rule.alertDetailsOverride.alertSeverityColumnName,
  ];
  return [
    ...missing(taken, reading),
    ...textFaults(texts, reading),
    ...taken
      .filter((name) => !simpleTypes.includes(reading.columns.get(name) ?? 'string'))
      .map((name) => `${name} is ${reading.columns.get(name)!}, which an alert cannot show`),
  ];
}

function missing(names: readonly string[], { columns }: Reading): string[] {
  return names.filter((name) => !columns.has(name)).map((name) => `the query yields no ${name}`);
}

function textFaults(names: readonly string[], { columns }: Reading): string[] {
  return names
    .filter((name) => (columns.get(name) ?? 'string') !== 'string')
    .map((name) => `${name} is ${columns.get(name)!}, not string`);
}

/** A window that is not as long as the time between two runs loses rows or raises them twice. */
function windowFaults(rule: AnalyticRule): string[] {
  const window = /let window = (\w+);/.exec(rule.query)?.[1] ?? '';
  const periods = [...rule.query.matchAll(/TimeGenerated > ago\((\w+)\)/g)].map((match) => match[1]!);
  return [
    ...(parseDuration(window) === rule.queryFrequency
      ? []
      : [`window is ${window}, queryFrequency ${formatDuration(rule.queryFrequency)}`]),
    ...(periods.length === 0 ? ['it does not say how far it looks back'] : []),
    ...periods
      .filter((period) => parseDuration(period) !== rule.queryPeriod)
      .map((period) => `looks back ${period}, queryPeriod ${formatDuration(rule.queryPeriod)}`),
  ];
}

/** Every table that a query may be run on, for a test that runs one. */
export function tablesOf(folder: string): KustoTable[] {
  return [...readTables(folder), ...microsoftTables];
}

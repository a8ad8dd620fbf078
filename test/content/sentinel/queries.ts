/** Checks the queries of a folder like infra/: that they bind, and that they yield what the rules take from them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { analyticRule, columnsOf } from '../../../infra/sentinel/analytic-rule.ts';
import type { AnalyticRule } from '../../../infra/sentinel/analytic-rule.ts';
import { formatDuration, parseDuration } from '../../../infra/sentinel/duration.ts';
import { readerFunction } from '../../../infra/sentinel/reader-function.ts';
import type { ReaderFunction } from '../../../infra/sentinel/reader-function.ts';
import { readQuery } from '../../../shared/local/kusto/syntax.ts';
import type { KustoTable, Reading, Syntax } from '../../../shared/local/kusto/syntax.ts';
import { readTables } from '../infra/columns.ts';

/** As much of Azure's own table as queries here use. Source: Azure Monitor reference, StorageBlobLogs. */
export const storageBlobLogs: KustoTable = {
  name: 'StorageBlobLogs',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'AccountName', type: 'string' },
    { name: 'Category', type: 'string' },
    { name: 'OperationName', type: 'string' },
    { name: 'Etag', type: 'string' },
    { name: 'CallerIpAddress', type: 'string' },
    { name: 'AuthenticationType', type: 'string' },
    { name: 'RequesterObjectId', type: 'string' },
    { name: 'UserAgentHeader', type: 'string' },
  ],
};

export function readRules(folder: string): AnalyticRule[] {
  return readYaml(join(folder, 'sentinel/analytic-rules')).map((content) => analyticRule.parse(content));
}

export function readReaders(folder: string): ReaderFunction[] {
  return readYaml(join(folder, 'sentinel/parsers')).map((content) => readerFunction.parse(content));
}

function readYaml(folder: string): unknown[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => parse(readFileSync(join(folder, file), 'utf8')) as unknown);
}

/** What is wrong with the rules' queries where every table is there, where only ours are, and where none is yet. */
export function ruleQueryFaults(folder: string): string[] {
  const own = readTables(folder);
  const all = [...own, storageBlobLogs];
  return readRules(folder).flatMap((rule) => {
    const { query } = rule;
    // A leg of a fuzzy union that is not there is left out, as the service does.
    const complete = readQuery(query, all);
    const withoutLogs = readQuery(query, own);
    const first = readQuery(query, []);
    return [
      ...[...complete.errors, ...complete.warnings, ...columnFaults(rule, complete)],
      ...[...withoutLogs.errors, ...columnFaults(rule, withoutLogs)].map(
        (fault) => `without StorageBlobLogs: ${fault}`,
      ),
      ...[...first.errors, ...columnFaults(rule, first)].map((fault) => `before the first row: ${fault}`),
      ...standInFaults(complete.tree),
      ...windowFaults(rule),
    ];
  });
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

/** How the columns that a query yields differ from what the rule takes from it. */
function columnFaults(rule: AnalyticRule, { columns }: Reading): string[] {
  const taken = columnsOf(rule);
  const texts = [
    ...rule.entityMappings.flatMap(({ fieldMappings }) => fieldMappings.map(({ columnName }) => columnName)),
    rule.alertDetailsOverride.alertSeverityColumnName,
  ];
  const simpleTypes = ['string', 'long', 'int', 'real', 'bool', 'datetime', 'guid'];
  return [
    ...taken.filter((name) => !columns.has(name)).map((name) => `the query yields no ${name}`),
    ...texts
      .filter((name) => (columns.get(name) ?? 'string') !== 'string')
      .map((name) => `${name} is ${columns.get(name)!}, not string`),
    ...taken
      .filter((name) => columns.has(name) && !simpleTypes.includes(columns.get(name)!))
      .map((name) => `${name} is ${columns.get(name)!}, which an alert cannot show`),
  ];
}

/** A window that is not as long as the time between two runs loses rows or raises them twice. */
function windowFaults(rule: AnalyticRule): string[] {
  const window = /let window = (\w+);/.exec(rule.query)?.[1] ?? '';
  const periods = [...rule.query.matchAll(/TimeGenerated > ago\((\w+)\)/g)].map((match) => match[1]!);
  return [
    ...(parseDuration(window) === rule.queryFrequency
      ? []
      : [`window is ${window}, queryFrequency ${formatDuration(rule.queryFrequency)}`]),
    ...periods
      .filter((period) => parseDuration(period) !== rule.queryPeriod)
      .map((period) => `looks back ${period}, queryPeriod ${formatDuration(rule.queryPeriod)}`),
  ];
}

/** What is wrong with the reader functions: they must bind, and yield every column of the table they read. */
export function readerFaults(folder: string): string[] {
  const tables = readTables(folder);
  return readReaders(folder).flatMap((reader) => {
    const { errors, warnings, columns } = readQuery(reader.FunctionQuery, tables);
    const table = tables.find(({ name }) => name === `${reader.FunctionAlias}_CL`);
    if (table === undefined) return [`${reader.FunctionAlias} has no table of its name`];
    const missing = table.columns.filter(({ name }) => !columns.has(name));
    return [...errors, ...warnings, ...missing.map(({ name }) => `${reader.FunctionAlias} yields no ${name}`)];
  });
}

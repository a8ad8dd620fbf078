/** Checks the queries of a folder like infra/: that they bind, and that they yield what the rules take from them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { analyticRule, columnsOf } from '../../../infra/sentinel/analytic-rule.ts';
import type { AnalyticRule } from '../../../infra/sentinel/analytic-rule.ts';
import { formatDuration, parseDuration } from '../../../infra/sentinel/duration.ts';
import { readerFunction } from '../../../infra/sentinel/reader-function.ts';
import type { ReaderFunction } from '../../../infra/sentinel/reader-function.ts';
import { readTables } from '../infra/columns.ts';
import { bindQuery } from './kusto.ts';
import type { Binding, KustoTable } from './kusto.ts';

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
    const complete = bindQuery(query, all);
    const withoutLogs = bindQuery(withoutLeg(query, storageBlobLogs.name), own);
    const first = bindQuery(
      own.reduce((text, { name }) => withoutLeg(text, name), withoutLeg(query, storageBlobLogs.name)),
      [],
    );
    // A leg of a fuzzy union that does not resolve is a warning; of any other union, an error.
    const unresolved = bindQuery(query, []).errors;
    return [
      ...[...complete.errors, ...complete.warnings, ...columnFaults(rule, complete)],
      ...[...withoutLogs.errors, ...columnFaults(rule, withoutLogs)].map(
        (fault) => `without StorageBlobLogs: ${fault}`,
      ),
      ...[...unresolved, ...first.errors, ...columnFaults(rule, first)].map(
        (fault) => `before the first row: ${fault}`,
      ),
      ...all.flatMap((table) => standInFaults(query, table)),
      ...windowFaults(rule),
    ];
  });
}

/** The leg of a fuzzy union that reads the table, and the datatable that stands in for it. */
function unionOf(table: string): RegExp {
  return new RegExp(`(union isfuzzy=true\\s*)(\\(${table}\\b[\\s\\S]*?\\),\\s*)\\(datatable\\(([^)]*)\\)`);
}

/** The query as it runs where the table does not exist: the service leaves such a leg of a fuzzy union out. */
function withoutLeg(query: string, table: string): string {
  return query.replace(unionOf(table), '$1(datatable($3)');
}

/** A stand-in with a column that the table has not got would hide that the query asks for it in vain. */
function standInFaults(query: string, table: KustoTable): string[] {
  const union = unionOf(table.name).exec(query);
  if (union === null) return query.includes(table.name) ? [`${table.name} has no stand-in`] : [];
  const { columns } = bindQuery(union[2]!.trim().replace(/,$/, ''), [table]);
  const standIn = union[3]!.split(',').map((text) => text.split(':').map((part) => part.trim()) as [string, string]);
  return standIn
    .filter(([name, type]) => columns.get(name) !== type)
    .map(
      ([name, type]) =>
        `the stand-in of ${table.name} has ${name}: ${type}, the table ${columns.get(name) ?? 'has it not'}`,
    );
}

/** How the columns that a query yields differ from what the rule takes from it. */
function columnFaults(rule: AnalyticRule, { columns }: Binding): string[] {
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
    const { errors, warnings, columns } = bindQuery(reader.FunctionQuery, tables);
    const table = tables.find(({ name }) => name === `${reader.FunctionAlias}_CL`);
    if (table === undefined) return [`${reader.FunctionAlias} has no table of its name`];
    const missing = table.columns.filter(({ name }) => !columns.has(name));
    return [...errors, ...warnings, ...missing.map(({ name }) => `${reader.FunctionAlias} yields no ${name}`)];
  });
}

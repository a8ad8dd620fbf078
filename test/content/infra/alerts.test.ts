/** The alerts about the scanner itself: which there are, that their queries bind, and what they fire on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KustoTable } from '../sentinel/kusto.ts';
import { bindQuery } from '../sentinel/kusto.ts';
import { readReaders } from '../sentinel/queries.ts';
import { readTables } from './columns.ts';
import { infra, infraWith } from './copy-infra.ts';

/** As much of Azure's own tables as queries here use. Source: Azure Monitor reference. */
const azureTables: KustoTable[] = [
  {
    name: 'AppTraces',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'AppRoleName', type: 'string' },
      { name: 'Message', type: 'string' },
    ],
  },
  {
    name: 'AppExceptions',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'AppRoleName', type: 'string' },
      { name: 'OuterMessage', type: 'string' },
    ],
  },
  {
    name: 'DCRLogErrors',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: '_ResourceId', type: 'string' },
      { name: 'OperationName', type: 'string' },
      { name: 'InputStreamId', type: 'string' },
      { name: 'Message', type: 'string' },
    ],
  },
];

/** The query with the deployed reader functions in front, so that they bind by name. */
function withReaders(query: string): string {
  const readers = readReaders(infra).filter(({ FunctionAlias }) => query.includes(`${FunctionAlias}()`));
  return [...readers.map((reader) => `let ${reader.FunctionAlias} = () {\n${reader.FunctionQuery}};`), query].join(
    '\n',
  );
}

function queryFaults(folder: string): string[] {
  return readdirSync(join(folder, 'alerts')).flatMap((file) => {
    const query = readFileSync(join(folder, 'alerts', file), 'utf8');
    const { errors, warnings } = bindQuery(withReaders(query), [...readTables(folder), ...azureTables]);
    return [...errors, ...warnings].map((fault) => `${file}: ${fault}`);
  });
}

describe('the alerts about the scanner', () => {
  const module = readFileSync(join(infra, 'modules/alerts.bicep'), 'utf8');

  it('have a query each, and no query is left over', () => {
    const loaded = [...module.matchAll(/loadTextContent\('\.\.\/alerts\/([\w-]+\.kql)'\)/g)].map((match) => match[1]!);
    expect(loaded.sort()).toEqual(readdirSync(join(infra, 'alerts')).sort());
  });

  it('bind to the tables that there are', () => {
    expect(queryFaults(infra)).toEqual([]);
  });

  it('fill every place that a query leaves open', () => {
    const places = readdirSync(join(infra, 'alerts')).flatMap((file) =>
      [...readFileSync(join(infra, 'alerts', file), 'utf8').matchAll(/\{\w+\}/g)].map(([place]) => place),
    );
    expect([...new Set(places)].filter((place) => !module.includes(`'${place}'`))).toEqual([]);
  });

  it.each([
    { file: 'alerts/not-scanned.kql', from: 'Verdict in', to: 'Outcome in' },
    { file: 'alerts/fewer-rules.kql', from: 'SluiceScans()', to: 'SluiceScan()' },
    { file: 'tables/SluiceScans_CL.json', from: '"RuleCount"', to: '"Rules"' },
  ])('are seen to be wrong with $to for $from', (fault) => {
    expect(queryFaults(infraWith(fault))).not.toEqual([]);
  });
});

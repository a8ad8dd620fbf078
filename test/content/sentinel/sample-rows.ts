/** Rows of the tables that queries read, with something sensible in every column, and a workspace to run queries in. */
import { runQuery } from '../../../shared/local/kusto/run-query.ts';
import type { ResultRow } from '../../../shared/local/kusto/run-query.ts';
import { infra } from '../infra/copy-infra.ts';
import { functionsOf, readSentinel, tablesOf } from './queries.ts';

export const now = new Date('2026-11-24T10:00:00Z');

/** So many minutes before now. */
export const minutesAgo = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();

/** A row, and when it came in: two minutes ago unless given. */
export interface Sample {
  readonly row: Readonly<Record<string, unknown>>;
  readonly ingestedMinutesAgo: number;
}

type Given = Readonly<Record<string, unknown>>;

const sample =
  (defaults: Given) =>
  (given: Given = {}, ingestedMinutesAgo = 2): Sample => ({
    row: { TimeGenerated: minutesAgo(ingestedMinutesAgo + 1), ...defaults, ...given },
    ingestedMinutesAgo,
  });

const common: Given = {
  ScanId: 'scan-1',
  AttemptId: 'attempt-1',
  VerdictRank: 4,
  Verdict: 'match',
  ResourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/contoso',
  Account: 'contoso',
  Container: 'uploads',
  ObjectName: 'in/a.conf',
  BlobUrl: 'https://contoso.blob.core.windows.net/uploads/in/a.conf',
  ETag: '0x8DC1',
  SizeInBytes: 61,
  Sha256: 'aa'.repeat(32),
  BytesRead: 61,
  EventTime: minutesAgo(4),
  RuleCount: 100,
  SkippedRuleCount: 0,
  RulesDigest: 'd'.repeat(64),
  EngineVersion: '0.1.0',
  Canary: false,
  Origin: 'event',
};

export const finding = sample({
  ...common,
  FindingId: 'finding-1',
  Rule: 'EQGRP_callbacks',
  Namespace: 'eqgrp',
  Tags: ['network'],
  Meta: { description: 'Callback addresses', severity: 'high' },
  Severity: 'High',
  Evidence: [{ pattern: '$s1', offset: 25, length: 16, excerpt: '30.40.50.60:9342' }],
});

export const scan = sample(common);

/** A write of the object that `finding` is about. */
export const blobWrite = sample({
  AccountName: 'contoso',
  Category: 'StorageWrite',
  OperationName: 'PutBlob',
  StatusText: 'Success',
  ObjectKey: '/contoso/uploads/in/a.conf',
  Etag: '"0x8DC1"',
  CallerIpAddress: '203.0.113.7:50123',
  AuthenticationType: 'OAuth',
  RequesterObjectId: '11111111-1111-1111-1111-111111111111',
  RequesterUpn: 'eve@contoso.example',
  UserAgentHeader: 'azcopy/10',
  ResponseBodySize: 0,
});

export const blobRead = sample({
  AccountName: 'contoso',
  Category: 'StorageRead',
  OperationName: 'GetBlob',
  StatusText: 'Success',
  ObjectKey: '/contoso/uploads/in/a.conf',
  Etag: '"0x8DC1"',
  CallerIpAddress: '198.51.100.9:41000',
  AuthenticationType: 'SAS',
  UserAgentHeader: 'curl/8',
  ResponseBodySize: 61,
});

export const connection = sample({
  DeviceName: 'pc7.contoso.example',
  ActionType: 'ConnectionSuccess',
  LocalIP: '10.0.0.7',
  RemoteIP: '30.40.50.60',
  RemotePort: 9342,
  InitiatingProcessFileName: 'implant.exe',
  InitiatingProcessFolderPath: 'C:\\Users\\Public\\implant.exe',
  InitiatingProcessCommandLine: 'implant.exe -q',
  InitiatingProcessParentFileName: 'explorer.exe',
  InitiatingProcessSHA256: 'ee'.repeat(32),
  InitiatingProcessAccountName: 'eve',
  InitiatingProcessAccountDomain: 'contoso',
});

export const firewallEvent = sample({
  SourceIP: '10.0.0.8',
  DestinationIP: '30.40.50.60',
  DestinationPort: 9342,
  DeviceAction: 'allow',
});

/** Rows by the table they are in; tables that are not named are empty. */
export type Rows = Readonly<Record<string, readonly Sample[]>>;

const content = readSentinel(infra);
const tables = tablesOf(infra);

/** What the query yields over these rows, as of `now`. */
export function run(query: string, rows: Rows): readonly ResultRow[] {
  const unknown = Object.keys(rows).find((name) => !tables.some((table) => table.name === name));
  if (unknown !== undefined) throw new Error(`there is no table ${unknown}`);
  const filled = tables.map((table) => {
    const samples = rows[table.name] ?? [];
    return {
      ...table,
      rows: samples.map(({ row }) => row),
      ingestedAt: (index: number) => new Date(now.getTime() - samples[index]!.ingestedMinutesAgo * 60_000),
    };
  });
  return runQuery(query, { tables: filled, functions: functionsOf(content) }, now).rows;
}

/** What the analytics rule or hunting query of that name yields. */
export function runNamed(name: string, rows: Rows): readonly ResultRow[] {
  const found = [...content.rules, ...content.huntingQueries].find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no rule or hunting query called ${name}`);
  return run(found.query, rows);
}

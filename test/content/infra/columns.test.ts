import { describe, expect, it } from 'vitest';
import type { Finding, ScanReport } from '../../../shared/scanner/scan-report.ts';
import { tables, toRows } from '../../../shared/sinks/rows.ts';
import { readTables, readStreams, rowFaults, streamFaults, tableFaults } from './columns.ts';
import { infra, infraWith } from './copy-infra.ts';

const finding: Finding = {
  findingId: 'f'.repeat(64),
  rule: 'EQGRP_callbacks',
  namespace: 'eqgrp',
  tags: ['network'],
  meta: [
    ['description', 'EQGRP Toolset Firewall - Callback addresses'],
    ['score', 75],
    ['score', 80],
  ],
  severity: 'High',
  evidence: [{ pattern: '$s1', offset: 17, length: 16, excerpt: '30.40.50.60:9342' }],
  exclusion: 'scheduled-maintenance',
  exclusionBasis: 'claimed',
  claims: [['process.name', 'maintenance_script.exe']],
};

const full: ScanReport = {
  scanId: 'a'.repeat(64),
  attemptId: '0b51b8a1-5a2f-4f7c-8d75-5c9d1f0a7d11',
  outcome: { verdict: 'match', reason: undefined, detail: 'one rule is undecided' },
  object: {
    account: 'contosouploads',
    container: 'inbox',
    objectName: 'a/b.bin',
    url: 'https://contosouploads.blob.core.windows.net/inbox/a/b.bin',
    eTag: '0x8DC1',
    versionId: '2026-11-24T00:00:00.0000000Z',
  },
  resourceId: '/subscriptions/x/resourceGroups/y/providers/Microsoft.Storage/storageAccounts/contosouploads',
  sizeInBytes: 2 ** 40,
  sha256: 'b'.repeat(64),
  md5: 'c'.repeat(32),
  bytesRead: 2 ** 40,
  eventTime: '2026-11-24T08:00:00.123Z',
  scanStartedAt: '2026-11-24T08:00:01.000Z',
  scanFinishedAt: '2026-11-24T08:00:02.000Z',
  ruleCount: 2,
  skippedRuleCount: 0,
  rulesDigest: 'd'.repeat(64),
  exclusionsDigest: 'e'.repeat(64),
  engineVersion: '0.1.0',
  isCanary: false,
  findings: [finding],
  supersededBy: undefined,
};

/** As little as a report can hold: the object was never opened. */
const bare: ScanReport = {
  ...full,
  outcome: { verdict: 'skipped', reason: 'gone', detail: undefined },
  object: { ...full.object, versionId: undefined },
  resourceId: '',
  sizeInBytes: undefined,
  sha256: undefined,
  md5: undefined,
  bytesRead: 0,
  findings: [{ ...finding, meta: [], tags: [], evidence: [], exclusion: undefined, exclusionBasis: undefined }],
};

function sinkFaults(folder: string): string[] {
  const now = new Date('2026-11-24T08:00:03.000Z');
  return [full, bare].flatMap((report) => {
    const rows = toRows(report, now);
    return readTables(folder).flatMap((table) =>
      rowFaults(table, table.name === tables.findings ? rows.findings : rows.scans),
    );
  });
}

describe('the columns', () => {
  it('are those of the two tables that the sink writes to', () => {
    expect(readTables(infra).map(({ name }) => name)).toEqual([tables.findings, tables.scans]);
  });

  it('have names and types that Log Analytics takes', () => {
    expect(tableFaults(infra)).toEqual([]);
  });

  it('are in the streams of the data collection rule what they are in the tables', () => {
    expect(Object.keys(readStreams(infra))).toEqual(['Custom-SluiceFindings_CL', 'Custom-SluiceScans_CL']);
    expect(streamFaults(infra)).toEqual([]);
  });

  it('are filled by every row of the sink, each with a value of its type', () => {
    expect(sinkFaults(infra)).toEqual([]);
  });
});

describe('a difference between the columns is found', () => {
  const findings = 'tables/SluiceFindings_CL.json';

  it('when a table has a column under another name', () => {
    const folder = infraWith({ file: findings, from: '"FindingId"', to: '"FindingID"' });
    expect(sinkFaults(folder)).toContain('no FindingID in a row of SluiceFindings_CL');
    expect(sinkFaults(folder)).toContain('SluiceFindings_CL has no column FindingId');
  });

  it('when a column has another type than its values', () => {
    const folder = infraWith({ file: findings, from: '"type": "dynamic"', to: '"type": "string"' });
    expect(sinkFaults(folder)).toContain('SluiceFindings_CL.Tags is string, not ["network"]');
  });

  it('when a column has a type that no table has', () => {
    const folder = infraWith({ file: findings, from: '"type": "dateTime"', to: '"type": "timestamp"' });
    expect(tableFaults(folder)).toContain('SluiceFindings_CL.TimeGenerated has no type timestamp');
    expect(streamFaults(folder)).toContain('stream Custom-SluiceFindings_CL: TimeGenerated has no type timestamp');
  });

  it('when a column has a name that Azure keeps for itself', () => {
    const folder = infraWith({ file: findings, from: '"Namespace"', to: '"Title"' });
    expect(tableFaults(folder)).toContain('SluiceFindings_CL may not have Title');
  });

  it('when the streams are derived in another way', () => {
    const folder = infraWith({ file: 'modules/ingestion.bicep', from: 'toLower(column.type)', to: 'column.type' });
    expect(() => streamFaults(folder)).toThrow('ingestion.bicep does not hold');
  });

  it('when a module leaves a table out', () => {
    const line = "  loadJsonContent('../tables/SluiceScans_CL.json')\n";
    expect(streamFaults(infraWith({ file: 'modules/tables.bicep', from: line, to: '' }))).toContain(
      'tables.bicep has SluiceFindings_CL, not SluiceFindings_CL, SluiceScans_CL',
    );
    expect(streamFaults(infraWith({ file: 'modules/ingestion.bicep', from: line, to: '' }))).toContain(
      'stream Custom-SluiceScans_CL has other columns than the table',
    );
  });
});

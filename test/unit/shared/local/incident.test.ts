import { describe, expect, it } from 'vitest';
import { IncidentBook, readIncidentRule } from '../../../../shared/local/incident.ts';
import type { IncidentRule } from '../../../../shared/local/incident.ts';
import type { FindingRow } from '../../../../shared/sinks/rows.ts';

const ruleFile = new URL('../../../../infra/sentinel/analytic-rules/malicious-upload.yaml', import.meta.url);
const rule = readIncidentRule(ruleFile);
const now = new Date('2026-11-24T10:00:00Z');
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);

const resourceId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/contoso';

function finding(given: Partial<FindingRow> = {}): FindingRow {
  return {
    TimeGenerated: now.toISOString(),
    ScanId: 'scan-1',
    AttemptId: 'attempt-1',
    VerdictRank: 4,
    Verdict: 'match',
    Reason: '',
    Detail: '',
    ResourceId: resourceId,
    Account: 'contoso',
    Container: 'uploads',
    ObjectName: 'in/box/a.conf',
    BlobUrl: 'https://contoso.blob.core.windows.net/uploads/in/box/a.conf',
    ETag: '0x1',
    VersionId: '',
    SizeInBytes: 61,
    Sha256: 'aa'.repeat(32),
    Md5: '',
    BytesRead: 61,
    EventTime: '2026-11-24T09:59:58Z',
    ScanStartedAt: null,
    ScanFinishedAt: null,
    RuleCount: 2,
    SkippedRuleCount: 0,
    RulesDigest: '',
    ExclusionsDigest: '',
    EngineVersion: '1',
    Canary: false,
    Origin: 'event',
    FindingId: 'finding-1',
    Rule: 'EQGRP_callbacks',
    Namespace: 'default',
    Tags: [],
    Meta: { description: 'Callback addresses' },
    Severity: 'Medium',
    Evidence: [{ pattern: '$s1', offset: 25, length: 16, excerpt: '30.40.50.60:9342' }],
    Exclusion: '',
    ExclusionBasis: '',
    Claims: {},
    ...given,
  };
}

const withGrouping = (change: object): IncidentRule => {
  const copy = structuredClone(rule);
  Object.assign(copy.incidentConfiguration.groupingConfiguration, change);
  return copy;
};

describe('IncidentBook', () => {
  it('opens an incident with title, severity and entities as the rule maps them', () => {
    const [incident] = new IncidentBook(rule).add([finding()], now);
    expect(incident).toMatchObject({
      number: 1,
      title: 'YARA rule EQGRP_callbacks matches an object in uploads',
      severity: 'Medium',
      tactics: ['ResourceDevelopment', 'CommandAndControl'],
      techniques: ['T1608.001', 'T1105'],
      entities: [
        { type: 'File', fields: { Name: 'a.conf', Directory: '/uploads/in/box/' } },
        { type: 'FileHash', fields: { Algorithm: 'SHA256', Value: 'aa'.repeat(32) } },
        { type: 'AzureResource', fields: { ResourceId: resourceId } },
        { type: 'URL', fields: { Url: 'https://contoso.blob.core.windows.net/uploads/in/box/a.conf' } },
        { type: 'Malware', fields: { Name: 'EQGRP_callbacks', Category: 'default' } },
      ],
    });
    expect(incident?.alerts).toHaveLength(1);
    expect(incident?.alerts[0]).toMatchObject({
      description:
        'https://contoso.blob.core.windows.net/uploads/in/box/a.conf matches EQGRP_callbacks: Callback addresses',
      customDetails: { Rule: 'EQGRP_callbacks', FirstMatch: '$s1 at offset 25', SizeInBytes: '61' },
    });
  });

  it('parts the name into file and folder, with the container in front', () => {
    const file = (ObjectName: string) =>
      new IncidentBook(rule).add([finding({ ObjectName })], now)[0]?.entities[0]?.fields;
    expect(file('in/box/a.conf')).toEqual({ Name: 'a.conf', Directory: '/uploads/in/box/' });
    expect(file('a.conf')).toEqual({ Name: 'a.conf', Directory: '/uploads/' });
    expect(file('in/folder//')).toEqual({ Name: 'folder', Directory: '/uploads/in/' });
    expect(file('//')).toEqual({ Name: '//', Directory: '/uploads/' });
  });

  it('leaves out the canary and what a trusted exclusion covers', () => {
    const raised = (given: Partial<FindingRow>) => new IncidentBook(rule).add([finding(given)], now);
    expect(raised({ Canary: true })).toEqual([]);
    expect(raised({ Exclusion: 'backup', ExclusionBasis: 'trusted' })).toEqual([]);
  });

  it('raises at Informational what only the uploader vouches for', () => {
    const row = finding({ Severity: 'High', Exclusion: 'backup', ExclusionBasis: 'claimed' });
    expect(new IncidentBook(rule).add([row], now)[0]?.severity).toBe('Informational');
  });

  it('raises a finding again, at its full severity, when its exclusion was withdrawn', () => {
    const book = new IncidentBook(rule);
    book.add([finding({ Exclusion: 'backup', ExclusionBasis: 'claimed' })], now);
    const again = book.add([finding({ TimeGenerated: hours(1).toISOString() })], hours(1));
    expect(again[0]?.alerts.map(({ severity }) => severity)).toEqual(['Informational', 'Medium']);
  });

  it('gathers copies of one sample into one incident of the highest severity', () => {
    const book = new IncidentBook(rule);
    const incidents = book.add(
      [
        finding(),
        finding({ FindingId: 'finding-2', ObjectName: 'b.conf', Severity: 'High' }),
        finding({ FindingId: 'finding-3', ObjectName: 'c.com', Sha256: 'bb'.repeat(32), Severity: 'Low' }),
      ],
      now,
    );
    expect(incidents.map((incident) => [incident.number, incident.alerts.length, incident.severity])).toEqual([
      [1, 2, 'High'],
      [2, 1, 'Low'],
    ]);
    const files = incidents[0]?.entities.filter((entity) => entity.type === 'File').map((entity) => entity.fields.Name);
    expect(files).toEqual(['a.conf', 'b.conf']);
    expect(incidents[0]?.entities.filter((entity) => entity.type === 'FileHash')).toHaveLength(1);
  });

  it('adds to an incident within the lookback and opens another one after it', () => {
    const book = new IncidentBook(rule);
    book.add([finding()], now);
    const later = book.add([finding({ FindingId: 'finding-2' })], hours(5));
    expect(later.map((incident) => incident.number)).toEqual([1]);
    const muchLater = book.add([finding({ FindingId: 'finding-3' })], hours(10.1));
    expect(muchLater.map((incident) => incident.number)).toEqual([2]);
  });

  it('raises a finding once, however often its row comes', () => {
    const book = new IncidentBook(rule);
    expect(book.add([finding(), finding()], now)[0]?.alerts).toHaveLength(1);
    expect(book.add([finding({ TimeGenerated: hours(1).toISOString() })], hours(1))).toEqual([]);
  });

  it('opens an incident for each alert where what is grouped by is missing', () => {
    const rows = [finding({ Sha256: '' }), finding({ FindingId: 'finding-2', Sha256: '' })];
    expect(new IncidentBook(rule).add(rows, now)).toHaveLength(2);
  });

  it('follows the other ways of grouping', () => {
    const rows = [
      finding(),
      finding({ FindingId: 'finding-2', Severity: 'High' }),
      finding({ FindingId: 'finding-3', ObjectName: 'b', Sha256: 'bb'.repeat(32) }),
    ];
    const count = (change: object): number => new IncidentBook(withGrouping(change)).add(rows, now).length;
    expect(count({ enabled: false })).toBe(3);
    expect(count({ matchingMethod: 'AnyAlert' })).toBe(1);
    expect(count({ matchingMethod: 'AllEntities' })).toBe(2);
    expect(count({ matchingMethod: 'Selected', groupByEntities: ['AzureResource'] })).toBe(1);
    expect(count({ matchingMethod: 'Selected', groupByEntities: [], groupByAlertDetails: ['Severity'] })).toBe(2);
    expect(count({ matchingMethod: 'Selected', groupByEntities: [], groupByCustomDetails: ['ObjectName'] })).toBe(2);
  });
});

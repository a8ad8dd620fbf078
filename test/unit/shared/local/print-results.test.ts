import { stripVTControlCharacters, styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  printFindings,
  printGrouping,
  printIncidents,
  printScans,
} from '../../../../shared/local/print-results.ts';
import { readIncidentRule } from '../../../../shared/local/incident.ts';
import type { Incident } from '../../../../shared/local/incident.ts';
import type { Tone } from '../../../../shared/local/print-results.ts';
import type { FindingRow, ScanRow } from '../../../../shared/sinks/rows.ts';

const plain = { width: 100, paint: (_tone: unknown, text: string) => text };

const common = {
  TimeGenerated: '2026-11-24T10:00:01Z',
  ScanId: 'scan-1',
  AttemptId: 'attempt-1',
  VerdictRank: 4,
  Verdict: 'match',
  Reason: '',
  Detail: '',
  ResourceId: '',
  Account: 'contoso',
  Container: 'uploads',
  ObjectName: 'a.conf',
  BlobUrl: '',
  ETag: '',
  VersionId: '',
  SizeInBytes: 51,
  Sha256: '',
  Md5: '',
  BytesRead: 51,
  EventTime: null,
  ScanStartedAt: '2026-11-24T10:00:00.000Z',
  ScanFinishedAt: '2026-11-24T10:00:00.012Z',
  RuleCount: 2,
  SkippedRuleCount: 0,
  RulesDigest: '',
  ExclusionsDigest: '',
  EngineVersion: '1',
  Canary: false,
  Origin: 'event',
};
const scan = (given: Partial<ScanRow> = {}): ScanRow => ({ ...common, SupersededBy: '', ScanCount: 1, ...given });
const finding = (given: Partial<FindingRow> = {}): FindingRow => ({
  ...common,
  FindingId: 'finding-1',
  Rule: 'EQGRP_callbacks',
  Namespace: 'default',
  Tags: [],
  Meta: {},
  Severity: 'Medium',
  Evidence: [{ pattern: '$s1', offset: 25, length: 16, excerpt: '30.40.50.60:9342' }],
  Exclusion: '',
  ExclusionBasis: '',
  Claims: {},
  ...given,
});
const incident = (given: Partial<Incident> = {}): Incident => ({
  number: 1,
  title: 'YARA rule EQGRP_callbacks matches an object in uploads',
  severity: 'Medium',
  alerts: [{ title: '', description: '', severity: 'Medium', entities: [], customDetails: {} }],
  entities: [
    { type: 'File', fields: { Name: 'a.conf', Directory: '/uploads/' } },
    { type: 'FileHash', fields: { Algorithm: 'SHA256', Value: 'ab'.repeat(32) } },
  ],
  tactics: [],
  techniques: [],
  ...given,
});
const widest = (text: string): number =>
  Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length));

describe('printScans', () => {
  it('gives each scan a line with size, verdict, duration and bytes read', () => {
    const rows = [scan(), scan({ ObjectName: 'b', Verdict: 'incomplete', Reason: 'deadline', BytesRead: 2_048 })];
    expect(printScans(rows, plain)).toBe(
      [
        'Object  Size  Verdict                Took    Read',
        '──────  ────  ────────────────────  ─────  ──────',
        'a.conf  51 B  match                 12 ms    51 B',
        'b       51 B  incomplete: deadline  12 ms  2.0 KB',
      ].join('\n'),
    );
  });

  it('leaves size and duration empty where nothing was scanned', () => {
    const row = scan({ Verdict: 'skipped', Reason: 'gone', SizeInBytes: null, ScanStartedAt: null, BytesRead: 0 });
    expect(printScans([row], plain)).toMatch(/^a\.conf\s+skipped: gone\s+0 B$/m);
  });

  it('shortens a long name so that the line fits, and shows control characters as text', () => {
    const text = printScans([scan({ ObjectName: `\u001b[2J${'deep/'.repeat(60)}x` })], plain);
    expect(widest(text)).toBe(100);
    expect(text).toContain('\\u001b[2Jdeep/');
    expect(text).toContain('…');
    expect(text).not.toContain('\u001b');
  });

  it('fits names in wide scripts as well', () => {
    const lines = printScans([scan({ ObjectName: '設定ファイル'.repeat(30) })], plain).split('\n');
    expect(lines[2]).toMatch(/51 B {2}match {3}\s*12 ms {2}51 B$/);
  });
});

describe('printFindings', () => {
  it('shows where each pattern matched and what', () => {
    const evidence = [
      { pattern: '$s1', offset: 25, length: 16, excerpt: '30.40.50.60:9342' },
      { pattern: '$s2', offset: 1_000, length: 4, excerpt: undefined },
    ];
    const lines = printFindings([finding({ Evidence: evidence })], plain).split('\n');
    expect(lines.slice(2)).toEqual([
      'EQGRP_callbacks  Medium    a.conf  $s1 at 25, 16 bytes: 30.40.50.60:9342',
      '                                   $s2 at 1000, 4 bytes',
    ]);
  });

  it('reads UTF-16 as text, and leaves bytes that are no such text alone', () => {
    const match = (excerpt: string) => finding({ Evidence: [{ pattern: '$a', offset: 0, length: 4, excerpt }] });
    expect(printFindings([match('A\\x00\\xff\\x00')], plain)).toContain('4 bytes, UTF-16: A\\xff\n'.trim());
    expect(printFindings([match('A\\x00B')], plain)).toContain('4 bytes: A\\x00B');
  });

  it('tells how many matches it does not show', () => {
    const evidence = Array.from({ length: 6 }, (_, offset) => ({ pattern: '$a', offset, length: 1, excerpt: 'a' }));
    expect(printFindings([finding({ Evidence: [...evidence, { omitted: 3 }] })], plain)).toContain('… 5 more');
  });

  it('wraps long evidence inside its column', () => {
    const text = printFindings(
      [finding({ Evidence: [{ pattern: '$a', offset: 0, length: 64, excerpt: 'x'.repeat(64) }] })],
      { ...plain, width: 80 },
    );
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text.match(/x/g)).toHaveLength(64);
  });
});

describe('colours', () => {
  it('change nothing but colours', () => {
    const coloured = {
      width: 70,
      paint: (tone: Tone, text: string) => styleText(tone, text, { validateStream: false }),
    };
    const excerpt = 'x'.repeat(64);
    const findings = [finding(), finding({ Evidence: [{ pattern: '$a', offset: 0, length: 64, excerpt }] })];
    const scans = [scan(), scan({ ObjectName: 'long/'.repeat(50), Verdict: 'incomplete', Reason: 'limit:pages' })];
    const narrow = { ...plain, width: 70 };
    for (const [withColours, without] of [
      [printFindings(findings, coloured), printFindings(findings, narrow)],
      [printScans(scans, coloured), printScans(scans, narrow)],
      [printIncidents([incident()], coloured), printIncidents([incident()], narrow)],
    ] as const) {
      expect(withColours).toContain('\u001b[');
      expect(stripVTControlCharacters(withColours)).toBe(without);
    }
  });
});

describe('printIncidents', () => {
  it('shows number, severity, title and entities', () => {
    expect(printIncidents([incident()], plain)).toBe(
      [
        '1. Medium: YARA rule EQGRP_callbacks matches an object in uploads',
        '   File      a.conf /uploads/',
        `   FileHash  SHA256 ${'ab'.repeat(32)}`,
      ].join('\n'),
    );
  });

  it('counts alerts where there are several, bounds entities, and keeps within the width', () => {
    const entities = Array.from({ length: 20 }, (_, index) => ({
      type: 'URL',
      fields: { Url: `http://127.0.0.1/${'folder/'.repeat(20)}${index}` },
    }));
    const [alert] = incident().alerts;
    const text = printIncidents([incident({ entities, alerts: [alert!, alert!], title: 'x'.repeat(200) })], plain);
    expect(text).toContain('(2 alerts)');
    expect(text).toContain('… 8 more entities');
    expect(widest(text)).toBe(100);
  });
});

describe('printGrouping', () => {
  it('says what the shipped rule groups by', () => {
    const file = new URL('../../../../infra/sentinel/analytic-rules/malicious-upload.yaml', import.meta.url);
    expect(printGrouping(readIncidentRule(file))).toBe('one for each FileHash within 5 hours');
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KB'],
    [123_456_789, '118 MB'],
    [2 ** 50, '1024 TB'],
  ])('%i → %s', (count, text) => {
    expect(formatBytes(count)).toBe(text);
  });
});

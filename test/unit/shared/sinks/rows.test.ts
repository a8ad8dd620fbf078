import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ScanReport } from '../../../../shared/scanner/scan-report.ts';
import type { Outcome } from '../../../../shared/scanner/verdict.ts';
import { failedOutcome, supersededOutcome } from '../../../../shared/scanner/verdict.ts';
import { maximumRowBytes, tables, toRows } from '../../../../shared/sinks/rows.ts';
import { makeFinding, makeReport, sha256 } from './report-fixture.ts';

const now = new Date('2026-11-23T10:00:03.000Z');

interface Column {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

function columnsOf(table: string): Column[] {
  const url = new URL(`../../../../infra/tables/${table}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { columns: Column[] }).columns;
}

/** Whether a value of a row is one that the column's type holds without loss. */
function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
      return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    case 'long':
      return value === null || Number.isSafeInteger(value);
    case 'dateTime':
      return value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
    case 'dynamic':
      return typeof value === 'object' && value !== null;
    default:
      return false;
  }
}

describe('rows', () => {
  test.each(['findings', 'scans'] as const)('of %s have exactly the columns of the table, each of its type', (kind) => {
    const [row] = toRows(makeReport(1, 1), now)[kind];
    const columns = columnsOf(tables[kind]);
    expect(new Set(Object.keys(row!))).toEqual(new Set(columns.map(({ name }) => name)));
    for (const { name, type } of columns)
      expect(fits(type, row![name as keyof typeof row]), `${name}: ${type}`).toBe(true);
  });

  test('of a report with as little as possible have all columns too', () => {
    const bare = {
      sizeInBytes: undefined,
      sha256: undefined,
      eventTime: '',
      resourceId: '',
      outcome: failedOutcome('malformedMessage'),
    };
    const [row] = toRows(makeReport(1, 0, bare), now).scans;
    expect(Object.values(row!)).not.toContain(undefined);
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
    expect(Object.keys(row!)).toHaveLength(columnsOf(tables.scans).length);
    expect(row).toMatchObject({
      SizeInBytes: null,
      Sha256: '',
      EventTime: null,
      Verdict: 'failed',
      VerdictRank: 1,
      Reason: 'malformedMessage',
    });
  });

  test('say what the report says', () => {
    const report = makeReport(1, 2, { md5: 'd41d8cd98f00b204e9800998ecf8427e', isCanary: true });
    const { scans, findings } = toRows(report, now);
    expect(findings).toHaveLength(2);
    expect(scans).toEqual([
      {
        TimeGenerated: '2026-11-23T10:00:03.000Z',
        ScanId: report.scanId,
        AttemptId: report.attemptId,
        VerdictRank: 4,
        Verdict: 'match',
        Reason: '',
        Detail: '',
        ResourceId: report.resourceId,
        Account: 'uploads',
        Container: 'incoming',
        ObjectName: '2026/11/sample-1.bin',
        BlobUrl: 'https://uploads.blob.core.windows.net/incoming/2026/11/sample-1.bin',
        ETag: '0x8DE2B1C3A4F5E60',
        VersionId: '',
        SizeInBytes: 8192,
        Sha256: report.sha256,
        Md5: 'd41d8cd98f00b204e9800998ecf8427e',
        BytesRead: 8192,
        EventTime: '2026-11-23T10:00:00.1234567Z',
        ScanStartedAt: '2026-11-23T10:00:01.000Z',
        ScanFinishedAt: '2026-11-23T10:00:02.500Z',
        RuleCount: 2,
        SkippedRuleCount: 0,
        RulesDigest: report.rulesDigest,
        ExclusionsDigest: report.exclusionsDigest,
        EngineVersion: '0.1.0',
        Canary: true,
        Origin: 'canary',
        SupersededBy: '',
        ScanCount: 1,
      },
    ]);
    const { SupersededBy: _, ScanCount: __, ...common } = scans[0]!;
    expect(findings[1]).toEqual({
      ...common,
      FindingId: report.findings[1]!.findingId,
      Rule: 'rule_1',
      Namespace: 'default',
      Tags: ['apt', 'network'],
      Meta: { description: 'EQGRP Toolset Firewall - Callback addresses', author: 'Florian Roth', score: 75 },
      Severity: 'Medium',
      Evidence: [{ pattern: '$s1', offset: 4096, length: 16, excerpt: '30.40.50.60:9342' }],
      Exclusion: '',
      ExclusionBasis: '',
      Claims: {},
    });
  });

  test('keep a repeated meta name as an array, in order, with types', () => {
    const meta = [
      ['reference', 'a'],
      ['is_public', false],
      ['reference', 7],
      ['reference', 'b'],
      ['score', NaN],
    ] as const;
    const [row] = toRows({ ...makeReport(1), findings: [makeFinding('x', 'r', { meta })] }, now).findings;
    expect(row!.Meta).toEqual({ reference: ['a', 7, 'b'], is_public: false, score: 'NaN' });
  });

  test('carry a meta named __proto__ as a name like any other', () => {
    const meta = [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ] as const;
    const [row] = toRows({ ...makeReport(1), findings: [makeFinding('x', 'r', { meta })] }, now).findings;
    expect(JSON.stringify(row!.Meta)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(Object.getPrototypeOf(row!.Meta)).toBe(Object.prototype);
  });

  test.each([
    ['a word', 'yesterday'],
    ['nothing', ''],
    ['no such month', '2026-13-01T00:00:00Z'],
    ['only a date', '2026-11-23'],
    ['more behind it', '2026-11-23T10:00:00Z; drop'],
    ['very long', '1'.repeat(1_000_000)],
  ])('have no time where the event has none: %s', (_name, eventTime) => {
    expect(toRows(makeReport(1, 0, { eventTime }), now).scans[0]!.EventTime).toBeNull();
  });

  test('name the scan that took the place of a superseded one, and only then', () => {
    const other = sha256('other');
    const [row] = toRows(makeReport(1, 0, { outcome: supersededOutcome(), supersededBy: other }), now).scans;
    expect(row).toMatchObject({ Verdict: 'superseded', VerdictRank: 0, SupersededBy: other });
    expect(() => toRows(makeReport(1, 0, { outcome: supersededOutcome() }), now)).toThrow(/^bug: /);
    expect(() => toRows(makeReport(1, 0, { supersededBy: other }), now)).toThrow(/^bug: /);
  });

  test('are not made from an ill-formed outcome', () => {
    const outcome: Outcome = { verdict: 'clean', reason: 'deadline', detail: undefined };
    expect(() => toRows(makeReport(1, 0, { outcome }), now)).toThrow('clean takes no reason');
  });
});

describe('what is too long', () => {
  /** The report in which everything that somebody else wrote is enormous. */
  function hugeReport(text: string): ScanReport {
    const report = makeReport(1, 0);
    const many = 3_000;
    const finding = makeFinding(report.scanId, text, {
      findingId: text,
      namespace: text,
      tags: Array.from({ length: many }, () => text),
      meta: Array.from({ length: many }, (_, i) => [`${i}${text}`, text] as const),
      evidence: Array.from({ length: many }, (_, i) => ({ pattern: text, offset: i, length: 1, excerpt: text })),
      exclusion: text,
      claims: Array.from({ length: many }, (_, i) => [`${i}${text}`, text] as const),
    });
    return {
      ...report,
      scanId: text,
      attemptId: text,
      object: { account: text, container: text, objectName: text, url: text, eTag: text, versionId: text },
      resourceId: text,
      sha256: text,
      md5: text,
      rulesDigest: text,
      exclusionsDigest: text,
      engineVersion: text,
      findings: [finding],
    };
  }

  test.each([
    ['letters', 'a'],
    ['control characters', '\u0001'],
    ['emoji', '😀'],
    ['half surrogates', '\ud83d'],
    ['quotes', '"'],
    ['CJK', '漢'],
  ])('is bounded in every field and in the row: %s', (_name, unit) => {
    const { scans, findings } = toRows(hugeReport(unit.repeat(30_000)), now);
    for (const row of [...scans, ...findings]) {
      const json = JSON.stringify(row);
      expect(Buffer.byteLength(json)).toBeLessThan(maximumRowBytes);
      expect(JSON.parse(json)).toEqual(row);
      for (const [name, value] of Object.entries(row)) {
        const bytes = Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
        expect(bytes, name).toBeLessThan(typeof value === 'string' ? 64_000 : 32_000);
        if (typeof value === 'string') expect(Buffer.from(value).toString(), name).toBe(value);
      }
    }
  });

  test('is marked with how much is missing', () => {
    const object = { ...makeReport(1).object, objectName: `${'a'.repeat(59_000)}${'é'.repeat(2_000)}` };
    const { ObjectName } = toRows(makeReport(1, 0, { object }), now).scans[0]!;
    const [, kept, missing] = /^(a{59000}é*) … \[(\d+) bytes more\]$/.exec(ObjectName)!;
    expect(Buffer.byteLength(kept!) + Number(missing)).toBe(63_000);
    expect(Buffer.byteLength(ObjectName)).toBeGreaterThan(59_900);
  });

  test('leaves a name alone that is as long as Azure allows', () => {
    const objectName = '漢'.repeat(1_024);
    const url = `https://uploads.blob.core.windows.net/incoming/${encodeURIComponent(objectName)}`;
    const object = { ...makeReport(1).object, objectName, url };
    expect(toRows(makeReport(1, 0, { object }), now).scans[0]).toMatchObject({ ObjectName: objectName, BlobUrl: url });
  });

  test('loses whole entries of lists and bags, and counts them', () => {
    const [row] = toRows(hugeReport('x'.repeat(1_000)), now).findings;
    const { Tags, Meta, Evidence, Claims } = row!;
    expect(Claims['…']).toBe(`${3_000 - (Object.keys(Claims).length - 1)} more`);
    expect(Tags.at(-1)).toBe(`… ${3_000 - (Tags.length - 1)} more`);
    expect(Meta['…']).toBe(`${3_000 - (Object.keys(Meta).length - 1)} more`);
    expect(Evidence.at(-1)).toEqual({ omitted: 3_000 - (Evidence.length - 1) });
    expect(Evidence[0]).toEqual({ pattern: 'x'.repeat(1_000), offset: 0, length: 1, excerpt: 'x'.repeat(1_000) });
  });

  test('16 excerpts of 64 bytes each are never cut', () => {
    const evidence = Array.from({ length: 16 }, (_, i) => ({
      pattern: '$a',
      offset: i,
      length: 64,
      excerpt: '\\x00'.repeat(64),
    }));
    const [row] = toRows({ ...makeReport(1), findings: [makeFinding('x', 'r', { evidence })] }, now).findings;
    expect(row!.Evidence).toEqual(evidence);
  });
});

import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../../shared/objects/memory-source.ts';
import type { ReportFrame } from '../../../../shared/scanner/build-report.ts';
import { reportOutcome, reportScan } from '../../../../shared/scanner/build-report.ts';
import { ruleSetOf } from '../../../../shared/scanner/rule-set.ts';
import { findingIdOf } from '../../../../shared/scanner/scan-ids.ts';
import type { ObjectScan } from '../../../../shared/scanner/scan-object.ts';
import { scanObject } from '../../../../shared/scanner/scan-object.ts';
import { skippedOutcome, supersededOutcome } from '../../../../shared/scanner/verdict.ts';
import { compileRules, ENGINE_VERSION } from '../../../../shared/yara/index.ts';

const ruleSet = ruleSetOf(
  compileRules([
    {
      namespace: 'test',
      text: `
        rule callback : network c2 {
          meta:
            description = "calls home"
            score = 85
            large = 9223372036854775807
            raw = "caf\\xe9 \\xff"
            sure = true
          strings: $s1 = "30.40.50.60:9342" fullword ascii wide
          condition: $s1
        }`,
    },
  ]),
  '/app/rules.sluice',
);

const frame: ReportFrame = {
  scanId: 'f'.repeat(64),
  attemptId: '00000000-0000-4000-8000-000000000000',
  object: {
    account: 'watched',
    container: 'uploads',
    objectName: 'a.conf',
    url: 'https://watched.blob.core.windows.net/uploads/a.conf',
    eTag: '0x1',
    versionId: undefined,
  },
  resourceId: '/subscriptions/x',
  sizeInBytes: 42,
  eventTime: '2026-11-24T00:00:00.000Z',
  startedAt: new Date('2026-11-24T00:00:01Z'),
  ruleSet,
  exclusionsDigest: '',
  isCanary: false,
};
const finishedAt = new Date('2026-11-24T00:00:02Z');

const scanText = (text: string): Promise<ObjectScan> =>
  scanObject(memorySource(Buffer.from(text)), ruleSet.rules, { digests: ['sha256'] });

describe('reportScan', () => {
  it('reports a match with everything a row needs', async () => {
    const report = reportScan(frame, await scanText('to 30.40.50.60:9342'), finishedAt);
    expect(report).toMatchObject({
      scanId: frame.scanId,
      outcome: { verdict: 'match', reason: undefined },
      object: frame.object,
      sizeInBytes: 19,
      bytesRead: expect.any(Number),
      scanStartedAt: '2026-11-24T00:00:01.000Z',
      scanFinishedAt: '2026-11-24T00:00:02.000Z',
      ruleCount: 1,
      skippedRuleCount: 0,
      rulesDigest: ruleSet.digest,
      engineVersion: ENGINE_VERSION,
      isCanary: false,
      supersededBy: undefined,
    });
    expect(report.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report.findings).toEqual([
      {
        findingId: findingIdOf(frame.scanId, 'test', 'callback'),
        rule: 'callback',
        namespace: 'test',
        tags: ['network', 'c2'],
        meta: [
          ['description', 'calls home'],
          ['score', 85],
          ['large', '9223372036854775807'],
          ['raw', 'caf\\xe9 \\xff'],
          ['sure', true],
        ],
        severity: 'High',
        evidence: [{ pattern: '$s1', offset: 3, length: 16, excerpt: '30.40.50.60:9342' }],
        exclusion: undefined,
        exclusionBasis: undefined,
        claims: [],
      },
    ]);
    // Whatever a rule's author wrote, the report must survive the way to a row.
    expect(JSON.parse(JSON.stringify(report.findings))).toHaveLength(1);
  });

  it('reports clean only what was wholly scanned with every rule decided', async () => {
    const scan = await scanText('nothing here');
    expect(reportScan(frame, scan, finishedAt).outcome.verdict).toBe('clean');
    expect(reportScan(frame, { ...scan, isWhole: false }, finishedAt).outcome.verdict).toBe('incomplete');
    const undecided = [{ rule: 'callback', namespace: 'test', reason: 'unseekable', detail: '' }];
    const withUndecided = { ...scan, result: { ...scan.result!, undecided } };
    expect(reportScan(frame, withUndecided, finishedAt).outcome).toMatchObject({
      verdict: 'incomplete',
      reason: 'undecidedRule',
    });
  });

  it.each(['deadline', 'sourceError'] as const)(
    'reports incomplete: %s for a scan that it stopped',
    async (stoppedBy) => {
      const scan: ObjectScan = {
        result: undefined,
        stoppedBy,
        cause: undefined,
        detail: 'why it stopped',
        isWhole: false,
        bytesRead: 10,
        sizeInBytes: 42,
        digests: {},
        evidence: [],
      };
      expect(reportScan(frame, scan, finishedAt)).toMatchObject({
        outcome: { verdict: 'incomplete', reason: stoppedBy, detail: 'why it stopped' },
        bytesRead: 10,
        sha256: undefined,
        findings: [],
      });
    },
  );

  it('lets a match win over an undecided rule and says so', async () => {
    const scan = await scanText('to 30.40.50.60:9342');
    const undecided = [{ rule: 'other', namespace: 'test', reason: 'limit:reads', detail: '' }];
    const { outcome } = reportScan(frame, { ...scan, result: { ...scan.result!, undecided } }, finishedAt);
    expect(outcome.verdict).toBe('match');
    expect(outcome.detail).toContain('test:other');
  });
});

describe('reportOutcome', () => {
  it('reports an object that was not scanned', () => {
    expect(reportOutcome(frame, skippedOutcome('gone', 'BlobNotFound'), finishedAt)).toMatchObject({
      outcome: { verdict: 'skipped', reason: 'gone' },
      sizeInBytes: 42,
      bytesRead: 0,
      sha256: undefined,
      findings: [],
      supersededBy: undefined,
    });
  });

  it('names the scan that took the place of a superseded one', () => {
    const report = reportOutcome(frame, supersededOutcome(), finishedAt, 'e'.repeat(64));
    expect(report).toMatchObject({ outcome: { verdict: 'superseded' }, supersededBy: 'e'.repeat(64) });
  });
});

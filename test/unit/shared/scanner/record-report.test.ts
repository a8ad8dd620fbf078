import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../shared/base/errors.ts';
import { createLogger } from '../../../../shared/base/log.ts';
import { MemoryLedger } from '../../../../shared/ledger/memory-ledger.ts';
import { isFinal, ReportRecorder, ReportRefusedError } from '../../../../shared/scanner/record-report.ts';
import type { Finding, ScanReport } from '../../../../shared/scanner/scan-report.ts';
import type { Outcome } from '../../../../shared/scanner/verdict.ts';
import { failedOutcome, incompleteOutcome, outcomeOfScan, skippedOutcome } from '../../../../shared/scanner/verdict.ts';

const clean = outcomeOfScan({ hasStandingFinding: false, hasExcludedFinding: false, isWhole: true, undecided: [] });
const match = outcomeOfScan({ hasStandingFinding: true, hasExcludedFinding: false, isWhole: true, undecided: [] });

const finding: Finding = {
  findingId: 'a'.repeat(64),
  rule: 'callback',
  namespace: 'test',
  tags: [],
  meta: [],
  severity: 'High',
  evidence: [],
  exclusion: undefined,
  exclusionBasis: undefined,
  claims: [],
};

function report(outcome: Outcome, findings: readonly Finding[] = []): ScanReport {
  return {
    scanId: 'f'.repeat(64),
    attemptId: 'attempt',
    outcome,
    object: {
      account: 'watched',
      container: 'uploads',
      objectName: 'a',
      url: 'https://watched.blob.core.windows.net/uploads/a',
      eTag: '0x1',
      versionId: undefined,
    },
    resourceId: '',
    sizeInBytes: 1,
    sha256: undefined,
    md5: undefined,
    bytesRead: 1,
    eventTime: '',
    scanStartedAt: '2026-11-24T00:00:00.000Z',
    scanFinishedAt: '2026-11-24T00:00:00.000Z',
    ruleCount: 1,
    skippedRuleCount: 0,
    rulesDigest: '',
    exclusionsDigest: '',
    engineVersion: '',
    isCanary: false,
    findings,
    supersededBy: undefined,
  };
}

/** A recorder over a ledger in memory and a delivery that answers as told. */
function desk(answer: (report: ScanReport) => Error | undefined = () => undefined) {
  const delivered: ScanReport[] = [];
  const lines: string[] = [];
  const ledger = new MemoryLedger();
  const kept: ScanReport[] = [];
  const recorder = new ReportRecorder({
    ledger,
    outbox: {
      keep: async (given) => void kept.push(given),
      deliver: async (_, deliver) => {
        for (const each of kept.splice(0)) await deliver(each);
      },
    },
    log: createLogger({ format: 'json', write: (line) => lines.push(line) }),
    deliver: async (given) => {
      const error = answer(given);
      if (error !== undefined) throw error;
      delivered.push(given);
    },
  });
  const verdicts = (): string[] => delivered.map(({ outcome }) => outcome.verdict);
  const standing = async () => recorder.findDone(report(clean).object, report(clean).scanId);
  return { recorder, delivered, kept, lines, verdicts, standing };
}

describe('ReportRecorder', () => {
  it('delivers before the ledger says done', async () => {
    const { recorder, verdicts, standing } = desk();
    const recorded = report(clean);
    expect(await recorder.record(recorded)).toBe(recorded);
    expect(verdicts()).toEqual(['clean']);
    expect(await standing()).toMatchObject({ state: 'done', verdict: 'clean', rank: 3 });
  });

  it('says nothing in the ledger when delivery failed of a bug', async () => {
    const busy = new Error('busy');
    const { recorder, standing } = desk(() => busy);
    await expect(recorder.record(report(match, [finding]))).rejects.toBe(busy);
    expect(await standing()).toBeUndefined();
  });

  it('never records less than what is known of the same scan', async () => {
    const { recorder, verdicts, standing } = desk();
    await recorder.record(report(match, [finding]));
    expect(await recorder.record(report(incompleteOutcome('deadline')))).toBeUndefined();
    expect(await recorder.record(report(skippedOutcome('gone')))).toBeUndefined();
    expect(verdicts()).toEqual(['match']);
    expect(await standing()).toMatchObject({ verdict: 'match' });
  });

  it('records more than what is known', async () => {
    const { recorder, verdicts, standing } = desk();
    await recorder.record(report(skippedOutcome('archived')));
    await recorder.record(report(incompleteOutcome('sourceError')));
    await recorder.record(report(clean));
    expect(verdicts()).toEqual(['skipped', 'incomplete', 'clean']);
    expect(await standing()).toMatchObject({ verdict: 'clean' });
  });

  it('does not say the same twice', async () => {
    const { recorder, verdicts } = desk();
    await recorder.record(report(skippedOutcome('gone', 'one')));
    expect(await recorder.record(report(skippedOutcome('gone', 'other words')))).toBeUndefined();
    expect(verdicts()).toEqual(['skipped']);
  });

  it('records that a report was refused, with what it had found', async () => {
    const { recorder, delivered, lines, standing } = desk((given) =>
      given.findings.length > 0 ? new ReportRefusedError('row too odd') : undefined,
    );
    const recorded = await recorder.record(report(match, [finding]));
    expect(recorded?.outcome).toEqual({
      verdict: 'failed',
      reason: 'sinkRefused',
      detail: 'verdict match with 1 findings (test:callback) was not accepted: row too odd',
    });
    expect(delivered).toEqual([recorded]);
    expect(recorded?.findings).toEqual([]);
    expect(await standing()).toMatchObject({ verdict: 'failed', reason: 'sinkRefused' });
    expect(lines.join('')).toContain('a report was refused');
  });

  it('keeps what no sink takes, even its refusal, and the ledger says done', async () => {
    class BusyError extends SluiceError {
      readonly code = 'BUSY';
    }
    for (const error of [new BusyError('busy', { retryable: true }), new ReportRefusedError('nothing is accepted')]) {
      let answer: Error | undefined = error;
      const { recorder, delivered, kept, standing } = desk(() => answer);
      const made = report(match, [finding]);
      expect(await recorder.record(made)).toBe(made);
      expect(kept).toEqual([made]);
      expect(await standing()).toMatchObject({ verdict: 'match' });
      answer = undefined;
      await recorder.deliverAgain({ kind: 'deliver', scanId: made.scanId, attempt: 1 });
      expect(delivered).toEqual([made]);
    }
  });
});

describe('isFinal', () => {
  it.each([
    [clean, true],
    [match, true],
    [incompleteOutcome('deadline'), true],
    [skippedOutcome('gone'), true],
    [skippedOutcome('blobType'), true],
    [skippedOutcome('archived'), false],
    [skippedOutcome('customerKey'), false],
    [failedOutcome('poison'), false],
    [failedOutcome('sinkRefused'), false],
  ])('%j: %s', async (outcome, expected) => {
    const { recorder, standing } = desk();
    await recorder.record(report(outcome));
    expect(isFinal((await standing())!)).toBe(expected);
  });
});

/**
 * The canary: a sample that is built in, scanned with the real rules and recorded through the real sinks, in rows marked `Canary`.
 * Whoever watches for those rows knows that the way from rules to rows is open. The sample is the EICAR test file, put together
 * here and in memory only; rules of one's own should find it.
 *
 * Its report never waits in the outbox: a canary that comes hours late would say that all is well now.
 */
import type { Logger } from '../base/log.ts';
import { memorySource } from '../objects/memory-source.ts';
import type { ReportFrames } from './report-frames.ts';
import type { RuleSet } from './rule-set.ts';
import type { ScanJudge } from './scan-judge.ts';
import { declaredExternals, externalsOf, pickExternals } from './object-externals.ts';
import { scanObject } from './scan-object.ts';
import type { ScanReport } from './scan-report.ts';

export interface CanaryParts {
  readonly ruleSet: RuleSet;
  readonly frames: ReportFrames;
  readonly judge: ScanJudge;
  /** Resolves once every sink has accepted. */
  readonly deliver: (report: ScanReport) => Promise<void>;
  readonly log: Logger;
  /** What whoever watches the canary should know; stands in the row's detail. */
  readonly remark?: string | undefined;
}

const NAME = 'canary.com';
const DEADLINE_IN_MS = 60_000;

/** Scans the sample and records what came of it. Rejects when a sink does not take the report. */
export async function scanCanary({ ruleSet, frames, judge, deliver, log, remark }: CanaryParts): Promise<ScanReport> {
  const sample = canarySample();
  const now = new Date();
  const frame = frames.canary(NAME, sample.length, now);
  const abortSignal = AbortSignal.timeout(DEADLINE_IN_MS);
  const names = declaredExternals(ruleSet.rules);
  const scan = await scanObject(memorySource(sample), ruleSet.rules, {
    digests: ['sha256'],
    externals: (head) => pickExternals(externalsOf({ path: `canary/${NAME}` }, head), names),
    abortSignal,
  });
  const object = { properties: { url: frame.object.url, metadata: {} }, readTags: async () => ({}) };
  const report = await judge.report(
    frame,
    { ...scan, detail: scan.detail ?? remark },
    object,
    { kind: 'scan', policy: undefined },
    abortSignal,
  );
  await deliver(report);
  const { verdict } = report.outcome;
  log[verdict === 'match' ? 'info' : 'error']('the canary was recorded', { scanId: report.scanId, verdict });
  return report;
}

/** 68 bytes that every scanner knows and that do nothing. */
export function canarySample(): Uint8Array {
  const text = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!', '$H+H*'].join('');
  return Buffer.from(text, 'latin1');
}

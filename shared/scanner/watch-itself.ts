/**
 * How the scanner watches itself: the canary that it records, what its health rests on, and how long uploads wait for it. All three
 * look at the same things, so that an alert, a row and an answer never contradict each other.
 */
import type { Logger } from '../base/log.ts';
import type { Telemetry } from '../base/telemetry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MessageQueue } from '../ledger/message-queue.ts';
import type { StateBlobs } from '../ledger/state-blobs.ts';
import { CanaryMark } from './canary-mark.ts';
import type { Health, HealthCheckOptions } from './check-health.ts';
import { HealthCheck } from './check-health.ts';
import { longestWait, waitProblem } from './queue-wait.ts';
import type { ReportFrames } from './report-frames.ts';
import type { RuleUnit } from './rule-unit.ts';
import type { RulesInUse } from './rules-in-use.ts';
import { scanCanary } from './scan-canary.ts';
import type { ScanJudge } from './scan-judge.ts';
import type { ScanReport } from './scan-report.ts';

/** Asks the ledger for nothing in particular. */
const NO_OBJECT = {
  account: 'health',
  container: 'health',
  objectName: 'health',
  url: '',
  eTag: '',
  versionId: undefined,
};
const NO_SCAN = '0'.repeat(64);

export interface WatchedParts {
  readonly rules: RulesInUse<{
    readonly unit: RuleUnit;
    readonly frames: ReportFrames;
    readonly judge: ScanJudge;
  }>;
  /** Why what is published is not used, if it is not. */
  readonly refusal: () => string | undefined;
  /** Records a refusal that was not recorded yet. Never rejects. */
  readonly tellRefusal: () => Promise<void>;
  readonly ledger: Pick<Ledger, 'find'>;
  readonly queue: Pick<MessageQueue, 'peek'>;
  readonly isOutboxFull: () => Promise<boolean>;
  readonly deliver: (report: ScanReport) => Promise<void>;
  readonly store: Pick<StateBlobs, 'read' | 'write'>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

export interface WatchLimits extends Omit<HealthCheckOptions, 'log'> {
  /** How long an upload may wait in the queue before something is said of it. */
  readonly waitTooLongInMs?: number | undefined;
}

export interface SelfWatch {
  readonly checkHealth: () => Promise<Health>;
  readonly scanCanary: () => Promise<ScanReport>;
}

export function watchItself(parts: WatchedParts, { waitTooLongInMs, ...limits }: WatchLimits = {}): SelfWatch {
  const { rules, refusal, ledger, queue, deliver, store, telemetry, log } = parts;
  const mark = new CanaryMark(store);
  let lastWaitInMs = 0;
  const queueProblem = async (): Promise<string | undefined> => {
    lastWaitInMs = longestWait(await queue.peek());
    return waitProblem(lastWaitInMs, waitTooLongInMs);
  };
  telemetry.observe('sluice.queue.wait', () => lastWaitInMs / 1_000);
  const health = new HealthCheck(
    {
      rules: async () => {
        await rules.choose();
        const problem = refusal();
        return problem && `what is published is refused: ${problem}`;
      },
      ledger: async () => {
        await ledger.find(NO_OBJECT, NO_SCAN);
        return undefined;
      },
      queue: queueProblem,
      outbox: async () => ((await parts.isOutboxFull()) ? 'too many reports wait' : undefined),
      canary: () => mark.problem(),
    },
    { log, ...limits },
  );
  return {
    checkHealth: () => health.check(),
    scanCanary: async () => {
      const { unit, frames, judge } = await rules.choose();
      await parts.tellRefusal();
      const problem = refusal();
      // Whether the queue answers is not what a canary is about.
      const waiting = await queueProblem().catch(() => undefined);
      if (waiting !== undefined) log.warn(waiting);
      const remarks = [problem && `the published rules are refused: ${problem}`, waiting];
      const remark = remarks.filter((each) => each !== undefined).join('; ') || undefined;
      const report = await scanCanary({ ruleSet: unit.ruleSet, frames, judge, log, deliver, remark });
      await mark.note(report);
      return report;
    },
  };
}

/**
 * Clean scans by the hour (`SLUICE_CLEAN_ROWS=hourly`): instead of a row each, one row an hour for those of a container that were
 * scanned with the same rules. Everything else goes to the sink as it comes.
 *
 * A scan is acknowledged once the tally holds it, so that the promise of every sink stands: what was accepted becomes a row. A
 * scan that some row already speaks of, as failed say, gets a row of its own: otherwise that would stay the last word on it. A scan
 * that is repeated after a crash may count in two hours.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../base/log.ts';
import { sha256Hex } from '../base/digest.ts';
import type { CleanSum, CleanTally, ClosingHour } from '../ledger/clean-tally.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import { outcomeOfScan } from '../scanner/verdict.ts';
import type { Sink } from './sink.ts';

export interface CleanHoursParts {
  readonly tally: CleanTally;
  readonly ledger: Pick<Ledger, 'find'>;
  readonly now?: () => Date;
}

/** How long after its end an hour may still be written to by a worker whose clock is late. */
const SETTLED_AFTER_IN_MS = 5 * 60_000;
/** Hours closed in one go: a week of them. */
const MAX_HOURS = 168;

/** The sink with clean scans held back for `recordCleanHours`. Rejects with `CleanTallyError` where the tally fails. */
export function tallyCleanScans(sink: Sink, { tally, ledger, now = () => new Date() }: CleanHoursParts): Sink {
  return {
    name: sink.name,
    async record(report, options) {
      const isTallied = report.outcome.verdict === 'clean' && !report.isCanary;
      if (!isTallied || (await ledger.find(report.object, report.scanId))?.rank !== undefined) {
        await sink.record(report, options);
        return;
      }
      options?.abortSignal?.throwIfAborted();
      await tally.add(
        {
          scanId: report.scanId,
          account: report.object.account,
          container: report.object.container,
          resourceId: report.resourceId,
          rulesDigest: report.rulesDigest,
          exclusionsDigest: report.exclusionsDigest,
          engineVersion: report.engineVersion,
          ruleCount: report.ruleCount,
          skippedRuleCount: report.skippedRuleCount,
          sizeInBytes: report.sizeInBytes ?? report.bytesRead,
          bytesRead: report.bytesRead,
          startedAt: report.scanStartedAt,
          finishedAt: report.scanFinishedAt,
        },
        now(),
      );
    },
    close: () => sink.close(),
  };
}

/**
 * Has a row recorded for the clean scans of each hour that is over. Cut off anywhere and run again, it records the same rows with the
 * same ids. Rejects with what the sinks or the tally reject with; the hours before are done then.
 */
export async function recordCleanHours(
  sinks: readonly Sink[],
  tally: CleanTally,
  log: Logger,
  now: Date = new Date(),
): Promise<void> {
  const settled = new Date(now.getTime() - SETTLED_AFTER_IN_MS);
  let hour = await tally.nextHour('', settled);
  for (let closed = 0; hour !== undefined && closed < MAX_HOURS; closed += 1) {
    const closing = await tally.close(hour);
    if (!closing.isRecorded) {
      const reports = (await tally.sums(closing)).map((sum) => toReport(sum, closing));
      await Promise.all(reports.flatMap((report) => sinks.map((sink) => sink.record(report))));
      await tally.recorded(closing);
      const scans = reports.reduce((sum, { scanCount = 0 }) => sum + scanCount, 0);
      log.info('the clean scans of an hour were recorded', { hour, scans, rows: reports.length });
    }
    await tally.forget(closing);
    hour = await tally.nextHour(hour, settled);
  }
}

function toReport(sum: CleanSum, { hour, line }: ClosingHour): ScanReport {
  const { account, container, resourceId, rulesDigest, exclusionsDigest, engineVersion } = sum;
  const { ruleCount, skippedRuleCount } = sum;
  const name = ['clean scans', hour, String(line), account, container, resourceId, rulesDigest, exclusionsDigest];
  return {
    scanId: sha256Hex([...name, engineVersion, String(ruleCount), String(skippedRuleCount)]),
    attemptId: randomUUID(),
    outcome: outcomeOfScan({ hasStandingFinding: false, hasExcludedFinding: false, isWhole: true, undecided: [] }),
    object: { account, container, objectName: '', url: '', eTag: '', versionId: undefined },
    resourceId,
    sizeInBytes: sum.sizeInBytes,
    sha256: undefined,
    md5: undefined,
    bytesRead: sum.bytesRead,
    // No upload's time: those of an hour have none in common.
    eventTime: '',
    scanStartedAt: sum.startedAt,
    scanFinishedAt: sum.finishedAt,
    ruleCount,
    skippedRuleCount,
    rulesDigest,
    exclusionsDigest,
    engineVersion,
    isCanary: false,
    findings: [],
    supersededBy: undefined,
    scanCount: sum.scanCount,
  };
}

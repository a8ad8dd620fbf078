/** What of a recorded report is counted: how it ended, what was read, and how long after the upload it was known. */
import type { Telemetry } from '../base/telemetry.ts';
import type { ScanReport } from './scan-report.ts';
import { rankOf } from './verdict.ts';

/** Not for the canary, which nobody uploaded. */
export function measureReport(report: ScanReport, telemetry: Telemetry): void {
  const { outcome, findings, bytesRead, eventTime, scanStartedAt, scanFinishedAt } = report;
  // The name behind a reason's colon is anybody's: it would make series without end.
  const reason = outcome.reason?.replace(/:.*$/, '') ?? '';
  telemetry.count('sluice.scans', 1, { verdict: outcome.verdict, reason });
  for (const { severity, exclusion } of findings) {
    telemetry.count('sluice.findings', 1, { severity, excluded: exclusion !== undefined });
  }
  if (bytesRead > 0) telemetry.count('sluice.bytes', bytesRead);
  // Lower ones come of no scan.
  if (rankOf(outcome.verdict) < rankOf('incomplete')) return;
  const finished = Date.parse(scanFinishedAt);
  telemetry.record('sluice.scan.duration', (finished - Date.parse(scanStartedAt)) / 1_000);
  const lag = (finished - Date.parse(eventTime)) / 1_000;
  // An event without a time has none, and clocks differ.
  if (lag >= 0) telemetry.record('sluice.lag', lag);
}

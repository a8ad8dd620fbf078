/**
 * What of a recorded report is counted: how it ended, what was read, and how long after the upload it was known. And of some scans what
 * their dearest rules took.
 */
import { errorText } from '../base/describe-error.ts';
import type { Telemetry } from '../base/telemetry.ts';
import type { SluiceRequest } from '../events/scan-request.ts';
import type { HandledRequest } from './handle-request.ts';
import type { ScanReport } from './scan-report.ts';
import type { ScanProfile } from '../yara/index.ts';
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
  // How old an object is that somebody has scanned again says nothing of the scanner.
  if (report.origin === 'rescan') return;
  const lag = (finished - Date.parse(eventTime)) / 1_000;
  // An event without a time has none, and clocks differ.
  if (lag >= 0) telemetry.record('sluice.lag', lag);
}

/** More rules of a scan are not told: each is a series of its own. */
const DEAREST = 5;

/** The rules that took longest, conditions and patterns together. */
export function measureRules({ rules }: ScanProfile, telemetry: Telemetry): void {
  const costs = rules.map(({ rule, namespace, evaluationMs, patterns }) => ({
    rule: `${namespace}:${rule}`,
    ms: patterns.reduce((sum, { ms }) => sum + ms, evaluationMs),
  }));
  for (const { rule, ms } of costs.sort((a, b) => b.ms - a.ms).slice(0, DEAREST)) {
    telemetry.record('sluice.rule.cost', ms / 1_000, { rule });
  }
}

/** Handles a request as one span, and counts what was recorded of it. */
export async function measureRequest(
  request: SluiceRequest,
  telemetry: Telemetry,
  handle: (onStage: (stage: string) => void) => Promise<HandledRequest>,
): Promise<HandledRequest> {
  const span = telemetry.startSpan('scan');
  try {
    const handled = await handle((stage) => {
      span.stage(stage);
    });
    for (const report of handled.reports) measureReport(report, telemetry);
    const report = handled.reports[0];
    span.end({
      'sluice.scan_id': handled.scanId,
      'sluice.url': request.url,
      'sluice.verdict': report?.outcome.verdict ?? handled.left ?? 'recordedBefore',
      'sluice.bytes': report?.bytesRead ?? 0,
    });
    return handled;
  } catch (error) {
    span.end({ 'sluice.url': request.url }, errorText(error, 200));
    throw error;
  }
}

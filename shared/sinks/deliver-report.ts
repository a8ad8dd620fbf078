/** A report goes to every sink, and what they answer becomes one answer. */
import { SluiceError } from '../base/errors.ts';
import type { Telemetry } from '../base/telemetry.ts';
import { ReportRefusedError } from '../scanner/record-report.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import { SinkError } from './sink-error.ts';
import type { RecordOptions, Sink } from './sink.ts';

/**
 * Resolves once every sink has accepted. Rejects with `ReportRefusedError` (REPORT_REFUSED) where one never will and all others
 * have, else with what the first sink that may take it later rejected with; failures are counted.
 */
export async function deliverReport(
  sinks: readonly Sink[],
  report: ScanReport,
  telemetry: Telemetry,
  options?: RecordOptions,
): Promise<void> {
  try {
    await deliverToAll(sinks, report, options);
  } catch (error) {
    telemetry.count('sluice.ingestion.failures', 1, { code: error instanceof SluiceError ? error.code : 'bug' });
    throw error;
  }
}

/**
 * Every sink is asked, whatever another says. A sink that may take the report later outweighs one that never will: the whole is
 * tried again, and rows that were accepted before come with the same ids.
 */
async function deliverToAll(sinks: readonly Sink[], report: ScanReport, options?: RecordOptions): Promise<void> {
  const settled = await Promise.allSettled(sinks.map((sink) => sink.record(report, options)));
  const faults = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const isRefusal = (fault: unknown): fault is SinkError => fault instanceof SinkError && fault.isRefused;
  const passing = faults.find((fault) => !isRefusal(fault));
  if (passing !== undefined) throw passing as Error;
  const refusal = faults.find(isRefusal);
  if (refusal === undefined) return;
  throw new ReportRefusedError(refusal.message, { ...(refusal.hint && { hint: refusal.hint }), cause: refusal });
}

/** A sink records reports. Every sink passes the contract suite in `test/unit/shared/sinks/sink-contract.ts`. */
import type { ScanReport } from '../scanner/scan-report.ts';

export interface RecordOptions {
  readonly abortSignal?: AbortSignal;
  /** Somebody waits for just this one: it does not wait for others. */
  readonly isUrgent?: boolean;
}

export interface Sink {
  /** Stable; stands in logs and settings. */
  readonly name: string;
  /**
   * Resolves once the report is accepted for good; rejects with a `SluiceError` that says whether trying again can help.
   * Recording a report twice is harmless: rows carry deterministic ids.
   */
  record(report: ScanReport, options?: RecordOptions): Promise<void>;
  /** Delivers what is still gathered, then releases everything. */
  close(): Promise<void>;
}

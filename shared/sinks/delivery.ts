/** One report on its way: counts its accepted rows, and tells its caller once, when all were accepted or one was not. */
import type { FindingRow, ReportRows, ScanRow } from './rows.ts';
import type { SinkError } from './sink-error.ts';

/** A row and the report it belongs to. */
export interface OutgoingRow {
  readonly row: ScanRow | FindingRow;
  readonly delivery: Delivery;
}

export class Delivery {
  /** Resolves when every row was accepted. Rejects with the first failure, or with the signal's reason. */
  readonly settled: Promise<void>;
  readonly rows: ReportRows;
  /** What to call the report in errors. */
  readonly where: string;
  readonly abortSignal: AbortSignal | undefined;
  #rowsLeft: number;
  #state: 'open' | 'accepted' | 'failed' | 'abandoned' = 'open';
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;
  readonly #abandon = (): void => {
    if (this.#close('abandoned')) this.#reject(this.abortSignal?.reason);
  };

  constructor(rows: ReportRows, where: string, abortSignal: AbortSignal | undefined) {
    this.rows = rows;
    this.where = where;
    this.abortSignal = abortSignal;
    this.#rowsLeft = rows.scans.length + rows.findings.length;
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    abortSignal?.addEventListener('abort', this.#abandon, { once: true });
    if (abortSignal?.aborted) this.#abandon();
  }

  /** The caller no longer waits. A failed report is not abandoned: what of it can be recorded still is. */
  get isAbandoned(): boolean {
    return this.#state === 'abandoned';
  }

  /** Nothing went wrong so far and somebody waits. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  acceptRow(): void {
    this.#rowsLeft--;
    if (this.#rowsLeft === 0 && this.#close('accepted')) this.#resolve();
  }

  fail(error: SinkError | Error): void {
    if (this.#close('failed')) this.#reject(error);
  }

  #close(state: 'accepted' | 'failed' | 'abandoned'): boolean {
    if (this.#state !== 'open') return false;
    this.#state = state;
    this.abortSignal?.removeEventListener('abort', this.#abandon);
    return true;
  }
}

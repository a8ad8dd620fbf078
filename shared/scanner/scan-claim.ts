/**
 * A scan that this process has claimed in the ledger: it gives a sign of life each minute, notes how far it came, and tells
 * when another attempt has taken it over, which ends the work here. The claim must be ended in one of three ways: by recording
 * an outcome (the ledger's `finish`), by `yield`, or by `release`.
 */
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Ledger, LedgerEntry, RunChange, ScanRun } from '../ledger/ledger.ts';
import type { ReportFrame } from './build-report.ts';

/** Another attempt scans the object now. No failure: what is left to do is that attempt's. */
export class TakenOverError extends SluiceError {
  readonly code = 'SCAN_TAKEN_OVER';
}

export interface ScanClaimParts {
  readonly ledger: Ledger;
  readonly log: Logger;
  /** A minute unless given. */
  readonly heartbeatInMs?: number;
}

const HEARTBEAT_IN_MS = 60_000;

export class ScanClaim {
  readonly frame: ReportFrame;
  /** As claimed. */
  readonly run: ScanRun;
  readonly #parts: ScanClaimParts;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #hasCheckpoint: boolean;

  /** For an entry that was just claimed for the frame's attempt. */
  constructor(frame: ReportFrame, run: ScanRun, parts: ScanClaimParts) {
    this.frame = frame;
    this.run = run;
    this.#parts = parts;
    this.#hasCheckpoint = run.generation > 0 || run.position > 0;
    this.#timer = setInterval(() => void this.#beat({ kind: 'heartbeat' }), parts.heartbeatInMs ?? HEARTBEAT_IN_MS);
    // Nothing waits for it; what is being scanned keeps the process alive.
    this.#timer.unref();
  }

  /** Aborted, with a `TakenOverError`, once another attempt has the scan. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether this slice or one before has left a checkpoint. */
  get hasCheckpoint(): boolean {
    return this.#hasCheckpoint;
  }

  /** Notes that there is a checkpoint at `position`. Never rejects: the next sign of life makes up for it. */
  async keep(position: number): Promise<void> {
    this.#hasCheckpoint = true;
    await this.#beat({ kind: 'heartbeat', position });
  }

  /** Notes that it begins with nothing beside it: should this process die now, it is known of what. Never rejects. */
  async startAlone(): Promise<void> {
    await this.#beat({ kind: 'alone' });
  }

  /** Ends the slice. Undefined when another attempt has the scan. */
  async yield(position: number, hasRun: boolean): Promise<LedgerEntry | undefined> {
    this.end();
    return this.#advance({ kind: 'yielded', position, hasRun });
  }

  /** Leaves the scan to whoever comes next. Never rejects: the claim goes stale by itself. */
  async release(): Promise<void> {
    this.end();
    try {
      await this.#advance({ kind: 'released' });
    } catch (error) {
      this.#parts.log.warn('a scan could not be released', { scanId: this.frame.scanId, error: errorText(error) });
    }
  }

  /** Gives no more signs of life. */
  end(): void {
    clearInterval(this.#timer);
  }

  async #beat(change: RunChange): Promise<void> {
    try {
      if ((await this.#advance(change)) !== undefined) return;
      this.end();
      this.#lost.abort(new TakenOverError('another attempt scans the object', { where: this.frame.object.url }));
    } catch (error) {
      this.#parts.log.warn('a sign of life did not reach the ledger', {
        scanId: this.frame.scanId,
        error: errorText(error),
      });
    }
  }

  #advance(change: RunChange): Promise<LedgerEntry | undefined> {
    const { object, scanId, attemptId } = this.frame;
    return this.#parts.ledger.advance(object, scanId, attemptId, change);
  }
}

/**
 * The ledger remembers what was scanned: by ScanId, that a scan runs or with what outcome it ended. It lives in Table
 * storage of the scanner's own account; nothing on a scanned object ever takes its place.
 */
import type { ObjectIdentity } from '../objects/byte-source.ts';

export interface LedgerEntry {
  readonly scanId: string;
  readonly state: 'running' | 'done';
  /** Which attempt owns it. */
  readonly attemptId: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | undefined;
  /** Set when done: verdict, its rank and reason as recorded. */
  readonly verdict: string | undefined;
  readonly rank: number | undefined;
  readonly reason: string | undefined;
}

export interface Ledger {
  /** The entry of that scan, undefined where there is none. */
  find(object: ObjectIdentity, scanId: string): Promise<LedgerEntry | undefined>;
  /** Marks the scan as running. False when it is already `done` (nothing is changed then). */
  begin(object: ObjectIdentity, scanId: string, attemptId: string): Promise<boolean>;
  /** Marks it `done`. An outcome of lower rank than the recorded one is never written; returns what stands afterwards. */
  finish(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    outcome: { readonly verdict: string; readonly rank: number; readonly reason: string | undefined },
  ): Promise<LedgerEntry>;
}

/**
 * The ledger remembers what was scanned: by ScanId, that a scan runs or with what outcome it ended. It lives in Table
 * storage of the scanner's own account; nothing on a scanned object ever takes its place.
 *
 * A scan may take many slices, each by another worker. The entry says which attempt holds it (by a heartbeat that goes stale
 * when its worker dies), how many slices there were (`generation`) and how far they came, so that exactly one goes on.
 */
import type { ObjectIdentity } from '../objects/byte-source.ts';

export interface LedgerEntry {
  readonly scanId: string;
  readonly state: 'running' | 'done';
  /** Which attempt owns it. */
  readonly attemptId: string;
  readonly startedAt: Date;
  /**
   * Set when it ended: when, with what verdict, its rank and reason as recorded. An entry that runs again carries the outcome
   * that stands until then.
   */
  readonly finishedAt: Date | undefined;
  readonly verdict: string | undefined;
  readonly rank: number | undefined;
  readonly reason: string | undefined;
  /** Set exactly while it runs. */
  readonly run: ScanRun | undefined;
}

export interface ScanRun {
  /** Whether the attempt goes on; false between two slices, and after one that failed. */
  readonly isHeld: boolean;
  readonly heartbeatAt: Date;
  /** Slices that have ended with more to do. */
  readonly generation: number;
  /** Bytes scanned as of the last checkpoint; 0 where there is none. */
  readonly position: number;
  /** Where this slice began. */
  readonly sliceStart: number;
  /** Slices in a row that came no further. */
  readonly idleSlices: number;
  /** The attempt before this one went silent: its worker died, perhaps of this scan. */
  readonly isSuspect: boolean;
  /** Attempts that began with nothing beside them, since one last came to an end of any kind. */
  readonly aloneStarts: number;
}

/** What an attempt knows that wants to scan. */
export interface Claim {
  readonly attemptId: string;
  /** Of the message that asks for the next slice; undefined for one that tells of an upload. */
  readonly generation: number | undefined;
  /** The message came before, so whoever holds the scan may be its own earlier attempt. */
  readonly isRedelivered: boolean;
  /** Whether to scan again although an outcome is recorded. */
  readonly mayRepeat: (entry: LedgerEntry) => boolean;
}

/**
 * `claimed`: scan it. `done`: there is nothing to do. `elsewhere`: another message is at it, which nobody deletes before it is
 * done. `stale`: the message asks for a slice that another message has taken since.
 */
export interface ClaimAnswer {
  readonly kind: 'claimed' | 'done' | 'elsewhere' | 'stale';
  readonly entry: LedgerEntry;
}

/**
 * What becomes of a run. `heartbeat`: it goes on, and has a checkpoint at `position` if given. `yielded`: its slice is over; the
 * next is another message's; `hasRun` is false where it never came to its turn. `released`: it failed, and anybody may take it.
 * `alone`: it begins now, and nothing else is scanned in its process until it ends.
 */
export type RunChange =
  | { readonly kind: 'heartbeat'; readonly position?: number }
  | { readonly kind: 'yielded'; readonly position: number; readonly hasRun: boolean }
  | { readonly kind: 'released' }
  | { readonly kind: 'alone' };

export interface RecordedOutcome {
  readonly verdict: string;
  readonly rank: number;
  readonly reason: string | undefined;
  /** It is the word on a message that was given up: an attempt that holds the scan meanwhile goes on with it. */
  readonly leavesRun?: boolean;
}

export interface Ledger {
  /** The entry of that scan, undefined where there is none. */
  find(object: ObjectIdentity, scanId: string): Promise<LedgerEntry | undefined>;
  /** Entries about that version of the object, with whatever rules it was scanned. */
  findVersion(
    object: Pick<ObjectIdentity, 'account' | 'container' | 'objectName' | 'eTag'>,
  ): Promise<readonly LedgerEntry[]>;
  /** Marks the scan as running, if the attempt may have it. */
  claim(object: ObjectIdentity, scanId: string, claim: Claim): Promise<ClaimAnswer>;
  /** Notes how a run goes. Undefined, and nothing changed, when the attempt does not own it any more. */
  advance(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    change: RunChange,
  ): Promise<LedgerEntry | undefined>;
  /** Marks it `done`, unless the outcome leaves the run of another attempt. An outcome of lower rank than the recorded one is never written; returns what stands afterwards. */
  finish(object: ObjectIdentity, scanId: string, attemptId: string, outcome: RecordedOutcome): Promise<LedgerEntry>;
}

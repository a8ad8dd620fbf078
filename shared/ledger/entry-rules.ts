/**
 * What may follow what in the ledger, apart from where it is kept: given the entry that stands (if any), the entry that
 * takes its place. Undefined: nothing may, and what stands stays.
 *
 *   nothing ─begin─► running ─finish─► done ─finish, same or higher rank─► done
 *      └───────────────finish───────────▲
 *
 * `done` is never left again. The same scan means the same bytes, rules and engine, so what was learnt stays true.
 */
import type { Ledger, LedgerEntry } from './ledger.ts';

export type RecordedOutcome = Parameters<Ledger['finish']>[3];

/** The entry of an attempt that starts; it takes over from one that runs, which may have died. */
export function beginEntry(
  standing: LedgerEntry | undefined,
  scanId: string,
  attemptId: string,
  now: Date,
): LedgerEntry | undefined {
  if (standing?.state === 'done') return undefined;
  return {
    scanId,
    state: 'running',
    attemptId,
    startedAt: now,
    finishedAt: undefined,
    verdict: undefined,
    rank: undefined,
    reason: undefined,
  };
}

/** The entry of an attempt that ended. One of equal rank is written: it is the later word on the same thing. */
export function finishEntry(
  standing: LedgerEntry | undefined,
  scanId: string,
  attemptId: string,
  outcome: RecordedOutcome,
  now: Date,
): LedgerEntry | undefined {
  if (standing?.state === 'done' && outcome.rank < (standing.rank ?? 0)) return undefined;
  const isSameAttempt = standing?.attemptId === attemptId;
  const { verdict, rank, reason } = outcome;
  const startedAt = isSameAttempt ? standing.startedAt : now;
  return { scanId, state: 'done', attemptId, startedAt, finishedAt: now, verdict, rank, reason };
}

/**
 * What may follow what in the ledger, apart from where it is kept: given the entry that stands (if any), the entry that
 * takes its place. Undefined: nothing may, and what stands stays.
 *
 *             ┌──heartbeat, yielded, released──┐
 *   nothing ─claim─► running ──────────────────┴─finish─► done ─finish, same or higher rank─► done
 *      │                ▲  └────────────────────────────────┘ claim, of an outcome that may not last
 *      └────────────────┴──finish──────────────────────────►
 *
 * An outcome that was recorded is never lost: the same scan means the same bytes, rules and engine, so what was learnt stays
 * true. A scan that runs again carries it along, and so does one that runs on although its message was given up.
 */
import type { Claim, ClaimAnswer, LedgerEntry, RecordedOutcome, RunChange, ScanRun } from './ledger.ts';

/** A run that was silent for so long has lost its worker. Workers give a sign each minute. */
export const STALE_AFTER_IN_MS = 3 * 60_000;

const newRun: Omit<ScanRun, 'heartbeatAt'> = {
  isHeld: true,
  generation: 0,
  position: 0,
  sliceStart: 0,
  idleSlices: 0,
  isSuspect: false,
  aloneStarts: 0,
};

/** The answer to an attempt; where it is `claimed`, its entry is the one to write. */
export function claimEntry(
  standing: LedgerEntry | undefined,
  scanId: string,
  claim: Claim,
  now: Date,
  staleAfterInMs: number = STALE_AFTER_IN_MS,
): ClaimAnswer {
  const { attemptId, generation, isRedelivered, mayRepeat } = claim;
  if (standing?.run === undefined) {
    if (standing !== undefined && !mayRepeat(standing)) return { kind: 'done', entry: standing };
    const run = { ...newRun, generation: generation ?? 0, heartbeatAt: now };
    const before = standing ?? { finishedAt: undefined, verdict: undefined, rank: undefined, reason: undefined };
    return { kind: 'claimed', entry: { ...before, scanId, state: 'running', attemptId, startedAt: now, run } };
  }
  const { run } = standing;
  // The claim was written and its answer lost: it is this attempt's, and nobody else's.
  if (standing.attemptId === attemptId && run.isHeld) return { kind: 'claimed', entry: standing };
  const isAlive = run.isHeld && now.getTime() - run.heartbeatAt.getTime() < staleAfterInMs;
  // A worker may have died between noting that its slice is over and asking for the next one: then its own message, which
  // comes again, is all there is.
  if (generation !== undefined && generation !== run.generation && (isAlive || !isRedelivered)) {
    return { kind: 'stale', entry: standing };
  }
  if (isAlive && !isRedelivered) return { kind: 'elsewhere', entry: standing };
  const next = { ...run, isHeld: true, heartbeatAt: now, sliceStart: run.position, isSuspect: run.isHeld };
  return { kind: 'claimed', entry: { ...standing, attemptId, run: next } };
}

/** The entry after a change of its run; undefined when that attempt does not own it. */
export function advanceEntry(
  standing: LedgerEntry | undefined,
  attemptId: string,
  change: RunChange,
  now: Date,
): LedgerEntry | undefined {
  const run = standing?.run;
  if (standing === undefined || run === undefined || standing.attemptId !== attemptId) return undefined;
  // Left before, and the answer lost: saying that it failed would leave the scan to nobody.
  if (!run.isHeld) return change.kind === 'yielded' ? standing : undefined;
  return { ...standing, run: advanceRun(run, change, now) };
}

/** The entry of an attempt that ended. One of equal rank is written: it is the later word on the same thing. */
export function finishEntry(
  standing: LedgerEntry | undefined,
  scanId: string,
  attemptId: string,
  outcome: RecordedOutcome,
  now: Date,
): LedgerEntry | undefined {
  const isLeft = outcome.leavesRun === true && standing?.run?.isHeld === true && standing.attemptId !== attemptId;
  if (standing?.rank !== undefined && outcome.rank < standing.rank) {
    if (isLeft) return undefined;
    return standing.state === 'done' ? undefined : { ...standing, state: 'done', run: undefined };
  }
  const isSameAttempt = standing?.attemptId === attemptId;
  const { verdict, rank, reason } = outcome;
  if (isLeft) return { ...standing, finishedAt: now, verdict, rank, reason };
  const startedAt = isSameAttempt ? standing.startedAt : now;
  return { scanId, state: 'done', attemptId, startedAt, finishedAt: now, verdict, rank, reason, run: undefined };
}

/** An attempt came to an end, so its process lives. */
const sound = { isSuspect: false, aloneStarts: 0 } as const;

function advanceRun(run: ScanRun, change: RunChange, now: Date): ScanRun {
  switch (change.kind) {
    case 'heartbeat':
      return { ...run, heartbeatAt: now, position: change.position ?? run.position };
    case 'alone':
      return { ...run, heartbeatAt: now, aloneStarts: run.aloneStarts + 1 };
    case 'released':
      return { ...run, ...sound, heartbeatAt: now, isHeld: false };
    case 'yielded': {
      const { position } = change;
      return {
        ...run,
        ...sound,
        isHeld: false,
        heartbeatAt: now,
        generation: run.generation + 1,
        position,
        idleSlices: idleAfter(run, change),
      };
    }
  }
}

function idleAfter(
  run: ScanRun,
  { position, hasRun }: { readonly position: number; readonly hasRun: boolean },
): number {
  if (!hasRun) return run.idleSlices;
  return position > run.sliceStart ? 0 : run.idleSlices + 1;
}

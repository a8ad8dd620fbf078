/**
 * A time limit as an abort: work gets one signal that fires when the caller aborts or when its time is up, and afterwards it is
 * clear which of the two it was, however the layers below dressed the abort.
 */
import { LinkedAbort } from '../objects/linked-abort.ts';

/** The time given was used up. A bound that was met, not a fault: it becomes an outcome. */
export class DeadlineReached extends Error {
  constructor(deadlineInMs: number) {
    super(`not finished after ${deadlineInMs} ms`);
    this.name = 'DeadlineReached';
  }
}

/**
 * Runs `work` with a signal for both. When the signal fired and `work` rejected, rejects with the reason (`DeadlineReached`, or
 * the caller's own), whatever `work` rejected with; a result that came all the same is kept. `undefined`: no limit.
 */
export async function withDeadline<Result>(
  deadlineInMs: number | undefined,
  abortSignal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const link = new LinkedAbort(abortSignal);
  const timer = deadlineInMs === undefined ? undefined : setTimeout(endTime, deadlineInMs, link, deadlineInMs);
  try {
    link.signal.throwIfAborted();
    return await work(link.signal);
  } catch (error) {
    link.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    link.release();
  }
}

function endTime(link: LinkedAbort, deadlineInMs: number): void {
  link.abort(new DeadlineReached(deadlineInMs));
}

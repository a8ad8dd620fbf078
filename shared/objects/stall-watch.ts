/**
 * Gives up on a request that has gone silent. The SDK waits for an answer, and for the next piece of a body, as long as the
 * connection stands, and a connection whose other end is gone may stand for hours.
 */
import { LinkedAbort } from './linked-abort.ts';

/**
 * Runs `request` under a signal that follows `abortSignal` and also aborts once `alive` has not been called for
 * `stallTimeoutInMs`. Rejects with the signal's reason if that aborted, else with what the request threw; either way whatever
 * was still under way under the signal is ended.
 */
export async function withStallWatch<T>(
  stallTimeoutInMs: number,
  abortSignal: AbortSignal | undefined,
  request: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  const link = new LinkedAbort(abortSignal);
  const { signal } = link;
  const watch = setTimeout(() => {
    link.abort(new Error(`nothing came for ${stallTimeoutInMs} ms`));
  }, stallTimeoutInMs);
  try {
    return await request(signal, () => watch.refresh());
  } catch (error) {
    if (!signal.aborted) link.abort(error);
    throw signal.reason;
  } finally {
    clearTimeout(watch);
    link.release();
  }
}

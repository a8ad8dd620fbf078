/**
 * One request to the scanner's own storage, tried again in the two cases in which the SDK does not: the service is too busy and
 * names no time (429), and an answer that broke off, behind which the request may have been served. So only for requests that may
 * be served twice. What else the SDK has tried in vain is not tried again here.
 */
import { retry } from '../base/retry.ts';

const ATTEMPTS = 4;
const FIRST_DELAY_IN_MS = 250;

/** What the request gives; rejects with its last error. Each try has `limitInMs`. */
export function askStorage<T>(request: (abortSignal: AbortSignal) => Promise<T>, limitInMs: number): Promise<T> {
  return retry(() => request(AbortSignal.timeout(limitInMs)), {
    attempts: ATTEMPTS,
    baseDelayInMs: FIRST_DELAY_IN_MS,
    isRetryable: (error) => {
      const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
      return statusCode === 429 || code === 'PARSE_ERROR';
    },
  });
}

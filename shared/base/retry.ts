/**
 * Tries an operation again a bounded number of times: exponential backoff with full jitter, never earlier than the
 * server asked for (Retry-After), and not at all when it asks for longer than the caller can wait. It decides nothing
 * about what an operation means; the caller says that doing it twice is harmless by calling this.
 */
import { SluiceError } from './errors.ts';

export interface RetryOptions {
  /** How often to try in all; 5 unless given. */
  readonly attempts?: number;
  /** Upper bound of the first wait; doubles with each further one. 200 ms unless given. */
  readonly baseDelayInMs?: number;
  /** No wait of our own is longer; 30 s unless given. */
  readonly maxDelayInMs?: number;
  /** A server that asks for a longer wait is not waited for: the error is thrown at once. 60 s unless given. */
  readonly maxRetryAfterInMs?: number;
  readonly abortSignal?: AbortSignal;
  /** Whether trying again can help; `isTransient` unless given. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Called before each wait. */
  readonly onRetry?: (retry: { readonly error: unknown; readonly attempt: number; readonly delayInMs: number }) => void;
}

export interface RetryClock {
  readonly now: () => number;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** Resolves after that time; rejects with the signal's reason when it aborts first. */
  readonly delay: (delayInMs: number, abortSignal: AbortSignal | undefined) => Promise<void>;
}

const systemClock: RetryClock = { now: Date.now, random: Math.random, delay };

/**
 * Calls `operation` until it succeeds. Rejects with its last error once that is not retryable or the attempts are used
 * up, and with the signal's reason after an abort. The total wait is bounded by attempts × the longest wait.
 */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
  clock: RetryClock = systemClock,
): Promise<T> {
  const { attempts = 5, baseDelayInMs = 200, maxDelayInMs = 30_000, maxRetryAfterInMs = 60_000, abortSignal } = options;
  const isRetryable = options.isRetryable ?? isTransient;
  for (let attempt = 1; ; attempt++) {
    abortSignal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      // An operation cut short by the same signal fails in its own words; the reason is what callers look for.
      abortSignal?.throwIfAborted();
      if (attempt >= attempts || !isRetryable(error)) throw error;
      const jitter = clock.random() * Math.min(maxDelayInMs, baseDelayInMs * 2 ** (attempt - 1));
      const asked = retryAfterInMs(error, clock.now()) ?? 0;
      if (asked > maxRetryAfterInMs) throw error;
      // Jitter on top of what was asked, or all who were told the same second come back in the same one.
      const delayInMs = Math.round(asked + jitter);
      options.onRetry?.({ error, attempt, delayInMs });
      await clock.delay(delayInMs, abortSignal);
    }
  }
}

const transientStatus = new Set([408, 429, 500, 502, 503, 504]);
const transientCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  // How the Azure SDKs name a request that got no answer.
  'REQUEST_SEND_ERROR',
]);

/** Whether an error is of the passing kind: a `SluiceError` that says so, a throttled or failing server, a broken line. */
export function isTransient(error: unknown): boolean {
  if (error instanceof SluiceError) return error.retryable;
  if (!(error instanceof Error) || error.name === 'AbortError') return false;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number') return transientStatus.has(statusCode);
  return typeof code === 'string' && transientCodes.has(code);
}

/** How long the server that answered with this error asks to wait; undefined when it does not say. */
export function retryAfterInMs(error: unknown, now: number = Date.now()): number | undefined {
  const get = headerReader(error);
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const text = get(name);
    if (text !== undefined && /^\d{1,12}$/.test(text)) return Number(text);
  }
  return parseRetryAfter(get('retry-after'), now);
}

/** Reads a Retry-After header: seconds, or an HTTP date. Malformed or absent → undefined; in the past → 0. RFC 9110 §10.2.3. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(text)) return Number(text) * 1_000;
  const time = /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}

/** Reads headers of an SDK's error by shape: `error.response.headers.get(name)`. */
function headerReader(error: unknown): (name: string) => string | undefined {
  const { response } = (error ?? {}) as { response?: { headers?: { get?: (name: string) => unknown } } | null };
  const headers = response?.headers;
  return (name) => {
    const text = typeof headers?.get === 'function' ? headers.get(name) : undefined;
    return typeof text === 'string' ? text : undefined;
  };
}

/** Waits; rejects with the signal's reason when it aborts first. */
export async function delay(delayInMs: number, abortSignal?: AbortSignal): Promise<void> {
  abortSignal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(abortSignal?.reason as Error);
    };
    const timer = setTimeout(() => {
      abortSignal?.removeEventListener('abort', abort);
      resolve();
    }, delayInMs);
    abortSignal?.addEventListener('abort', abort, { once: true });
  });
}

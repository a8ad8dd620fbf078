import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RetryClock } from '../../../../shared/base/retry.ts';
import { SluiceError } from '../../../../shared/base/errors.ts';
import { delay, isTransient, parseRetryAfter, retry, retryAfterInMs } from '../../../../shared/base/retry.ts';

class FlakyError extends SluiceError {
  readonly code = 'FLAKY';
}
const passing = (): FlakyError => new FlakyError('try again', { retryable: true });
const lasting = (): FlakyError => new FlakyError('never again');

function withHeaders(headers: Record<string, string>, statusCode = 429): Error {
  return Object.assign(new Error('throttled'), { statusCode, response: { headers: new Map(Object.entries(headers)) } });
}

function fakeClock(random = 0.5) {
  const delays: number[] = [];
  const clock: RetryClock = {
    now: () => Date.parse('2026-01-01T00:00:00Z'),
    random: () => random,
    delay: (delayInMs, abortSignal) => {
      delays.push(delayInMs);
      abortSignal?.throwIfAborted();
      return Promise.resolve();
    },
  };
  return { clock, delays };
}

/** Fails with each error in turn, then gives the number of the attempt. */
function failing(...errors: Error[]): (attempt: number) => Promise<number> {
  return async (attempt) => {
    const error = errors[attempt - 1];
    if (error !== undefined) throw error;
    return attempt;
  };
}

describe('retry', () => {
  it('gives the first result without waiting', async () => {
    const { clock, delays } = fakeClock();
    await expect(retry(failing(), {}, clock)).resolves.toBe(1);
    expect(delays).toEqual([]);
  });

  it('waits twice as long at most before each further attempt', async () => {
    const { clock, delays } = fakeClock(0.5);
    await expect(retry(failing(passing(), passing(), passing()), {}, clock)).resolves.toBe(4);
    expect(delays).toEqual([100, 200, 400]);
  });

  it('ends with the last error once the attempts are used up', async () => {
    const last = passing();
    const { clock, delays } = fakeClock();
    await expect(retry(failing(passing(), passing(), last), { attempts: 3 }, clock)).rejects.toBe(last);
    expect(delays).toHaveLength(2);
  });

  it('does not repeat what cannot succeed', async () => {
    const error = lasting();
    const { clock, delays } = fakeClock();
    await expect(retry(failing(error), {}, clock)).rejects.toBe(error);
    expect(delays).toEqual([]);
  });

  it('never comes back earlier than the server asked', async () => {
    const { clock, delays } = fakeClock(0.5);
    await retry(failing(withHeaders({ 'retry-after': '7' })), {}, clock);
    expect(delays).toEqual([7_100]);
  });

  it('gives up at once when the server asks for longer than it may wait', async () => {
    const error = withHeaders({ 'retry-after': '61' });
    const { clock, delays } = fakeClock();
    await expect(retry(failing(error), {}, clock)).rejects.toBe(error);
    expect(delays).toEqual([]);
  });

  it('tells of each wait before it', async () => {
    const told: unknown[] = [];
    const error = passing();
    const { clock } = fakeClock();
    await retry(failing(error), { onRetry: (event) => told.push(event) }, clock);
    expect(told).toEqual([{ error, attempt: 1, delayInMs: 100 }]);
  });

  it('starts nothing after an abort', async () => {
    const reason = new Error('draining');
    let calls = 0;
    const operation = async (): Promise<void> => {
      calls++;
    };
    await expect(retry(operation, { abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(calls).toBe(0);
  });

  it('rejects with the reason of an abort that cuts the operation short', async () => {
    const controller = new AbortController();
    const reason = new Error('draining');
    const operation = async (): Promise<never> => {
      controller.abort(reason);
      throw passing();
    };
    await expect(retry(operation, { abortSignal: controller.signal })).rejects.toBe(reason);
  });

  it('keeps every wait within its bounds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (attempts, baseDelayInMs, random) => {
          const { clock, delays } = fakeClock(random);
          const options = { attempts, baseDelayInMs, maxDelayInMs: 10_000 };
          await expect(retry(() => Promise.reject(passing()), options, clock)).rejects.toThrow('try again');
          expect(delays).toHaveLength(attempts - 1);
          for (const [index, waited] of delays.entries()) {
            expect(waited).toBeLessThanOrEqual(Math.min(10_000, baseDelayInMs * 2 ** index));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('delay', () => {
  it('ends at once with the reason when aborted', async () => {
    const controller = new AbortController();
    const waiting = delay(3_600_000, controller.signal);
    const reason = new Error('draining');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(delay(3_600_000, controller.signal)).rejects.toBe(reason);
  });
});

describe('isTransient', () => {
  it('follows what an operational error says of itself', () => {
    expect([passing(), lasting()].map(isTransient)).toEqual([true, false]);
  });

  it('takes throttling, server faults and broken lines for passing, refusals and aborts for lasting', () => {
    const status = (statusCode: number): Error => Object.assign(new Error('x'), { statusCode });
    const code = (text: string): Error => Object.assign(new Error('x'), { code: text });
    for (const error of [status(429), status(503), code('ECONNRESET'), code('REQUEST_SEND_ERROR')]) {
      expect(isTransient(error)).toBe(true);
    }
    const abort = Object.assign(new Error('x'), { name: 'AbortError', statusCode: 503 });
    for (const error of [status(400), status(403), status(412), code('ERR_X'), abort, 'text', undefined]) {
      expect(isTransient(error)).toBe(false);
    }
  });
});

describe('retryAfterInMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  it('reads seconds, dates and the millisecond headers of Azure', () => {
    expect(retryAfterInMs(withHeaders({ 'retry-after': '3' }), now)).toBe(3_000);
    expect(retryAfterInMs(withHeaders({ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }), now)).toBe(5_000);
    expect(retryAfterInMs(withHeaders({ 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }), now)).toBe(0);
    expect(retryAfterInMs(withHeaders({ 'x-ms-retry-after-ms': '250', 'retry-after': '9' }), now)).toBe(250);
  });

  it('knows nothing of errors without the header', () => {
    for (const error of [withHeaders({}), new Error('x'), undefined, null, 'text', { response: null }]) {
      expect(retryAfterInMs(error, now)).toBeUndefined();
    }
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter('-5', now)).toBeUndefined();
  });
});

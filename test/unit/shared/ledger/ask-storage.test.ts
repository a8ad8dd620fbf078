/** Which answers of storage are asked for again, how often and how long; with no waiting but by the test's own clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askStorage } from '../../../../shared/ledger/ask-storage.ts';

const answered = (statusCode: number, headers: Readonly<Record<string, string>> = {}): Error =>
  Object.assign(new Error(`status ${statusCode}`), {
    statusCode,
    response: { headers: new Map(Object.entries(headers)) },
  });
/** What the SDK makes of a body that broke off. */
const brokenOff = (): Error =>
  Object.assign(new Error('unexpected end of XML'), { code: 'PARSE_ERROR', statusCode: 200 });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Asked {
  readonly tries: number;
  readonly tookInMs: number;
  readonly result: unknown;
}

/** Fails with each error in turn, then gives `served`. */
async function ask(...errors: readonly unknown[]): Promise<Asked> {
  let tries = 0;
  const start = Date.now();
  const asking = askStorage(async () => {
    tries += 1;
    if (tries <= errors.length) throw errors[tries - 1];
    return 'served';
  }, 30_000).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  const result = await asking;
  return { tries, tookInMs: Date.now() - start, result };
}

describe('a request to the own storage', () => {
  it('is made once where it is served', async () => {
    expect(await ask()).toMatchObject({ tries: 1, tookInMs: 0, result: 'served' });
  });

  it.each([
    ['the service is too busy', () => answered(429)],
    ['the answer broke off', brokenOff],
  ])('is made again when %s, after a pause', async (_, fault) => {
    const { tries, tookInMs, result } = await ask(fault(), fault());
    expect({ tries, result }).toEqual({ tries: 3, result: 'served' });
    expect(tookInMs).toBeGreaterThan(0);
    // Two pauses, of 250 and 500 ms at most.
    expect(tookInMs).toBeLessThanOrEqual(750);
  });

  it('is made four times at most, and then rejects with the last answer', async () => {
    const faults = [answered(429), brokenOff(), answered(429), brokenOff(), answered(429)];
    const { tries, result } = await ask(...faults);
    expect(tries).toBe(4);
    expect(result).toBe(faults[3]);
  });

  it('waits as long as a busy service asks', async () => {
    const { tries, tookInMs } = await ask(answered(429, { 'retry-after': '7' }));
    expect(tries).toBe(2);
    expect(tookInMs).toBeGreaterThanOrEqual(7_000);
  });

  it('does not wait for a service that asks for more than a minute', async () => {
    const fault = answered(429, { 'retry-after': '61' });
    expect(await ask(fault)).toMatchObject({ tries: 1, tookInMs: 0, result: fault });
  });

  it.each([
    ['403', answered(403)],
    ['404', answered(404)],
    ['412', answered(412)],
    ['500, which the SDK has tried by itself', answered(500)],
    ['503, which the SDK has tried by itself', answered(503)],
    ['a refused connection', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    ['what is no error at all', undefined],
  ])('is not made again after %s', async (_, fault) => {
    const { tries, result } = await ask(fault);
    expect(tries).toBe(1);
    expect(result).toBe(fault);
  });

  it('gives each try a time of its own', async () => {
    // Signals of `AbortSignal.timeout` keep to the real clock.
    vi.useRealTimers();
    const signals: AbortSignal[] = [];
    const asking = askStorage(async (abortSignal) => {
      signals.push(abortSignal);
      if (signals.length === 1) throw answered(429);
      await new Promise((_, reject) => {
        abortSignal.addEventListener('abort', () => {
          reject(abortSignal.reason as Error);
        });
      });
    }, 40);
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(signals).toHaveLength(2);
    expect(signals[0]).not.toBe(signals[1]);
  });
});

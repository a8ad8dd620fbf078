import { describe, expect, it } from 'vitest';
import { DeadlineReached, withDeadline } from '../../../../shared/scanner/deadline.ts';

/** Work that ends only by its signal, and then in words of its own, as SDKs do. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('The operation was aborted.'));
    });
  });
}

describe('withDeadline', () => {
  it('rejects with DeadlineReached when the time is up, however the work dressed the abort', async () => {
    await expect(withDeadline(1, undefined, untilAborted)).rejects.toBeInstanceOf(DeadlineReached);
  });

  it("rejects with the caller's reason when the caller aborts", async () => {
    const controller = new AbortController();
    const reason = new Error('draining');
    const work = withDeadline(60_000, controller.signal, untilAborted);
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });

  it('does not start work for a caller that has aborted already', async () => {
    let hasStarted = false;
    const reason = new Error('draining');
    const work = withDeadline(undefined, AbortSignal.abort(reason), async () => {
      hasStarted = true;
    });
    await expect(work).rejects.toBe(reason);
    expect(hasStarted).toBe(false);
  });

  it('keeps a result that came although the time was up', async () => {
    const result = withDeadline(1, undefined, async (signal) => {
      await untilAborted(signal).catch(() => undefined);
      return 'done';
    });
    await expect(result).resolves.toBe('done');
  });

  it("passes on the work's own errors and results", async () => {
    await expect(withDeadline(60_000, undefined, async () => 7)).resolves.toBe(7);
    const error = new Error('bug');
    await expect(withDeadline(60_000, undefined, async () => Promise.reject(error))).rejects.toBe(error);
  });
});

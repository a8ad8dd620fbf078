/** Waiting for conditions without asking the clock: each is asked again when something has changed. */

export interface Watch {
  /** Something has changed. */
  notify(): void;
  /** Resolves once the condition holds, now or after a change; rejects with what it throws, or when the watch ends. */
  until(condition: () => boolean): Promise<void>;
  /** Whoever still waits is told why it was in vain. */
  end(reason: Error): void;
}

interface Waiter {
  readonly check: () => void;
  readonly reject: (reason: Error) => void;
}

export function createWatch(): Watch {
  const waiting = new Set<Waiter>();
  return {
    notify() {
      for (const waiter of [...waiting]) waiter.check();
    },
    until: (condition) =>
      new Promise<undefined>((resolve, reject) => {
        const waiter: Waiter = {
          check: () => {
            try {
              if (!condition()) return;
              resolve(undefined);
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
            waiting.delete(waiter);
          },
          reject,
        };
        waiting.add(waiter);
        waiter.check();
      }),
    end(reason) {
      for (const { reject } of waiting) reject(reason);
      waiting.clear();
    },
  };
}

/** Faults that a test or a demonstration can put before the local ingestion endpoint's answers, one for each request. */

export type IngestionFault =
  /** The request is read and answered so; nothing is stored. */
  | { readonly status: number; readonly retryAfterInSeconds?: number; readonly code?: string }
  /**
   * The connection is cut: before the body was read, in its midst, or after its rows were stored, when the sender cannot
   * know that they were.
   */
  | { readonly resetConnection: 'beforeBody' | 'midBody' | 'afterStoring' };

export interface FaultQueue {
  add(faults: readonly IngestionFault[]): void;
  /** Forgets the faults that no request has met. */
  clear(): void;
  /** The next request's fault; undefined when it is served as usual. */
  take(): IngestionFault | undefined;
  /** Requests wait, unanswered, from now on. */
  pause(): void;
  resume(): void;
  /** Resolves when requests may be answered. */
  untilResumed(): Promise<void>;
}

export function createFaultQueue(): FaultQueue {
  const queue: IngestionFault[] = [];
  let waiting: (() => void)[] | undefined;
  return {
    add(faults) {
      for (const fault of faults) queue.push(fault);
    },
    clear() {
      queue.length = 0;
    },
    take: () => queue.shift(),
    pause() {
      waiting ??= [];
    },
    resume() {
      const released = waiting ?? [];
      waiting = undefined;
      for (const release of released) release();
    },
    async untilResumed() {
      const list = waiting;
      if (list !== undefined) await new Promise<void>((resolve) => list.push(resolve));
    },
  };
}

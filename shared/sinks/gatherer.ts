/**
 * Gathers what concurrent callers bring into rounds, so that many small reports become few calls. A round starts when the
 * first item has waited long enough or enough rows are there, and a bounded number of rounds run at once: while all are
 * busy, items go on gathering, and the next round is larger instead of later ones being more.
 */

export interface GathererOptions {
  /** How long the first item of a round waits for others. */
  readonly waitInMs: number;
  /** A round starts at once when it holds this many rows. */
  readonly rows: number;
  /** Or this many items. */
  readonly items: number;
  /** Rounds that run at the same time. */
  readonly rounds: number;
}

export interface Gatherer<T> {
  /** `isUrgent`: the item, and what waits with it, does not wait for others. */
  add(item: T, rowCount: number, isUrgent?: boolean): void;
  /** Starts what is gathered at once and resolves when all rounds have ended. */
  drain(): Promise<void>;
}

/** `run` gets each item once and must not reject: it settles its items itself. Holds the items not yet run. */
export function createGatherer<T>(run: (items: readonly T[]) => Promise<void>, options: GathererOptions): Gatherer<T> {
  const running = new Set<Promise<void>>();
  let items: T[] = [];
  let rows = 0;
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;

  const startIfDue = (): void => {
    if (!isDue || items.length === 0 || running.size >= options.rounds) return;
    clearTimeout(timer);
    timer = undefined;
    const round = items;
    items = [];
    rows = 0;
    isDue = false;
    const ended = run(round).finally(() => {
      running.delete(ended);
      startIfDue();
    });
    running.add(ended);
  };
  const makeDue = (): void => {
    isDue = true;
    startIfDue();
  };

  return {
    add(item, rowCount, isUrgent = false) {
      items.push(item);
      rows += rowCount;
      if (isUrgent || rows >= options.rows || items.length >= options.items) makeDue();
      else timer ??= setTimeout(makeDue, options.waitInMs);
    },
    async drain() {
      while (items.length > 0 || running.size > 0) {
        makeDue();
        await Promise.race(running);
      }
    },
  };
}

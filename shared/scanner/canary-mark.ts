/**
 * When the last canary was recorded, by whatever process, and what it said: a small blob, so that an instance that has recorded none
 * itself can tell whether they still arrive.
 */
import type { StateBlobs } from '../ledger/state-blobs.ts';
import type { ScanReport } from './scan-report.ts';

/** A canary that is older says that the timer, the rules or the sinks have failed twice at least. */
export const CANARY_OVERDUE_IN_MS = 45 * 60_000;
const NAME = 'canary.json';

export class CanaryMark {
  readonly #store: Pick<StateBlobs, 'read' | 'write'>;

  constructor(store: Pick<StateBlobs, 'read' | 'write'>) {
    this.#store = store;
  }

  /** Notes a canary that every sink has accepted. */
  async note({ scanFinishedAt, outcome }: ScanReport): Promise<void> {
    await this.#store.write(NAME, Buffer.from(JSON.stringify({ at: scanFinishedAt, verdict: outcome.verdict })));
  }

  /** What is wrong with the last one; undefined when nothing is. */
  async problem(): Promise<string | undefined> {
    const mark = await this.#store.read(NAME);
    if (mark === undefined) return 'none was recorded yet';
    const { at, verdict } = JSON.parse(Buffer.from(mark).toString('utf8')) as { at: string; verdict: string };
    if (!(Date.now() - Date.parse(at) < CANARY_OVERDUE_IN_MS)) return `the last was recorded at ${at}`;
    return verdict === 'match' ? undefined : `its verdict was ${verdict}`;
  }
}

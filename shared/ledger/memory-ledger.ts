/**
 * A ledger in memory, for runs that end with the process. It keeps the newest entries up to its capacity; forgetting one
 * means that its object would be scanned again, which is harmless.
 */
import type { ObjectIdentity } from '../objects/byte-source.ts';
import { advanceEntry, claimEntry, finishEntry } from './entry-rules.ts';
import type { Claim, ClaimAnswer, Ledger, LedgerEntry, RecordedOutcome, RunChange } from './ledger.ts';

export interface MemoryLedgerOptions {
  /** Entries kept, about half a kilobyte each; 100,000 unless given. */
  readonly capacity?: number;
  readonly now?: () => Date;
}

export class MemoryLedger implements Ledger {
  /** In the order of their last change. */
  readonly #entries = new Map<string, LedgerEntry>();
  /** Of the object of each. */
  readonly #eTags = new Map<string, string>();
  readonly #capacity: number;
  readonly #now: () => Date;

  constructor({ capacity = 100_000, now = () => new Date() }: MemoryLedgerOptions = {}) {
    this.#capacity = capacity;
    this.#now = now;
  }

  async find(object: ObjectIdentity, scanId: string): Promise<LedgerEntry | undefined> {
    return this.#entries.get(keyOf(object, scanId));
  }

  async findVersion(object: Parameters<Ledger['findVersion']>[0]): Promise<readonly LedgerEntry[]> {
    return [...this.#entries]
      .filter(([key, { scanId }]) => key === keyOf(object, scanId) && this.#eTags.get(key) === object.eTag)
      .map(([, entry]) => entry);
  }

  async claim(object: ObjectIdentity, scanId: string, claim: Claim): Promise<ClaimAnswer> {
    const key = keyOf(object, scanId);
    const answer = claimEntry(this.#entries.get(key), scanId, claim, this.#now());
    if (answer.kind === 'claimed') this.#write(key, answer.entry, object);
    return answer;
  }

  async advance(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    change: RunChange,
  ): Promise<LedgerEntry | undefined> {
    const key = keyOf(object, scanId);
    const entry = advanceEntry(this.#entries.get(key), attemptId, change, this.#now());
    if (entry !== undefined) this.#write(key, entry, object);
    return entry;
  }

  async finish(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    outcome: RecordedOutcome,
  ): Promise<LedgerEntry> {
    const key = keyOf(object, scanId);
    const standing = this.#entries.get(key);
    const entry = finishEntry(standing, scanId, attemptId, outcome, this.#now());
    // Nothing is written only where something of higher rank stands.
    if (entry === undefined) return standing!;
    this.#write(key, entry, object);
    return entry;
  }

  #write(key: string, entry: LedgerEntry, { eTag }: ObjectIdentity): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#eTags.set(key, eTag);
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest === undefined) return;
    this.#entries.delete(oldest);
    this.#eTags.delete(oldest);
  }
}

function keyOf(
  { account, container, objectName }: Pick<ObjectIdentity, 'account' | 'container' | 'objectName'>,
  scanId: string,
): string {
  return JSON.stringify([account, container, objectName, scanId]);
}

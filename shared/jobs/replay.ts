/**
 * Has tried again what was given up: messages that failed five times, events that Event Grid could not deliver, reports that no
 * sink took for a week, and reactions that could not be done for a day. Each is put back into the queue first and deleted from where
 * it was kept afterwards, so that a crash in between costs a second look and never the message.
 *
 * A report or a reaction is as old as its scan: one more try is what it gets, and where that fails it is put aside again.
 */
import { deliverMessageOf, reactMessageOf } from '../events/own-messages.ts';
import { readMessageValues } from '../events/message-values.ts';
import type { MessageSender } from '../ledger/message-queue.ts';

/** A container of the scanner's own; see `StateBlobs`. */
export interface KeptBlobs {
  list(limit: number, prefix?: string): Promise<string[]>;
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, content: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface ReplayParts {
  readonly poison: KeptBlobs;
  readonly deadLetters: KeptBlobs;
  readonly outbox: KeptBlobs;
  /** Reports that were not reacted to. */
  readonly reactions: KeptBlobs;
  readonly queue: MessageSender;
  /** Told of each thing that cannot be put back, which stays where it is. */
  readonly onSkipped: (name: string, problem: string) => void;
}

export interface ReplayOptions {
  /** At most so many things; the rest is left for another time. */
  readonly limit: number;
  /** Messages appear in the queue at this rate. */
  readonly perMinute: number;
  readonly abortSignal?: AbortSignal | undefined;
}

export interface Replayed {
  readonly messages: number;
  readonly deadLetters: number;
  readonly reports: number;
  readonly reactions: number;
}

/** Resolves with how much was put back. Rejects when storage cannot be reached, or with the signal's reason. */
export async function replayKept(parts: ReplayParts, options: ReplayOptions): Promise<Replayed> {
  const replay = new Replay(parts, options);
  const messages = await replay.putBackEach(parts.poison, '');
  const deadLetters = await replay.putBackEach(parts.deadLetters, '');
  const reports = await replay.putBackReports(parts.outbox, deliverMessageOf);
  const reactions = await replay.putBackReports(parts.reactions, reactMessageOf);
  return { messages, deadLetters, reports, reactions };
}

const EXPIRED = 'expired/';

class Replay {
  readonly #parts: ReplayParts;
  readonly #options: ReplayOptions;
  #left: number;
  #sent = 0;

  constructor(parts: ReplayParts, options: ReplayOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#left = options.limit;
  }

  /** Blobs that hold an event, or an array of them. */
  async putBackEach(kept: KeptBlobs, prefix: string): Promise<number> {
    return this.#each(kept, prefix, async (name) => {
      const content = await kept.read(name);
      if (content === undefined) return false;
      const events = readMessageValues(content);
      if ('fault' in events) {
        this.#parts.onSkipped(name, events.fault);
        return false;
      }
      for (const event of events) await this.#send(event);
      await kept.delete(name);
      return true;
    });
  }

  /** Reports that were put aside wait again, for the message that asks for the next try. */
  async putBackReports(kept: KeptBlobs, messageOf: (scanId: string, attempt: number) => object): Promise<number> {
    return this.#each(kept, EXPIRED, async (name) => {
      const content = await kept.read(name);
      if (content === undefined) return false;
      const scanId = name.slice(EXPIRED.length);
      await kept.write(`waiting/${scanId}`, content);
      await this.#send(messageOf(scanId, 1));
      await kept.delete(name);
      return true;
    });
  }

  async #each(kept: KeptBlobs, prefix: string, putBack: (name: string) => Promise<boolean>): Promise<number> {
    if (this.#left <= 0) return 0;
    let done = 0;
    for (const name of await kept.list(this.#left, prefix)) {
      this.#options.abortSignal?.throwIfAborted();
      if (await putBack(name)) done += 1;
    }
    this.#left -= done;
    return done;
  }

  async #send(message: unknown): Promise<void> {
    const delayInMs = Math.floor((this.#sent * 60_000) / this.#options.perMinute);
    this.#sent += 1;
    await this.#parts.queue.send(message, { delayInMs });
  }
}

/**
 * The hold on one message while its function runs: the message is invisible for `lockInSeconds`, renewed at half time for
 * as long as it takes. Each renewal gives a new pop receipt, which alone can delete or release the message afterwards.
 */
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { RestError } from '@azure/storage-queue';

export interface LeaseOptions {
  readonly lockInSeconds: number;
  readonly onRenewed: () => void;
  /** A renewal failed for a reason other than that the message is no longer ours. */
  readonly onError: (error: unknown) => void;
}

/** After trouble the next renewal comes sooner each time, down to this part of the lock: a minute of ten. */
const SHORTEST_PART_OF_LOCK = 1 / 10;

export class MessageLease {
  readonly #queue: QueueClient;
  readonly #messageId: string;
  readonly #options: LeaseOptions;
  #popReceipt: string;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #isHeld = true;
  #delayInMs: number;

  constructor(queue: QueueClient, item: DequeuedMessageItem, options: LeaseOptions) {
    this.#queue = queue;
    this.#messageId = item.messageId;
    this.#popReceipt = item.popReceipt;
    this.#options = options;
    this.#delayInMs = this.#halfTimeInMs;
    this.#schedule();
  }

  /** Ends the renewals; waits for one that is on its way, so that the pop receipt is the last one. */
  async stop(): Promise<void> {
    this.#isHeld = false;
    clearTimeout(this.#timer);
    await this.#renewal;
  }

  /** Deletes the message. False when it had passed to somebody else or was gone. */
  delete(): Promise<boolean> {
    return unlessLost(() => this.#queue.deleteMessage(this.#messageId, this.#popReceipt));
  }

  /** Makes the message visible again after the time given; its body stays. */
  release(visibilityTimeoutInSeconds: number): Promise<boolean> {
    return unlessLost(() =>
      this.#queue.updateMessage(this.#messageId, this.#popReceipt, undefined, visibilityTimeoutInSeconds),
    );
  }

  get #halfTimeInMs(): number {
    return (this.#options.lockInSeconds * 1_000) / 2;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew();
    }, this.#delayInMs);
  }

  async #renew(): Promise<void> {
    const { lockInSeconds, onRenewed, onError } = this.#options;
    try {
      const renewed = await this.#queue.updateMessage(this.#messageId, this.#popReceipt, undefined, lockInSeconds);
      this.#popReceipt = renewed.popReceipt ?? this.#popReceipt;
      this.#delayInMs = this.#halfTimeInMs;
      onRenewed();
    } catch (error) {
      if (isLost(error)) return;
      this.#delayInMs = Math.max(this.#delayInMs / 2, lockInSeconds * 1_000 * SHORTEST_PART_OF_LOCK);
      onError(error);
    }
    if (this.#isHeld) this.#schedule();
  }
}

async function unlessLost(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (isLost(error)) return false;
    throw error;
  }
}

/** Somebody else has taken or deleted the message, or the queue is gone: nothing left to do with it. */
function isLost(error: unknown): boolean {
  if (!(error instanceof RestError)) return false;
  if (error.statusCode === 404) return true;
  return ['PopReceiptMismatch', 'QueueBeingDeleted', 'QueueDisabled'].includes(error.code ?? '');
}

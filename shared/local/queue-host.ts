/**
 * Runs a function for every message of a storage queue, as the Functions host does, so that the local stack and the tests
 * meet what production meets:
 *
 * - takes up to `batchSize` messages at once and more as soon as no more than `newBatchThreshold` are in work;
 * - looks at an empty queue after 100 ms, then ever more rarely up to `maxPollingInterval`;
 * - holds a message for 10 minutes, renewed at half time for as long as its function runs;
 * - deletes it when the function returns; makes it visible again after `visibilityTimeout` when the function throws;
 * - moves its body to `<queue>-poison` when it fails at `maxDequeueCount`, and without a call when it comes above that;
 * - moves what is not base64 there at once, without a call and without a word;
 * - `stop()` takes no more and lets what runs finish.
 *
 * A queue whose own name ends in `-poison`, or would become too long, has no poison queue: a message that fails there
 * stays invisible until its 10 minutes are over. Dynamic concurrency is not imitated; it is off unless switched on.
 *
 * Source: `QueueListener`, `QueueProcessor`, `QueueListenerFactory` of Microsoft.Azure.WebJobs.Extensions.Storage.
 */
import { QueueServiceClient } from '@azure/storage-queue';
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { MessageLease } from './queue-lease.ts';
import { decodeBody, toInvocation } from './queue-message.ts';
import type { QueueSettings } from './host-settings.ts';
import type { TriggerMetadata } from './queue-message.ts';

/** A function as it is registered: what it returns is ignored, a rejection is a failure. */
export type QueueFunction = (message: unknown, triggerMetadata: TriggerMetadata) => Promise<unknown>;

export type QueueHostEvent =
  | { readonly kind: 'idle'; readonly delayInMs: number }
  | { readonly kind: 'started' | 'renewed' | 'completed'; readonly messageId: string; readonly dequeueCount: number }
  | { readonly kind: 'failed'; readonly messageId: string; readonly dequeueCount: number; readonly error: unknown }
  | {
      readonly kind: 'poisoned';
      readonly messageId: string;
      readonly dequeueCount: number;
      readonly reason: 'failed' | 'dequeueCount' | 'encoding';
    }
  /** The queue service failed; the host goes on. */
  | { readonly kind: 'error'; readonly error: unknown };

export interface QueueHostOptions {
  readonly connectionString: string;
  readonly queueName: string;
  readonly functionName: string;
  readonly settings: QueueSettings;
  /** How long a message is held before it must be renewed; 600 unless given, at least 1. */
  readonly lockInSeconds?: number;
  /** The first pause before an empty queue is looked at again; 100 unless given. */
  readonly minPollingIntervalInMs?: number;
  readonly onEvent?: (event: QueueHostEvent) => void;
}

/** An emulator on this machine answers soon or never. */
const shortRetries = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 };
const MAX_QUEUE_NAME_LENGTH = 63;
const POISON_SUFFIX = '-poison';

export class QueueHost {
  readonly #queue: QueueClient;
  /** Undefined where the queue has none. */
  readonly #poisonQueue: QueueClient | undefined;
  readonly #run: QueueFunction;
  readonly #options: QueueHostOptions;
  readonly #lockInSeconds: number;
  readonly #polling: PollingDelay;
  readonly #inWork = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;
  readonly #stopping = new AbortController();
  #isNotified = false;
  #endPause = (): void => undefined;
  #onFinished = (): void => undefined;

  constructor(run: QueueFunction, options: QueueHostOptions) {
    const service = QueueServiceClient.fromConnectionString(options.connectionString, { retryOptions: shortRetries });
    this.#queue = service.getQueueClient(options.queueName);
    const poisonName = options.queueName + POISON_SUFFIX;
    const hasPoisonQueue = !options.queueName.endsWith(POISON_SUFFIX) && poisonName.length <= MAX_QUEUE_NAME_LENGTH;
    this.#poisonQueue = hasPoisonQueue ? service.getQueueClient(poisonName) : undefined;
    this.#run = run;
    this.#options = options;
    this.#lockInSeconds = options.lockInSeconds ?? 600;
    this.#polling = new PollingDelay(options.minPollingIntervalInMs ?? 100, options.settings.maxPollingIntervalInMs);
  }

  start(): void {
    this.#loop ??= this.#listen();
  }

  /** Looks at the queue now, as the host does when a function of its own has added a message. */
  notify(): void {
    this.#isNotified = true;
    this.#endPause();
  }

  /** Takes no more messages and resolves when those in work have finished. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#endPause();
    this.#onFinished();
    await this.#loop;
    await Promise.all(this.#inWork);
  }

  async #listen(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const items = await this.#receive();
      for (const item of items) this.#begin(item);
      if (items.length === 0) await this.#pause();
      else this.#polling.reset();
      await this.#waitForThreshold();
    }
  }

  async #waitForThreshold(): Promise<void> {
    while (this.#inWork.size > this.#options.settings.newBatchThreshold && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => (this.#onFinished = resolve));
    }
  }

  async #receive(): Promise<readonly DequeuedMessageItem[]> {
    this.#isNotified = false;
    try {
      const received = await this.#queue.receiveMessages({
        numberOfMessages: this.#options.settings.batchSize,
        visibilityTimeout: this.#lockInSeconds,
        // As in the host: what was on its way is left to its lock.
        abortSignal: this.#stopping.signal,
      });
      return received.receivedMessageItems;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#tell({ kind: 'error', error });
      return [];
    }
  }

  async #pause(): Promise<void> {
    const delayInMs = this.#polling.next();
    this.#tell({ kind: 'idle', delayInMs });
    // Something may have come since the last look, or an observer has stopped the host just now.
    if (this.#isNotified || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayInMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #begin(item: DequeuedMessageItem): void {
    const work = this.#process(item)
      .catch((error: unknown) => {
        // The queue service failed: the message comes again when its lock is over.
        this.#tell({ kind: 'error', error });
      })
      .finally(() => {
        this.#inWork.delete(work);
        this.#onFinished();
      });
    this.#inWork.add(work);
  }

  async #process(item: DequeuedMessageItem): Promise<void> {
    const { settings, functionName } = this.#options;
    const { messageId, dequeueCount } = item;
    const lease = new MessageLease(this.#queue, item, {
      lockInSeconds: this.#lockInSeconds,
      onRenewed: () => {
        this.#tell({ kind: 'renewed', messageId, dequeueCount });
      },
      onError: (error) => {
        this.#tell({ kind: 'error', error });
      },
    });
    try {
      const body = decodeBody(item.messageText, settings.messageEncoding);
      if (body === undefined) {
        await this.#poison(item, lease, 'encoding');
        return;
      }
      if (dequeueCount > settings.maxDequeueCount) {
        await this.#poison(item, lease, 'dequeueCount');
        return;
      }
      this.#tell({ kind: 'started', messageId, dequeueCount });
      try {
        const { argument, triggerMetadata } = toInvocation(item, body, functionName);
        await this.#run(argument, triggerMetadata);
      } catch (error) {
        this.#tell({ kind: 'failed', messageId, dequeueCount, error });
        await lease.stop();
        await this.#giveBack(item, lease);
        return;
      }
      await lease.stop();
      // Where the message has passed to another taker meanwhile, that one deletes it.
      await lease.delete();
      this.#tell({ kind: 'completed', messageId, dequeueCount });
    } finally {
      await lease.stop();
    }
  }

  async #giveBack(item: DequeuedMessageItem, lease: MessageLease): Promise<void> {
    const { settings } = this.#options;
    if (this.#poisonQueue === undefined) return;
    if (item.dequeueCount >= settings.maxDequeueCount) await this.#poison(item, lease, 'failed');
    else await lease.release(settings.visibilityTimeoutInSeconds);
  }

  /** Copies the body alone: the copy has an id and a count of its own. Copied first, so that a crash doubles it at worst. */
  async #poison(
    item: DequeuedMessageItem,
    lease: MessageLease,
    reason: 'failed' | 'dequeueCount' | 'encoding',
  ): Promise<void> {
    if (this.#poisonQueue === undefined) return;
    await this.#poisonQueue.createIfNotExists();
    await this.#poisonQueue.sendMessage(item.messageText);
    await lease.stop();
    await lease.delete();
    const { messageId, dequeueCount } = item;
    this.#tell({ kind: 'poisoned', messageId, dequeueCount, reason });
  }

  #tell(event: QueueHostEvent): void {
    this.#options.onEvent?.(event);
  }
}

/** How far the random part of a pause strays from its middle, so that many hosts do not poll in step. */
const RANDOM_PART = 0.2;

/** Pauses between looks at an empty queue: the shortest first, then doubling with a random part, up to the longest. */
class PollingDelay {
  readonly #shortestInMs: number;
  readonly #longestInMs: number;
  #exponent = 0;

  constructor(shortestInMs: number, longestInMs: number) {
    this.#shortestInMs = shortestInMs;
    this.#longestInMs = Math.max(shortestInMs, longestInMs);
  }

  reset(): void {
    this.#exponent = 0;
  }

  next(): number {
    const factor = this.#exponent === 0 ? 0 : 2 ** (this.#exponent - 1);
    const random = 1 - RANDOM_PART + Math.random() * 2 * RANDOM_PART;
    const delayInMs = this.#shortestInMs * (1 + factor * random);
    if (delayInMs >= this.#longestInMs) return this.#longestInMs;
    this.#exponent++;
    return delayInMs;
  }
}

/**
 * Sends the app's own messages to the queue that it is triggered by: the next slice of a scan, the next try at a delivery.
 * They go in as JSON in base64, as the Functions host reads them, and never expire: each stands for work that nobody else
 * remembers.
 */
import { RestError } from '@azure/storage-queue';
import type { QueueClient } from '@azure/storage-queue';
import { askStorage } from './ask-storage.ts';
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';

export interface SendOptions {
  readonly delayInMs?: number;
  /** When nobody wants it any more; never unless given. */
  readonly expiresInMs?: number;
}

export interface MessageSender {
  /** Resolves once the message is in the queue; nobody sees it before the delay is over. */
  send(message: unknown, options?: SendOptions): Promise<void>;
}

/** The queue cannot be written to. Code `QUEUE_UNAVAILABLE`, retryable but for a message that is too large. */
export class MessageQueueError extends SluiceError {
  readonly code = 'QUEUE_UNAVAILABLE';
}

const REQUEST_LIMIT_IN_MS = 30_000;
/** What a message may hold as base64. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Seven days, the longest that the service hides a message. */
const MAX_DELAY_IN_SECONDS = 7 * 24 * 3_600;
const NEVER = -1;

/** A message as the queue holds it, looked at and not taken. */
export interface WaitingMessage {
  readonly text: string;
  readonly insertedAt: Date;
  /** How often it was taken. */
  readonly dequeueCount: number;
}

/** The most that the service shows at once. */
const MAX_PEEKED = 32;

export class MessageQueue implements MessageSender {
  readonly #queue: QueueClient;

  constructor(queue: QueueClient) {
    this.#queue = queue;
  }

  async send(message: unknown, { delayInMs = 0, expiresInMs }: SendOptions = {}): Promise<void> {
    const text = Buffer.from(JSON.stringify(message)).toString('base64');
    if (text.length > MAX_MESSAGE_BYTES) throw this.#failed(`${text.length} bytes are more than one may have`, false);
    const visibilityTimeout = Math.min(MAX_DELAY_IN_SECONDS, Math.ceil(delayInMs / 1_000));
    const messageTimeToLive = expiresInMs === undefined ? NEVER : Math.ceil(expiresInMs / 1_000);
    const options = { visibilityTimeout, messageTimeToLive };
    try {
      await this.#send(text, options);
    } catch (error) {
      if (!(error instanceof RestError) || error.statusCode !== 404) throw this.#wrap(error);
      // In Azure the queue is deployed; a local one may not be there yet.
      await this.#queue.createIfNotExists().catch(() => undefined);
      await this.#send(text, options).catch((again: unknown) => {
        throw this.#wrap(again);
      });
    }
  }

  /** About how many messages are in it, hidden ones too. Rejects with `MessageQueueError`. */
  async length(): Promise<number> {
    const abortSignal = AbortSignal.timeout(REQUEST_LIMIT_IN_MS);
    return this.#asked(async () => (await this.#queue.getProperties({ abortSignal })).approximateMessagesCount ?? 0);
  }

  /** Those in front that can be taken now, at most 32. Rejects with `MessageQueueError`. */
  async peek(): Promise<WaitingMessage[]> {
    const abortSignal = AbortSignal.timeout(REQUEST_LIMIT_IN_MS);
    return this.#asked(async () => {
      const { peekedMessageItems } = await this.#queue.peekMessages({ numberOfMessages: MAX_PEEKED, abortSignal });
      return peekedMessageItems.map(({ messageText, insertedOn, dequeueCount }) => ({
        text: messageText,
        insertedAt: insertedOn,
        dequeueCount,
      }));
    });
  }

  async #asked<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      const status = cause instanceof RestError ? cause.statusCode : undefined;
      throw new MessageQueueError(`the queue does not answer: ${status ?? errorText(cause, 200)}`, {
        where: this.#queue.name,
        retryable: true,
        cause,
      });
    }
  }

  #send(text: string, options: { visibilityTimeout: number; messageTimeToLive: number }): Promise<unknown> {
    return askStorage((abortSignal) => this.#queue.sendMessage(text, { ...options, abortSignal }), REQUEST_LIMIT_IN_MS);
  }

  #wrap(cause: unknown): MessageQueueError {
    const status = cause instanceof RestError ? cause.statusCode : undefined;
    return this.#failed(status === undefined ? errorText(cause, 200) : `status ${status}`, true, cause);
  }

  #failed(reason: string, retryable: boolean, cause?: unknown): MessageQueueError {
    return new MessageQueueError(`a message cannot be sent: ${reason}`, {
      where: this.#queue.name,
      hint: "see whether the queue service of the scanner's storage account (SLUICE_STATE__queueServiceUri) can be reached, and whether the app's identity has the role Storage Queue Data Contributor on the queue",
      retryable,
      cause,
    });
  }
}

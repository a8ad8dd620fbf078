/**
 * A queue message to its recorded end: it becomes requests, and each is handled. The message counts as handled only when all of
 * them are; what fails does not keep the others from being recorded, and is found recorded or done again next time.
 *
 * Here too is what happens when the process must end. The host does not wait for running functions by itself, and loses the
 * result of one that ended a moment before the process did: so what is being scanned is left for another worker, all work is
 * waited for, and is given that moment.
 */
import { randomUUID } from 'node:crypto';
import { delay } from '../base/retry.ts';
import { errorText } from '../base/describe-error.ts';
import { invariant, SluiceError } from '../base/errors.ts';
import type { AllowList } from '../events/allow-list.ts';
import { readMessageValues } from '../events/message-values.ts';
import { parseMessage } from '../events/parse-message.ts';
import type { DeliverRequest, ReactRequest, WalkRequest } from '../events/scan-request.ts';
import { DeadlineReached, withDeadline } from './deadline.ts';
import type { HandledRequest, RequestContext, RequestHandler } from './handle-request.ts';

/** What the queue says of a message. Its values are looked at before they are used. */
export interface MessageMetadata {
  readonly dequeueCount?: unknown;
  readonly id?: unknown;
}

/** A part of a message could not be handled; `retryable` says whether its next delivery may succeed. */
export class MessageNotHandledError extends SluiceError {
  readonly code = 'MESSAGE_NOT_HANDLED';
}

/** The process is about to end; the message is handled by another. */
export class DrainingError extends SluiceError {
  readonly code = 'DRAINING';

  constructor() {
    super('the app is shutting down', { retryable: true });
  }
}

/** What a message may ask for besides requests. */
export interface MessageServices {
  /** Tries again to deliver a report. */
  readonly deliver: (request: DeliverRequest) => Promise<void>;
  /** Tries again to react to a report. */
  readonly react: (request: ReactRequest) => Promise<void>;
  /** Takes a step through the objects that exist. */
  readonly walk: (request: WalkRequest, abortSignal: AbortSignal) => Promise<void>;
  /** Whether no scan should be begun, because the reports of those before wait for delivery. */
  readonly isFull: () => Promise<boolean>;
  /** Sends the same events again, later. */
  readonly postpone: (events: readonly unknown[]) => Promise<void>;
}

export interface MessageLimits {
  /**
   * How long one message may take; 27 minutes unless given. The host kills the whole process at 30, with every scan in it:
   * rather one message comes again.
   */
  readonly messageInMs?: number;
  /** How long running work is waited for; 20 s unless given. */
  readonly drainInMs?: number;
  /** What the host needs to take the last results in; 250 ms unless given. */
  readonly resultInMs?: number;
}

const MAX_FAULTS_TOLD = 3;

export class MessageHandler {
  readonly #requests: Pick<RequestHandler, 'handle'>;
  readonly #services: MessageServices;
  readonly #allow: AllowList;
  readonly #limits: MessageLimits;
  readonly #draining = new AbortController();
  readonly #inFlight = new Set<Promise<unknown>>();

  constructor(
    requests: Pick<RequestHandler, 'handle'>,
    services: MessageServices,
    allow: AllowList,
    limits: MessageLimits = {},
  ) {
    this.#requests = requests;
    this.#services = services;
    this.#allow = allow;
    this.#limits = limits;
  }

  /** Messages that are being handled. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** What a message is handled with, for those that handle messages in another way. */
  contextOf(metadata: MessageMetadata, abortSignal: AbortSignal): RequestContext {
    const messageId = typeof metadata.id === 'string' && metadata.id !== '' ? metadata.id : randomUUID();
    const yieldSignal = this.#draining.signal;
    return { dequeueCount: readCount(metadata.dequeueCount), messageId, abortSignal, yieldSignal };
  }

  /**
   * Resolves with one entry for each request when all are recorded, and with none where they were put off. Rejects with `MessageNotHandledError` when any could not
   * be, after all were tried, and with `DrainingError` once `drain` was called.
   */
  async handle(message: unknown, metadata: MessageMetadata = {}): Promise<readonly HandledRequest[]> {
    const work = this.#handle(message, metadata);
    this.#inFlight.add(work);
    try {
      return await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  /** Ends running work and waits for it, within its limits; takes no more. Never rejects. Safe to call twice. */
  async drain(): Promise<void> {
    const { drainInMs = 20_000, resultInMs = 250 } = this.#limits;
    this.#draining.abort(new DrainingError());
    const waiting = new AbortController();
    const ended = Promise.allSettled(this.#inFlight);
    await Promise.race([ended, delay(drainInMs, waiting.signal).catch(() => undefined)]);
    waiting.abort();
    await delay(resultInMs);
  }

  async #handle(message: unknown, metadata: MessageMetadata): Promise<readonly HandledRequest[]> {
    const { messageInMs = 27 * 60_000 } = this.#limits;
    try {
      return await withDeadline(messageInMs, undefined, (abortSignal) =>
        this.#handleAll(message, this.contextOf(metadata, abortSignal)),
      );
    } catch (error) {
      if (!(error instanceof DeadlineReached)) throw error;
      throw new MessageNotHandledError(`the message was ${error.message}`, { retryable: true, cause: error });
    }
  }

  async #handleAll(message: unknown, context: RequestContext): Promise<readonly HandledRequest[]> {
    const { abortSignal, yieldSignal } = context;
    const handled: HandledRequest[] = [];
    const faults: unknown[] = [];
    const requests = parseMessage(message, this.#allow);
    if (requests.some(({ kind }) => kind === 'scan') && (await this.#services.isFull())) {
      await this.#postpone(message);
      return [];
    }
    // One after the other: a message with many events is rare, and each scan takes all the speed there is.
    for (const request of requests) {
      abortSignal.throwIfAborted();
      // What has not begun is begun elsewhere, when the message comes again.
      yieldSignal.throwIfAborted();
      try {
        if (request.kind === 'deliver') await this.#services.deliver(request);
        else if (request.kind === 'react') await this.#services.react(request);
        else if (request.kind === 'walk') await this.#services.walk(request, abortSignal);
        else handled.push(await this.#requests.handle(request, context));
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length === 0) return handled;
    abortSignal.throwIfAborted();
    yieldSignal.throwIfAborted();
    throw notHandled(faults, requests.length);
  }

  async #postpone(message: unknown): Promise<void> {
    const events = readMessageValues(message);
    // A message that cannot be read asks for no scan.
    invariant(!('fault' in events), 'a message that asks for a scan cannot be read');
    await this.#services.postpone(events);
  }
}

function notHandled(faults: readonly unknown[], requestCount: number): MessageNotHandledError {
  const told = faults.slice(0, MAX_FAULTS_TOLD).map((fault) => errorText(fault));
  const more = faults.length > told.length ? ` and ${faults.length - told.length} more` : '';
  const first = faults[0] instanceof SluiceError ? faults[0] : undefined;
  return new MessageNotHandledError(
    `${faults.length} of ${requestCount} requests could not be handled: ${told.join('; ')}${more}`,
    {
      ...(first?.where === undefined ? {} : { where: first.where }),
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
      retryable: faults.some((fault) => fault instanceof SluiceError && fault.retryable),
      cause: faults.length === 1 ? faults[0] : new AggregateError(faults),
    },
  );
}

/** The host gives a number; one that arrives as text means the same. */
function readCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

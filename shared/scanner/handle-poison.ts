/**
 * A message that failed too often, on its way out: what it asked for is recorded as `failed: poison`, unless it is recorded or
 * being scanned after all, and the message is kept, so that a person can have it tried again (`sluice replay`).
 *
 * Deliveries are also counted for the messages that a worker held when it died of another. Where the ledger shows that, an attempt
 * that neither ended nor was alone when its process did, the message is put back with a count of its own, three times at most.
 *
 * The copy in the poison queue carries the body alone. It can arrive while another worker still scans, and after one has
 * finished: the ledger is asked first. A worker that only seemed dead keeps its scan, and what it finds takes the failure's place. "Later" is said by throwing; the poison queue has none of its own, and brings the message
 * again when its lock is over.
 */
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { AllowList } from '../events/allow-list.ts';
import { readMessageValues } from '../events/message-values.ts';
import { deliverMessageOf, MAX_RETURNS, reactMessageOf, scanMessageOf, walkMessageOf } from '../events/own-messages.ts';
import { parseMessage } from '../events/parse-message.ts';
import type { QueueRequest, ScanRequest } from '../events/scan-request.ts';
import { STALE_AFTER_IN_MS } from '../ledger/entry-rules.ts';
import type { Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import { reportOutcome } from './build-report.ts';
import type { HandledRequest, RequestContext, RequestHandler } from './handle-request.ts';
import type { ReportRecorder } from './record-report.ts';
import { isFinal } from './record-report.ts';
import type { ReportFrames } from './report-frames.ts';
import type { ScanSlots } from './scan-slots.ts';
import { failedOutcome } from './verdict.ts';

/** The object of a poisoned message is being scanned; whether it failed is not yet known. */
export class PoisonTooEarlyError extends SluiceError {
  readonly code = 'POISON_TOO_EARLY';
}

export interface PoisonHandlerParts {
  readonly allow: AllowList;
  readonly ledger: Ledger;
  readonly recorder: ReportRecorder;
  readonly frames: ReportFrames;
  readonly requests: Pick<RequestHandler, 'handle'>;
  readonly queue: MessageSender;
  /** Scans that may take the process down wait for what is handled here: its deliveries are counted too, and nothing comes after them. */
  readonly slots: Pick<ScanSlots, 'holdOff'>;
  /** Where messages are kept, by ScanId. */
  readonly store: { write(name: string, content: Uint8Array): Promise<void> };
  readonly log: Logger;
  readonly staleAfterInMs?: number | undefined;
}

/** When a delivery or a walk that failed for want of storage is tried again. */
const DELIVER_AGAIN_IN_MS = 30 * 60_000;

/** A worker that is ended from outside may take a scan with it that runs alone: once is no proof. */
const ALONE_STARTS_OF_A_CULPRIT = 2;

export class PoisonHandler {
  readonly #parts: PoisonHandlerParts;

  constructor(parts: PoisonHandlerParts) {
    this.#parts = parts;
  }

  /** Resolves once everything the message asked for is recorded. Rejects with `PoisonTooEarlyError`, or when it cannot be. */
  async handle(message: unknown, context: RequestContext): Promise<readonly HandledRequest[]> {
    const release = this.#parts.slots.holdOff();
    try {
      return await this.#handleAll(message, context);
    } finally {
      release();
    }
  }

  async #handleAll(message: unknown, context: RequestContext): Promise<readonly HandledRequest[]> {
    const values = readMessageValues(message);
    const handled: HandledRequest[] = [];
    const early: ScanRequest[] = [];
    for (const [index, request] of parseMessage(message, this.#parts.allow).entries()) {
      const value = 'fault' in values ? message : values[index];
      const done = await this.#handleOne(request, value, context);
      if (done === 'later') early.push(request as ScanRequest);
      else if (done !== undefined) handled.push(done);
    }
    if (early.length === 0) return handled;
    throw new PoisonTooEarlyError(`${early.length} of its objects are being scanned`, {
      ...(early[0] && { where: early[0].url }),
      retryable: true,
    });
  }

  async #handleOne(
    request: QueueRequest,
    value: unknown,
    context: RequestContext,
  ): Promise<HandledRequest | 'later' | undefined> {
    switch (request.kind) {
      case 'refused':
        // It asks for nothing that could fail: its own outcome is what there is to say.
        return this.#parts.requests.handle(request, context);
      case 'deliver':
        await this.#parts.queue.send(deliverMessageOf(request.scanId, request.attempt), {
          delayInMs: DELIVER_AGAIN_IN_MS,
        });
        return undefined;
      case 'react':
        await this.#parts.queue.send(reactMessageOf(request.scanId, request.attempt), {
          delayInMs: DELIVER_AGAIN_IN_MS,
        });
        return undefined;
      case 'walk':
        // The same page again, later: what it stands for is written nowhere else.
        await this.#parts.queue.send(walkMessageOf(request), { delayInMs: DELIVER_AGAIN_IN_MS });
        return undefined;
      case 'scan':
        return this.#recordFailure(request, value);
    }
  }

  async #recordFailure(request: ScanRequest, value: unknown): Promise<HandledRequest | 'later'> {
    const { ledger, frames, recorder, store, log } = this.#parts;
    const frame = frames.asked(request);
    const { scanId } = frame;
    const entry = await ledger.find(frame.object, scanId);
    if (entry !== undefined && this.#isAlive(entry)) return 'later';
    const isAnothers = (entry?.run?.generation ?? 0) > (request.resumes?.generation ?? 0);
    if (entry !== undefined && (isAnothers || (entry.rank !== undefined && isFinal(entry)))) {
      log.info('a poisoned message had nothing left to do', { scanId, url: request.url });
      return { request, scanId, reports: [] };
    }
    const returns = (request.returns ?? 0) + 1;
    if (entry !== undefined && isInnocent(entry) && returns <= MAX_RETURNS) {
      await this.#parts.queue.send(scanMessageOf({ ...request, returns }, request.replaced ?? [], request.resumes));
      log.warn('a message had no fair try and is put back', { scanId, url: request.url, returns });
      return { request, scanId, reports: [], left: 'elsewhere' };
    }
    // Kept before anything is recorded, since the message goes once this returns.
    await store.write(`${scanId}.json`, Buffer.from(JSON.stringify(value)));
    const outcome = failedOutcome('poison', 'its message failed too often; it is kept for replay');
    const report = await recorder.record(reportOutcome(frame, outcome, new Date()));
    log.error('a message failed too often', { scanId, url: request.url });
    return { request, scanId, reports: report === undefined ? [] : [report] };
  }

  #isAlive({ run }: LedgerEntry): boolean {
    const silentForMs = Date.now() - (run?.heartbeatAt.getTime() ?? 0);
    return run?.isHeld === true && silentForMs < (this.#parts.staleAfterInMs ?? STALE_AFTER_IN_MS);
  }
}

/** Whether its last attempt went silent, as a worker's death leaves it, and attempts of its own cannot have been the cause. */
function isInnocent({ run }: LedgerEntry): boolean {
  return run?.isHeld === true && run.aloneStarts < ALONE_STARTS_OF_A_CULPRIT;
}

/**
 * The outbox: reports of scans that have ended and that no sink took. The report is kept in the scanner's own account and its
 * delivery tried again, ever more rarely, so that no object is read twice because the place for its rows was out of reach.
 *
 *   waiting/ScanId   a message {deliver, attempt} is in the queue for it: after 30 s, doubling up to 30 min
 *   expired/ScanId   seven days were not enough; kept until a person has it tried again
 *   damaged/ScanId   what was found is no report
 *
 * A second one holds reports that sinks took and that the app has not yet reacted to (`shared/reactions`).
 *
 * While many wait, no scans should be begun: their reports would only join the others. `isFull` says when.
 */
import { z } from 'zod';
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { deliverMessageOf } from '../events/own-messages.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import type { ScanReport } from './scan-report.ts';
import { assertOutcome, rankOf } from './verdict.ts';

/** Where reports are kept. */
export interface ReportStore {
  write(name: string, content: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  delete(name: string): Promise<void>;
  list(limit: number, prefix?: string): Promise<string[]>;
}

export interface OutboxLimits {
  /** Above so many waiting reports no scan is begun; 1,000 unless given. */
  readonly reports?: number;
  /** The first wait; 30 s unless given. It doubles with each try up to 30 min. */
  readonly firstDelayInMs?: number;
  /** How long delivery is tried; 7 days unless given. */
  readonly keptForMs?: number;
  /** How long a count of waiting reports is believed; 15 s unless given. */
  readonly countedForMs?: number;
}

export interface OutboxTexts {
  readonly kept: string;
  readonly waitsOn: string;
  readonly left: string;
  readonly expired: string;
  readonly damaged: string;
}

const textsOfSinks: OutboxTexts = {
  kept: 'a report waits in the outbox',
  waitsOn: 'a report waits on in the outbox',
  left: 'a report was delivered from the outbox',
  expired: 'a report was not accepted for a week; `sluice replay` has it tried again',
  damaged: 'what waited in the outbox is no report',
};

export interface OutboxParts {
  readonly store: ReportStore;
  /** What the log says; those of the outbox of the sinks unless given. */
  readonly texts?: OutboxTexts;
  /** The message that asks for the next try; the one that has a report delivered unless given. */
  readonly messageOf?: (scanId: string, attempt: number) => object;
  readonly queue: MessageSender;
  readonly log: Logger;
  readonly limits?: OutboxLimits;
}

/** What the message for the next try says. */
interface NextTry {
  readonly scanId: string;
  /** Counted from 1. */
  readonly attempt: number;
}

const LONGEST_DELAY_IN_MS = 30 * 60_000;
const WEEK_IN_MS = 7 * 24 * 3_600_000;
/** An outbox that nobody has put anything into lately is empty, as far as this process need know. */
const QUIET_FOR_MS = 5 * 60_000;

export class ReportOutbox {
  readonly #parts: OutboxParts;
  readonly #texts: OutboxTexts;
  readonly #messageOf: NonNullable<OutboxParts['messageOf']>;
  #isCounted = false;
  #count = 0;
  #countedUntil = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#texts = parts.texts ?? textsOfSinks;
    this.#messageOf = parts.messageOf ?? deliverMessageOf;
  }

  /** Resolves once the report is safe and its next delivery is due. */
  async keep(report: ScanReport, error: unknown): Promise<void> {
    const { store, queue, log } = this.#parts;
    const { scanId } = report;
    const standing = await this.#read(waiting(scanId), scanId);
    // What was learnt of the same version stays true.
    const isOutranked =
      typeof standing === 'object' && rankOf(standing.outcome.verdict) > rankOf(report.outcome.verdict);
    if (!isOutranked) await store.write(waiting(scanId), encode(report));
    await queue.send(this.#messageOf(scanId, 1), { delayInMs: this.#delayBefore(1) });
    this.#countedUntil = 0;
    log.warn(this.#texts.kept, { scanId, verdict: report.outcome.verdict, error: errorText(error) });
  }

  /**
   * One more try at a report that waits. `deliver` rejects with a `SluiceError` when no sink takes it; then the next try is due
   * later, and this resolves all the same.
   */
  async deliver({ scanId, attempt }: NextTry, deliver: (report: ScanReport) => Promise<void>): Promise<void> {
    const { store, queue, log } = this.#parts;
    const report = await this.#read(waiting(scanId), scanId);
    if (report === undefined) return;
    if (typeof report === 'string') {
      await this.#putAside('damaged', scanId);
      log.error(this.#texts.damaged, { scanId, problem: report });
      return;
    }
    try {
      await deliver(report);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      if (Date.now() - Date.parse(report.scanFinishedAt) > (this.#parts.limits?.keptForMs ?? WEEK_IN_MS)) {
        await this.#putAside('expired', scanId);
        log.error(this.#texts.expired, { scanId, error });
        return;
      }
      await queue.send(this.#messageOf(scanId, attempt + 1), { delayInMs: this.#delayBefore(attempt + 1) });
      log.warn(this.#texts.waitsOn, { scanId, attempt, error: errorText(error) });
      return;
    }
    await store.delete(waiting(scanId));
    this.#countedUntil = 0;
    log.info(this.#texts.left, { scanId, verdict: report.outcome.verdict, attempt });
  }

  /** How many wait, as last counted; a count stops at the limit. */
  get lastCount(): number {
    return this.#count;
  }

  /** Whether so many reports wait that no more should be made. Never rejects. Lists the outbox seldom while nothing waits. */
  async isFull(): Promise<boolean> {
    const { store, log, limits } = this.#parts;
    const most = limits?.reports ?? 1_000;
    if (Date.now() < this.#countedUntil) return this.#count > most;
    try {
      const wasEmpty = this.#isCounted && this.#count === 0;
      this.#count = (await store.list(most + 1, 'waiting/')).length;
      this.#isCounted = true;
      const isQuiet = this.#count === 0 && wasEmpty;
      this.#countedUntil = Date.now() + (isQuiet ? QUIET_FOR_MS : (limits?.countedForMs ?? 15_000));
    } catch (error) {
      log.warn('the outbox could not be counted', { error: errorText(error) });
      return false;
    }
    return this.#count > most;
  }

  async #putAside(where: 'damaged' | 'expired', scanId: string): Promise<void> {
    const { store } = this.#parts;
    const content = await store.read(waiting(scanId));
    if (content !== undefined) await store.write(`${where}/${scanId}`, content);
    await store.delete(waiting(scanId));
    this.#countedUntil = 0;
  }

  /** The report; undefined where there is none; what is wrong where there is something else. */
  async #read(name: string, scanId: string): Promise<ScanReport | string | undefined> {
    const content = await this.#parts.store.read(name);
    return content === undefined ? undefined : decode(content, scanId);
  }

  #delayBefore(attempt: number): number {
    const first = this.#parts.limits?.firstDelayInMs ?? 30_000;
    const delayInMs = Math.min(LONGEST_DELAY_IN_MS, first * 2 ** Math.min(attempt - 1, 20));
    // Reports that were kept together should not come back together.
    return delayInMs * (1 + Math.random() / 10);
  }
}

function waiting(scanId: string): string {
  return `waiting/${scanId}`;
}

function encode(report: ScanReport): Uint8Array {
  return Buffer.from(JSON.stringify(report));
}

/** What decides how a report is treated; its other fields are only passed on, and bounded where they become rows. */
const stored = z.looseObject({
  scanId: z.string(),
  attemptId: z.string(),
  outcome: z.object({ verdict: z.string(), reason: z.string().optional(), detail: z.string().optional() }),
  object: z.object({
    account: z.string(),
    container: z.string(),
    objectName: z.string(),
    url: z.string(),
    eTag: z.string(),
    versionId: z.string().optional(),
  }),
  scanFinishedAt: z.iso.datetime(),
  findings: z.array(
    z.looseObject({
      findingId: z.string(),
      rule: z.string(),
      namespace: z.string(),
      tags: z.array(z.string()),
      meta: z.array(z.tuple([z.string(), z.union([z.string(), z.number(), z.boolean()])])),
      severity: z.string(),
      evidence: z.array(z.looseObject({ pattern: z.string(), offset: z.number(), length: z.number() })),
    }),
  ),
});

function decode(content: Uint8Array, scanId: string): ScanReport | string {
  try {
    const report = stored.parse(JSON.parse(Buffer.from(content).toString('utf8'))) as unknown as ScanReport;
    if (report.scanId !== scanId) return 'it is of another scan';
    assertOutcome(report.outcome);
    return report;
  } catch (error) {
    return errorText(error, 200);
  }
}

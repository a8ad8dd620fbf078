/**
 * Has every reaction answer a report, once the sinks have taken it. What could not be done and may be done later waits with its
 * report in an outbox of its own, so that neither the scan is repeated for it nor the rows. A crash between a reaction and the
 * ledger repeats it, which is harmless.
 *
 *   sinks accepted ─► reactions, one after the other ─► ledger `done`
 *                        └─► later: reactions outbox, message {react: ScanId, attempt}, for a day
 */
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ReactRequest } from '../events/scan-request.ts';
import { SourceReadError } from '../objects/object-errors.ts';
import type { ReportOutbox } from '../scanner/report-outbox.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import type { Reaction } from './reaction.ts';

export interface ReactorParts {
  /** In the order in which they are to happen. */
  readonly reactions: readonly Reaction[];
  readonly outbox: Pick<ReportOutbox, 'keep' | 'deliver'>;
  readonly log: Logger;
  readonly limits?: ReactorLimits;
}

export interface ReactorLimits {
  /** What reactions may take beside a scan, together; a minute unless given. */
  readonly besideScanInMs?: number;
  /** What they may take when they are all that a message asks for; 20 minutes unless given. */
  readonly aloneInMs?: number;
}

export class Reactor {
  readonly #parts: ReactorParts;

  constructor(parts: ReactorParts) {
    this.#parts = parts;
  }

  /** Resolves once everything is done, or safe to be done later. */
  async react(report: ScanReport): Promise<void> {
    if (this.#parts.reactions.length === 0) return;
    const { besideScanInMs = 60_000 } = this.#parts.limits ?? {};
    try {
      await this.#reactAll(report, besideScanInMs);
    } catch (error) {
      // Anything else is a bug, and the message comes again.
      if (!(error instanceof SluiceError)) throw error;
      await this.#parts.outbox.keep(report, error);
    }
  }

  /** One more try at what waits. Resolves also when it waits on. */
  async reactAgain(request: ReactRequest): Promise<void> {
    const { aloneInMs = 20 * 60_000 } = this.#parts.limits ?? {};
    await this.#parts.outbox.deliver(request, (report) => this.#reactAll(report, aloneInMs));
  }

  /** Tries each, whatever became of the others. Rejects with the first fault that may pass. */
  async #reactAll(report: ScanReport, limitInMs: number): Promise<void> {
    const abortSignal = AbortSignal.timeout(limitInMs);
    let passing: SluiceError | undefined;
    for (const reaction of this.#parts.reactions) {
      const fault = await this.#reactOnce(reaction, report, abortSignal);
      if (fault !== undefined) passing ??= fault;
    }
    if (passing !== undefined) throw passing;
  }

  async #reactOnce(reaction: Reaction, report: ScanReport, abortSignal: AbortSignal): Promise<SluiceError | undefined> {
    const { log } = this.#parts;
    const about = { reaction: reaction.name, scanId: report.scanId, url: report.object.url };
    try {
      const { kind, detail } = await reaction.react(report, { abortSignal });
      if (kind !== 'notConcerned') log[kind === 'refused' ? 'error' : 'info'](texts[kind], { ...about, detail });
      return undefined;
    } catch (error) {
      if (abortSignal.aborted) return new SourceReadError('reactions took too long', { retryable: true });
      if (!(error instanceof SluiceError)) throw error;
      if (error.retryable) {
        log.warn('a reaction is tried again later', { ...about, error: errorText(error) });
        return error;
      }
      log.error('a reaction failed for good', { ...about, error });
      return undefined;
    }
  }
}

const texts = {
  done: 'reacted',
  changed: 'a reaction changed nothing: it was not the version that was scanned',
  refused: 'a reaction was refused',
} as const;

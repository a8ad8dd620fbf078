/**
 * Recording a report: every sink first, then what is done about it, then the ledger, in that order. A crash between them costs a
 * second row with the same id and a reaction that finds itself done; another order would cost the row.
 *
 * Three ways a sink can say no. *Later*, and *not to anybody* (access, settings): the report is good, and waits in the outbox until
 * the sink takes it; the ledger says `done` all the same, so that the object is not read again. *Not this report*: trying again
 * cannot help, so what is recorded instead is that it failed, in a report small enough to pass.
 */
import type { Logger } from '../base/log.ts';
import { SluiceError } from '../base/errors.ts';
import type { DeliverRequest } from '../events/scan-request.ts';
import type { Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { ObjectIdentity } from '../objects/byte-source.ts';
import type { ReportOutbox } from './report-outbox.ts';
import type { ScanReport } from './scan-report.ts';
import { failedOutcome, mayReplace, rankOf } from './verdict.ts';

/** A sink takes reports, but will never take this one. */
export class ReportRefusedError extends SluiceError {
  readonly code = 'REPORT_REFUSED';
}

/** `isUrgent`: it waits for no other report to go with it. */
export interface DeliveryOptions {
  readonly isUrgent?: boolean;
}

export interface ReportRecorderParts {
  readonly ledger: Ledger;
  /** Resolves once every sink has accepted; rejects with `ReportRefusedError` when one never will. */
  readonly deliver: (report: ScanReport, options?: DeliveryOptions) => Promise<void>;
  /** Answers a report that sinks took. Resolves once that is done, or safe to be done later; may come twice for one report. */
  readonly react?: (report: ScanReport) => Promise<void>;
  readonly outbox: Pick<ReportOutbox, 'keep' | 'deliver'>;
  readonly log: Logger;
}

export class ReportRecorder {
  readonly #parts: ReportRecorderParts;

  constructor(parts: ReportRecorderParts) {
    this.#parts = parts;
  }

  /** The ledger's entry where that scan ended before, even if it runs again now; undefined where it never did. */
  async findDone(object: ObjectIdentity, scanId: string): Promise<LedgerEntry | undefined> {
    const entry = await this.#parts.ledger.find(object, scanId);
    return entry?.rank === undefined ? undefined : entry;
  }

  /**
   * Records the report, or that it was refused, and returns what was recorded. Undefined when the ledger already has the same
   * outcome or one of higher rank: the same scan means the same bytes, rules and engine, so what was learnt before stays true.
   */
  async record(report: ScanReport, options?: DeliveryOptions): Promise<ScanReport | undefined> {
    const { verdict, reason } = report.outcome;
    // A whole scan has the highest ranks there are; for those the question is not worth a request.
    if (rankOf(verdict) < rankOf('clean')) {
      const entry = await this.findDone(report.object, report.scanId);
      const isSame = entry?.verdict === verdict && entry.reason === reason;
      if (isSame || !mayReplace(entry?.rank, rankOf(verdict))) return undefined;
    }
    const recorded = await this.#deliver(report, options);
    await this.#parts.ledger.finish(recorded.object, recorded.scanId, recorded.attemptId, {
      verdict: recorded.outcome.verdict,
      rank: rankOf(recorded.outcome.verdict),
      reason: recorded.outcome.reason,
      leavesRun: recorded.outcome.reason === 'poison',
    });
    return recorded;
  }

  /** One more try at a report that waits in the outbox; the ledger has its outcome already. */
  async deliverAgain(request: DeliverRequest): Promise<void> {
    await this.#parts.outbox.deliver(request, async (report) => {
      await this.#react(await this.#deliverOrRefuse(report));
    });
  }

  /** Returns what the sinks took, or what waits for them. */
  async #deliver(report: ScanReport, options?: DeliveryOptions): Promise<ScanReport> {
    let delivered: ScanReport;
    try {
      delivered = await this.#deliverOrRefuse(report, options);
    } catch (error) {
      // Anything else is no sink's answer but a bug.
      if (!(error instanceof SluiceError)) throw error;
      // Nothing is done to an object before it is told of: reactions wait with it.
      await this.#parts.outbox.keep(report, error);
      return report;
    }
    await this.#react(delivered);
    return delivered;
  }

  async #react(report: ScanReport): Promise<void> {
    await this.#parts.react?.(report);
  }

  async #deliverOrRefuse(report: ScanReport, options?: DeliveryOptions): Promise<ScanReport> {
    try {
      await this.#parts.deliver(report, options);
      return report;
    } catch (error) {
      if (!(error instanceof ReportRefusedError)) throw error;
      const instead = asRefused(report, error);
      this.#parts.log.error('a report was refused and is recorded as failed', { scanId: report.scanId, error });
      await this.#parts.deliver(instead, options);
      return instead;
    }
  }
}

/**
 * Whether a recorded outcome still holds when the same version is asked for again. What failed may succeed, an archived object
 * may be brought back, a key may be given up, and a policy withdrawn, all without a new version.
 */
export function isFinal(entry: LedgerEntry): boolean {
  if (entry.verdict === 'failed') return false;
  if (entry.verdict !== 'skipped') return true;
  const { reason = '' } = entry;
  return reason !== 'archived' && reason !== 'customerKey' && !reason.startsWith('policy:');
}

/** What was found is told in words at least, since the rows that said it are what could not be recorded. */
function asRefused(report: ScanReport, error: ReportRefusedError): ScanReport {
  const { outcome, findings } = report;
  const rules = findings.slice(0, 5).map(({ namespace, rule }) => `${namespace}:${rule}`);
  const found = findings.length === 0 ? '' : ` with ${findings.length} findings (${rules.join(', ')})`;
  return {
    ...report,
    outcome: failedOutcome('sinkRefused', `verdict ${outcome.verdict}${found} was not accepted: ${error.message}`),
    findings: [],
  };
}

/**
 * The sink that writes to Log Analytics through the Logs Ingestion API. Reports of concurrent scans are gathered into rounds;
 * each is acknowledged when the service has accepted all of its rows and not before. Findings go first: a scan's row in the
 * table means that its findings are there.
 *
 * The service never removes duplicates; rows carry deterministic ids, so a report recorded twice is harmless.
 */
import type { LogsIngestionClient } from '@azure/monitor-ingestion';
import type { OutgoingRow } from './delivery.ts';
import type { RetryNotice, UploadOptions } from './row-uploader.ts';
import type { Sink } from './sink.ts';
import { Delivery } from './delivery.ts';
import { createGatherer } from './gatherer.ts';
import { uploadRows } from './row-uploader.ts';
import { tables, toRows } from './rows.ts';
import { SinkError } from './sink-error.ts';

export interface LogAnalyticsSinkOptions {
  /** See `createIngestionClient`. */
  readonly client: Pick<LogsIngestionClient, 'upload'>;
  /** Immutable id of the data collection rule, `dcr-` and 32 hex digits. */
  readonly dcrId: string;
  /** How long the first report of a round waits for others; 3 s unless given. */
  readonly gatherForMs?: number;
  /** A round starts at once when it has this many rows; 500 unless given. */
  readonly gatherRows?: number;
  /**
   * Or this many reports; 56 unless given. Each holds up a message, and the host gives a worker 64 at once (`host.json`): more
   * would wait for what cannot come. Fewer would take more than 20 calls a thousand objects.
   */
  readonly gatherReports?: number;
  /** Rounds under way at the same time; 4 unless given. */
  readonly concurrentRounds?: number;
  /**
   * How long a busy service is tried again for one round; 1 minute unless given. With the wait for a free round, a report is
   * settled within about two and a half times that.
   */
  readonly retryForMs?: number;
  /** The first delay of these tries where the service names none; 1 s unless given. */
  readonly retryDelayInMs?: number;
  readonly now?: () => Date;
  /** Told of each further try. */
  readonly onRetry?: (notice: RetryNotice) => void;
}

export const streams = { scans: `Custom-${tables.scans}`, findings: `Custom-${tables.findings}` } as const;

/**
 * A sink over one data collection rule. `record` rejects with `SinkError` (INGESTION_FAILED), whose `retryable` and
 * `isRefused` say what to do with the report, or with the abort signal's reason; rows that were under way then may still
 * arrive. Holds the reports that are gathered or under way, so callers bound how many there are.
 */
export function createLogAnalyticsSink(options: LogAnalyticsSinkOptions): Sink {
  const upload: UploadOptions = {
    client: options.client,
    dcrId: options.dcrId,
    retryDelayInMs: options.retryDelayInMs ?? 1_000,
    now: options.now ?? (() => new Date()),
    onRetry: options.onRetry,
  };
  const gatherer = createGatherer<Delivery>((round) => deliver(round, options.retryForMs ?? 60_000, upload), {
    waitInMs: options.gatherForMs ?? 3_000,
    rows: options.gatherRows ?? 500,
    items: options.gatherReports ?? 56,
    rounds: options.concurrentRounds ?? 4,
  });
  let isClosed = false;

  return {
    name: 'log-analytics',
    async record(report, { abortSignal, isUrgent } = {}) {
      if (isClosed) throw new SinkError('the sink is closed', { where: report.object.url, retryable: true });
      abortSignal?.throwIfAborted();
      const delivery = new Delivery(toRows(report, upload.now()), report.object.url, abortSignal);
      gatherer.add(delivery, 1 + delivery.rows.findings.length, isUrgent);
      await delivery.settled;
    },
    async close() {
      isClosed = true;
      await gatherer.drain();
    },
  };
}

/** Brings one round to the service and settles each of its deliveries. */
async function deliver(round: readonly Delivery[], retryForMs: number, upload: UploadOptions): Promise<void> {
  const deadline = Date.now() + retryForMs;
  try {
    await uploadRows(streams.findings, round.flatMap(findingsOf), deadline, upload);
    const whole = round.filter((delivery) => delivery.isOpen);
    // Findings that took all the time must not leave their scans without a try.
    const least = Date.now() + retryForMs / 4;
    await uploadRows(streams.scans, whole.flatMap(scansOf), Math.max(deadline, least), upload);
  } catch (error) {
    // Not a failure of the service but a bug: it belongs to those who wait, who would otherwise wait for ever.
    for (const delivery of round) delivery.fail(error instanceof Error ? error : new Error(String(error)));
  }
}

function findingsOf(delivery: Delivery): OutgoingRow[] {
  return delivery.rows.findings.map((row) => ({ row, delivery }));
}

function scansOf(delivery: Delivery): OutgoingRow[] {
  return delivery.rows.scans.map((row) => ({ row, delivery }));
}

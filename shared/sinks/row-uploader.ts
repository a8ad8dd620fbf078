/**
 * Brings rows to one stream of the data collection rule: cut into calls, tried again while the service is busy, and with the
 * rows that it refuses found by halving, so that one bad row costs only its own report.
 *
 * Every row ends in exactly one of three ways: accepted (`acceptRow`), failed (`fail`), or dropped because its caller left.
 */
import type { LogsIngestionClient } from '@azure/monitor-ingestion';
import type { Delivery, OutgoingRow } from './delivery.ts';
import type { IngestionFailure } from './ingestion-failure.ts';
import { delay } from '../base/retry.ts';
import { chunkRows } from './chunk-rows.ts';
import { readIngestionFailure } from './ingestion-failure.ts';
import { SinkError } from './sink-error.ts';

export interface RetryNotice {
  readonly stream: string;
  readonly rows: number;
  readonly delayInMs: number;
  readonly status: number | undefined;
  readonly message: string;
}

export interface UploadOptions {
  readonly client: Pick<LogsIngestionClient, 'upload'>;
  /** Immutable id of the data collection rule. */
  readonly dcrId: string;
  /** The first delay where the service names none; it doubles up to `maximumDelayInMs`. */
  readonly retryDelayInMs: number;
  readonly now: () => Date;
  readonly onRetry: ((notice: RetryNotice) => void) | undefined;
}

/** Calls of one upload that are under way at the same time. */
const concurrentCalls = 4;
const maximumDelayInMs = 30_000;

/**
 * Resolves when every row has ended; never rejects for what the service does. A busy service is tried again until `deadline`
 * (milliseconds as of `Date.now`), and no call goes on beyond it.
 */
export async function uploadRows(
  stream: string,
  rows: readonly OutgoingRow[],
  deadline: number,
  options: UploadOptions,
): Promise<void> {
  const { chunks, tooLarge } = chunkRows(rows, ({ row }) => row);
  for (const { delivery } of tooLarge) delivery.fail(tooLargeError(stream, delivery));
  const next = chunks.values();
  const worker = async (): Promise<void> => {
    for (const chunk of next) await sendChunk({ stream, deadline, ...options }, chunk);
  };
  await Promise.all(Array.from({ length: Math.min(concurrentCalls, chunks.length) }, worker));
}

type Call = UploadOptions & { readonly stream: string; readonly deadline: number };

async function sendChunk(call: Call, chunk: readonly OutgoingRow[]): Promise<void> {
  // Bounded by the deadline: every turn but the last waits.
  for (let attempt = 0; ; attempt++) {
    const rows = chunk.filter(({ delivery }) => !delivery.isAbandoned);
    if (rows.length === 0) return;
    const abandonment = watchAbandonment(rows);
    try {
      const failure = await tryUpload(call, rows, abandonment.signal);
      if (failure === undefined) {
        for (const { delivery } of rows) delivery.acceptRow();
        return;
      }
      if (abandonment.signal.aborted) return;
      if (failure.kind === 'refused' && rows.length > 1) {
        await sendHalves(call, rows);
        return;
      }
      const delayInMs = failure.retryAfterInMs ?? delayOf(attempt, call.retryDelayInMs);
      if (failure.kind !== 'busy' || Date.now() + delayInMs >= call.deadline) {
        for (const { delivery } of rows) delivery.fail(toSinkError(call.stream, delivery, failure));
        return;
      }
      const { status, message } = failure;
      call.onRetry?.({ stream: call.stream, rows: rows.length, delayInMs, status, message });
      await waitUnlessAborted(delayInMs, abandonment.signal);
    } finally {
      abandonment.stop();
    }
  }
}

/** At most twice as many calls as rows, when each of them is refused. */
async function sendHalves(call: Call, rows: readonly OutgoingRow[]): Promise<void> {
  const middle = Math.ceil(rows.length / 2);
  await sendChunk(call, rows.slice(0, middle));
  await sendChunk(call, rows.slice(middle));
}

async function tryUpload(
  call: Call,
  rows: readonly OutgoingRow[],
  abandoned: AbortSignal,
): Promise<IngestionFailure | undefined> {
  const timeout = AbortSignal.timeout(Math.max(1, call.deadline - Date.now()));
  const TimeGenerated = call.now().toISOString();
  const logs = rows.map(({ row }) => ({ ...row, TimeGenerated }));
  try {
    await call.client.upload(call.dcrId, call.stream, logs, { abortSignal: AbortSignal.any([abandoned, timeout]) });
    return undefined;
  } catch (error) {
    return readIngestionFailure(error);
  }
}

/** Aborts once every caller with rows here has left; never while one of them waits or cannot leave. */
function watchAbandonment(rows: readonly OutgoingRow[]): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const deliveries = [...new Set(rows.map(({ delivery }) => delivery))];
  const check = (): void => {
    if (deliveries.every((delivery) => delivery.isAbandoned)) controller.abort();
  };
  const signals = deliveries.map((delivery) => delivery.abortSignal).filter((signal) => signal !== undefined);
  // The deliveries listen too, and were there first: they know before this is asked.
  for (const signal of signals) signal.addEventListener('abort', check);
  return {
    signal: controller.signal,
    stop() {
      for (const signal of signals) signal.removeEventListener('abort', check);
    },
  };
}

async function waitUnlessAborted(delayInMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(delayInMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function delayOf(attempt: number, firstDelayInMs: number): number {
  const whole = Math.min(firstDelayInMs * 2 ** attempt, maximumDelayInMs);
  // Instances that were throttled together should not come back together.
  return whole / 2 + (whole / 2) * Math.random();
}

function toSinkError(stream: string, delivery: Delivery, failure: IngestionFailure): SinkError {
  const { kind, status, hint, retryAfterInMs, cause } = failure;
  return new SinkError(`${stream}: ${failure.message}`, {
    where: delivery.where,
    hint,
    status,
    retryAfterInMs,
    retryable: kind === 'busy',
    isRefused: kind === 'refused',
    cause,
  });
}

function tooLargeError(stream: string, delivery: Delivery): SinkError {
  return new SinkError(`${stream}: one row is larger than a whole call may be`, {
    where: delivery.where,
    hint: 'fewer or shorter tags and metadata of the rule make it smaller',
    isRefused: true,
  });
}

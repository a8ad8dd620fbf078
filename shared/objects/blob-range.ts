/**
 * One range of one version of a blob, read into memory that the caller provides. What the network does to it on the way (a
 * reset in the middle, a body that ends early, a line that goes silent, a server that asks for patience) is repaired here by
 * asking for the rest of the range again, a bounded number of times; what the service says about the object is not.
 *
 * The SDK's own repair is switched off (`maxRetryRequests: 0`): it reports a reset as an abort by the caller, waits not at all
 * between attempts, and for ever within one.
 */
import type { Readable } from 'node:stream';
import type { BlobClient, BlobDownloadResponseParsed } from '@azure/storage-blob';
import { retry } from '../base/retry.ts';
import { isPassingFault } from './blob-errors.ts';
import { explainFault } from './blob-properties.ts';
import type { Patience } from './blob-properties.ts';
import { normaliseETag, quoteETag } from './e-tag.ts';
import { ObjectChangedError } from './object-errors.ts';
import { withStallWatch } from './stall-watch.ts';

/** One version of one blob. */
export interface PinnedBlob {
  readonly client: BlobClient;
  /** For messages. */
  readonly name: string;
  /** Without quotes. */
  readonly eTag: string;
  readonly sizeInBytes: number;
  readonly patience: Patience;
}

/**
 * Fills `target` with the bytes at `offset`, all of which must exist. Rejects with the signal's reason after an abort, with
 * `ObjectChangedError`, `ObjectGoneError`, `ObjectArchivedError`, `CustomerKeyError` or `ObjectAccessError` at the first answer
 * that says so, and with `SourceReadError` after `patience.attempts` attempts.
 */
export async function readRange(
  blob: PinnedBlob,
  target: Uint8Array,
  offset: number,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  if (target.length === 0) return;
  let filled = 0;
  const take = (piece: Uint8Array): void => {
    if (piece.length > target.length - filled) throw new BrokenAnswer('the answer has more bytes than were asked for');
    target.set(piece, filled);
    filled += piece.length;
  };
  let attempts = 0;
  try {
    await retry(
      async (attempt) => {
        attempts = attempt;
        await download(blob, offset + filled, target.length - filled, take, abortSignal);
        if (filled < target.length) throw new BrokenAnswer(`the answer ended ${target.length - filled} bytes early`);
      },
      {
        attempts: blob.patience.attempts,
        baseDelayInMs: blob.patience.retryDelayInMs,
        isRetryable: (error) => !(error instanceof ObjectChangedError) && isPassingFault(error),
        ...(abortSignal && { abortSignal }),
      },
    );
  } catch (error) {
    abortSignal?.throwIfAborted();
    const range = `${offset}-${offset + target.length - 1}`;
    const doing = `range ${range} could not be read in ${attempts} attempts`;
    throw await explainFault(error, doing, blob.client, blob.name, blob.patience, abortSignal);
  }
}

/** An answer that is not what was asked for; only asking again can help. */
class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer';
}

/** Asks once and hands over what comes, which may be less than asked for. */
async function download(
  blob: PinnedBlob,
  offset: number,
  length: number,
  take: (piece: Uint8Array) => void,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  await withStallWatch(blob.patience.stallTimeoutInMs, abortSignal, async (signal, alive) => {
    const answer = await blob.client.download(offset, length, {
      abortSignal: signal,
      conditions: { ifMatch: quoteETag(blob.eTag) },
      maxRetryRequests: 0,
    });
    const body = answer.readableStreamBody as Readable;
    // It tells of its failures by an event even when nobody reads it, which without a listener ends the process.
    body.on('error', () => undefined);
    requireAnswer(answer, blob, offset);
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      alive();
      take(piece);
    }
  });
}

/** A proxy on the way may drop a header: these are the bytes asked for, of the version asked for, or they are not used. */
function requireAnswer(answer: BlobDownloadResponseParsed, blob: PinnedBlob, offset: number): void {
  const eTag = normaliseETag(answer.etag ?? '');
  if (eTag !== blob.eTag) {
    throw new ObjectChangedError(`object changed: its eTag is ${eTag} instead of ${blob.eTag}`, { where: blob.name });
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.contentRange ?? '');
  if (Number(range?.[1]) !== offset || Number(range?.[2]) !== blob.sizeInBytes) {
    throw new BrokenAnswer(
      `the answer is not of the range that begins at ${offset}: ${answer.contentRange ?? 'no range'}`,
    );
  }
}

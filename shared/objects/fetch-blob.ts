/**
 * A small blob as a whole, unless it is still the version that is known. Bounded in bytes before any is read. One answer brings
 * both bytes and eTag, so that they belong together whatever is written meanwhile.
 */
import type { Readable } from 'node:stream';
import { RestError } from '@azure/storage-blob';
import type { BlobClient } from '@azure/storage-blob';

export type FetchedBlob =
  | { readonly kind: 'found'; readonly eTag: string; readonly bytes: Uint8Array }
  /** Still the version that is known. */
  | { readonly kind: 'same' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'tooLarge'; readonly eTag: string; readonly sizeInBytes: number };

export interface FetchOptions {
  /** As an earlier answer gave it. */
  readonly knownETag?: string | undefined;
  readonly maxBytes: number;
  readonly abortSignal: AbortSignal;
}

/** Rejects with the SDK's errors, and with an `Error` where the answer ends early. Holds all of the blob's bytes once. */
export async function fetchBlob(
  blob: BlobClient,
  { knownETag, maxBytes, abortSignal }: FetchOptions,
): Promise<FetchedBlob> {
  let answer;
  try {
    answer = await blob.download(0, undefined, {
      abortSignal,
      maxRetryRequests: 0,
      ...(knownETag !== undefined && { conditions: { ifNoneMatch: knownETag } }),
    });
  } catch (error) {
    const status = error instanceof RestError ? error.statusCode : undefined;
    if (status === 304) return { kind: 'same' };
    if (status === 404) return { kind: 'missing' };
    throw error;
  }
  const body = answer.readableStreamBody as Readable;
  // It tells of its failures by an event even when nobody reads it, which without a listener ends the process.
  body.on('error', () => undefined);
  const { contentLength, etag: eTag } = answer;
  if (contentLength === undefined || eTag === undefined) {
    body.destroy();
    throw new Error('the answer has no length or no eTag');
  }
  if (contentLength > maxBytes) {
    body.destroy();
    return { kind: 'tooLarge', eTag, sizeInBytes: contentLength };
  }
  const bytes = new Uint8Array(contentLength);
  let filled = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    if (piece.length > contentLength - filled) throw new Error('the answer has more bytes than it said');
    bytes.set(piece, filled);
    filled += piece.length;
  }
  if (filled < contentLength) throw new Error(`the answer ended ${contentLength - filled} bytes early`);
  return { kind: 'found', eTag, bytes };
}

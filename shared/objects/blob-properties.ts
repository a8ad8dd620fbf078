/** Which version of a blob is there, and what the service says of it: one request, answered before any byte is read. */
import type { BlobClient, BlobGetPropertiesResponse } from '@azure/storage-blob';
import { SluiceError } from '../base/errors.ts';
import { printable } from '../base/redact.ts';
import { retry } from '../base/retry.ts';
import { isPassingFault, toObjectError } from './blob-errors.ts';
import type { ObjectIdentity, ObjectProperties } from './byte-source.ts';
import { isETag, normaliseETag, quoteETag } from './e-tag.ts';
import { CustomerKeyError, ObjectChangedError, ObjectGoneError, SourceReadError } from './object-errors.ts';
import { withStallWatch } from './stall-watch.ts';

/** How patient to be with the service. */
export interface Patience {
  readonly attempts: number;
  /** The longest first wait between attempts; doubles with each. */
  readonly retryDelayInMs: number;
  /** How long a connection may be silent before another is tried. */
  readonly stallTimeoutInMs: number;
}

/** What the service says of the blob, besides which it is. */
export interface BlobProperties extends ObjectProperties {
  /** Page and append blobs can be read like others; whether they are scanned is the caller's decision. */
  readonly blobType: 'BlockBlob' | 'PageBlob' | 'AppendBlob';
  /** `Hot`, `Cool`, `Cold`, `Archive` and others; undefined where the account has no tiers. */
  readonly accessTier: string | undefined;
  /** Its bytes cannot be read: reading rejects with `ObjectArchivedError`. */
  readonly isArchived: boolean;
  /** Being filled by a copy that is not finished; its bytes are not yet what they will be. */
  readonly isBeingCopied: boolean;
  /** As its writer claims. */
  readonly contentType: string | undefined;
}

/** The blob that is asked about; with an `eTag` only that version will do. */
export interface WantedBlob extends Pick<ObjectIdentity, 'account' | 'container' | 'objectName' | 'url'> {
  readonly eTag?: string | undefined;
  readonly versionId?: string | undefined;
}

/** Asks for the properties of the wanted version. Rejects as `openBlob` does. */
export async function readProperties(
  client: BlobClient,
  wanted: WantedBlob,
  patience: Patience,
  abortSignal: AbortSignal | undefined,
): Promise<BlobProperties> {
  const { account, container, objectName, url } = wanted;
  const eTag = wanted.eTag === undefined ? undefined : normaliseETag(wanted.eTag);
  // An eTag that no header can carry is no version's.
  if (eTag !== undefined && !isETag(eTag)) throw changed(url, eTag);
  const answer = await ask(client, url, eTag, patience, abortSignal);
  const found = normaliseETag(answer.etag ?? '');
  if (eTag !== undefined && found !== eTag) throw changed(url, eTag);
  if (answer.encryptionKeySha256 !== undefined) {
    throw new CustomerKeyError('object is encrypted with a key of its owner', { where: url });
  }
  const { contentLength, lastModified, blobType, accessTier } = answer;
  if (!isETag(found) || contentLength === undefined || lastModified === undefined || blobType === undefined) {
    throw new SourceReadError('properties lack eTag, length, time or type', { where: url, retryable: true });
  }
  return {
    account,
    container,
    objectName,
    url,
    eTag: found,
    versionId: answer.versionId ?? wanted.versionId,
    sizeInBytes: contentLength,
    lastModified,
    metadata: answer.metadata ?? {},
    blobType,
    accessTier,
    isArchived: accessTier === 'Archive',
    isBeingCopied: answer.copyStatus === 'pending',
    contentType: answer.contentType,
  };
}

/**
 * The object error for what a request for the blob threw. A request with a condition is answered 412 by some services when there
 * is no blob any more: then the blob is asked about without one, once.
 */
export async function explainFault(
  error: unknown,
  doing: string,
  client: BlobClient,
  url: string,
  { stallTimeoutInMs }: Patience,
  abortSignal: AbortSignal | undefined,
): Promise<SluiceError> {
  const explained = error instanceof SluiceError ? error : toObjectError(error, url, doing);
  if (!(explained instanceof ObjectChangedError)) return explained;
  try {
    await getProperties(client, undefined, stallTimeoutInMs, abortSignal);
    return explained;
  } catch (second) {
    abortSignal?.throwIfAborted();
    const now = toObjectError(second, url, doing);
    return now instanceof ObjectGoneError ? now : explained;
  }
}

async function ask(
  client: BlobClient,
  url: string,
  eTag: string | undefined,
  patience: Patience,
  abortSignal: AbortSignal | undefined,
): Promise<BlobGetPropertiesResponse> {
  const { attempts, retryDelayInMs, stallTimeoutInMs } = patience;
  try {
    return await retry(() => getProperties(client, eTag, stallTimeoutInMs, abortSignal), {
      attempts,
      baseDelayInMs: retryDelayInMs,
      isRetryable: isPassingFault,
      ...(abortSignal && { abortSignal }),
    });
  } catch (error) {
    abortSignal?.throwIfAborted();
    throw await explainFault(error, 'properties could not be read', client, url, patience, abortSignal);
  }
}

function getProperties(
  client: BlobClient,
  eTag: string | undefined,
  stallTimeoutInMs: number,
  abortSignal: AbortSignal | undefined,
): Promise<BlobGetPropertiesResponse> {
  const conditions = eTag === undefined ? {} : { ifMatch: quoteETag(eTag) };
  return withStallWatch(stallTimeoutInMs, abortSignal, (signal) =>
    client.getProperties({ abortSignal: signal, conditions }),
  );
}

function changed(url: string, eTag: string): ObjectChangedError {
  return new ObjectChangedError(`object changed: it has no version ${printable(eTag, 80)}`, { where: url });
}

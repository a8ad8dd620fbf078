/**
 * A byte source over a blob in Azure Storage. Opening reads the blob's properties and pins the version they are of: every later
 * request carries its eTag, so that bytes of two versions can never be mixed. The object is delivered in order by ranged reads
 * that run side by side; each goes straight into the memory of its chunk.
 */
import type { BlobClient, BlobServiceClient } from '@azure/storage-blob';
import { printable } from '../base/redact.ts';
import { readProperties } from './blob-properties.ts';
import type { BlobProperties } from './blob-properties.ts';
import { readTags } from './blob-tags.ts';
import { readRange } from './blob-range.ts';
import type { PinnedBlob } from './blob-range.ts';
import { existingLength, requireOffset, requireSize } from './byte-range.ts';
import type { ByteSource, StreamOptions } from './byte-source.ts';
import { LinkedAbort } from './linked-abort.ts';
import { NotReadableError, SourceReadError } from './object-errors.ts';
import { readAhead } from './read-ahead.ts';

/** Which blob to open. Everything in it may come from a message: it is checked, not trusted. */
export interface BlobAddress {
  readonly container: string;
  /** Not URL-encoded. */
  readonly objectName: string;
  /** Opens only this version, with or without quotes; the current one unless given. */
  readonly eTag?: string | undefined;
  /** Opens this older version, where the account keeps versions. */
  readonly versionId?: string | undefined;
}

export interface OpenBlobOptions {
  /** 4 MiB unless given. */
  readonly rangeSizeInBytes?: number;
  /** How many ranges are held at a time, in flight, waiting or in the consumer's hands; 4 unless given. */
  readonly rangesInFlight?: number;
  /** How often a request is tried again before it counts as failed; 6 unless given. */
  readonly attemptsPerRange?: number;
  /** The longest first wait between attempts; doubles with each. 250 ms unless given. */
  readonly retryDelayInMs?: number;
  /** How long a connection may be silent before another is tried; 30 s unless given. */
  readonly stallTimeoutInMs?: number;
  /** Ends the opening; a stream has its own. */
  readonly abortSignal?: AbortSignal;
}

export interface OpenBlob {
  readonly properties: BlobProperties;
  readonly source: ByteSource;
  /** Its index tags, by a request of its own, for which the identity needs the right to read tags. */
  readonly readTags: (options: { readonly abortSignal: AbortSignal }) => Promise<Readonly<Record<string, string>>>;
}

/**
 * Reads the blob's properties (one request) and pins that version. The source then holds at most `rangeSizeInBytes` ×
 * `rangesInFlight` bytes per stream.
 *
 * Rejects with `ObjectChangedError` when `eTag` is not the current version's, `ObjectGoneError`, `CustomerKeyError`,
 * `ObjectAccessError`, `NotReadableError` for a name that no URL can carry, `SourceReadError` when the service does not answer,
 * and with the signal's reason after an abort. An archived blob opens; its bytes do not read.
 */
export async function openBlob(
  service: BlobServiceClient,
  address: BlobAddress,
  options: OpenBlobOptions = {},
): Promise<OpenBlob> {
  const { rangeSizeInBytes = 4 * 1024 * 1024, rangesInFlight = 4 } = options;
  const { attemptsPerRange = 6, retryDelayInMs = 250, stallTimeoutInMs = 30_000, abortSignal } = options;
  for (const [name, value] of Object.entries({ rangeSizeInBytes, rangesInFlight, attemptsPerRange }))
    requireSize(name, value);
  const client = addressedBlob(service, address);
  const name = withoutQuery(client.url);
  const identity = { ...address, account: service.accountName, url: name };
  const patience = { attempts: attemptsPerRange, retryDelayInMs, stallTimeoutInMs };
  const properties = await readProperties(client, identity, patience, abortSignal);
  const { eTag, sizeInBytes } = properties;
  const source = new BlobSource({ client, name, eTag, sizeInBytes, patience }, rangeSizeInBytes, rangesInFlight);
  return { properties, source, readTags: (tagOptions) => readTags(client, name, patience, tagOptions.abortSignal) };
}

class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #blob: PinnedBlob;
  readonly #rangeSizeInBytes: number;
  readonly #rangesInFlight: number;
  readonly #closing = new AbortController();

  constructor(blob: PinnedBlob, rangeSizeInBytes: number, rangesInFlight: number) {
    this.name = blob.name;
    this.size = blob.sizeInBytes;
    this.#blob = blob;
    this.#rangeSizeInBytes = rangeSizeInBytes;
    this.#rangesInFlight = rangesInFlight;
  }

  stream({ start = 0, abortSignal }: StreamOptions = {}): AsyncIterable<Uint8Array> {
    requireOffset('start', start);
    return readAhead({
      start,
      end: this.size,
      chunkSizeInBytes: this.#rangeSizeInBytes,
      chunksInFlight: this.#rangesInFlight,
      abortSignals: [abortSignal, this.#closing.signal],
      fill: (target, offset, signal) => readRange(this.#blob, target, offset, signal),
    });
  }

  /** Cut into ranges like the stream, one after the other. */
  readonly readAt = async (
    offset: number,
    length: number,
    { abortSignal }: { abortSignal?: AbortSignal } = {},
  ): Promise<Uint8Array> => {
    const target = new Uint8Array(existingLength(offset, length, this.size));
    const link = new LinkedAbort(abortSignal, this.#closing.signal);
    try {
      link.signal.throwIfAborted();
      for (let at = 0; at < target.length; at += this.#rangeSizeInBytes) {
        await readRange(this.#blob, target.subarray(at, at + this.#rangeSizeInBytes), offset + at, link.signal);
      }
      return target;
    } finally {
      link.release();
    }
  };

  async close(): Promise<void> {
    this.#closing.abort(new SourceReadError('source is closed', { where: this.name }));
  }
}

/**
 * The client for exactly this container and name. A URL takes `.` and `..` between slashes as steps, in whatever encoding, and
 * would lead to another blob, in another container even; and what is not well-formed Unicode has no encoding at all.
 */
function addressedBlob(service: BlobServiceClient, { container, objectName, versionId }: BlobAddress): BlobClient {
  const path = `${container}/${objectName}`;
  const base = withoutQuery(service.url).replace(/\/$/, '');
  const isStep = (segment: string): boolean => segment === '.' || segment === '..';
  const isNamed = container !== '' && !container.includes('/') && objectName !== '';
  if (isNamed && !/\p{Cs}/u.test(path) && !path.split('/').some(isStep)) {
    const client = service.getContainerClient(container).getBlobClient(objectName);
    const isExact = decodeURIComponent(withoutQuery(client.url)) === `${decodeURIComponent(base)}/${path}`;
    if (isExact) return versionId === undefined ? client : client.withVersion(versionId);
  }
  throw new NotReadableError(`no URL leads to an object of this name: ${printable(path, 200)}`, { where: base });
}

function withoutQuery(text: string): string {
  const url = new URL(text);
  return `${url.origin}${url.pathname}`;
}

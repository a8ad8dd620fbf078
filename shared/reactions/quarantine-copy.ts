/**
 * Copies one version of an object into the quarantine without its bytes passing through here: the service reads them itself, with
 * this identity's token. Up to 256 MiB in one request; above that block by block, where what was staged before an interruption
 * is kept by the service (for a week) and not copied again.
 *
 * Blocks are read without a condition, because the request has none. The caller asks for the version before and after: an eTag
 * never comes back, so if it is the same both times, every block was of that version.
 */
import type { BlobClient, BlobGetPropertiesResponse, BlockBlobClient } from '@azure/storage-blob';
import type { TokenCredential } from '@azure/identity';
import { quoteETag } from '../objects/e-tag.ts';

export interface CopySource {
  readonly client: BlobClient;
  readonly eTag: string;
  readonly properties: Pick<
    BlobGetPropertiesResponse,
    'contentLength' | 'contentMD5' | 'contentType' | 'contentEncoding' | 'contentDisposition'
  >;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CopyOptions {
  /** Undefined where source and quarantine are in the emulator, which needs none. */
  readonly credential: TokenCredential | undefined;
  readonly abortSignal: AbortSignal;
  readonly limits?: CopyLimits;
}

export interface CopyLimits {
  /** What one request copies at most; 256 MiB, the service's limit, unless given. */
  readonly wholeInBytes?: number;
  /** The least size of a block; 64 MiB unless given. */
  readonly blockInBytes?: number;
}

const MiB = 1024 * 1024;
const MAX_BLOCKS = 50_000;
const STORAGE_SCOPE = 'https://storage.azure.com/.default';

/** Resolves once the copy is whole. Rejects with what the storage client throws. */
export async function copyIntoQuarantine(
  source: CopySource,
  target: BlockBlobClient,
  options: CopyOptions,
): Promise<void> {
  const { wholeInBytes = 256 * MiB } = options.limits ?? {};
  const size = source.properties.contentLength ?? 0;
  if (size > wholeInBytes) return copyInBlocks(source, target, size, options);
  await target.syncCopyFromURL(source.client.url, {
    abortSignal: options.abortSignal,
    metadata: { ...source.metadata },
    sourceConditions: { ifMatch: quoteETag(source.eTag) },
    ...(await authorisation(options)),
  });
}

async function copyInBlocks(
  { client, properties, metadata }: CopySource,
  target: BlockBlobClient,
  size: number,
  options: CopyOptions,
): Promise<void> {
  const { abortSignal } = options;
  const { blockInBytes = 64 * MiB } = options.limits ?? {};
  const length = size > blockInBytes * MAX_BLOCKS ? Math.ceil(size / MAX_BLOCKS / MiB) * MiB : blockInBytes;
  const staged = await stagedBlocks(target, abortSignal);
  const ids: string[] = [];
  for (let offset = 0; offset < size; offset += length) {
    const count = Math.min(length, size - offset);
    const id = Buffer.from(String(offset).padStart(20, '0')).toString('base64');
    ids.push(id);
    if (staged.get(id) === count) continue;
    await target.stageBlockFromURL(id, client.url, offset, count, { abortSignal, ...(await authorisation(options)) });
  }
  const { contentMD5, contentType, contentEncoding, contentDisposition } = properties;
  await target.commitBlockList(ids, {
    abortSignal,
    metadata: { ...metadata },
    blobHTTPHeaders: {
      ...(contentMD5 && { blobContentMD5: contentMD5 }),
      ...(contentType !== undefined && { blobContentType: contentType }),
      ...(contentEncoding !== undefined && { blobContentEncoding: contentEncoding }),
      ...(contentDisposition !== undefined && { blobContentDisposition: contentDisposition }),
    },
  });
}

/** Sizes of blocks that wait to be committed, by id; none where the blob was never begun. */
async function stagedBlocks(target: BlockBlobClient, abortSignal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  try {
    const { uncommittedBlocks = [] } = await target.getBlockList('uncommitted', { abortSignal });
    return new Map(uncommittedBlocks.map(({ name, size }) => [name, size]));
  } catch (error) {
    abortSignal.throwIfAborted();
    if ((error as { statusCode?: unknown }).statusCode === 404) return new Map();
    throw error;
  }
}

/** A token lasts an hour and more at least; asked for with each request, since the credential keeps it. */
async function authorisation({ credential, abortSignal }: CopyOptions): Promise<{
  sourceAuthorization?: { scheme: string; value: string };
}> {
  if (credential === undefined) return {};
  const token = await credential.getToken(STORAGE_SCOPE, { abortSignal });
  return token === null ? {} : { sourceAuthorization: { scheme: 'Bearer', value: token.token } };
}

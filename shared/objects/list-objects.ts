/**
 * The objects that are there, a page at a time: names, versions and times as the service lists them. For jobs that look at what
 * exists instead of at what events tell.
 */
import type { BlobServiceClient, ContainerListBlobFlatSegmentResponse as Page } from '@azure/storage-blob';
import { retry } from '../base/retry.ts';
import { isPassingFault, toObjectError } from './blob-errors.ts';
import { normaliseETag } from './e-tag.ts';

export interface ListedObject {
  readonly objectName: string;
  /** Without quotes. */
  readonly eTag: string;
  readonly versionId: string | undefined;
  readonly sizeInBytes: number | undefined;
  readonly lastModified: Date;
  readonly isArchived: boolean;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** What to ask for the next page with; undefined after the last. */
  readonly next: string | undefined;
}

export interface PageOptions {
  readonly prefix: string;
  /** Of the page before; undefined for the first. */
  readonly from: string | undefined;
  /** At most 5,000. */
  readonly objects: number;
  readonly abortSignal?: AbortSignal | undefined;
}

/** Containers the service itself writes; nothing in them is anybody's upload. */
const serviceContainers = new Set(['$logs', '$blobchangefeed']);
export const MAX_CONTAINERS = 100_000;

/** One page of a container's objects, directories of a hierarchical namespace left out. Rejects with the errors of `openBlob`. */
export async function listObjects(
  service: BlobServiceClient,
  container: string,
  { prefix, from, objects, abortSignal }: PageOptions,
): Promise<ObjectPage> {
  const client = service.getContainerClient(container);
  return asked(container, abortSignal, async () => {
    const settings = { maxPageSize: objects, ...(from !== undefined && { continuationToken: from }) };
    const options = { prefix, includeMetadata: true, ...(abortSignal && { abortSignal }) };
    const answer: IteratorResult<Page, Page | undefined> = await client.listBlobsFlat(options).byPage(settings).next();
    const { value } = answer;
    const items = value?.segment.blobItems ?? [];
    return {
      objects: items
        .filter(({ metadata }) => metadata?.hdi_isfolder !== 'true')
        .map(({ name, versionId, properties }) => ({
          objectName: name,
          eTag: normaliseETag(properties.etag),
          versionId,
          sizeInBytes: properties.contentLength,
          lastModified: properties.lastModified,
          isArchived: properties.accessTier === 'Archive',
        })),
      // Empty after the last page.
      next: value?.continuationToken === '' ? undefined : value?.continuationToken,
    };
  });
}

/** Names of an account's containers, at most `MAX_CONTAINERS`. Rejects with the errors of `openBlob`. */
export async function listContainers(service: BlobServiceClient, abortSignal?: AbortSignal): Promise<string[]> {
  return asked(service.accountName, abortSignal, async () => {
    const names: string[] = [];
    for await (const { name } of service.listContainers(abortSignal ? { abortSignal } : {})) {
      if (!serviceContainers.has(name)) names.push(name);
      if (names.length >= MAX_CONTAINERS) break;
    }
    return names;
  });
}

async function asked<T>(where: string, abortSignal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
  try {
    return await retry(request, { isRetryable: isPassingFault, ...(abortSignal && { abortSignal }) });
  } catch (error) {
    abortSignal?.throwIfAborted();
    throw toObjectError(error, where, 'objects could not be listed');
  }
}

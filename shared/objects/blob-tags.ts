/**
 * The index tags of a blob: a request of its own, and a right of its own (`…/blobs/tags/read`), which the role that reads blobs
 * does not hold. Tags change without a new version and without an event, so what is read is how they are now.
 */
import type { BlobClient } from '@azure/storage-blob';
import { retry } from '../base/retry.ts';
import { isPassingFault, toObjectError } from './blob-errors.ts';
import type { Patience } from './blob-properties.ts';
import { withStallWatch } from './stall-watch.ts';

/** At most ten, by name. Rejects with an object error, such as `ObjectAccessError` where the right is missing. */
export async function readTags(
  client: BlobClient,
  url: string,
  { attempts, retryDelayInMs, stallTimeoutInMs }: Patience,
  abortSignal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const ask = () => withStallWatch(stallTimeoutInMs, abortSignal, (signal) => client.getTags({ abortSignal: signal }));
  try {
    const { tags } = await retry(ask, {
      attempts,
      baseDelayInMs: retryDelayInMs,
      isRetryable: isPassingFault,
      abortSignal,
    });
    return tags;
  } catch (error) {
    abortSignal.throwIfAborted();
    throw toObjectError(error, url, 'tags could not be read');
  }
}

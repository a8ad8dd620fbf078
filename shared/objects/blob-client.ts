/** The one place that decides how the storage client behaves on the wire: how often it tries and what it calls itself. */
import { BlobServiceClient, StorageRetryPolicyType } from '@azure/storage-blob';
import type { newPipeline, StoragePipelineOptions } from '@azure/storage-blob';

/** A token, a shared key or nobody. */
export type BlobCredential = NonNullable<Parameters<typeof newPipeline>[0]>;

export interface BlobClientOptions {
  /** Put before the SDK's own name in the service's logs; `sluice` unless given. */
  readonly userAgentPrefix?: string;
  /** For whom tokens are asked; the public cloud's storage unless given. */
  readonly audience?: string;
}

/**
 * The client tries a request three times, with 0 and 500 ms in between: enough for a kept connection that the other side has
 * just closed. It does not heed Retry-After, so longer patience is left to callers that do (`shared/base/retry.ts`).
 */
const retryOptions: NonNullable<StoragePipelineOptions['retryOptions']> = {
  retryPolicyType: StorageRetryPolicyType.EXPONENTIAL,
  maxTries: 3,
  retryDelayInMs: 500,
  maxRetryDelayInMs: 5_000,
};

/**
 * A client for the blob endpoint of one account, such as `https://watched.blob.core.windows.net`. Makes no request. The caller
 * has checked that the endpoint is one that may be given this credential.
 */
export function createBlobServiceClient(
  endpoint: string,
  credential?: BlobCredential,
  { userAgentPrefix = 'sluice', audience }: BlobClientOptions = {},
): BlobServiceClient {
  return new BlobServiceClient(endpoint, credential, {
    retryOptions,
    userAgentOptions: { userAgentPrefix },
    ...(audience !== undefined && { audience }),
  });
}

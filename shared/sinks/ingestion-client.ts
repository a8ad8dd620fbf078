/**
 * Makes the SDK's client for the Logs Ingestion API. Signing in and compressing are the SDK's. Two things differ from its
 * defaults: a request that goes unanswered ends, and tries again are left to the sink, because the SDK waits out whatever
 * `Retry-After` says, without end and without telling.
 */
import type { TokenCredential } from '@azure/identity';
import { LogsIngestionClient } from '@azure/monitor-ingestion';

export interface IngestionClientOptions {
  /** Origin of the data collection rule's or endpoint's ingestion address; https, also locally. */
  readonly endpoint: string;
  /** In Azure a `ManagedIdentityCredential` of the app's own identity. */
  readonly credential: TokenCredential;
  /** For other clouds than the public one, such as `https://monitor.azure.us`. */
  readonly audience?: string | undefined;
  /** A certificate to trust beside the public ones' place: the local endpoint's. */
  readonly certificatePem?: string | undefined;
  /** 30 s unless given. */
  readonly requestTimeoutInMs?: number;
  /** Tries that the SDK makes by itself before the sink's; none unless given. */
  readonly retries?: { readonly maxRetries: number; readonly retryDelayInMs?: number };
}

const defaultRequestTimeoutInMs = 30_000;

/** Nothing is sent before the first upload. */
export function createIngestionClient(options: IngestionClientOptions): LogsIngestionClient {
  const timeout = options.requestTimeoutInMs ?? defaultRequestTimeoutInMs;
  return new LogsIngestionClient(options.endpoint, options.credential, {
    ...(options.audience === undefined ? {} : { audience: options.audience }),
    ...(options.certificatePem === undefined ? {} : { tlsOptions: { ca: options.certificatePem } }),
    retryOptions: options.retries ?? { maxRetries: 0 },
    additionalPolicies: [
      {
        // Per try, so that each of the SDK's own tries has the whole time.
        position: 'perRetry',
        policy: {
          name: 'sluiceRequestTimeout',
          sendRequest(request, next) {
            request.timeout = timeout;
            return next(request);
          },
        },
      },
    ],
  });
}

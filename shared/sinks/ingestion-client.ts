/**
 * Makes the SDK's client for the Logs Ingestion API. Signing in, compressing and the first three tries are the SDK's; what
 * it lacks is added here: a bound on how long one request may go unanswered.
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
  /** The SDK's own tries; 3 with growing delays from 1 s unless given. */
  readonly retries?: {
    readonly maxRetries?: number;
    readonly retryDelayInMs?: number;
    readonly maxRetryDelayInMs?: number;
  };
}

const defaultRequestTimeoutInMs = 30_000;

/** Nothing is sent before the first upload. */
export function createIngestionClient(options: IngestionClientOptions): LogsIngestionClient {
  const timeout = options.requestTimeoutInMs ?? defaultRequestTimeoutInMs;
  return new LogsIngestionClient(options.endpoint, options.credential, {
    ...(options.audience === undefined ? {} : { audience: options.audience }),
    ...(options.certificatePem === undefined ? {} : { tlsOptions: { ca: options.certificatePem } }),
    ...(options.retries === undefined ? {} : { retryOptions: options.retries }),
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

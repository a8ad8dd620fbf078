/**
 * Reads what the ingestion client throws. `AggregateLogsUploadError` carries the causes inside and prints as `undefined`, so
 * it never leaves this file: out comes one failure that says whether waiting helps, and a message a person can use.
 *
 * The answers, as the service and its troubleshooting guides give them: 403 OperationFailed (no role on the data collection
 * rule), 404 NotFound (no such rule), 400 InvalidStream (the rule has no such stream; a changed rule takes minutes to be
 * served), 413 ContentLengthLimitExceeded, 429 and 5xx with or without Retry-After.
 */
import { isAggregateLogsUploadError } from '@azure/monitor-ingestion';
import { printable } from '../base/redact.ts';
import { retryAfterInMs } from '../base/retry.ts';

export interface IngestionFailure {
  /**
   * `busy`: trying again can help. `refused`: something in this call is not acceptable. `denied`: access or settings are wrong,
   * whatever the rows are.
   */
  readonly kind: 'busy' | 'refused' | 'denied';
  readonly status: number | undefined;
  /** Lower case, no secrets, no URL. */
  readonly message: string;
  readonly hint: string;
  /** As the service asked for, in `Retry-After` or its relatives; undefined where it did not. */
  readonly retryAfterInMs: number | undefined;
  /** Left out where it would carry the request, with its rows and token, into whatever prints it. */
  readonly cause: unknown;
}

const hints: Record<number, string> = {
  400: 'the rows do not fit the stream: deploy infra/ of the same version as the app',
  401: 'the app signs in for another cloud or tenant: check the ingestion audience and the identity',
  403: 'assign the role Monitoring Metrics Publisher on the data collection rule to the identity of the app; a new assignment takes up to 30 minutes to spread',
  404: 'check the immutable id of the data collection rule (dcr-…) and the endpoint, which belong together',
  408: 'the service did not take the call in time; it is tried again',
  413: 'a call takes at most 1 MB; one row alone was too large',
  429: 'a data collection rule takes 12,000 calls and 2 GB a minute; it is tried again',
};
const streamHint =
  'the data collection rule has no such stream: deploy infra/; a changed rule is served after some minutes';
const networkHint = 'the endpoint does not answer: check its address, the network and that public access is allowed';
const serverHint = 'the service has a problem of its own; it is tried again';

/** Names of what `@azure/identity` throws. */
const credentialErrors = [
  'CredentialUnavailableError',
  'AuthenticationRequiredError',
  'AuthenticationError',
  'AggregateAuthenticationError',
];
const maximumMessageLength = 300;

/** The failure in what `LogsIngestionClient.upload` rejected with. Of several the worst to retry is told. Never throws. */
export function readIngestionFailure(thrown: unknown): IngestionFailure {
  const causes = isAggregateLogsUploadError(thrown)
    ? thrown.errors.map((failure) => failure.cause as unknown)
    : [thrown];
  const failures = causes.map(readCause);
  const order = ['denied', 'refused', 'busy'];
  return failures.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0] ?? readCause(thrown);
}

function readCause(cause: unknown): IngestionFailure {
  const status =
    numberOf(propertyOf(cause, 'statusCode')) ?? numberOf(propertyOf(propertyOf(cause, 'response'), 'status'));
  const code = textOf(propertyOf(cause, 'code'));
  const kind = kindOf(cause, status, code);
  return {
    kind,
    status,
    message: describe(cause, status, code),
    hint: hintOf(cause, status, code),
    retryAfterInMs: retryAfterInMs(cause),
    cause: propertyOf(cause, 'request') === undefined ? cause : undefined,
  };
}

function kindOf(cause: unknown, status: number | undefined, code: string | undefined): IngestionFailure['kind'] {
  const isBusy = status === 408 || status === 429 || (status !== undefined && status >= 500);
  // A token service answers with a status too, which says nothing about the rows.
  if (isCredentialFailure(cause)) return isBusy ? 'busy' : 'denied';
  if (status === undefined || isBusy) return 'busy';
  if (status === 413) return 'refused';
  // An unknown stream is the rule's fault and would be said of every row there is.
  return status === 400 && code !== 'InvalidStream' ? 'refused' : 'denied';
}

function isCredentialFailure(cause: unknown): boolean {
  return cause instanceof Error && credentialErrors.includes(cause.name);
}

function describe(cause: unknown, status: number | undefined, code: string | undefined): string {
  if (cause instanceof Error && cause.name === 'AbortError') return 'the ingestion endpoint did not answer in time';
  const said = printable(cause instanceof Error ? cause.message : String(cause), maximumMessageLength);
  if (status === undefined)
    return `the ingestion endpoint did not take the rows: ${code === undefined ? '' : `${code} `}${said}`;
  return `the ingestion endpoint answered ${status}${code === undefined ? '' : ` ${code}`}: ${said}`;
}

function hintOf(cause: unknown, status: number | undefined, code: string | undefined): string {
  if (isCredentialFailure(cause)) return hints[401]!;
  if (status === undefined) return networkHint;
  if (code === 'InvalidStream') return streamHint;
  return hints[status] ?? (status >= 500 ? serverHint : hints[400]!);
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

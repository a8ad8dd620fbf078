import { AggregateLogsUploadError } from '@azure/monitor-ingestion';
import { RestError } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { readIngestionFailure } from '../../../../shared/sinks/ingestion-failure.ts';

type RestErrorOptions = NonNullable<ConstructorParameters<typeof RestError>[1]>;

/** As the SDK throws it; of request and response only what anybody reads. */
function answered(status: number, code?: string, headers: Record<string, string> = {}): RestError {
  const request = { url: 'https://x.ingest.monitor.azure.com/?sig=secret', headers: new Headers() };
  const response = { status, headers: new Headers(headers), request };
  return new RestError('said so', { statusCode: status, request, response, code } as unknown as RestErrorOptions);
}

function thrownFor(...causes: Error[]): AggregateLogsUploadError {
  return new AggregateLogsUploadError(causes.map((cause) => ({ cause, failedLogs: [] })));
}

describe('readIngestionFailure', () => {
  test.each([
    [408, undefined, 'busy'],
    [429, undefined, 'busy'],
    [500, undefined, 'busy'],
    [503, undefined, 'busy'],
    [400, 'InvalidPayload', 'refused'],
    [413, 'ContentLengthLimitExceeded', 'refused'],
    [400, 'InvalidStream', 'denied'],
    [401, undefined, 'denied'],
    [403, 'OperationFailed', 'denied'],
    [404, 'NotFound', 'denied'],
    [302, undefined, 'denied'],
  ])('%i %s is %s', (status, code, kind) => {
    const failure = readIngestionFailure(thrownFor(answered(status, code)));
    expect(failure).toMatchObject({ kind, status, cause: undefined });
    expect(failure.message).toBe(
      `the ingestion endpoint answered ${[status, code].filter(Boolean).join(' ')}: said so`,
    );
    expect(failure.hint).not.toBe('');
  });

  test.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'REQUEST_SEND_ERROR'])(
    '%s is busy',
    (code) => {
      const failure = readIngestionFailure(thrownFor(new RestError(`broken: ${code}`, { code })));
      expect(failure).toMatchObject({ kind: 'busy', status: undefined });
      expect(failure.message).toContain(`${code} broken`);
    },
  );

  test('an abort of the request is a service that did not answer', () => {
    const error = Object.assign(new Error('The operation was aborted.'), { name: 'AbortError' });
    expect(readIngestionFailure(thrownFor(error))).toMatchObject({
      kind: 'busy',
      message: 'the ingestion endpoint did not answer in time',
    });
  });

  test.each([
    ['CredentialUnavailableError', undefined, 'denied'],
    ['AuthenticationError', 400, 'denied'],
    ['AggregateAuthenticationError', undefined, 'denied'],
    ['AuthenticationError', 429, 'busy'],
    ['AuthenticationError', 503, 'busy'],
  ])("%s with %s is %s, and never the rows' fault", (name, statusCode, kind) => {
    const error = Object.assign(new Error('no token'), { name, statusCode });
    expect(readIngestionFailure(thrownFor(error))).toMatchObject({
      kind,
      hint: expect.stringContaining('identity') as string,
    });
  });

  test('of several causes the one that waiting cures least is told', () => {
    expect(readIngestionFailure(thrownFor(answered(503), answered(400), answered(429)))).toMatchObject({
      kind: 'refused',
    });
    expect(readIngestionFailure(thrownFor(answered(503), answered(400), answered(403)))).toMatchObject({
      kind: 'denied',
    });
  });

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'Retry-After': '7' }, 7_000],
    [{ 'retry-after-ms': '250', 'Retry-After': '7' }, 250],
    [{ 'x-ms-retry-after-ms': '40' }, 40],
    [{ 'Retry-After': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 0],
    [{ 'Retry-After': 'soon' }, undefined],
    [{ 'Retry-After': '-3' }, undefined],
    [{}, undefined],
  ])('a wait that is asked for is read: %j', (headers, expected) => {
    expect(readIngestionFailure(thrownFor(answered(429, undefined, headers))).retryAfterInMs).toBe(expected);
  });

  test.each([undefined, null, 'text', 7, {}, new AggregateLogsUploadError([])])(
    'anything else that is thrown is read too: %s',
    (thrown) => {
      expect(readIngestionFailure(thrown)).toMatchObject({ kind: 'busy', status: undefined });
    },
  );

  test('secrets and lines in what the service said do not get through', () => {
    const failure = readIngestionFailure(
      new Error('failed\nat https://x.example/?sig=abc123 Bearer eyJhbGciOi.eyJhdWQiOi.x'),
    );
    expect(failure.message).not.toMatch(/abc123|eyJ|\n/);
  });

  test('a fault of the program keeps its cause', () => {
    const bug = new TypeError('rows is not iterable');
    expect(readIngestionFailure(bug).cause).toBe(bug);
  });
});

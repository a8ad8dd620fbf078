/** The sink with the real SDK client, over real TLS, against the local endpoint. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import type { ScanReport } from '../../../shared/scanner/scan-report.ts';
import type { IngestionClientOptions } from '../../../shared/sinks/ingestion-client.ts';
import type { LogAnalyticsSinkOptions } from '../../../shared/sinks/log-analytics.ts';
import type { RetryNotice } from '../../../shared/sinks/row-uploader.ts';
import type { Sink } from '../../../shared/sinks/sink.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { callLimits } from '../../../shared/sinks/chunk-rows.ts';
import { createIngestionClient } from '../../../shared/sinks/ingestion-client.ts';
import { createLogAnalyticsSink } from '../../../shared/sinks/log-analytics.ts';
import { tables, toRows } from '../../../shared/sinks/rows.ts';
import { SinkError } from '../../../shared/sinks/sink-error.ts';
import { makeFinding, makeReport } from '../../unit/shared/sinks/report-fixture.ts';
import { describeSinkContract } from '../../unit/shared/sinks/sink-contract.ts';

type Overrides = Partial<LogAnalyticsSinkOptions> & { readonly clientOptions?: Partial<IngestionClientOptions> };

/** Waits as short as possible; everything else as in service. */
function sinkFor(endpoint: IngestionEndpoint, { clientOptions, ...overrides }: Overrides = {}): Sink {
  const client = createIngestionClient({
    endpoint: endpoint.url,
    credential: localCredential(),
    certificatePem: endpoint.certificatePem,
    ...clientOptions,
  });
  return createLogAnalyticsSink({ client, dcrId: endpoint.dcrId, gatherForMs: 5, retryDelayInMs: 5, ...overrides });
}

describeSinkContract('log-analytics', async () => {
  const endpoint = await startIngestionEndpoint();
  return {
    sink: sinkFor(endpoint),
    recorded: () => ({
      scanIds: endpoint.rows(tables.scans).map((row) => String(row.ScanId)),
      findingIds: endpoint.rows(tables.findings).map((row) => String(row.FindingId)),
    }),
    release: () => endpoint.close(),
  };
});

describe('log-analytics sink', () => {
  let endpoint: IngestionEndpoint;
  let sink: Sink;
  const extra: IngestionEndpoint[] = [];

  beforeEach(async () => {
    endpoint = await startIngestionEndpoint();
    sink = sinkFor(endpoint);
  });

  afterEach(async () => {
    endpoint.resume();
    await sink.close();
    await endpoint.close();
    for (const other of extra.splice(0)) await other.close();
  });

  /** ScanIds of the table, sorted. */
  const scanIds = (from = endpoint): string[] =>
    from
      .rows(tables.scans)
      .map((row) => String(row.ScanId))
      .sort();
  const idsOf = (reports: readonly ScanReport[]): string[] => reports.map((report) => report.scanId).sort();
  const failureOf = async (recording: Promise<void>): Promise<SinkError> => {
    const thrown = await recording.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(SinkError);
    return thrown as SinkError;
  };

  test('rows arrive as they were made, with every column, and nothing the service would change', async () => {
    const report = makeReport(1, 2, { md5: 'd41d8cd98f00b204e9800998ecf8427e' });
    await sink.record(report);
    const { scans, findings } = toRows(report, new Date());
    const sent = { TimeGenerated: expect.any(String) as string };
    expect(endpoint.rows(tables.scans)).toEqual(scans.map((row) => ({ ...row, ...sent })));
    expect(endpoint.rows(tables.findings)).toEqual(findings.map((row) => ({ ...row, ...sent })));
    expect(endpoint.problems).toEqual([]);
  });

  test('TimeGenerated is the time of the try that was accepted', async () => {
    const start = Date.now();
    let minutes = 0;
    const later = sinkFor(endpoint, { now: () => new Date(start + 60_000 * minutes++) });
    endpoint.failNext([{ status: 503 }]);
    // Asked once for the report and once for each of two tries.
    await later.record(makeReport(1, 0));
    expect(endpoint.rows(tables.scans)[0]).toMatchObject({ TimeGenerated: new Date(start + 120_000).toISOString() });
    await later.close();
  });

  describe('gathering', () => {
    test('reports of concurrent scans share a few calls', async () => {
      const gathering = sinkFor(endpoint, { gatherForMs: 50, gatherReports: 1_000 });
      const reports = Array.from({ length: 200 }, (_, i) => makeReport(i, 1));
      await Promise.all(reports.map((report) => gathering.record(report)));
      expect(scanIds()).toEqual(idsOf(reports));
      expect(endpoint.counters.requests).toBeLessThanOrEqual(4);
      await gathering.close();
    });

    test('enough rows start a round without waiting for its time', async () => {
      const slow = sinkFor(endpoint, { gatherForMs: 3_600_000, gatherRows: 20 });
      await Promise.all(Array.from({ length: 20 }, (_, i) => slow.record(makeReport(i, 0))));
      expect(endpoint.counters.requests).toBe(1);
      await slow.close();
    });

    test('so do as many reports as a worker has messages for, and each further as many', async () => {
      const slow = sinkFor(endpoint, { gatherForMs: 3_600_000 });
      await Promise.all(Array.from({ length: 112 }, (_, i) => slow.record(makeReport(i, 0))));
      expect(endpoint.counters.requests).toBe(2);
      await slow.close();
    });

    test('while every round is busy, what comes in gathers into one more', async () => {
      const narrow = sinkFor(endpoint, { concurrentRounds: 1 });
      endpoint.pause();
      const first = narrow.record(makeReport(0, 0));
      await endpoint.waitForRequests(1);
      const others = Array.from({ length: 30 }, (_, i) => narrow.record(makeReport(i + 1, 0)));
      endpoint.resume();
      await Promise.all([first, ...others]);
      expect(endpoint.counters.requests).toBe(2);
      await narrow.close();
    });

    test('a report with thousands of findings goes out in calls within the limits', async () => {
      const text = randomBytes(1_500).toString('hex');
      const findings = Array.from({ length: 1_700 }, (_, i) =>
        makeFinding('x', `rule_${i}`, { meta: [['description', text]] }),
      );
      await sink.record(makeReport(1, 0, { findings }));
      expect(endpoint.count(tables.findings)).toBe(1_700);
      expect(new Set(endpoint.rows(tables.findings).map((row) => row.FindingId)).size).toBe(1_700);
      expect(endpoint.counters.largestCallInBytes).toBeLessThanOrEqual(callLimits.bytes);
      expect(endpoint.counters.largestCallInRows).toBeLessThanOrEqual(callLimits.rows);
    });

    test('nothing is acknowledged before its rows are accepted', async () => {
      endpoint.pause();
      const settled: number[] = [];
      const recordings = [0, 1, 2].map((n) => sink.record(makeReport(n, n)).then(() => settled.push(n)));
      await endpoint.waitForRequests(1);
      expect(settled).toEqual([]);
      expect(endpoint.count(tables.scans)).toBe(0);
      endpoint.resume();
      await Promise.all(recordings);
      expect(settled.sort()).toEqual([0, 1, 2]);
    });

    test("a scan's row is not sent before its findings are accepted", async () => {
      endpoint.failNext([{ status: 403 }]);
      await failureOf(sink.record(makeReport(1, 2)));
      expect(endpoint.counters).toMatchObject({ requests: 1, rows: 0 });
    });
  });

  describe('a busy or failing service', () => {
    test('429 is waited for as long as it asks', async () => {
      const notices: RetryNotice[] = [];
      const patient = sinkFor(endpoint, { onRetry: (notice) => notices.push(notice) });
      endpoint.failNext([{ status: 429, retryAfterInSeconds: 1 }]);
      const start = performance.now();
      await patient.record(makeReport(1, 0));
      expect(performance.now() - start).toBeGreaterThanOrEqual(1_000);
      expect(notices).toEqual([
        {
          stream: 'Custom-SluiceScans_CL',
          rows: 1,
          delayInMs: 1_000,
          status: 429,
          message: expect.stringContaining('answered 429'),
        },
      ]);
      await patient.close();
    });

    test.each([408, 429, 500, 502, 503, 504])(
      '%i three times is overcome, and nothing is lost or doubled',
      async (status) => {
        endpoint.failNext([{ status }, { status }, { status }]);
        const reports = [makeReport(1, 2), makeReport(2, 0)];
        await Promise.all(reports.map((report) => sink.record(report)));
        expect(scanIds()).toEqual(idsOf(reports));
        expect(endpoint.count(tables.findings)).toBe(2);
        expect(endpoint.counters.requests).toBe(5);
      },
    );

    test("the SDK's own tries and the sink's follow one another", async () => {
      const both = sinkFor(endpoint, { clientOptions: { retries: { maxRetries: 3, retryDelayInMs: 1 } } });
      endpoint.failNext(Array.from({ length: 6 }, () => ({ status: 503 })));
      await both.record(makeReport(1, 0));
      expect(endpoint.counters.answers).toEqual({ 503: 6, 204: 1 });
      await both.close();
    });

    test('a service that stays busy is given up in time, with an error to try again later', async () => {
      // Waits vary by half. The second call comes after 2 to 4 s, and a third would come after the bound; one that the bound itself
      // cuts off, which a busy machine makes of a shorter one, would have no status to tell.
      const hasty = sinkFor(endpoint, { retryForMs: 6_000, retryDelayInMs: 4_000 });
      endpoint.failNext(Array.from({ length: 1_000 }, () => ({ status: 503 })));
      const error = await failureOf(hasty.record(makeReport(1, 1)));
      expect(error).toMatchObject({ code: 'INGESTION_FAILED', retryable: true, isRefused: false, status: 503 });
      expect(error.where).toBe('https://uploads.blob.core.windows.net/incoming/2026/11/sample-1.bin');
      expect(error.message).toMatch(/^Custom-SluiceFindings_CL: the ingestion endpoint answered 503/);
      expect(endpoint.counters.requests).toBe(2);
      await hasty.close();
    });

    test('a wait that is asked for and longer than the bound is not waited for, but told', async () => {
      endpoint.failNext([{ status: 429, retryAfterInSeconds: 3_600 }]);
      const error = await failureOf(sink.record(makeReport(1, 0)));
      expect(error).toMatchObject({ retryable: true, status: 429, retryAfterInMs: 3_600_000 });
      expect(endpoint.counters.requests).toBe(1);
    });

    test.each(['beforeBody', 'midBody', 'afterStoring'] as const)(
      'a connection cut %s loses nothing',
      async (resetConnection) => {
        // Bytes that do not compress, so that the body takes more than one packet.
        const meta = [['noise', randomBytes(20_000).toString('base64')]] as const;
        const findings = Array.from({ length: 30 }, (_, i) => makeFinding('x', `rule_${i}`, { meta }));
        endpoint.failNext([{ resetConnection }]);
        await sink.record(makeReport(1, 0, { findings }));
        const ids = endpoint.rows(tables.findings).map((row) => row.FindingId);
        expect(new Set(ids)).toEqual(new Set(findings.map((finding) => finding.findingId)));
        // What was stored without an answer is sent again, under the same ids.
        expect(ids).toHaveLength(resetConnection === 'afterStoring' ? 60 : 30);
        expect(scanIds()).toHaveLength(1);
      },
    );

    test('an endpoint that never answers is given up in time', async () => {
      endpoint.pause();
      const hasty = sinkFor(endpoint, { retryForMs: 300, clientOptions: { requestTimeoutInMs: 100 } });
      const error = await failureOf(hasty.record(makeReport(1, 0)));
      expect(error).toMatchObject({ retryable: true, status: undefined });
      expect(error.message).toContain('did not answer in time');
      expect(endpoint.counters.requests).toBeGreaterThan(1);
      endpoint.resume();
      await hasty.close();
    });

    test('an endpoint that is down and comes back gets every report, and none was acknowledged before', async () => {
      const { port, certificate } = endpoint;
      let retried = (): void => undefined;
      const isRetrying = new Promise<void>((resolve) => (retried = resolve));
      const patient = sinkFor(endpoint, {
        onRetry: () => {
          retried();
        },
      });
      await endpoint.close();
      const reports = Array.from({ length: 10 }, (_, i) => makeReport(i, i % 2));
      let acknowledged = 0;
      const recordings = reports.map((report) => patient.record(report).then(() => acknowledged++));
      await isRetrying;
      expect(acknowledged).toBe(0);
      const back = await startIngestionEndpoint({ port, certificate });
      extra.push(back);
      await Promise.all(recordings);
      expect(scanIds(back)).toEqual(idsOf(reports));
      expect(back.count(tables.findings)).toBe(5);
      await patient.close();
    });

    test('of two calls of a round, the failed one costs only its own report', async () => {
      const hasty = sinkFor(endpoint, { retryForMs: 5_000, retryDelayInMs: 30_000, gatherRows: 100_000 });
      const reports = [makeReport(1, 500), makeReport(2, 500)];
      endpoint.failNext([{ status: 503 }]);
      const results = await Promise.allSettled(reports.map((report) => hasty.record(report)));
      const failed = results.findIndex((result) => result.status === 'rejected');
      expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
      expect(scanIds()).toEqual([reports[1 - failed]!.scanId]);
      await hasty.record(reports[failed]!);
      expect(scanIds()).toEqual(idsOf(reports));
      await hasty.close();
    });
  });

  describe('what trying again cannot cure', () => {
    test.each([
      [401, 'AuthenticationFailed', 'identity'],
      [403, 'OperationFailed', 'Monitoring Metrics Publisher'],
      [404, 'NotFound', 'immutable id'],
      [400, 'InvalidStream', 'infra/'],
    ])('%i %s fails at once, says what to do, and blames no report', async (status, code, hint) => {
      endpoint.failNext([{ status, code }]);
      const results = await Promise.allSettled([sink.record(makeReport(1, 0)), sink.record(makeReport(2, 0))]);
      expect(endpoint.counters.requests).toBe(1);
      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: { status, retryable: false, isRefused: false } });
        const { message, hint: given } = (result as PromiseRejectedResult).reason as SinkError;
        expect(message).toContain(`answered ${status} ${code}`);
        expect(given).toContain(hint);
      }
    });

    test('a wrong id of the data collection rule is told as such', async () => {
      const lost = sinkFor(endpoint, { dcrId: 'dcr-11111111111111111111111111111111' });
      const error = await failureOf(lost.record(makeReport(1, 0)));
      expect(error).toMatchObject({ status: 404, retryable: false, isRefused: false });
      await lost.close();
    });

    test('an identity that gives no token is told as such, not as a refused report', async () => {
      const unavailable = Object.assign(new Error('no managed identity here'), { name: 'CredentialUnavailableError' });
      const stranger = sinkFor(endpoint, {
        clientOptions: { credential: { getToken: () => Promise.reject(unavailable) } },
      });
      const error = await failureOf(stranger.record(makeReport(1, 0)));
      expect(error).toMatchObject({
        retryable: false,
        isRefused: false,
        hint: expect.stringContaining('identity') as string,
      });
      expect(error.message).toContain('no managed identity here');
      await stranger.close();
    });

    test('the error carries neither token nor rows, however it is printed', async () => {
      endpoint.failNext([{ status: 403 }]);
      const error = await failureOf(sink.record(makeReport(1, 0)));
      const { inspect } = await import('node:util');
      const printed = inspect(error, { depth: 20, showHidden: true });
      expect(printed).not.toContain('Bearer');
      expect(printed).not.toContain(makeReport(1).scanId);
    });
  });

  describe('refused rows', () => {
    test('one bad row costs its own report and no other', async () => {
      const reports = Array.from({ length: 100 }, (_, i) => makeReport(i, 0));
      const bad = reports[37]!;
      endpoint.refuseRows((row) => row.ScanId === bad.scanId);
      const results = await Promise.allSettled(reports.map((report) => sink.record(report)));
      const rejected = results.flatMap((result, i) => (result.status === 'rejected' ? [i] : []));
      expect(rejected).toEqual([37]);
      expect(results[37]).toMatchObject({ reason: { isRefused: true, retryable: false, status: 400 } });
      expect(scanIds()).toEqual(idsOf(reports.filter((report) => report !== bad)));
      // Halving: 7 steps down, two calls each.
      expect(endpoint.counters.requests).toBeLessThanOrEqual(1 + 2 * 7);
    });

    test('a refused finding lets the others of its report through, but not the row that says they are all there', async () => {
      const report = makeReport(1, 8);
      const bad = report.findings[3]!.findingId;
      endpoint.refuseRows((row) => row.FindingId === bad);
      const error = await failureOf(sink.record(report));
      expect(error).toMatchObject({ isRefused: true, retryable: false });
      await sink.close();
      expect(endpoint.rows(tables.findings).map((row) => row.FindingId)).toEqual(
        report.findings.map((finding) => finding.findingId).filter((id) => id !== bad),
      );
      expect(endpoint.count(tables.scans)).toBe(0);
    });

    test('when every row is bad, every report is refused and the calls end', async () => {
      endpoint.refuseRows(() => true);
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => sink.record(makeReport(i, 0))));
      for (const result of results) expect(result).toMatchObject({ reason: { isRefused: true } });
      expect(endpoint.counters.requests).toBeLessThanOrEqual(2 * 20 - 1);
    });

    test('413 for many rows is overcome by sending fewer', async () => {
      endpoint.failNext([{ status: 413, code: 'ContentLengthLimitExceeded' }]);
      const reports = Array.from({ length: 10 }, (_, i) => makeReport(i, 0));
      await Promise.all(reports.map((report) => sink.record(report)));
      expect(scanIds()).toEqual(idsOf(reports));
      expect(endpoint.counters.requests).toBe(3);
    });

    test('413 for one row refuses its report', async () => {
      endpoint.failNext([{ status: 413 }]);
      const error = await failureOf(sink.record(makeReport(1, 0)));
      expect(error).toMatchObject({ isRefused: true, retryable: false, status: 413 });
    });

    test('while the bad row is looked for, a busy service is still waited for', async () => {
      const reports = Array.from({ length: 8 }, (_, i) => makeReport(i, 0));
      endpoint.refuseRows((row) => row.ScanId === reports[5]!.scanId);
      endpoint.failNext([{ status: 413 }, { status: 503 }, { status: 429 }]);
      const results = await Promise.allSettled(reports.map((report) => sink.record(report)));
      expect(results.map((result) => result.status === 'rejected')).toEqual(reports.map((_, i) => i === 5));
    });
  });

  describe('abort', () => {
    test('ends the waiting at once with the reason, and the call with it', async () => {
      endpoint.pause();
      const controller = new AbortController();
      const recording = sink.record(makeReport(1, 0), { abortSignal: controller.signal });
      await endpoint.waitForRequests(1);
      const reason = new Error('the app is stopping');
      controller.abort(reason);
      await expect(recording).rejects.toBe(reason);
      endpoint.resume();
      await sink.close();
      expect(endpoint.count(tables.scans)).toBe(0);
    });

    test('of one report does not touch another in the same call', async () => {
      endpoint.pause();
      const controller = new AbortController();
      const left = sink.record(makeReport(1, 0), { abortSignal: controller.signal });
      const staying = sink.record(makeReport(2, 0), { abortSignal: new AbortController().signal });
      await endpoint.waitForRequests(1);
      controller.abort(new Error('stopping'));
      await expect(left).rejects.toThrow('stopping');
      endpoint.resume();
      await staying;
      expect(scanIds()).toContain(makeReport(2).scanId);
    });

    test('of a gathered report keeps its rows at home', async () => {
      const slow = sinkFor(endpoint, { gatherForMs: 3_600_000 });
      const controller = new AbortController();
      const recording = slow.record(makeReport(1, 1), { abortSignal: controller.signal });
      controller.abort(new Error('stopping'));
      await expect(recording).rejects.toThrow('stopping');
      await slow.close();
      expect(endpoint.counters.requests).toBe(0);
    });

    test('ends the wait between two tries', async () => {
      const controller = new AbortController();
      const waiting = sinkFor(endpoint, {
        retryDelayInMs: 30_000,
        onRetry: () => {
          controller.abort(new Error('stopping'));
        },
      });
      endpoint.failNext([{ status: 503 }]);
      const start = performance.now();
      await expect(waiting.record(makeReport(1, 0), { abortSignal: controller.signal })).rejects.toThrow('stopping');
      await waiting.close();
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(endpoint.counters.requests).toBe(1);
    });
  });
});

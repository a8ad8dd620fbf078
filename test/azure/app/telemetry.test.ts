/** What the app tells of itself: metrics and spans to Application Insights' own protocol, and lines that name their scan. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { createAzureTelemetry } from '../../../shared/base/open-telemetry.ts';
import type { Telemetry } from '../../../shared/base/telemetry.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service } from './service.ts';
import type { TrackEndpoint } from './track-endpoint.ts';
import { instrumentationKey, startTrackEndpoint } from './track-endpoint.ts';

let service: Service;
let track: TrackEndpoint;

beforeAll(async () => {
  // The exporter's reports about itself are off, as they are where the app is deployed.
  vi.stubEnv('APPLICATION_INSIGHTS_NO_STATSBEAT', 'true');
  vi.stubEnv('APPLICATIONINSIGHTS_SDKSTATS_DISABLED', 'true');
  [service, track] = await Promise.all([startService(), startTrackEndpoint()]);
});
afterEach(() => {
  track.envelopes.length = 0;
  track.status = 200;
});
afterAll(async () => {
  await service.close();
  await track.close();
  vi.unstubAllEnvs();
});

function telemetryTo({ connectionString, certificatePem }: TrackEndpoint, withSpans = true): Telemetry {
  return createAzureTelemetry({
    connectionString,
    credential: localCredential(),
    withSpans,
    version: '1.2.3',
    everyMs: 3_600_000,
    wire: { tlsOptions: { ca: certificatePem }, retryOptions: { maxRetries: 0 } },
  });
}

async function start(withSpans = true): Promise<{ app: App; telemetry: Telemetry }> {
  const telemetry = telemetryTo(track, withSpans);
  return { telemetry, app: await service.start({}, { telemetry, outboxLimits: { firstDelayInMs: 60_000 } }) };
}

interface Metric {
  readonly name: string;
  readonly value: number;
  readonly count?: number;
  readonly properties: Readonly<Record<string, string>>;
}

function metrics(): Metric[] {
  return track.envelopes
    .filter(({ data }) => data.baseType === 'MetricData')
    .flatMap(({ data }) =>
      (data.baseData.metrics as Metric[]).map((metric) => ({
        ...metric,
        properties: data.baseData.properties as Record<string, string>,
      })),
    );
}
const metric = (name: string): Metric[] => metrics().filter((each) => each.name === name);

describe('telemetry of the app', () => {
  it('brings scans, bytes, lag, failures and rules to Application Insights, and a span for each scan', async () => {
    const { app, telemetry } = await start();
    const bad = await service.upload(malicious);
    await app.handleMessage(service.event(bad), { dequeueCount: 1 });
    await app.handleMessage(service.event(await service.upload(harmless)), { dequeueCount: 1 });
    service.endpoint.failNext(Array.from({ length: 500 }, () => ({ status: 503 })));
    await app.handleMessage(service.event(await service.upload(harmless)), { dequeueCount: 1 });
    service.endpoint.clearFaults();
    await telemetry.flush();

    expect(track.problems).toEqual([]);
    expect(track.authorizations.every((each) => each?.startsWith('Bearer ') === true)).toBe(true);
    expect(new Set(track.envelopes.map(({ iKey }) => iKey))).toEqual(new Set([instrumentationKey]));
    expect(metric('sluice.scans').map(({ value, properties }) => [properties.verdict, value])).toEqual([
      ['match', 1],
      ['clean', 2],
    ]);
    expect(metric('sluice.findings')).toMatchObject([{ value: 1, properties: { excluded: 'false' } }]);
    expect(metric('sluice.bytes')[0]!.value).toBeGreaterThanOrEqual(malicious.length + 2 * harmless.length);
    expect(metric('sluice.lag')).toMatchObject([{ count: 3 }]);
    expect(metric('sluice.scan.duration')).toMatchObject([{ count: 3 }]);
    expect(metric('sluice.ingestion.failures')).toMatchObject([{ value: 1, properties: { code: 'INGESTION_FAILED' } }]);
    // Of the first scan in a hundred.
    expect(metric('sluice.rule.cost')).toMatchObject([{ count: 1, properties: { rule: 'test:callback' } }]);
    expect(metric('sluice.rules')).toMatchObject([{ value: 1 }]);
    expect(metric('sluice.rules.refused')).toMatchObject([{ value: 0 }]);
    expect(metric('sluice.outbox.waiting')).toHaveLength(1);
    expect(metric('sluice.queue.wait')).toMatchObject([{ value: 0 }]);

    const requests = track.envelopes.filter(({ data }) => data.baseType === 'RequestData');
    expect(requests.map(({ tags }) => tags['ai.operation.name'])).toEqual(['scan', 'scan', 'scan']);
    const spans = requests.map(({ data }) => data.baseData);
    expect(spans).toHaveLength(3);
    const [row] = service.scansOf(bad.name);
    expect(spans[0]).toMatchObject({
      success: true,
      properties: { 'sluice.scan_id': row!.ScanId, 'sluice.verdict': 'match' },
    });
    const stages = Object.keys(spans[0]!.properties as object).filter((name) => name.startsWith('sluice.stage.'));
    expect(stages.map((name) => name.split('.')[2])).toEqual(['ledger', 'open', 'claim', 'scan', 'record']);
  });

  it('has no spans where only metrics are wanted', async () => {
    const { app, telemetry } = await start(false);
    await app.handleMessage(service.event(await service.upload(harmless)), { dequeueCount: 1 });
    await telemetry.flush();
    expect(metric('sluice.scans')).toHaveLength(1);
    expect(track.envelopes.filter(({ data }) => data.baseType !== 'MetricData')).toEqual([]);
  });

  it('costs no scan where it is not taken', async () => {
    track.status = 403;
    const { app, telemetry } = await start();
    const object = await service.upload(malicious);
    const [handled] = await app.handleMessage(service.event(object), { dequeueCount: 1 });
    await telemetry.flush();
    expect(handled!.reports.map(({ outcome }) => outcome.verdict)).toEqual(['match']);
    expect(track.envelopes).toEqual([]);
  });

  it('says of a scan that fails why', async () => {
    const { app, telemetry } = await start();
    const object = await service.upload(harmless);
    service.proxy.reset(({ path }) => (path.includes(object.name) ? { kind: 'answer', status: 403 } : undefined));
    await expect(app.handleMessage(service.event(object), { dequeueCount: 1 })).rejects.toThrow();
    service.proxy.reset();
    await telemetry.flush();
    const [span] = track.envelopes.filter(({ data }) => data.baseType === 'RequestData');
    expect(span!.data.baseData).toMatchObject({ success: false });
  });
});

describe('lines of the log', () => {
  it('name their scan, all of them that are about an object', async () => {
    const { app } = await start();
    const from = service.lines.length;
    const known = await service.upload(malicious);
    await app.handleMessage(service.event(known), { dequeueCount: 1 });
    await app.handleMessage(service.event(known), { dequeueCount: 2 });
    const odd = service.event(await service.upload(harmless)) as { data: { api: string } };
    odd.data.api = 'NewOperation';
    await app.handleMessage(odd, { dequeueCount: 1 });
    const lines = service.lines.slice(from).map((line) => JSON.parse(line) as Record<string, unknown>);
    const about = lines.filter(({ url }) => typeof url === 'string' && url.includes('/uploads/'));
    expect(about.map(({ message }) => message)).toEqual([
      'recorded',
      'was recorded before',
      'an operation not known to this version raised the event; the object is scanned',
      'recorded',
    ]);
    expect(about.every(({ scanId }) => /^[0-9a-f]{64}$/.test(String(scanId)))).toBe(true);
  });
});

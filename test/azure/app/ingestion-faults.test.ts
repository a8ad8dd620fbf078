/**
 * What goes wrong where rows are taken, on the whole way from an object's event to what analysts see: every object is read once,
 * its rows arrive, and until they do they wait in the outbox.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppOverrides } from '../../../shared/app.ts';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import type { IngestionFault } from '../../../shared/local/ingestion-faults.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { createIngestionClient } from '../../../shared/sinks/ingestion-client.ts';
import type { LogAnalyticsSinkOptions } from '../../../shared/sinks/log-analytics.ts';
import { createLogAnalyticsSink } from '../../../shared/sinks/log-analytics.ts';
import { shownOutcomes, shownRules } from './analyst.ts';
import type { HostedApp } from './hosted-app.ts';
import { hostApp } from './hosted-app.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';

const OUTBOX = 'sluice-outbox';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterEach(() => {
  service.endpoint.clearFaults();
  service.proxy.reset();
});
afterAll(() => service.close());

/** An app whose sink gathers for a moment, so that concurrent scans share calls, and whose outbox tries again at once. */
function overrides(
  endpoint: IngestionEndpoint,
  gathering: Pick<LogAnalyticsSinkOptions, 'gatherForMs' | 'gatherRows'> = { gatherForMs: 200 },
): AppOverrides {
  const { url, dcrId, certificatePem } = endpoint;
  const retries = { maxRetries: 0, retryDelayInMs: 5 };
  const client = createIngestionClient({ endpoint: url, credential: localCredential(), certificatePem, retries });
  return {
    sinks: [createLogAnalyticsSink({ client, dcrId, ...gathering, retryForMs: 3_000, retryDelayInMs: 5 })],
    outboxLimits: { firstDelayInMs: 0, countedForMs: 0 },
  };
}

const upload = (bytes: Uint8Array): Promise<Upload> => service.upload(bytes, `ingestion-${randomUUID()}`);
const readsOf = ({ name }: Upload): number =>
  service.proxy.seen.filter(({ path, range }) => path.includes(name) && range?.first === 0).length;

async function withHost<T>(given: AppOverrides, run: (hosted: HostedApp) => Promise<T>): Promise<T> {
  const hosted = hostApp(service, await service.start({}, given));
  try {
    return await run(hosted);
  } finally {
    await hosted.stop();
  }
}

/** Rows, ledger, outbox and queue agree, and nobody read the object twice. */
async function expectRecorded(object: Upload, verdict: string, endpoint = service.endpoint): Promise<void> {
  expect(shownOutcomes(endpoint, object.name)).toEqual([verdict]);
  expect(shownRules(endpoint, object.name)).toEqual(verdict === 'match' ? ['callback'] : []);
  expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict }]);
  expect(readsOf(object)).toBe(1);
}

describe('while rows are not taken', () => {
  const once: readonly [string, IngestionFault][] = [
    ...[429, 500, 503].flatMap((status): [string, IngestionFault][] => [
      [`${status} without Retry-After`, { status }],
      [`${status} with Retry-After`, { status, retryAfterInSeconds: 1 }],
    ]),
    ['a connection cut before the body', { resetConnection: 'beforeBody' }],
    ['a connection cut within the body', { resetConnection: 'midBody' }],
    ['a connection cut after the rows were stored', { resetConnection: 'afterStoring' }],
    ['403', { status: 403, code: 'OperationFailed' }],
    ['a wait of an hour that is asked for', { status: 429, retryAfterInSeconds: 3_600 }],
  ];

  it.each(once)('%s: every row arrives, and no object is read again', async (_, fault) => {
    const [bad, worse, good] = [await upload(malicious), await upload(malicious), await upload(harmless)];
    await withHost(overrides(service.endpoint), async (hosted) => {
      service.endpoint.failNext([fault, fault]);
      await hosted.send(...[bad, worse, good].map((object) => service.event(object)));
      await hosted.untilEmpty();
      expect(hosted.failures).toBe(0);
    });
    await expectRecorded(bad, 'match');
    await expectRecorded(worse, 'match');
    await expectRecorded(good, 'clean');
    expect(await service.blobsIn(OUTBOX)).toEqual([]);
  });

  it('because a call is too large (413): it is cut, and every row arrives', async () => {
    const objects = await Promise.all(Array.from({ length: 6 }, () => upload(malicious)));
    // The rows of all six go out together, however long they take to be made.
    const gathering = { gatherForMs: 3_600_000, gatherRows: 12 };
    await withHost(overrides(service.endpoint, gathering), async (hosted) => {
      // Of their findings the first call is too large, and so is its first half.
      const before = service.endpoint.counters.requests;
      service.endpoint.failNext([{ status: 413 }, { status: 413 }]);
      await hosted.send(...objects.map((object) => service.event(object)));
      await hosted.untilEmpty();
      expect(service.endpoint.counters.requests - before).toBeGreaterThan(4);
      expect(hosted.failures).toBe(0);
    });
    for (const object of objects) await expectRecorded(object, 'match');
  });

  it('because one row is too large by itself (413): that it failed is told, with what was found', async () => {
    const object = await upload(malicious);
    await withHost(overrides(service.endpoint), async (hosted) => {
      service.endpoint.failNext([{ status: 413 }]);
      await hosted.send(service.event(object));
      await hosted.untilEmpty();
      expect(shownOutcomes(service.endpoint, object.name)).toEqual(['failed: sinkRefused']);
      expect(service.scansOf(object.name)[0]!.Detail).toContain('verdict match with 1 findings (test:callback)');
      // It is no last word: when the event comes again the object is scanned again.
      await hosted.send(service.event(object));
      await hosted.untilEmpty();
    });
    expect(shownOutcomes(service.endpoint, object.name)).toEqual(['match']);
  });
});

describe('while there is no endpoint at all', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-rows-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('objects that come are scanned once, wait in the outbox, and are all recorded when it is back', async () => {
    const file = join(folder, 'rows.sqlite');
    const first = await startIngestionEndpoint({ file });
    const { port, certificate } = first;
    const [before, during, after] = await Promise.all(
      [3, 20, 3].map((count) =>
        Promise.all(Array.from({ length: count }, (_, i) => upload(i % 2 === 0 ? malicious : harmless))),
      ),
    );
    const send = (hosted: HostedApp, objects: readonly Upload[]): Promise<void> =>
      hosted.send(...objects.map((object) => service.event(object)));
    let endpoint = first;
    try {
      await withHost(overrides(first), async (hosted) => {
        await send(hosted, before!);
        await hosted.untilEmpty();
        await first.close();
        await send(hosted, during!);
        await expect.poll(async () => (await service.blobsIn(OUTBOX)).length, { timeout: 20_000 }).toBe(during!.length);
        for (const { name } of during!) expect(await service.entriesOf(name)).toMatchObject([{ state: 'done' }]);
        endpoint = await startIngestionEndpoint({ file, port, certificate });
        await send(hosted, after!);
        await hosted.untilEmpty(40_000);
        expect(hosted.failures).toBe(0);
      });
      for (const objects of [before!, during!, after!]) {
        for (const [i, object] of objects.entries()) {
          await expectRecorded(object, i % 2 === 0 ? 'match' : 'clean', endpoint);
        }
      }
      expect(await service.blobsIn(OUTBOX)).toEqual([]);
    } finally {
      await endpoint.close();
    }
  });
});

/**
 * A message on its whole way: through the real app and the SDK's real clients, from objects in Azurite to rows in the local
 * ingestion endpoint. A proxy before the blob service lets things happen in the middle of a scan.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App, AppOverrides } from '../../../shared/app.ts';
import { createApp } from '../../../shared/app.ts';
import type { Config } from '../../../shared/base/config.ts';
import { readConfig } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { createSamples } from '../../../shared/local/samples.ts';
import type { HandledRequest } from '../../../shared/scanner/handle-request.ts';
import { createIngestionClient } from '../../../shared/sinks/ingestion-client.ts';
import { createLogAnalyticsSink } from '../../../shared/sinks/log-analytics.ts';
import { compileRules } from '../../../shared/yara/index.ts';
import { writeRules } from '../rules-beside.ts';
import type { BlobProxy } from './blob-proxy.ts';
import { startBlobProxy } from './blob-proxy.ts';

const MiB = 1024 * 1024;
const rules = `
  rule callback { meta: severity = "high" strings: $s1 = "30.40.50.60:9342" fullword ascii wide condition: 1 of them }
  rule by_extension { condition: extension == ".scr" and filesize > 0 }`;
const malicious = Buffer.from('callback = 30.40.50.60:9342\n');
const harmless = Buffer.from('callback = 130.40.50.60:93421\n');

let folder: string;
let azurite: AzuriteServer;
let proxy: BlobProxy;
let endpoint: IngestionEndpoint;
let config: Config;
let container: ContainerClient;
let app: App;
const lines: string[] = [];
const apps: App[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-app-'));
  [azurite, endpoint] = await Promise.all([startAzurite(), startIngestionEndpoint()]);
  proxy = await startBlobProxy(azurite);
  const caPath = join(folder, 'ca.pem');
  const rulesPath = join(folder, 'rules.sluice');
  const externals = { filename: '', extension: '' };
  await writeFile(caPath, endpoint.certificatePem);
  await writeRules(rulesPath, compileRules([{ text: rules, namespace: 'test' }], { externals }));
  config = readConfig({
    SLUICE_ACCOUNTS: azurite.account,
    SLUICE_LOCAL_CONNECTION: proxy.connectionString,
    SLUICE_INGESTION_ENDPOINT: endpoint.url,
    SLUICE_DCR_ID: endpoint.dcrId,
    SLUICE_LOCAL_CA: caPath,
    SLUICE_RULES: rulesPath,
    SLUICE_DIGESTS: 'sha256,md5',
  });
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('uploads');
  await container.create();
  app = await start();
});
afterEach(() => {
  proxy.reset();
  endpoint.refuseRows(undefined);
});
afterAll(async () => {
  await Promise.all(apps.map((one) => one.close()));
  await Promise.all([proxy.close(), endpoint.close(), azurite.close(), rm(folder, { recursive: true })]);
});

/** An app whose waits are short; everything else is as its settings make it. */
async function start(changes: Partial<Config> = {}, overrides: AppOverrides = {}): Promise<App> {
  const credential = localCredential();
  const client = createIngestionClient({
    endpoint: endpoint.url,
    credential,
    certificatePem: endpoint.certificatePem,
    retries: { maxRetries: 1, retryDelayInMs: 5 },
  });
  const started = await createApp(
    { ...config, ...changes },
    {
      credential,
      sinks: [
        createLogAnalyticsSink({ client, dcrId: endpoint.dcrId, gatherForMs: 5, retryForMs: 5_000, retryDelayInMs: 5 }),
      ],
      log: createLogger({ format: 'json', level: 'debug', write: (line) => lines.push(line) }),
      openOptions: { retryDelayInMs: 1, attemptsPerRange: 2 },
      messageLimits: { resultInMs: 0 },
      ...overrides,
    },
  );
  apps.push(started);
  return started;
}

interface Upload {
  readonly name: string;
  readonly eTag: string;
}

async function upload(bytes: Uint8Array, name = `${randomUUID()}.conf`): Promise<Upload> {
  const { etag } = await container.getBlockBlobClient(name).uploadData(bytes);
  return { name, eTag: etag! };
}

interface EventChanges {
  readonly type?: string;
  readonly id?: string;
  readonly url?: string;
  readonly api?: string;
}

/** As Event Grid tells of an upload. */
function uploaded({ name, eTag }: Pick<Upload, 'name'> & Partial<Upload>, changes: EventChanges = {}): object {
  const url = changes.url ?? `${proxy.endpoint}/uploads/${name.split('/').map(encodeURIComponent).join('/')}`;
  return {
    specversion: '1.0',
    id: changes.id ?? randomUUID(),
    type: changes.type ?? 'Microsoft.Storage.BlobCreated',
    source: `/subscriptions/${randomUUID()}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${azurite.account}`,
    time: '2026-11-24T04:05:06.1234567Z',
    data: { api: changes.api ?? 'PutBlob', url, eTag, contentLength: 1 },
  };
}

type Row = Record<string, unknown>;

const scansOf = (name: string): Row[] => endpoint.rows('SluiceScans_CL').filter((row) => row.ObjectName === name);
const findingsOf = (name: string): Row[] => endpoint.rows('SluiceFindings_CL').filter((row) => row.ObjectName === name);
const outcomesOf = (name: string): string[] =>
  scansOf(name).map(({ Verdict, Reason }) =>
    Reason === '' ? String(Verdict) : `${String(Verdict)}: ${String(Reason)}`,
  );

function only(handled: readonly HandledRequest[]): HandledRequest {
  expect(handled).toHaveLength(1);
  return handled[0]!;
}

describe('an uploaded object', () => {
  it('that matches becomes a row for the scan and one for the finding, and the ledger knows', async () => {
    const object = await upload(malicious, `2026/größe & co/${randomUUID()}.conf`);
    const handled = only(await app.handleMessage(uploaded(object), { dequeueCount: 1, id: 'm' }));
    const [scan, ...others] = scansOf(object.name);
    expect(others).toEqual([]);
    expect(scan).toMatchObject({
      ScanId: handled.scanId,
      Verdict: 'match',
      VerdictRank: 4,
      Reason: '',
      Account: azurite.account,
      Container: 'uploads',
      ETag: object.eTag.replaceAll('"', ''),
      SizeInBytes: malicious.length,
      Sha256: createHash('sha256').update(malicious).digest('hex'),
      Md5: createHash('md5').update(malicious).digest('hex'),
      EventTime: '2026-11-24T04:05:06.123Z',
      RuleCount: 2,
      SkippedRuleCount: 0,
      Canary: false,
      Origin: 'event',
      SupersededBy: '',
    });
    expect(scan!.ResourceId).toMatch(/\/storageAccounts\//);
    expect(findingsOf(object.name)).toMatchObject([
      {
        ScanId: handled.scanId,
        Rule: 'callback',
        Namespace: 'test',
        Severity: 'High',
        Evidence: [{ pattern: '$s1', offset: 11, length: 16, excerpt: '30.40.50.60:9342' }],
      },
    ]);
    expect(endpoint.problems).toEqual([]);
  });

  it('that does not match is clean, and so is one without a byte', async () => {
    const objects = [await upload(harmless), await upload(Buffer.of())];
    for (const object of objects) {
      await app.handleMessage(uploaded(object));
      expect(outcomesOf(object.name)).toEqual(['clean']);
      expect(findingsOf(object.name)).toEqual([]);
    }
    expect(scansOf(objects[1]!.name)[0]).toMatchObject({ SizeInBytes: 0, BytesRead: 0 });
  });

  it('is judged by its name too, where a rule asks for it', async () => {
    const object = await upload(harmless, `${randomUUID()}.SCR`);
    await app.handleMessage(uploaded(object));
    expect(findingsOf(object.name).map(({ Rule }) => Rule)).toEqual(['by_extension']);
  });

  it('is scanned as it is now when the event names no version', async () => {
    const object = await upload(malicious);
    await app.handleMessage(uploaded({ name: object.name }));
    expect(scansOf(object.name)).toMatchObject([{ Verdict: 'match', ETag: object.eTag.replaceAll('"', '') }]);
  });

  it('is scanned, with a warning, when an operation unknown to this version wrote it', async () => {
    const object = await upload(malicious);
    await app.handleMessage(uploaded(object, { api: 'PutBlobFromTheFuture' }));
    expect(outcomesOf(object.name)).toEqual(['match']);
    expect(lines.some((line) => line.includes('"level":"warn"') && line.includes('PutBlobFromTheFuture'))).toBe(true);
  });

  it('is recorded once, however often its event comes', async () => {
    const object = await upload(malicious);
    const event = uploaded(object);
    const first = only(await app.handleMessage(event, { dequeueCount: 1 }));
    const again = only(await app.handleMessage(event, { dequeueCount: 2 }));
    const elsewhere = only(await (await start()).handleMessage(uploaded(object)));
    expect([again.reports, elsewhere.reports]).toEqual([[], []]);
    expect(new Set([first.scanId, again.scanId, elsewhere.scanId]).size).toBe(1);
    expect(outcomesOf(object.name)).toEqual(['match']);
    expect(findingsOf(object.name)).toHaveLength(1);
  });

  it('has one ScanId when two workers scan it at the same time', async () => {
    const object = await upload(malicious);
    const other = await start();
    await Promise.all([app.handleMessage(uploaded(object)), other.handleMessage(uploaded(object))]);
    expect(new Set(scansOf(object.name).map(({ ScanId }) => ScanId)).size).toBe(1);
    expect(new Set(findingsOf(object.name).map(({ FindingId }) => FindingId)).size).toBe(1);
  });

  it('is scanned alone when its message has failed before', async () => {
    const object = await upload(malicious);
    await app.handleMessage(uploaded(object), { dequeueCount: 3 });
    expect(outcomesOf(object.name)).toEqual(['match']);
  });

  it('gives every shipped sample its verdict, through the sinks the settings make', async () => {
    const shipped = await start({}, { sinks: undefined });
    const objects = await Promise.all(
      createSamples().map(({ name, bytes }) => upload(bytes, `${randomUUID()}/${name}`)),
    );
    await Promise.all(objects.map((object) => shipped.handleMessage(uploaded(object))));
    expect(objects.map(({ name }) => outcomesOf(name)[0])).toEqual(['match', 'match', 'clean', 'clean', 'clean']);
  });
});

describe('a message that asks for no scan', () => {
  const scanRow = (scanId: string): Row | undefined =>
    endpoint.rows('SluiceScans_CL').find(({ ScanId }) => ScanId === scanId);

  it.each([
    ['for a foreign account', { url: 'https://elsewhere.blob.core.windows.net/c/o' }, 'skipped', 'foreignAccount'],
    ['for another host', { url: 'http://127.0.0.1:1/devstoreaccount1/c/o' }, 'skipped', 'foreignAccount'],
    ['of another type', { type: 'Microsoft.Storage.BlobDeleted' }, 'skipped', 'notABlobEvent'],
    ['with half a URL', { url: 'blob' }, 'failed', 'malformedMessage'],
  ])('%s is recorded and asks nobody', async (_, changes, verdict, reason) => {
    const event = uploaded({ name: 'a' }, changes);
    const { scanId } = only(await app.handleMessage(event));
    expect(scanRow(scanId)).toMatchObject({ Verdict: verdict, Reason: reason });
    expect(proxy.seen).toEqual([]);
    const again = only(await app.handleMessage(event));
    expect(again).toMatchObject({ scanId, reports: [] });
  });

  it('that is no event at all is recorded once for each message', async () => {
    const ids: string[] = [];
    for (const [message, id] of [
      ['no JSON', 'm1'],
      ['no JSON', 'm1'],
      ['no JSON', 'm2'],
      [{ hello: 'world' }, 'm3'],
      [null, 'm4'],
      [[], 'm5'],
    ] as const) {
      ids.push(only(await app.handleMessage(message, { id, dequeueCount: 1 })).scanId);
    }
    expect(new Set(ids).size).toBe(5);
    for (const scanId of new Set(ids)) {
      const rows = endpoint.rows('SluiceScans_CL').filter(({ ScanId }) => ScanId === scanId);
      expect(rows).toMatchObject([{ Verdict: 'failed', Reason: 'malformedMessage' }]);
    }
  });
});

describe('an object that cannot be scanned', () => {
  it('because it is gone is skipped, once', async () => {
    const object = await upload(malicious);
    await container.deleteBlob(object.name);
    await app.handleMessage(uploaded(object));
    await app.handleMessage(uploaded(object));
    expect(outcomesOf(object.name)).toEqual(['skipped: gone']);
  });

  it('because its container is gone is skipped', async () => {
    const name = randomUUID();
    await app.handleMessage(uploaded({ name, eTag: '0x1' }, { url: `${proxy.endpoint}/no-such-container/${name}` }));
    expect(outcomesOf(name)).toEqual(['skipped: gone']);
  });

  it('because it grows or changes without events is skipped', async () => {
    const append = container.getAppendBlobClient(`${randomUUID()}.log`);
    const { etag } = await append.create();
    await append.appendBlock(malicious, malicious.length);
    await app.handleMessage(uploaded({ name: append.name, eTag: etag! }));
    const page = container.getPageBlobClient(`${randomUUID()}.vhd`);
    const created = await page.create(512);
    await app.handleMessage(uploaded({ name: page.name, eTag: created.etag! }));
    expect(outcomesOf(append.name)[0]).toBe('skipped: blobType');
    expect(outcomesOf(page.name)).toEqual(['skipped: blobType']);
  });

  it('because it is archived is skipped, and scanned when it has been brought back', async () => {
    const object = await upload(malicious);
    const blob = container.getBlobClient(object.name);
    await blob.setAccessTier('Archive');
    await app.handleMessage(uploaded(object));
    await app.handleMessage(uploaded(object));
    expect(outcomesOf(object.name)).toEqual(['skipped: archived']);
    await blob.setAccessTier('Hot');
    await app.handleMessage(uploaded(object, { type: 'Microsoft.Storage.BlobTierChanged', api: 'SetBlobTier' }));
    expect(outcomesOf(object.name)).toEqual(['skipped: archived', 'match']);
  });

  it('because only its owner has the key is skipped', async () => {
    const object = await upload(malicious);
    proxy.before = ({ method }) =>
      method === 'HEAD'
        ? { status: 409, headers: { 'x-ms-error-code': 'BlobUsesCustomerSpecifiedEncryption' } }
        : undefined;
    await app.handleMessage(uploaded(object));
    expect(outcomesOf(object.name)).toEqual(['skipped: customerKey']);
  });

  it('because it is still being copied is tried again, and never clean', async () => {
    const object = await upload(harmless);
    proxy.before = ({ method }) =>
      method === 'HEAD' ? { extraHeaders: { 'x-ms-copy-status': 'pending', 'x-ms-copy-id': randomUUID() } } : undefined;
    await expect(app.handleMessage(uploaded(object), { dequeueCount: 1 })).rejects.toMatchObject({ retryable: true });
    expect(outcomesOf(object.name)).toEqual([]);
    await app.handleMessage(uploaded(object), { dequeueCount: 4 });
    expect(outcomesOf(object.name)).toEqual(['incomplete: changing']);
  });
});

describe('an object that changes', () => {
  /** Does something before the first request for bytes beyond the first ranges, in the middle of a scan. */
  function inTheMiddle(act: () => Promise<unknown>): void {
    let hasActed = false;
    proxy.before = async ({ start }) => {
      if (hasActed || start === undefined || start < 20 * MiB) return undefined;
      hasActed = true;
      await act();
      return undefined;
    };
  }

  it('before it is scanned is scanned as it is, and the version of the event is superseded', async () => {
    const old = await upload(harmless);
    const current = await upload(malicious, old.name);
    const handled = only(await app.handleMessage(uploaded(old)));
    const rows = scansOf(old.name);
    expect(outcomesOf(old.name)).toEqual(['match', 'superseded']);
    expect(rows[0]).toMatchObject({ ScanId: handled.scanId, ETag: current.eTag.replaceAll('"', '') });
    expect(rows[1]).toMatchObject({ SupersededBy: handled.scanId, ETag: old.eTag.replaceAll('"', '') });
    // The new version's own event, and the old one again, find all of it done.
    await app.handleMessage(uploaded(current));
    await app.handleMessage(uploaded(old));
    expect(scansOf(old.name)).toHaveLength(2);
  });

  it('in the middle of its scan is scanned anew', async () => {
    const old = await upload(Buffer.alloc(32 * MiB));
    inTheMiddle(() => upload(malicious, old.name));
    const handled = only(await app.handleMessage(uploaded(old)));
    expect(outcomesOf(old.name)).toEqual(['match', 'superseded']);
    expect(scansOf(old.name)[1]).toMatchObject({ SupersededBy: handled.scanId, ETag: old.eTag.replaceAll('"', '') });
  });

  it('in its metadata only is scanned under its new eTag, for which no event comes', async () => {
    const old = await upload(Buffer.concat([Buffer.alloc(30 * MiB), malicious]));
    inTheMiddle(() => container.getBlobClient(old.name).setMetadata({ reviewed: 'yes' }));
    await app.handleMessage(uploaded(old));
    expect(outcomesOf(old.name)).toEqual(['match', 'superseded']);
    const { etag } = await container.getBlobClient(old.name).getProperties();
    expect(scansOf(old.name)[0]).toMatchObject({
      ETag: etag!.replaceAll('"', ''),
      SizeInBytes: 30 * MiB + malicious.length,
    });
  });

  it('again and again is incomplete in the end, and no version of it is clean', async () => {
    const first = await upload(harmless);
    const blob = container.getBlobClient(first.name);
    let count = 0;
    proxy.before = async ({ start }) => {
      if (start !== undefined) await blob.setMetadata({ count: String(++count) });
      return undefined;
    };
    await app.handleMessage(uploaded(first));
    expect(count).toBe(5);
    expect(outcomesOf(first.name)).toEqual(['incomplete: changing', ...Array.from({ length: 4 }, () => 'superseded')]);
    const [incomplete, ...superseded] = scansOf(first.name);
    expect(new Set(superseded.map(({ SupersededBy }) => SupersededBy))).toEqual(new Set([incomplete!.ScanId]));
    expect(superseded.map(({ ETag }) => ETag)).toContain(first.eTag.replaceAll('"', ''));
    // What came last has not been looked at, so it is still to be scanned.
    proxy.reset();
    const { etag } = await blob.getProperties();
    await app.handleMessage(uploaded({ name: first.name, eTag: etag! }));
    expect(outcomesOf(first.name).at(-1)).toBe('clean');
  });

  it('by being deleted in the middle of its scan is gone', async () => {
    const object = await upload(Buffer.alloc(32 * MiB));
    inTheMiddle(() => container.deleteBlob(object.name));
    await app.handleMessage(uploaded(object));
    expect(outcomesOf(object.name)).toEqual(['skipped: gone']);
  });
});

describe('an object that cannot be read', () => {
  it('for a while is tried again, and recorded as incomplete before the host gives up', async () => {
    const object = await upload(harmless);
    proxy.before = ({ start }) =>
      start === undefined ? undefined : { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } };
    for (const dequeueCount of [1, 2, 3]) {
      const work = app.handleMessage(uploaded(object), { dequeueCount });
      await expect(work).rejects.toMatchObject({ code: 'MESSAGE_NOT_HANDLED', retryable: true });
    }
    expect(outcomesOf(object.name)).toEqual([]);
    await app.handleMessage(uploaded(object), { dequeueCount: 4 });
    expect(outcomesOf(object.name)).toEqual(['incomplete: sourceError']);
  }, 120_000);

  it('for want of a role is given back, saying what is missing', async () => {
    const object = await upload(malicious);
    proxy.before = () => ({ status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } });
    const work = app.handleMessage(uploaded(object), { dequeueCount: 1 });
    await expect(work).rejects.toMatchObject({
      retryable: true,
      hint: expect.stringContaining('Storage Blob Data Reader'),
    });
    proxy.reset();
    await app.handleMessage(uploaded(object), { dequeueCount: 2 });
    expect(outcomesOf(object.name)).toEqual(['match']);
  });

  it('within its time is incomplete: deadline', async () => {
    const object = await upload(Buffer.alloc(24 * MiB));
    const hurried = await start({ deadlineInMs: 200 });
    let release = (): void => undefined;
    const held = new Promise<undefined>((resolve) => {
      release = () => {
        resolve(undefined);
      };
    });
    proxy.before = ({ start: offset }) => (offset === undefined ? undefined : held);
    await hurried.handleMessage(uploaded(object));
    release();
    expect(outcomesOf(object.name)).toEqual(['incomplete: deadline']);
  });
});

describe('a sink in trouble', () => {
  it('that stored rows and could not say so costs a second row with the same id, never a loss', async () => {
    const object = await upload(malicious);
    endpoint.failNext(Array.from({ length: 2 }, () => ({ resetConnection: 'afterStoring' as const })));
    await app.handleMessage(uploaded(object));
    expect(findingsOf(object.name).length).toBeGreaterThan(1);
    expect(new Set(findingsOf(object.name).map(({ FindingId }) => FindingId)).size).toBe(1);
    expect(new Set(outcomesOf(object.name))).toEqual(new Set(['match']));
  });

  it('that refuses this very report is told that it failed, and what it held', async () => {
    const object = await upload(malicious);
    endpoint.refuseRows((row) => row.Rule === 'callback' && row.ObjectName === object.name);
    const { reports } = only(await app.handleMessage(uploaded(object), { dequeueCount: 1 }));
    expect(reports.map(({ outcome }) => outcome.reason)).toEqual(['sinkRefused']);
    const failed = scansOf(object.name).filter(({ Verdict }) => Verdict === 'failed');
    expect(failed).toMatchObject([{ Reason: 'sinkRefused' }]);
    expect(failed[0]!.Detail).toContain('test:callback');
    expect(findingsOf(object.name)).toEqual([]);
  });
});

describe('a message with several events', () => {
  it('has each of them recorded', async () => {
    const [a, b] = [await upload(malicious), await upload(harmless)];
    const handled = await app.handleMessage([uploaded(a), { no: 'event' }, uploaded(b), uploaded(a)]);
    expect(handled.map(({ reports }) => reports.map(({ outcome }) => outcome.verdict))).toEqual([
      ['match'],
      ['failed'],
      ['clean'],
      [],
    ]);
  });

  it('fails for one of them without losing the others', async () => {
    const [a, broken, b] = [await upload(malicious), await upload(malicious), await upload(harmless)];
    proxy.before = ({ path }) => (path.includes(broken.name) ? { status: 403 } : undefined);
    const message = [a, broken, b].map((object) => uploaded(object));
    await expect(app.handleMessage(message, { dequeueCount: 1 })).rejects.toThrow('1 of 3 requests');
    expect([a, broken, b].map(({ name }) => outcomesOf(name))).toEqual([['match'], [], ['clean']]);
    proxy.reset();
    await app.handleMessage(message, { dequeueCount: 2 });
    expect([a, broken, b].map(({ name }) => outcomesOf(name))).toEqual([['match'], ['match'], ['clean']]);
  });
});

describe('a drain', () => {
  it('leaves a scan, which goes on elsewhere with a message of its own', async () => {
    const object = await upload(malicious);
    const draining = await start();
    const isReading = new Promise<void>((resolve) => {
      proxy.before = ({ start: offset }) => {
        if (offset === undefined) return undefined;
        resolve();
        return new Promise(() => undefined);
      };
    });
    const work = draining.handleMessage(uploaded(object));
    await isReading;
    await draining.drain();
    expect(only(await work)).toMatchObject({ reports: [], left: 'nextSlice' });
    await expect(draining.handleMessage(uploaded(object))).rejects.toMatchObject({ code: 'DRAINING' });
    expect(outcomesOf(object.name)).toEqual([]);
    proxy.reset();
    await app.handleMessage(uploaded(object), { dequeueCount: 2 });
    expect(outcomesOf(object.name)).toEqual(['match']);
  });

  it('waits for a report that is on its way', async () => {
    const object = await upload(malicious);
    const draining = await start();
    endpoint.pause();
    const before = endpoint.counters.requests;
    const work = draining.handleMessage(uploaded(object));
    await endpoint.waitForRequests(before + 1);
    const drained = draining.drain();
    endpoint.resume();
    await drained;
    expect(only(await work).reports).toHaveLength(1);
    expect(outcomesOf(object.name)).toEqual(['match']);
  });
});

it('says nothing in the log that is secret', () => {
  const key = azurite.accountKey;
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes(key) || /sig=|Bearer |SharedKey /i.test(line))).toEqual([]);
});

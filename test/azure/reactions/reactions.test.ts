/** Reactions against Azurite, behind a proxy that answers as the service documents what the emulator cannot do. */
import { randomUUID } from 'node:crypto';
import type { BlobClient, ContainerClient } from '@azure/storage-blob';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectStateStorage } from '../../../shared/ledger/state-storage.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { createIngestionClient } from '../../../shared/sinks/ingestion-client.ts';
import { createLogAnalyticsSink } from '../../../shared/sinks/log-analytics.ts';
import { createNotifyReaction } from '../../../shared/reactions/notify.ts';
import { createQuarantineReaction } from '../../../shared/reactions/quarantine.ts';
import type { Reaction } from '../../../shared/reactions/reaction.ts';
import { createTagReaction } from '../../../shared/reactions/tag-object.ts';
import type { ScanReport } from '../../../shared/scanner/scan-report.ts';
import type { Service } from '../app/service.ts';
import { harmless, malicious, startService } from '../app/service.ts';
import type { SeenRequest } from '../objects/fault-proxy.ts';
import { describeReactionContract, inTime, plant } from './reaction-contract.ts';

const QUARANTINE = 'sluice-quarantine';
const NOTIFICATIONS = 'sluice-notifications';

const blobsOf = (service: Service): BlobServiceClient =>
  BlobServiceClient.fromConnectionString(service.environment.SLUICE_LOCAL_CONNECTION!);
const quarantineOf = (service: Service): ContainerClient => blobsOf(service).getContainerClient(QUARANTINE);
const objectOf =
  (service: Service) =>
  ({ container, objectName }: ScanReport['object']): BlobClient =>
    blobsOf(service).getContainerClient(container).getBlobClient(objectName);

const tags = (service: Service): Reaction => createTagReaction({ objectOf: objectOf(service) });
const quarantine = (service: Service): Reaction =>
  createQuarantineReaction({ objectOf: objectOf(service), container: quarantineOf(service), credential: undefined });
const notify = (service: Service): Reaction => {
  const queue = connectStateStorage(service.config.state, localCredential()).queue(NOTIFICATIONS);
  return createNotifyReaction({ send: (event) => queue.send(event), verdicts: ['match'] });
};

async function messagesIn(service: Service): Promise<Record<string, unknown>[]> {
  const queue = QueueServiceClient.fromConnectionString(service.connectionString).getQueueClient(NOTIFICATIONS);
  if (!(await queue.exists())) return [];
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(
    ({ messageText }) => JSON.parse(Buffer.from(messageText, 'base64').toString('utf8')) as Record<string, unknown>,
  );
}

const tagsOf = async (service: Service, { object }: ScanReport): Promise<Record<string, string>> =>
  (await service.container.getBlobClient(object.objectName).getTags()).tags;
const isThere = (service: Service, { object }: ScanReport): Promise<boolean> =>
  service.container.getBlobClient(object.objectName).exists();
const copyOf = async (service: Service, { scanId }: ScanReport): Promise<string | undefined> => {
  const client = quarantineOf(service).getBlobClient(scanId);
  return (await client.exists()) ? (await client.downloadToBuffer()).toString() : undefined;
};

describeReactionContract('tags', { make: tags, effect: tagsOf, nothing: {} });
describeReactionContract('quarantine', {
  make: quarantine,
  effect: async (service, report) => [await isThere(service, report), await copyOf(service, report)],
  nothing: [true, undefined],
});
describeReactionContract('notify', {
  make: notify,
  effect: async (service, { scanId }) =>
    new Set((await messagesIn(service)).map(({ id }) => id).filter((id) => id === scanId)),
  nothing: new Set(),
});

const error = (
  status: number,
  code: string,
): { kind: 'answer'; status: number; headers: Record<string, string>; body: string } => ({
  kind: 'answer',
  status,
  headers: { 'x-ms-error-code': code, 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
});
const isDelete = ({ method }: SeenRequest): boolean => method === 'DELETE';
const isSetTags = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('comp=tags');

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterEach(() => {
  service.proxy.reset();
});
afterAll(() => service.close());

describe('tags', () => {
  it('leave the tags of others as they are', async () => {
    const report = await plant(service, 1);
    const client = service.container.getBlobClient(report.object.objectName);
    await client.setTags({ 'Malware Scanning scan result': 'No threats found', SluiceVerdict: 'clean' });
    await tags(service).react(report, inTime());
    expect((await client.getTags()).tags).toEqual({
      'Malware Scanning scan result': 'No threats found',
      SluiceVerdict: 'match',
      SluiceETag: report.object.eTag,
      SluiceScanned: report.scanFinishedAt,
      SluiceRules: report.findings[0]!.rule,
    });
  });

  it('change nothing on an object that has ten of its own', async () => {
    const report = await plant(service, 2);
    const own = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`own${i}`, 'x']));
    await service.container.getBlobClient(report.object.objectName).setTags(own);
    expect(await tags(service).react(report, inTime())).toMatchObject({ kind: 'refused' });
    expect(await tagsOf(service, report)).toEqual(own);
  });

  it('are bound to the eTag in the very request that sets them', async () => {
    const report = await plant(service, 3);
    service.proxy.reset((request) => (isSetTags(request) ? error(412, 'ConditionNotMet') : undefined));
    expect(await tags(service).react(report, inTime())).toMatchObject({ kind: 'changed' });
    const { headers } = service.proxy.seen.find(isSetTags)!;
    expect(headers['x-ms-blob-if-match']).toBe(`"${report.object.eTag}"`);
    expect(await tagsOf(service, report)).toEqual({});
  });

  it.each([
    ['an account with a hierarchical namespace', 409, 'FeatureNotYetSupportedForHierarchicalNamespaceAccounts'],
    ['an account that has none', 409, 'BlobTagsNotSupportedForAccountType'],
  ])('are refused for good by %s', async (_what, status, code) => {
    const report = await plant(service, 4);
    service.proxy.reset((request) => (isSetTags(request) ? error(status, code) : undefined));
    const result = await tags(service).react(report, inTime());
    expect(result.kind).toBe('refused');
    expect(result.detail).toContain(code);
  });

  it.each([
    [403, 'AuthorizationPermissionMismatch', 'OBJECT_ACCESS_DENIED'],
    [412, 'LeaseIdMissing', 'OBJECT_READ_FAILED'],
  ])('are tried later after %i %s', async (status, code, name) => {
    const report = await plant(service, 5);
    service.proxy.reset((request) => (isSetTags(request) ? error(status, code) : undefined));
    await expect(tags(service).react(report, inTime())).rejects.toMatchObject({ code: name, retryable: true });
  });
});

describe('the quarantine', () => {
  it('holds the bytes, where they came from and the metadata they had', async () => {
    const report = await plant(service, 10);
    const client = service.container.getBlobClient(report.object.objectName);
    const { etag } = await client.setMetadata({ process_name: 'svchost.exe' });
    const changed = { ...report, object: { ...report.object, eTag: etag!.replaceAll('"', '') } };
    expect(await quarantine(service).react(changed, inTime())).toEqual({
      kind: 'done',
      detail: 'moved into the quarantine',
    });
    expect(await isThere(service, changed)).toBe(false);
    expect(await copyOf(service, changed)).toBe(malicious.toString());
    const { metadata } = await quarantineOf(service).getBlobClient(changed.scanId).getProperties();
    expect(metadata).toMatchObject({
      process_name: 'svchost.exe',
      sluice_source: changed.object.url,
      sluice_etag: changed.object.eTag,
    });
  });

  it('has the object once, however often the try before broke off after the copy', async () => {
    const report = await plant(service, 11);
    service.proxy.reset((request) => (isDelete(request) ? error(403, 'AuthorizationFailure') : undefined));
    await expect(quarantine(service).react(report, inTime())).rejects.toMatchObject({ retryable: true });
    service.proxy.reset();
    expect(await quarantine(service).react(report, inTime())).toMatchObject({ kind: 'done' });
    expect(service.proxy.seen.filter(({ headers }) => headers['x-ms-copy-source'] !== undefined)).toEqual([]);
  });

  it('does not take a version that comes between the copy and the deletion', async () => {
    const report = await plant(service, 12);
    const client = service.container.getBlockBlobClient(report.object.objectName);
    const { eTag } = report.object;
    service.proxy.reset((request) => (isDelete(request) ? error(412, 'ConditionNotMet') : undefined));
    expect(await quarantine(service).react(report, inTime())).toMatchObject({ kind: 'changed' });
    expect(service.proxy.seen.find(isDelete)!.headers['if-match']).toBe(`"${eTag}"`);
    expect(await client.exists()).toBe(true);
  });

  it.each([
    ['a legal hold or an immutability policy', 409, 'BlobImmutableDueToPolicy', 'a legal hold'],
    ['snapshots', 409, 'SnapshotsPresent', 'snapshots'],
  ])('says that %s keeps the object, and is not tried again', async (_what, status, code, text) => {
    const report = await plant(service, 13);
    service.proxy.reset((request) => (isDelete(request) ? error(status, code) : undefined));
    const result = await quarantine(service).react(report, inTime());
    expect(result.kind).toBe('refused');
    expect(result.detail).toContain(text);
    expect(await copyOf(service, report)).toBe(malicious.toString());
  });

  it('leaves an object that has snapshots, and them', async () => {
    const report = await plant(service, 14);
    await service.container.getBlobClient(report.object.objectName).createSnapshot();
    expect(await quarantine(service).react(report, inTime())).toMatchObject({ kind: 'refused' });
    expect(await isThere(service, report)).toBe(true);
  });

  it('waits for the end of a lease', async () => {
    const report = await plant(service, 15);
    const client = service.container.getBlobClient(report.object.objectName);
    const lease = client.getBlobLeaseClient();
    await lease.acquireLease(-1);
    await expect(quarantine(service).react(report, inTime())).rejects.toMatchObject({ retryable: true });
    await lease.breakLease(0);
    expect(await quarantine(service).react(report, inTime())).toMatchObject({ kind: 'done' });
  });

  it('says what soft delete and versions keep', async () => {
    const report = await plant(service, 16);
    const versionId = '2026-11-24T04:05:06.1234567Z';
    service.proxy.reset((request) => {
      if (isDelete(request)) return { kind: 'headers', replace: { 'x-ms-delete-type-permanent': 'false' } };
      return request.method === 'HEAD' ? { kind: 'headers', replace: { 'x-ms-version-id': versionId } } : undefined;
    });
    const { detail } = await quarantine(service).react(report, inTime());
    expect(detail).toBe(
      `moved into the quarantine; it remains as version ${versionId}; soft delete keeps it for a while`,
    );
  });

  it('deletes nothing when the copy is not whole', async () => {
    const report = await plant(service, 17);
    service.proxy.reset(({ method, path }) =>
      method === 'HEAD' && path.includes(QUARANTINE) && path.includes(report.scanId)
        ? { kind: 'headers', replace: { 'x-ms-copy-status': 'pending' } }
        : undefined,
    );
    await expect(quarantine(service).react(report, inTime())).rejects.toThrow('not whole: its status is pending');
    expect(await isThere(service, report)).toBe(true);
  });

  it('copies a large object block by block, and goes on where it was interrupted', async () => {
    const report = await plant(service, 18, Buffer.alloc(10, 'x'));
    const reaction = createQuarantineReaction({
      objectOf: objectOf(service),
      container: quarantineOf(service),
      credential: { getToken: async () => ({ token: 'a-token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
      limits: { wholeInBytes: 4, blockInBytes: 4 },
    });
    const staged: SeenRequest[] = [];
    const blocks = (request: SeenRequest): boolean => request.method === 'PUT' && request.path.includes('comp=block&');
    // The emulator asks its source as a stranger would and does not know the token: its answers are the documented ones.
    service.proxy.reset((request) => {
      if (!blocks(request)) return undefined;
      staged.push(request);
      return { kind: 'answer', status: 201, headers: { 'x-ms-request-server-encrypted': 'true' } };
    });
    await expect(reaction.react(report, inTime())).resolves.toMatchObject({ kind: 'refused' });
    expect(staged.map(({ headers }) => headers['x-ms-source-range'])).toEqual(['bytes=0-3', 'bytes=4-7', 'bytes=8-9']);
    expect(staged[0]!.headers['x-ms-copy-source-authorization']).toBe('Bearer a-token');
    expect(await isThere(service, report)).toBe(true);
    // The three blocks are there after all; the try that follows copies none of them again.
    const target = quarantineOf(service).getBlockBlobClient(report.scanId);
    service.proxy.reset();
    for (const [offset, text] of [
      [0, 'xxxx'],
      [4, 'xxxx'],
      [8, 'xx'],
    ] as const) {
      const id = Buffer.from(String(offset).padStart(20, '0')).toString('base64');
      await target.stageBlock(id, text, text.length);
    }
    service.proxy.reset();
    expect(await reaction.react(report, inTime())).toMatchObject({ kind: 'done' });
    expect(service.proxy.seen.filter(blocks)).toEqual([]);
    expect(await copyOf(service, report)).toBe('xxxxxxxxxx');
  });
});

describe('a notification', () => {
  it('is a CloudEvent of bounded size, whatever the object is called and however much matched', async () => {
    const report = await plant(service, 20);
    const finding = report.findings[0]!;
    const hostile = '\u0000\r\n"😀'.repeat(400);
    const many = Array.from({ length: 5_000 }, (_, i) => ({ ...finding, rule: `${hostile}${i}`, namespace: hostile }));
    const large = { ...report, findings: many, object: { ...report.object, objectName: hostile, url: hostile } };
    await notify(service).react(large, inTime());
    const event = (await messagesIn(service)).find(({ id }) => id === report.scanId)!;
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'Sluice.Object.match',
      data: { verdict: 'match', findings: 5_000 },
    });
    expect(JSON.stringify(event).length).toBeLessThan(40_000);
  });
});

describe('the app', () => {
  /** A sink that waits as long as a busy machine needs. */
  const patient = () => {
    const { endpoint } = service;
    const client = createIngestionClient({
      endpoint: endpoint.url,
      credential: localCredential(),
      certificatePem: endpoint.certificatePem,
    });
    return {
      sinks: [createLogAnalyticsSink({ client, dcrId: endpoint.dcrId, gatherForMs: 5, retryForMs: 60_000 })],
    };
  };
  const settings = () => ({
    reactions: ['tags', 'quarantine', 'notify'] as const,
    quarantine: `${service.proxy.endpoint}/${QUARANTINE}`,
  });

  it('reacts to nothing unless it is told to', async () => {
    const app = await service.start({}, patient());
    const upload = await service.upload(malicious);
    await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(upload.name)).toEqual(['match']);
    expect((await service.container.getBlobClient(upload.name).getTags()).tags).toEqual({});
  });

  it('labels what is clean, and takes away what matches', async () => {
    const app = await service.start(settings(), patient());
    const [good, bad] = [await service.upload(harmless), await service.upload(malicious)];
    await app.handleMessage(service.event(good));
    await app.handleMessage(service.event(bad));
    expect((await service.container.getBlobClient(good.name).getTags()).tags).toMatchObject({ SluiceVerdict: 'clean' });
    expect(await service.container.getBlobClient(bad.name).exists()).toBe(false);
    expect(service.outcomesOf(bad.name)).toEqual(['match']);
  });

  it('has nothing more to say of events that come after the object was taken away', async () => {
    const app = await service.start(settings(), patient());
    const upload = await service.upload(malicious);
    await app.handleMessage(service.event(upload));
    await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(upload.name)).toEqual(['match']);
    const [later] = await app.handleMessage(service.event({ ...upload, eTag: '"0x8DE000000000000"' }));
    expect(later!.reports.map(({ outcome }) => outcome)).toMatchObject([{ verdict: 'skipped', reason: 'gone' }]);
  });

  it('never scans what lies in the quarantine', async () => {
    const app = await service.start(settings(), patient());
    const name = randomUUID();
    const container = quarantineOf(service);
    await container.createIfNotExists();
    const { etag } = await container.getBlockBlobClient(name).uploadData(malicious);
    const event = service.event({ name, eTag: etag! }) as { data: { url: string } };
    event.data.url = `${service.proxy.endpoint}/${QUARANTINE}/${name}`;
    service.proxy.reset();
    await app.handleMessage(event);
    expect(service.outcomesOf(name)).toEqual(['skipped: policy:quarantine']);
    expect(service.proxy.seen.filter(({ path }) => path.includes(name))).toEqual([]);
    expect(await container.getBlobClient(name).exists()).toBe(true);
  });

  it('does later what it cannot do now, without another row', async () => {
    const app = await service.start(settings(), { ...patient(), reactorLimits: { firstDelayInMs: 0 } });
    await service.takeMessages();
    const upload = await service.upload(malicious);
    service.proxy.reset((request) => (isDelete(request) ? error(403, 'AuthorizationPermissionMismatch') : undefined));
    await app.handleMessage(service.event(upload));
    expect((await service.entriesOf(upload.name)).map(({ verdict }) => verdict)).toEqual(['match']);
    expect(await service.container.getBlobClient(upload.name).exists()).toBe(true);
    service.proxy.reset();
    const messages: unknown[] = [];
    await expect.poll(async () => (messages.push(...(await service.takeMessages())), messages.length)).toBe(1);
    expect(messages).toMatchObject([{ attempt: 1 }]);
    await app.handleMessage(messages[0]);
    expect(await service.container.getBlobClient(upload.name).exists()).toBe(false);
    expect(service.outcomesOf(upload.name)).toEqual(['match']);
    expect(await service.blobsIn('sluice-reactions')).toEqual([]);
  });

  it('does nothing to an object before its rows are accepted', async () => {
    const app = await service.start(settings(), { ...patient(), outboxLimits: { firstDelayInMs: 0 } });
    await service.takeMessages();
    const upload = await service.upload(malicious);
    service.endpoint.failNext([{ status: 403, code: 'OperationFailed' }]);
    await app.handleMessage(service.event(upload));
    expect(await service.container.getBlobClient(upload.name).exists()).toBe(true);
    const messages: unknown[] = [];
    await expect.poll(async () => (messages.push(...(await service.takeMessages())), messages.length)).toBe(1);
    await app.handleMessage(messages[0]);
    expect(service.outcomesOf(upload.name)).toEqual(['match']);
    expect(await service.container.getBlobClient(upload.name).exists()).toBe(false);
  });
});

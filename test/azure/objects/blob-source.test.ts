/** The blob source against the real emulator, by way of a proxy that breaks things. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAzurite } from '../../../shared/local/azurite.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { createBlobServiceClient } from '../../../shared/objects/blob-client.ts';
import { openBlob } from '../../../shared/objects/blob-source.ts';
import type { OpenBlob, OpenBlobOptions } from '../../../shared/objects/blob-source.ts';
import type { ByteSource } from '../../../shared/objects/byte-source.ts';
import {
  CustomerKeyError,
  NotReadableError,
  ObjectAccessError,
  ObjectArchivedError,
  ObjectChangedError,
  ObjectGoneError,
  SourceReadError,
} from '../../../shared/objects/object-errors.ts';
import { CHUNK, copyChunks, describeByteSource } from '../../unit/shared/objects/byte-source-contract.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy, SeenRequest } from './fault-proxy.ts';

let azurite: AzuriteServer;
let proxy: FaultProxy;
/** Through the proxy, as the product makes it. */
let service: BlobServiceClient;
/** Past the proxy, for what the test does to the object. */
let inbox: ContainerClient;

beforeAll(async () => {
  azurite = await startAzurite({ account: 'watched' });
  proxy = await startFaultProxy(azurite.blobEndpoint);
  service = createBlobServiceClient(proxy.endpoint, new StorageSharedKeyCredential('watched', azurite.accountKey));
  inbox = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('inbox');
  await inbox.create();
});
afterAll(async () => {
  await proxy.close();
  await azurite.close();
});
beforeEach(() => {
  proxy.reset();
});

/** Small ranges and short waits, so that small objects show what large ones do. */
const small: OpenBlobOptions = { rangeSizeInBytes: CHUNK, rangesInFlight: 3, retryDelayInMs: 5 };

async function upload(bytes: Uint8Array, objectName: string = randomUUID()): Promise<string> {
  await inbox.getBlockBlobClient(objectName).uploadData(bytes);
  return objectName;
}

const open = (objectName: string, options: OpenBlobOptions = small): Promise<OpenBlob> =>
  openBlob(service, { container: 'inbox', objectName }, options);

async function openBytes(bytes: Uint8Array, options: OpenBlobOptions = small): Promise<ByteSource> {
  return (await open(await upload(bytes), options)).source;
}

const ranges = (): SeenRequest[] => proxy.seen.filter(({ method }) => method === 'GET');

const untilInFlight = (count: number): Promise<void> =>
  expect.poll(() => proxy.inFlight, { timeout: 10_000, interval: 5 }).toBe(count);

describeByteSource('a blob', (bytes) => openBytes(bytes), { seekable: true, held: () => proxy.inFlight });

describe('openBlob', () => {
  it('tells what the blob is', async () => {
    const blob = inbox.getBlockBlobClient('folder/report.txt');
    const uploaded = await blob.upload('hello', 5, {
      metadata: { process_name: 'a.exe' },
      blobHTTPHeaders: { blobContentType: 'text/plain' },
      tier: 'Cool',
    });
    const { properties, source } = await open('folder/report.txt');
    expect(properties).toEqual({
      account: 'watched',
      container: 'inbox',
      objectName: 'folder/report.txt',
      url: `${proxy.endpoint}/inbox/folder/report.txt`,
      eTag: uploaded.etag?.replaceAll('"', ''),
      versionId: undefined,
      sizeInBytes: 5,
      lastModified: uploaded.lastModified,
      metadata: { process_name: 'a.exe' },
      blobType: 'BlockBlob',
      accessTier: 'Cool',
      isArchived: false,
      isBeingCopied: false,
      contentType: 'text/plain',
    });
    expect(source.name).toBe(properties.url);
    expect(source.size).toBe(5);
    expect(proxy.seen[0]?.headers['user-agent']).toMatch(/^sluice azsdk-js-azure-storage-blob/);
  });

  it('reads page and append blobs, and says which they are', async () => {
    const page = inbox.getPageBlobClient('page');
    await page.create(1024);
    await page.uploadPages(Buffer.alloc(512, 7), 512, 512);
    const append = inbox.getAppendBlobClient('append');
    await append.create();
    await append.appendBlock('abc', 3);
    const openedPage = await open('page');
    expect(openedPage.properties.blobType).toBe('PageBlob');
    expect(Buffer.concat(await copyChunks(openedPage.source))).toEqual(
      Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 7)]),
    );
    const openedAppend = await open('append');
    expect(openedAppend.properties.blobType).toBe('AppendBlob');
    expect(Buffer.concat(await copyChunks(openedAppend.source)).toString()).toBe('abc');
  });

  it.each([
    'plain',
    'Ünïcödé/日本語/😀.bin',
    'with space and  two',
    'percent%20%2F%',
    'hash#and?question=1&x',
    'plus+and=equals',
    'double//slash',
    '/leading',
    'trailing/',
    'back\\slash',
    'quote\'"<>|:*',
    '...dots/.hidden/..x/y..',
    '%2e%2e/encoded steps',
    '~tilde^caret`tick{brace}',
  ])('opens exactly the object named %j', async (objectName) => {
    const bytes = randomBytes(50);
    await upload(bytes, objectName);
    const { properties, source } = await open(objectName);
    expect(properties.objectName).toBe(objectName);
    expect(properties.url).not.toMatch(/[?#]/);
    expect(Buffer.from(await source.readAt!(0, 100)).equals(bytes)).toBe(true);
    expect(decodeURIComponent(new URL(properties.url).pathname)).toBe(`/watched/inbox/${objectName}`);
  });

  it.each(['', '.', '..', '../other/secret', 'a/../b', 'a/./b', 'a/..', '\ud800'])(
    'refuses the name %j, which no URL can carry, without a request',
    async (objectName) => {
      await expect(open(objectName)).rejects.toBeInstanceOf(NotReadableError);
      expect(proxy.seen).toEqual([]);
    },
  );

  it('refuses a container name that would lead elsewhere', async () => {
    for (const container of ['', '.', '..']) {
      await expect(openBlob(service, { container, objectName: 'a' })).rejects.toBeInstanceOf(NotReadableError);
    }
    expect(proxy.seen).toEqual([]);
  });

  it('opens the version that was asked for, with and without quotes', async () => {
    const objectName = await upload(Buffer.from('one'));
    const { eTag } = (await open(objectName)).properties;
    for (const wanted of [eTag, `"${eTag}"`]) {
      const { properties } = await openBlob(service, { container: 'inbox', objectName, eTag: wanted }, small);
      expect(properties.eTag).toBe(eTag);
    }
    await upload(Buffer.from('two'), objectName);
    const other = openBlob(service, { container: 'inbox', objectName, eTag }, small);
    await expect(other).rejects.toBeInstanceOf(ObjectChangedError);
    await expect(other).rejects.toMatchObject({ code: 'OBJECT_CHANGED', retryable: false });
  });

  it.each(['*', '"*"', '', 'a"b', 'x\r\nx-ms-copy-source: y'])('takes %j for no version of anything', async (eTag) => {
    const objectName = await upload(Buffer.from('one'));
    await expect(openBlob(service, { container: 'inbox', objectName, eTag }, small)).rejects.toBeInstanceOf(
      ObjectChangedError,
    );
  });

  it('says that an object or its container is gone', async () => {
    await expect(open('missing')).rejects.toBeInstanceOf(ObjectGoneError);
    await expect(openBlob(service, { container: 'nowhere', objectName: 'a' }, small)).rejects.toBeInstanceOf(
      ObjectGoneError,
    );
  });

  it('says that access was refused, and keeps signatures out of names and errors', async () => {
    const objectName = await upload(Buffer.from('one'));
    const sas = await inbox.generateSasUrl({
      permissions: ContainerSASPermissions.parse('l'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    const listOnly = createBlobServiceClient(`${proxy.endpoint}${new URL(sas).search}`);
    const refused = await openBlob(listOnly, { container: 'inbox', objectName }, small).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(ObjectAccessError);
    expect(refused).toMatchObject({ retryable: true, hint: expect.stringContaining('Storage Blob Data Reader') });
    expect(inspect(refused, { depth: 9, showHidden: true })).not.toContain('sig=');

    const wrongKey = createBlobServiceClient(
      proxy.endpoint,
      new StorageSharedKeyCredential('watched', randomBytes(64).toString('base64')),
    );
    await expect(openBlob(wrongKey, { container: 'inbox', objectName }, small)).rejects.toBeInstanceOf(
      ObjectAccessError,
    );

    const readable = await inbox.getBlobClient(objectName).generateSasUrl({
      permissions: BlobSASPermissions.parse('r'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    const bySignature = createBlobServiceClient(`${proxy.endpoint}${new URL(readable).search}`);
    const { properties, source } = await openBlob(bySignature, { container: 'inbox', objectName }, small);
    expect(Buffer.concat(await copyChunks(source)).toString()).toBe('one');
    expect([properties.url, source.name]).toEqual(Array(2).fill(`${proxy.endpoint}/inbox/${objectName}`));
    await inbox.deleteBlob(objectName);
    const gone = await copyChunks(source).catch((error: unknown) => error);
    expect(inspect(gone, { depth: 9, showHidden: true })).not.toContain('sig=');
  });

  it.each([
    ['with its code', 409, { 'x-ms-error-code': 'BlobUsesCustomerSpecifiedEncryption' }],
    ['with the hash of the key', 200, { 'x-ms-encryption-key-sha256': 'abc=', etag: '"0x1"', 'content-length': '5' }],
  ])("says that the object's owner holds its key, which the service tells %s", async (_, status, headers) => {
    proxy.reset(() => ({ kind: 'answer', status, headers: headers }));
    await expect(open('encrypted')).rejects.toBeInstanceOf(CustomerKeyError);
  });

  it('opens an archived object and says so, but does not read it', async () => {
    const objectName = await upload(randomBytes(10));
    await inbox.getBlobClient(objectName).setAccessTier('Archive');
    const { properties, source } = await open(objectName);
    expect(properties).toMatchObject({ isArchived: true, accessTier: 'Archive', sizeInBytes: 10 });
    await expect(copyChunks(source)).rejects.toBeInstanceOf(ObjectArchivedError);
    await expect(source.readAt!(0, 1)).rejects.toMatchObject({ code: 'OBJECT_ARCHIVED', retryable: false });
    expect(ranges().length).toBe(2);
  });

  it('tries again while the service is busy, and then says that it was', async () => {
    const objectName = await upload(randomBytes(10));
    proxy.reset(({ index }) =>
      index < 4 ? { kind: 'answer', status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } } : undefined,
    );
    expect((await open(objectName)).properties.sizeInBytes).toBe(10);
    proxy.reset(() => ({ kind: 'answer', status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } }));
    await expect(open(objectName, { ...small, attemptsPerRange: 1 })).rejects.toMatchObject({
      code: 'OBJECT_READ_FAILED',
      retryable: true,
      message: expect.stringContaining('properties could not be read: 503 ServerBusy'),
    });
  });

  it('gives up on a service that does not answer', async () => {
    const never = new Promise<void>(() => undefined);
    proxy.reset(() => ({ kind: 'hold', until: never }));
    await expect(open('any', { ...small, stallTimeoutInMs: 50, attemptsPerRange: 2 })).rejects.toThrow(
      /nothing came for 50 ms/,
    );
  });

  it('rejects with the reason of an abort while it waits', async () => {
    const controller = new AbortController();
    const never = new Promise<void>(() => undefined);
    proxy.reset(() => {
      controller.abort('closing time');
      return { kind: 'hold', until: never };
    });
    await expect(open('any', { ...small, abortSignal: controller.signal })).rejects.toBe('closing time');
    await untilInFlight(0);
  });
});

describe('an object that changes while it is read', () => {
  it.each<[string, (objectName: string) => Promise<unknown>, new (message: string) => Error]>([
    ['is overwritten', (name) => upload(randomBytes(20 * CHUNK), name), ObjectChangedError],
    ['gets other metadata', (name) => inbox.getBlobClient(name).setMetadata({ a: '1' }), ObjectChangedError],
    ['is deleted', (name) => inbox.deleteBlob(name), ObjectGoneError],
    ['is archived', (name) => inbox.getBlobClient(name).setAccessTier('Archive'), ObjectArchivedError],
  ])('ends the stream when it %s', async (_, change, expected) => {
    const bytes = randomBytes(20 * CHUNK);
    const objectName = await upload(bytes);
    const { source } = await open(objectName);
    const seen: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of source.stream()) {
        seen.push(Uint8Array.from(chunk));
        if (seen.length === 1) await change(objectName);
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(expected);
    const delivered = Buffer.concat(seen);
    expect(delivered.length).toBeLessThan(bytes.length);
    expect(delivered.equals(bytes.subarray(0, delivered.length))).toBe(true);
    await expect(source.readAt!(0, 1)).rejects.toBeInstanceOf(expected);
  });

  it('goes on when only its index tags change', async () => {
    const bytes = randomBytes(5 * CHUNK);
    const objectName = await upload(bytes);
    const { source } = await open(objectName);
    await inbox.getBlobClient(objectName).setTags({ scanned: 'yes' });
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
  });

  it('sends the eTag with every range', async () => {
    const { source, properties } = await open(await upload(randomBytes(5 * CHUNK)));
    await copyChunks(source);
    await source.readAt!(3, 2 * CHUNK);
    expect(ranges().length).toBe(5 + 2);
    expect(ranges().every(({ headers }) => headers['if-match'] === `"${properties.eTag}"`)).toBe(true);
  });

  it('notices another eTag in an answer, although If-Match was ignored', async () => {
    const { source } = await open(await upload(randomBytes(CHUNK)));
    proxy.reset(() => ({ kind: 'headers', replace: { etag: '"0xOTHER"' } }));
    await expect(copyChunks(source)).rejects.toBeInstanceOf(ObjectChangedError);
    expect(ranges().length).toBe(1);
  });
});

describe('a blob over a bad line', () => {
  const bytes = randomBytes(12 * CHUNK + 345);
  const isRange = (request: SeenRequest, k: number): boolean => request.range?.first === k * CHUNK;

  it.each([0, 1, 5, 12])('delivers exact bytes when the connection is reset within range %i', async (k) => {
    const source = await openBytes(bytes);
    proxy.reset((request) => (isRange(request, k) ? { kind: 'reset', after: 200 } : undefined));
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
    // The rest of the range is asked for, not all of it.
    const again = ranges().filter(({ range }) => range!.first > k * CHUNK && range!.first < (k + 1) * CHUNK);
    expect(again.map(({ range }) => range!.first)).toEqual([k * CHUNK + 200]);
  });

  it('delivers exact bytes when every first connection is reset before any byte', async () => {
    const source = await openBytes(bytes);
    proxy.reset(({ range }) => (isFirst(range!.first) ? { kind: 'refuse' } : undefined));
    const starts = new Set<number>();
    function isFirst(start: number): boolean {
      return starts.size < starts.add(start).size;
    }
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
  });

  it('delivers exact bytes when every answer is shorter than asked for', async () => {
    const source = await openBytes(bytes);
    proxy.reset(({ range }) => ({ kind: 'short', length: Math.min(400, range!.last - range!.first + 1) }));
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
    expect(Buffer.from(await source.readAt!(500, 5_000)).equals(bytes.subarray(500, 5_500))).toBe(true);
  });

  it('delivers exact bytes of a body that comes a byte at a time', async () => {
    const source = await openBytes(bytes.subarray(0, 2 * CHUNK));
    proxy.reset(() => ({ kind: 'slow', pieceLength: 1, pauseInMs: 0 }));
    expect(Buffer.concat(await copyChunks(source)).equals(bytes.subarray(0, 2 * CHUNK))).toBe(true);
  });

  it('does not take a body for silent that is only slow', async () => {
    // Longer in all than the limit, which each pause is well below.
    const source = await openBytes(bytes.subarray(0, 600), { ...small, stallTimeoutInMs: 800 });
    proxy.reset(() => ({ kind: 'slow', pieceLength: 100, pauseInMs: 200 }));
    expect(Buffer.concat(await copyChunks(source)).equals(bytes.subarray(0, 600))).toBe(true);
    expect(ranges().length).toBe(1);
  });

  it('tries another connection when one goes silent in the middle', async () => {
    const source = await openBytes(bytes, { ...small, stallTimeoutInMs: 100 });
    proxy.reset((request) => (isRange(request, 2) ? { kind: 'silent', after: 300 } : undefined));
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
    expect(ranges().some(({ range }) => range!.first === 2 * CHUNK + 300)).toBe(true);
    await untilInFlight(0);
  });

  it('waits as long as a busy server asks, and then goes on', async () => {
    const source = await openBytes(bytes);
    const busyUntil = { at: 0 };
    let refused = 0;
    let early = 0;
    proxy.reset((request) => {
      if (!isRange(request, 4)) return undefined;
      // The client's own tries come first; after them the wait that was asked for is kept.
      if (refused < 3) {
        refused++;
        busyUntil.at = performance.now() + 1_000;
        return { kind: 'answer', status: 503, headers: { 'retry-after': '1', 'x-ms-error-code': 'ServerBusy' } };
      }
      if (performance.now() < busyUntil.at - 5) early++;
      return undefined;
    });
    expect(Buffer.concat(await copyChunks(source)).equals(bytes)).toBe(true);
    expect([refused, early]).toEqual([3, 0]);
  });

  it('says which range could not be read once its attempts are used up, after delivering what stands before it', async () => {
    const source = await openBytes(bytes, { ...small, attemptsPerRange: 3 });
    proxy.reset(({ range }) =>
      range!.first >= 5 * CHUNK && range!.first < 6 * CHUNK ? { kind: 'reset', after: 10 } : undefined,
    );
    const chunks: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of source.stream()) chunks.push(Uint8Array.from(chunk));
    })();
    await expect(reading).rejects.toBeInstanceOf(SourceReadError);
    await expect(reading).rejects.toMatchObject({ retryable: true, where: source.name });
    await expect(reading).rejects.toThrow('range 5000-5999 could not be read in 3 attempts: ');
    expect(Buffer.concat(chunks).equals(bytes.subarray(0, 5 * CHUNK))).toBe(true);
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['of another place', { 'content-range': 'bytes 0-999/12345' }],
    ['of an object of another size', { 'content-range': 'bytes 1000-1999/99999' }],
    ['without a place', { 'content-range': undefined }],
  ])('uses no bytes of an answer %s', async (_, replace) => {
    const source = await openBytes(bytes, { ...small, attemptsPerRange: 2 });
    proxy.reset((request) => (isRange(request, 1) ? { kind: 'headers', replace } : undefined));
    await expect(copyChunks(source)).rejects.toThrow(
      /range 1000-1999 could not be read in 2 attempts: .*the answer is not of/,
    );
  });
});

it('uses no bytes beyond those it asked for', async () => {
  const { source, properties } = await open(await upload(randomBytes(CHUNK)), { ...small, attemptsPerRange: 2 });
  const headers = { etag: `"${properties.eTag}"`, 'content-range': 'bytes 0-999/1000', 'content-length': '1001' };
  proxy.reset(() => ({ kind: 'answer', status: 206, headers, body: 'x'.repeat(1001) }));
  await expect(copyChunks(source)).rejects.toThrow('the answer has more bytes than were asked for');
});

describe('reading ahead of the consumer', () => {
  it('keeps to its bound, however slow the consumer is', async () => {
    const bytes = randomBytes(20 * CHUNK);
    const source = await openBytes(bytes, { ...small, rangesInFlight: 4 });
    proxy.reset();
    let position = 0;
    for await (const chunk of source.stream()) {
      // The chunk in hand and three behind it, or what is left.
      const asked = Math.min(20, position + 4);
      await proxy.untilEnded(asked);
      expect(ranges().length).toBe(asked);
      expect(Buffer.from(chunk).equals(bytes.subarray(position * CHUNK, (position + 1) * CHUNK))).toBe(true);
      position++;
    }
    expect(position).toBe(20);
    expect(proxy.highestInFlight).toBeLessThanOrEqual(4);
  });

  it('has as many ranges in flight as it may, and no more', async () => {
    const source = await openBytes(randomBytes(20 * CHUNK), { ...small, rangesInFlight: 4 });
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    proxy.reset(() => ({ kind: 'hold', until }));
    const reading = copyChunks(source);
    await untilInFlight(4);
    release();
    expect((await reading).length).toBe(20);
    expect(proxy.highestInFlight).toBe(4);
  });

  it('ends the downloads in flight when the consumer stops', async () => {
    const source = await openBytes(randomBytes(20 * CHUNK), { ...small, rangesInFlight: 4 });
    proxy.reset((request) => (request.range?.first === 0 ? undefined : { kind: 'silent', after: 100 }));
    for await (const chunk of source.stream()) {
      expect(chunk.length).toBe(CHUNK);
      await untilInFlight(3);
      break;
    }
    await untilInFlight(0);
    expect(ranges().length).toBe(4);
  });

  it('ends the downloads in flight on an abort, and rejects with its reason while it waits for bytes', async () => {
    const source = await openBytes(randomBytes(20 * CHUNK));
    proxy.reset(() => ({ kind: 'silent', after: 5 }));
    const controller = new AbortController();
    const reason = new Error('the day is over');
    const both = Promise.allSettled([
      copyChunks(source, { abortSignal: controller.signal }),
      source.readAt!(0, 10, { abortSignal: controller.signal }),
    ]);
    await untilInFlight(4);
    controller.abort(reason);
    expect(await both).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    await untilInFlight(0);
  });

  it('streams 256 MiB in flat memory', async () => {
    const size = 256 * 1024 * 1024;
    const block = randomBytes(1_048_573);
    const blob = inbox.getBlockBlobClient('large');
    await blob.uploadStream(
      Readable.from(
        (function* () {
          for (let left = size; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
        })(),
        { objectMode: false },
      ),
      8 * 1024 * 1024,
      2,
    );
    const { source } = await openBlob(createBlobServiceClient(azurite.blobEndpoint, service.credential), {
      container: 'inbox',
      objectName: 'large',
    });
    let position = 0;
    let wrong = 0;
    let highest = 0;
    let early = 0;
    for await (const chunk of source.stream()) {
      const phase = position % block.length;
      const sample = Math.min(64, block.length - phase);
      if (!Buffer.from(chunk.subarray(0, sample)).equals(block.subarray(phase, phase + sample))) wrong++;
      position += chunk.length;
      const { rss } = process.memoryUsage();
      if (position <= 32 * 1024 * 1024) early = Math.max(early, rss);
      highest = Math.max(highest, rss);
    }
    expect([position, wrong]).toEqual([size, 0]);
    expect(highest - early).toBeLessThan(64 * 1024 * 1024);
  });
});

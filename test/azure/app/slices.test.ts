/** Scans that take more than one worker: slices, drains, crashes and takeovers, over real storage. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';
import type { QueueHostEvent } from '../../../shared/local/queue-host.ts';
import { ScanSlots } from '../../../shared/scanner/scan-slots.ts';
import type { SeenRequest } from '../objects/fault-proxy.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';

const MiB = 1024 * 1024;
/** `SLUICE_TEST_SLICED_MIB=2048` makes the object of twelve slices one of 2 GiB, which takes six minutes and 5 GB of memory. */
const SLICED_MIB = Number(process.env.SLUICE_TEST_SLICED_MIB ?? 12);
const CHECKPOINTS = 'sluice-checkpoints';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
});
afterAll(() => service.close());

const large = (tail: Uint8Array): Buffer => Buffer.concat([Buffer.alloc(12 * MiB, 'ab cd '), tail]);
const isRangeOf = ({ name }: Upload, { path, range }: SeenRequest): boolean =>
  path.includes(`/uploads/${name}`) && range !== undefined;

/** Every range of the object from this offset on waits; resolves when the first one does. */
function stallAt(object: Upload, offset: number): Promise<void> {
  return new Promise((resolve) => {
    service.proxy.reset((request) => {
      if (!isRangeOf(object, request) || request.range!.first < offset) return undefined;
      resolve();
      return { kind: 'hold', until: new Promise(() => undefined) };
    });
  });
}

/** Handles the object's event and the messages that follow from it; how many there were, ten at most. */
async function handleSlices(app: App, object: Upload): Promise<number> {
  let message: unknown = service.event(object);
  let slices = 0;
  for (; message !== undefined && slices < 10; slices++) {
    await app.handleMessage(message, { dequeueCount: 1 });
    [message] = await service.takeMessages();
  }
  return slices;
}

/** Starts an app, lets it scan up to the offset, and drains it. */
async function scanAndDrain(message: unknown, object: Upload, offset: number, dequeueCount = 1): Promise<unknown> {
  const app = await service.start();
  const isStalled = stallAt(object, offset);
  const work = app.handleMessage(message, { dequeueCount, id: 'm' });
  await isStalled;
  // What was read before it must have been scanned, or this would test the wrong thing.
  await expect.poll(() => service.proxy.ended).toBeGreaterThanOrEqual(offset / MiB);
  await app.drain();
  const [handled] = await work;
  service.proxy.reset();
  return handled;
}

describe('a scan that is left in the middle', () => {
  it('goes on with a message of its own, where it was left, and ends as if it never had been', async () => {
    const bytes = large(malicious);
    const object = await service.upload(bytes);
    expect(await scanAndDrain(service.event(object), object, 6 * MiB)).toMatchObject({
      reports: [],
      left: 'nextSlice',
    });
    expect(service.outcomesOf(object.name)).toEqual([]);
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'running', isHeld: false, generation: 1 }]);
    expect(await service.blobsIn(CHECKPOINTS)).toHaveLength(1);

    const [message] = await service.takeMessages();
    expect(message).toMatchObject({ generation: 1, scan: { eTag: object.eTag.replaceAll('"', '') } });
    await (await service.start()).handleMessage(message, { dequeueCount: 1 });
    const firsts = service.proxy.seen.filter((request) => isRangeOf(object, request)).map(({ range }) => range!.first);
    expect(Math.min(...firsts)).toBeGreaterThanOrEqual(3 * MiB);
    expect(service.outcomesOf(object.name)).toEqual(['match']);
    expect(service.scansOf(object.name)[0]).toMatchObject({
      Sha256: createHash('sha256').update(bytes).digest('hex'),
      BytesRead: bytes.length + malicious.length - 12,
    });
    expect(service.findingsOf(object.name)).toMatchObject([{ Evidence: [{ offset: 12 * MiB + 11 }] }]);
    // Nothing of the object is kept.
    expect(await service.blobsIn(CHECKPOINTS)).toEqual([]);
  });

  it('ends once, whichever of its messages come again, late or twice', async () => {
    const object = await service.upload(large(harmless));
    const event = service.event(object);
    await scanAndDrain(event, object, 4 * MiB);
    const [first] = await service.takeMessages();
    await scanAndDrain(first, object, 8 * MiB);
    const [second] = await service.takeMessages();
    const app = await service.start();
    // The one of the slice that is over has nothing to do.
    expect(await app.handleMessage(first, { dequeueCount: 1 })).toMatchObject([{ left: 'elsewhere', reports: [] }]);
    expect(service.outcomesOf(object.name)).toEqual([]);
    await app.handleMessage(second, { dequeueCount: 1 });
    for (const message of [event, first, second]) await app.handleMessage(message, { dequeueCount: 2 });
    expect(service.outcomesOf(object.name)).toEqual(['clean']);
  });

  it('goes on with the event when the message for the next slice was never sent', async () => {
    const object = await service.upload(large(malicious));
    const event = service.event(object);
    await scanAndDrain(event, object, 6 * MiB);
    const [lost] = await service.takeMessages();
    expect(lost).toBeDefined();
    await (await service.start()).handleMessage(event, { dequeueCount: 2 });
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });

  it('begins anew when its checkpoint is gone or damaged, and says so', async () => {
    for (const spoil of ['delete', 'damage'] as const) {
      const object = await service.upload(large(malicious));
      await scanAndDrain(service.event(object), object, 6 * MiB);
      const [message] = await service.takeMessages();
      const state = BlobServiceClient.fromConnectionString(service.connectionString);
      const [name] = await service.blobsIn(CHECKPOINTS);
      const blob = state.getContainerClient(CHECKPOINTS).getBlockBlobClient(name!);
      if (spoil === 'delete') await blob.delete();
      else await blob.upload('SLUICESC and so on', 18);
      await (await service.start()).handleMessage(message, { dequeueCount: 1 });
      expect(service.outcomesOf(object.name)).toEqual(['match']);
      expect(service.lines.filter((line) => line.includes('a checkpoint is of no use')).length).toBeGreaterThan(0);
      service.lines.length = 0;
    }
  });

  it('is scanned as it is then when the object was replaced meanwhile, which is told', async () => {
    const object = await service.upload(large(harmless));
    await scanAndDrain(service.event(object), object, 6 * MiB);
    const [message] = await service.takeMessages();
    const current = await service.upload(malicious, object.name);
    await (await service.start()).handleMessage(message, { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual(['match', 'superseded']);
    expect(service.scansOf(object.name).map(({ ETag }) => ETag)).toEqual(
      [current.eTag, object.eTag].map((eTag) => eTag.replaceAll('"', '')),
    );
    expect(await service.blobsIn(CHECKPOINTS)).toEqual([]);
  });

  it('records versions that went before the first slice only when the last one has ended', async () => {
    const old = await service.upload(harmless);
    const object = await service.upload(large(malicious), old.name);
    await scanAndDrain(service.event(old), object, 6 * MiB);
    const [message] = await service.takeMessages();
    expect(service.outcomesOf(object.name)).toEqual([]);
    await (await service.start()).handleMessage(message, { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual(['match', 'superseded']);
  });
});

describe('a scan that another message is at', () => {
  it('is left to it', async () => {
    const object = await service.upload(large(malicious));
    const isStalled = stallAt(object, 2 * MiB);
    const app = await service.start();
    const work = app.handleMessage(service.event(object), { dequeueCount: 1 });
    await isStalled;
    const other = await service.start();
    expect(await other.handleMessage(service.event(object), { dequeueCount: 1 })).toMatchObject([
      { left: 'elsewhere' },
    ]);
    await app.drain();
    await work;
    service.proxy.reset();
    const [message] = await service.takeMessages();
    await other.handleMessage(message, { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });

  it('is taken over when its worker has died, and a worker that only seemed dead gives up', async () => {
    const object = await service.upload(large(malicious));
    const isStalled = stallAt(object, 2 * MiB);
    const limits = { ledgerOptions: { staleAfterInMs: 50 }, sliceLimits: { heartbeatInMs: 100 } };
    const slow = await service.start({}, limits);
    const work = slow.handleMessage(service.event(object), { dequeueCount: 1 });
    await isStalled;
    await expect
      .poll(async () => {
        const [entry] = await service.entriesOf(object.name);
        return Date.now() - Number(entry?.heartbeatAt);
      })
      .toBeGreaterThan(60);
    // What is held stays held; what others ask for passes.
    service.proxy.reset();
    const other = await service.start({}, limits);
    await other.handleMessage(service.event(object), { dequeueCount: 2 });
    expect(await work).toMatchObject([{ left: 'elsewhere', reports: [] }]);
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });
});

describe('a scan that finds its worker full', () => {
  it('is passed on to others, unless its message has failed before', async () => {
    const object = await service.upload(malicious);
    const slots = new ScanSlots();
    const giveBack = await slots.acquire({ sizeInBytes: 1, isAlone: true });
    const app = await service.start({}, { slots, sliceLimits: { firstSlotWaitInMs: 20 } });
    expect(await app.handleMessage(service.event(object), { dequeueCount: 1 })).toMatchObject([{ left: 'nextSlice' }]);
    const [message, ...others] = await service.takeMessages();
    expect(others).toEqual([]);
    const work = app.handleMessage(message, { dequeueCount: 2 });
    await expect.poll(() => slots.waiting).toBe(1);
    giveBack();
    await work;
    expect(service.outcomesOf(object.name)).toEqual(['match']);
    expect(await service.takeMessages()).toEqual([]);
  });
});

const LIMIT_IN_MS = 40_000 + 120 * SLICED_MIB;

/** In pieces, since no more than 2 GiB may be given at once. */
function sha256Of(bytes: Buffer): string {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += 64 * MiB) hash.update(bytes.subarray(at, at + 64 * MiB));
  return hash.digest('hex');
}

function highestCount(events: readonly QueueHostEvent[]): number {
  return Math.max(...events.map((event) => ('dequeueCount' in event ? event.dequeueCount : 0)));
}

describe('a scan in many slices', () => {
  it(
    `of 12 never comes near the poison queue, whose limit is 5 (${SLICED_MIB} MiB)`,
    async () => {
      const bytes = Buffer.concat([Buffer.alloc(SLICED_MIB * MiB, 'ab cd '), malicious]);
      const step = Math.floor((SLICED_MIB * MiB) / 12);
      const object = await service.upload(bytes);
      // Each slice gets one range further than the last, then none for the rest of its time.
      let granted = 0;
      service.proxy.reset((request) => {
        if (!isRangeOf(object, request)) return undefined;
        if (request.range!.first < granted * step || granted >= 12) return undefined;
        return { kind: 'hold', until: new Promise(() => undefined) };
      });
      const app = await service.start(
        { sliceInMs: 400 + 5 * SLICED_MIB },
        { sliceLimits: { checkpointEveryBytes: step } },
      );
      const events: QueueHostEvent[] = [];
      let slices = 0;
      const host = new QueueHost(
        async (message, metadata) => {
          granted += 1;
          slices += 1;
          await app.handleMessage(message, metadata);
        },
        {
          connectionString: service.connectionString,
          queueName: service.config.queueName,
          functionName: 'scan-on-upload',
          settings: readQueueSettings(join(import.meta.dirname, '..', '..', '..', 'host.json')),
          minPollingIntervalInMs: 10,
          onEvent: (event) => events.push(event),
        },
      );
      await service.queue.sendMessage(Buffer.from(JSON.stringify(service.event(object))).toString('base64'));
      host.start();
      await expect.poll(() => service.outcomesOf(object.name), { timeout: LIMIT_IN_MS }).toEqual(['match']);
      await host.stop();
      expect(slices).toBeGreaterThanOrEqual(12);
      expect(events.filter(({ kind }) => kind === 'failed' || kind === 'poisoned' || kind === 'error')).toEqual([]);
      expect(service.scansOf(object.name)[0]).toMatchObject({
        Sha256: sha256Of(bytes),
      });
      expect(service.findingsOf(object.name)).toMatchObject([{ Evidence: [{ offset: SLICED_MIB * MiB + 11 }] }]);
      console.log(`${SLICED_MIB} MiB in ${slices} slices, highest dequeue count ${highestCount(events)}`);
    },
    LIMIT_IN_MS * 2,
  );

  it('that comes no further in three of them is incomplete: noProgress', async () => {
    const object = await service.upload(large(harmless));
    void stallAt(object, 3 * MiB);
    const app = await service.start({ sliceInMs: 300 });
    const slices = await handleSlices(app, object);
    expect(slices).toBeGreaterThanOrEqual(4);
    expect(slices).toBeLessThan(10);
    expect(service.outcomesOf(object.name)).toEqual(['incomplete: noProgress']);
    expect(await service.blobsIn(CHECKPOINTS)).toEqual([]);
  });

  it('that takes longer than it may, all of them together, is incomplete: deadline', async () => {
    const object = await service.upload(large(harmless));
    void stallAt(object, 3 * MiB);
    const app = await service.start({ sliceInMs: 300, deadlineInMs: 500 });
    const slices = await handleSlices(app, object);
    expect(slices).toBe(2);
    expect(service.outcomesOf(object.name)).toEqual(['incomplete: deadline']);
  });
});

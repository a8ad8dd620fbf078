/** Reports that no sink takes: kept, tried again ever more rarely, and delivered without a second look at the object. */
import { randomUUID } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppOverrides } from '../../../shared/app.ts';
import { malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';

const OUTBOX = 'sluice-outbox';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
  service.lines.length = 0;
});
afterAll(() => service.close());

/** Messages of the outbox are visible at once. */
const atOnce: AppOverrides = { outboxLimits: { firstDelayInMs: 0, countedForMs: 0 } };
const unavailable = (count: number): void => {
  service.endpoint.failNext(Array.from({ length: count }, () => ({ status: 503 })));
};
/** How often the object was read from its first byte on. */
const readsOf = ({ name }: Upload): number =>
  service.proxy.seen.filter(({ path, range }) => path.includes(encodeURIComponent(name)) && range?.first === 0).length;

/** Hands every message to an app until none is left. */
async function handleAll(overrides: AppOverrides = atOnce): Promise<number> {
  const app = await service.start({}, overrides);
  for (let count = 0; ;) {
    const messages = await service.takeMessages();
    if (messages.length === 0) return count;
    count += messages.length;
    await Promise.all(messages.map((message) => app.handleMessage(message, { dequeueCount: 1 })));
  }
}

describe('a report that no sink takes', () => {
  it('waits, is delivered when they do, and its object is read once', async () => {
    const object = await service.upload(malicious);
    unavailable(2_000);
    const app = await service.start({}, atOnce);
    await app.handleMessage(service.event(object), { dequeueCount: 1 });
    // Done as far as the message goes, and nothing is there yet.
    expect(service.outcomesOf(object.name)).toEqual([]);
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'match' }]);
    expect(await service.blobsIn(OUTBOX)).toHaveLength(1);
    for (const attempt of [1, 2]) {
      const [message, ...others] = await service.takeMessages();
      expect([message, ...others]).toMatchObject([{ deliver: expect.any(String), attempt }]);
      await app.handleMessage(message, { dequeueCount: 1 });
      expect(await service.blobsIn(OUTBOX)).toHaveLength(1);
    }
    service.endpoint.clearFaults();
    await handleAll();
    expect(service.outcomesOf(object.name)).toEqual(['match']);
    expect(service.findingsOf(object.name)).toHaveLength(1);
    expect(await service.blobsIn(OUTBOX)).toEqual([]);
    await app.handleMessage(service.event(object), { dequeueCount: 2 });
    expect(readsOf(object)).toBe(1);
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });

  it('because nobody is let in waits as well', async () => {
    const object = await service.upload(malicious);
    service.endpoint.failNext([{ status: 403, code: 'OperationFailed' }]);
    await (await service.start({}, atOnce)).handleMessage(service.event(object), { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual([]);
    expect(service.lines.join('')).toContain('a report waits in the outbox');
    await handleAll();
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });

  it('is tried after 30 seconds first, then ever later', async () => {
    const object = await service.upload(malicious);
    unavailable(2_000);
    const delays: number[] = [];
    const sent: unknown[] = [];
    const queue = {
      send: async (message: unknown, { delayInMs = 0 }: { delayInMs?: number } = {}) => {
        delays.push(delayInMs);
        sent.push(message);
      },
    };
    const app = await service.start({}, { queue });
    await app.handleMessage(service.event(object), { dequeueCount: 1 });
    const { deliver } = sent[0] as { deliver: string };
    for (const attempt of [1, 2, 6, 7, 60]) await app.handleMessage({ deliver, attempt }, { dequeueCount: 1 });
    service.endpoint.clearFaults();
    expect(sent.map((message) => (message as { attempt: number }).attempt)).toEqual([1, 2, 3, 7, 8, 61]);
    const expected = [30, 60, 120, 1_800, 1_800, 1_800].map((seconds) => seconds * 1_000);
    for (const [index, least] of expected.entries()) {
      expect(delays[index]).toBeGreaterThanOrEqual(least);
      expect(delays[index]).toBeLessThanOrEqual(least * 1.1);
    }
    await app.handleMessage({ deliver, attempt: 9 });
    expect(service.outcomesOf(object.name)).toEqual(['match']);
  });

  it('for a week is put aside, and not thrown away', async () => {
    const object = await service.upload(malicious);
    unavailable(2_000);
    const app = await service.start({}, { outboxLimits: { firstDelayInMs: 0, keptForMs: 0 } });
    await app.handleMessage(service.event(object), { dequeueCount: 1 });
    const [message] = await service.takeMessages();
    await app.handleMessage(message, { dequeueCount: 1 });
    service.endpoint.clearFaults();
    expect(await service.takeMessages()).toEqual([]);
    expect(await service.blobsIn(OUTBOX)).toEqual([expect.stringMatching(/^expired\/[0-9a-f]{64}$/)]);
    expect(service.lines.join('')).toContain('sluice replay');
    const state = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(OUTBOX);
    for (const name of await service.blobsIn(OUTBOX)) await state.deleteBlob(name);
  });

  it('that turns out to be none is put aside, and one that is gone is no fault', async () => {
    const [damaged, gone, other] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
    const state = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(OUTBOX);
    await state.createIfNotExists();
    for (const [name, text] of [
      [damaged, '{"scanId": "x"'],
      [other, JSON.stringify({ scanId: damaged, outcome: { verdict: 'clean' } })],
    ] as const) {
      await state.getBlockBlobClient(`waiting/${name}`).upload(text, text.length);
    }
    const app = await service.start({}, atOnce);
    for (const deliver of [damaged, gone, other]) await app.handleMessage({ deliver, attempt: 1 }, { dequeueCount: 1 });
    expect(await service.blobsIn(OUTBOX)).toEqual([`damaged/${damaged}`, `damaged/${other}`]);
    for (const name of await service.blobsIn(OUTBOX)) await state.deleteBlob(name);
  });
});

describe('while many reports wait', () => {
  it('no scan is begun, and all are made when they have gone', async () => {
    const objects = await Promise.all(Array.from({ length: 4 }, () => service.upload(malicious)));
    unavailable(2_000);
    const limits = { outboxLimits: { firstDelayInMs: 0, countedForMs: 0, reports: 1 } };
    const sent: { readonly message: unknown; readonly delayInMs: number }[] = [];
    const queue = {
      send: async (message: unknown, { delayInMs = 0 }: { delayInMs?: number } = {}) => {
        sent.push({ message, delayInMs });
      },
    };
    const app = await service.start({}, { ...limits, queue });
    for (const object of objects) await app.handleMessage(service.event(object), { dequeueCount: 1 });
    expect(objects.map(readsOf)).toEqual([1, 1, 0, 0]);
    const put = sent.filter(({ message }) => Array.isArray(message));
    expect(put).toHaveLength(2);
    for (const { delayInMs } of put) expect(delayInMs).toBeGreaterThanOrEqual(5 * 60_000);
    service.endpoint.clearFaults();
    // Messages that were put off are like those they were made from.
    for (const { message } of [...sent].sort((a, b) => a.delayInMs - b.delayInMs)) await app.handleMessage(message);
    expect(objects.map(({ name }) => service.outcomesOf(name))).toEqual(objects.map(() => ['match']));
  });
});

it('a burst during an outage reads each object once, and every row arrives', async () => {
  const objects = await Promise.all(
    Array.from({ length: 30 }, () => service.upload(malicious, `burst-${randomUUID()}`)),
  );
  unavailable(10_000);
  const app = await service.start({}, atOnce);
  await Promise.all(objects.map((object) => app.handleMessage(service.event(object), { dequeueCount: 1 })));
  service.endpoint.clearFaults();
  await handleAll();
  expect(objects.map(({ name }) => service.outcomesOf(name))).toEqual(objects.map(() => ['match']));
  expect(objects.reduce((sum, object) => sum + readsOf(object), 0)).toBe(objects.length);
});

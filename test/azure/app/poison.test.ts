/** Messages that failed too often: recorded, kept and replayed, and never against what is known of the scan. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service } from './service.ts';

const POISON = 'sluice-poison';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
});
afterAll(() => service.close());

describe('a message that failed too often', () => {
  it('is recorded as failed and kept, once, however often its copy comes', async () => {
    const object = await service.upload(malicious);
    const app = await service.start();
    const event = service.event(object);
    const before = (await service.blobsIn(POISON)).length;
    expect(await app.handlePoison(event)).toMatchObject([{ reports: [{ outcome: { reason: 'poison' } }] }]);
    expect(await app.handlePoison(event)).toMatchObject([{ reports: [] }]);
    expect(service.outcomesOf(object.name)).toEqual(['failed: poison']);
    expect(await service.blobsIn(POISON)).toHaveLength(before + 1);
  });

  it('is scanned after all when it comes again', async () => {
    const object = await service.upload(malicious);
    const app = await service.start();
    await app.handlePoison(service.event(object));
    await app.handleMessage(service.event(object), { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual(['failed: poison', 'match']);
  });

  it('has nothing to say where the scan has ended after all', async () => {
    const object = await service.upload(harmless);
    const app = await service.start();
    await app.handleMessage(service.event(object));
    const before = await service.blobsIn(POISON);
    await app.handlePoison(service.event(object));
    expect(service.outcomesOf(object.name)).toEqual(['clean']);
    expect(await service.blobsIn(POISON)).toEqual(before);
  });

  it('waits while another worker scans, and is put back when that one has gone silent', async () => {
    const object = await service.upload(malicious);
    let isReading = (): void => undefined;
    const reading = new Promise<void>((resolve) => (isReading = resolve));
    service.proxy.reset(({ path, range }) => {
      if (!path.includes(object.name) || range === undefined) return undefined;
      isReading();
      return { kind: 'hold', until: new Promise(() => undefined) };
    });
    const app = await service.start();
    const work = app.handleMessage(service.event(object), { dequeueCount: 5 });
    await reading;
    await expect(app.handlePoison(service.event(object))).rejects.toMatchObject({
      code: 'POISON_TOO_EARLY',
      retryable: true,
    });
    expect(service.outcomesOf(object.name)).toEqual([]);
    const later = await service.start({}, { ledgerOptions: { staleAfterInMs: 1 } });
    expect(await later.handlePoison(service.event(object))).toMatchObject([{ reports: [], left: 'elsewhere' }]);
    expect(service.outcomesOf(object.name)).toEqual([]);
    expect(await service.takeMessages()).toMatchObject([
      { scan: { eTag: object.eTag.replaceAll('"', '') }, returns: 1 },
    ]);
    await app.drain();
    await work;
  });

  it('is recorded when workers went silent while they scanned nothing else, or when it was put back three times', async () => {
    const objects = [await service.upload(malicious), await service.upload(malicious)] as const;
    const isHeld = (path: string): boolean => objects.some(({ name }) => path.includes(name));
    let reads = 0;
    service.proxy.reset(({ path, range }) => {
      if (!isHeld(path) || range === undefined) return undefined;
      reads += 1;
      return { kind: 'hold', until: new Promise(() => undefined) };
    });
    const app = await service.start();
    const event = service.event(objects[0]);
    const first = app.handleMessage(event, { dequeueCount: 4 });
    await expect.poll(() => reads).toBe(1);
    const other = await service.start();
    const second = other.handleMessage(event, { dequeueCount: 5 });
    await expect.poll(() => reads).toBe(2);
    const later = await service.start({}, { ledgerOptions: { staleAfterInMs: 1 } });
    await later.handlePoison(event);
    expect(service.outcomesOf(objects[0].name)).toEqual(['failed: poison']);

    const third = (await service.start()).handleMessage(service.event(objects[1]), { dequeueCount: 1 });
    await expect.poll(() => reads).toBe(3);
    let message: unknown = service.event(objects[1]);
    for (const returns of [1, 2, 3]) {
      await later.handlePoison(message);
      [message] = await service.takeMessages();
      expect(message).toMatchObject({ returns });
    }
    await later.handlePoison(message);
    expect(service.outcomesOf(objects[1].name)).toEqual(['failed: poison']);
    service.proxy.reset();
    await Promise.all([app, other].map((each) => each.drain()));
    void Promise.allSettled([first, second, third]);
  });

  it('leaves a scan alone that went on with another message', async () => {
    const object = await service.upload(Buffer.concat([Buffer.alloc(4 * 1024 * 1024), malicious]));
    service.proxy.reset(({ path, range }) =>
      path.includes(object.name) && range !== undefined && range.first > 0
        ? { kind: 'hold', until: new Promise(() => undefined) }
        : undefined,
    );
    const app = await service.start({ sliceInMs: 300 });
    await app.handleMessage(service.event(object), { dequeueCount: 5 });
    service.proxy.reset();
    const [message] = await service.takeMessages();
    await app.handlePoison(service.event(object));
    expect(service.outcomesOf(object.name)).toEqual([]);
    await (await service.start()).handleMessage(message, { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toEqual(['match']);
    // And the next slice's own message, when that is given up, is recorded like any other.
    const other = await service.upload(harmless);
    const own = {
      ...(message as object),
      scan: {
        ...(message as { scan: object }).scan,
        url: `${service.proxy.endpoint}/uploads/${other.name}`,
        eTag: other.eTag.replaceAll('"', ''),
      },
    };
    await app.handlePoison(own);
    expect(service.outcomesOf(other.name)).toEqual(['failed: poison']);
  });

  it('that asks for no scan is recorded as what it is, and one of the outbox goes back to it', async () => {
    const app = await service.start();
    const [handled] = await app.handlePoison('no event at all', { id: 'poisoned-1' });
    expect(handled?.reports.map(({ outcome }) => outcome.reason)).toEqual(['malformedMessage']);
    const sent: unknown[] = [];
    const queue = { send: async (message: unknown, options: unknown) => void sent.push([message, options]) };
    const deliver = 'd'.repeat(64);
    expect(await (await service.start({}, { queue })).handlePoison({ deliver, attempt: 3 })).toEqual([]);
    expect(sent).toEqual([[{ deliver, attempt: 3 }, { delayInMs: 30 * 60_000 }]]);
  });
});

it('reaches the function through the poison queue of the host, after five failures', async () => {
  const object = await service.upload(malicious);
  service.proxy.reset(({ path, method }) =>
    method === 'HEAD' && path.includes(object.name)
      ? { kind: 'answer', status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } }
      : undefined,
  );
  const app = await service.start();
  const settings = {
    ...readQueueSettings(join(import.meta.dirname, '..', '..', '..', 'host.json')),
    visibilityTimeoutInSeconds: 0,
  };
  const common = { connectionString: service.connectionString, settings, minPollingIntervalInMs: 10 };
  const { queueName } = service.config;
  const hosts = [
    new QueueHost(app.handleMessage, { ...common, queueName, functionName: 'scan-on-upload' }),
    new QueueHost(app.handlePoison, { ...common, queueName: `${queueName}-poison`, functionName: 'record-poison' }),
  ];
  await service.queue.sendMessage(Buffer.from(JSON.stringify(service.event(object))).toString('base64'));
  for (const host of hosts) host.start();
  await expect.poll(() => service.outcomesOf(object.name), { timeout: 30_000 }).toEqual(['failed: poison']);
  await Promise.all(hosts.map((host) => host.stop()));
});

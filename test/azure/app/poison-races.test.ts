/**
 * A message that is given up while its object is being scanned after all: whichever of the two says its word last, what a scan
 * learnt is what is shown, and that the message failed hides nothing.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import type { Config } from '../../../shared/base/config.ts';
import { MAX_RETURNS } from '../../../shared/events/own-messages.ts';
import type { FaultProxy } from '../objects/fault-proxy.ts';
import { startFaultProxy } from '../objects/fault-proxy.ts';
import { shownOutcomes, shownRules, shownScans } from './analyst.ts';
import { hostApp } from './hosted-app.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';
import { startWorker } from './worker-process.ts';

const POISON = 'sluice-poison';
const MiB = 1024 * 1024;

let service: Service;
let tables: FaultProxy;

beforeAll(async () => {
  service = await startService();
  tables = await startFaultProxy(/TableEndpoint=([^;]+)/.exec(service.connectionString)![1]!);
});
afterEach(() => {
  service.proxy.reset();
  tables.reset();
});
afterAll(async () => {
  await tables.close();
  await service.close();
});

interface Gate {
  readonly opened: Promise<void>;
  readonly reached: Promise<void>;
  open(): void;
  reach(): void;
}

/** Two moments that a test waits for: something has come as far as here, and may go on. */
function gate(): Gate {
  const opening = Promise.withResolvers<undefined>();
  const reaching = Promise.withResolvers<undefined>();
  return {
    opened: opening.promise,
    reached: reaching.promise,
    open: () => {
      opening.resolve(undefined);
    },
    reach: () => {
      reaching.resolve(undefined);
    },
  };
}

/** Its message as it was put back for the last time, so that it is believed when it is given up once more. */
function lastMessage(object: Upload): object {
  const { data, id, time } = service.event(object) as { data: { url: string }; id: string; time: string };
  const scan = { url: data.url, eTag: object.eTag.replaceAll('"', ''), eventTime: time, eventId: id, resourceId: '' };
  return { scan, replaced: [], returns: MAX_RETURNS };
}

/** An app that reaches the ledger by way of the proxy, and takes every other worker for dead. */
function lateApp(): Promise<App> {
  const { state } = service.config;
  if (state.kind !== 'local') throw new Error('the emulator is what tests run on');
  const connectionString = state.connectionString.replace(/TableEndpoint=[^;]+/, `TableEndpoint=${tables.endpoint}`);
  const changes: Partial<Config> = { state: { ...state, connectionString } };
  return service.start(changes, { ledgerOptions: { staleAfterInMs: 1 } });
}

/** A worker that has begun to read the object, and reads on once the gate is open. */
async function slowWorker(object: Upload, dequeueCount = 5): Promise<{ readonly end: () => Promise<unknown> }> {
  const reading = gate();
  service.proxy.reset(({ path, range }) => {
    if (!path.includes(object.name) || range === undefined) return undefined;
    reading.reach();
    return { kind: 'holdRequest', until: reading.opened };
  });
  const app = await service.start();
  const work = app.handleMessage(service.event(object), { dequeueCount });
  await reading.reached;
  return {
    end: () => {
      reading.open();
      return work;
    },
  };
}

/** Whatever was said on the way, a scan was made, and its outcome is what is shown and what the ledger has. */
async function expectScanned(object: Upload, verdict: 'match' | 'clean'): Promise<void> {
  expect(shownOutcomes(service.endpoint, object.name)).toEqual([verdict]);
  expect(shownRules(service.endpoint, object.name)).toEqual(verdict === 'match' ? ['callback'] : []);
  expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict }]);
}

const contents = [
  ['match', malicious],
  ['clean', harmless],
] as const;

describe('a worker that ends after its message was given up', () => {
  it.each(contents)('has the last word: %s', async (verdict, bytes) => {
    const object = await service.upload(bytes);
    const worker = await slowWorker(object);
    await (await lateApp()).handlePoison(lastMessage(object));
    expect(shownOutcomes(service.endpoint, object.name)).toEqual(['failed: poison']);
    await worker.end();
    await expectScanned(object, verdict);
    // Both said what they knew, under one ScanId.
    expect(service.outcomesOf(object.name)).toEqual(['failed: poison', verdict]);
    // The message is kept all the same, and harmless: replayed it finds the scan recorded.
    const [scan] = shownScans(service.endpoint, object.name);
    expect(await service.blobsIn(POISON)).toContain(`${scan!.ScanId}.json`);
    await (await service.start()).handleMessage(service.event(object), { dequeueCount: 1 });
    expect(service.outcomesOf(object.name)).toHaveLength(2);
  });
});

describe('a worker that ends between the look at the ledger and what is recorded of its message', () => {
  it.each(contents)('has the last word, although it spoke first: %s', async (verdict, bytes) => {
    const object = await service.upload(bytes);
    const worker = await slowWorker(object);
    const app = await lateApp();
    const looked = gate();
    // The failure is recorded last: its row, then the ledger's.
    tables.reset(({ method, path }) => {
      if (method !== 'PUT' || !path.includes('SluiceLedger')) return undefined;
      looked.reach();
      return { kind: 'holdRequest', until: looked.opened };
    });
    const poisoned = app.handlePoison(lastMessage(object));
    await looked.reached;
    await worker.end();
    looked.open();
    await poisoned;
    await expectScanned(object, verdict);
  });

  it('when rows are slow to be taken: both arrive, and the scan is what is shown', async () => {
    const object = await service.upload(malicious);
    const worker = await slowWorker(object);
    const app = await lateApp();
    const before = service.endpoint.counters.requests;
    service.endpoint.pause();
    const poisoned = app.handlePoison(lastMessage(object));
    await service.endpoint.waitForRequests(before + 1);
    const worked = worker.end();
    await service.endpoint.waitForRequests(before + 2);
    service.endpoint.resume();
    await Promise.all([poisoned, worked]);
    await expectScanned(object, 'match');
  });
});

describe('a message that was given up twice', () => {
  it('to two workers at the same time: its object failed once', async () => {
    const object = await service.upload(malicious);
    const [a, b] = await Promise.all([service.start(), service.start()]);
    await Promise.all([a, a, b, b].map((app) => app.handlePoison(service.event(object))));
    expect(shownOutcomes(service.endpoint, object.name)).toEqual(['failed: poison']);
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'failed' }]);
  });
});

describe('a worker that is frozen at the fifth delivery of its message', () => {
  /** As if four workers had failed at it. */
  async function deliverInVain(object: Upload, times: number): Promise<void> {
    await service.queue.sendMessage(Buffer.from(JSON.stringify(lastMessage(object))).toString('base64'));
    for (let i = 0; i < times; i++) {
      const { receivedMessageItems } = await service.queue.receiveMessages({ visibilityTimeout: 60 });
      const [{ messageId, popReceipt, messageText }] = receivedMessageItems as [(typeof receivedMessageItems)[0]];
      await service.queue.updateMessage(messageId, popReceipt, messageText, 0);
    }
  }

  it('and thaws when the message is long among the poisoned: what it finds is what is shown', async () => {
    const object = await service.upload(Buffer.concat([Buffer.alloc(3 * MiB), malicious]));
    await deliverInVain(object, 4);
    const reading = gate();
    service.proxy.reset(({ path, range }) => {
      if (!path.includes(object.name) || range === undefined || range.first < MiB) return undefined;
      reading.reach();
      return { kind: 'holdRequest', until: reading.opened };
    });
    const worker = await startWorker(service, { lockInSeconds: 2, staleAfterInMs: 60_000 });
    try {
      await reading.reached;
      worker.signal('SIGSTOP');
      // Its lock runs out; another host finds the message delivered too often, and the poison function a scan that is silent.
      const hosted = hostApp(service, await service.start({}, { ledgerOptions: { staleAfterInMs: 1_000 } }));
      await hosted.untilEmpty(30_000);
      await hosted.stop();
      expect(hosted.events).toContainEqual(expect.objectContaining({ kind: 'poisoned', reason: 'dequeueCount' }));
      expect(shownOutcomes(service.endpoint, object.name)).toEqual(['failed: poison']);
      expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'running', verdict: 'failed' }]);
      reading.open();
      worker.signal('SIGCONT');
      await expect.poll(() => shownOutcomes(service.endpoint, object.name), { timeout: 20_000 }).toEqual(['match']);
      await expect.poll(async () => (await service.entriesOf(object.name))[0]?.state).toBe('done');
      await expectScanned(object, 'match');
    } finally {
      await worker.end('SIGKILL');
    }
  });
});

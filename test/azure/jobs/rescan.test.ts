/**
 * Rescans that somebody orders, against real storage: how they go through an account, stop, go on, outlive the workers that carry
 * them out, and what becomes of orders that ask for what there is not.
 */
import { randomUUID } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { handleRescanOrder } from '../../../shared/jobs/rescan-orders.ts';
import { describeRescan, MAX_RESCANS_AT_ONCE } from '../../../shared/jobs/rescan.ts';
import { MessageQueue } from '../../../shared/ledger/message-queue.ts';
import type { MessageSender } from '../../../shared/ledger/message-queue.ts';
import { malicious, startService } from '../app/service.ts';
import type { Service } from '../app/service.ts';
import { startWorker } from '../app/worker-process.ts';

let service: Service;
let app: App;
let account: string;
const delays: number[] = [];

beforeAll(async () => {
  service = await startService();
  account = service.config.accounts[0]!;
  // Nothing is hidden for the second that the queue counts in.
  const whole = new MessageQueue(service.queue);
  const queue: MessageSender = {
    send: (message, { delayInMs = 0 } = {}) => {
      delays.push(delayInMs);
      return whole.send(message);
    },
  };
  app = await service.start({}, { queue, walkLimits: { pageSize: 3 } });
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
  delays.length = 0;
});
afterAll(() => service.close());

const order = (message: object, id: string = randomUUID()): Promise<void> =>
  handleRescanOrder(message, { id }, app.rescans);
const status = (id: string) => describeRescan(app.rescans.store, id);

/** Begins one and returns its id. */
async function begin(about: object, id: string = randomUUID()): Promise<string> {
  await order({ rescan: 'begin', account, perMinute: 100_000, ...about }, id);
  return id;
}

interface Message {
  readonly scan?: { readonly url: string };
  readonly walk?: string;
}

/** Hands messages to the app until none is left, or so many steps of walks were taken; returns the scans that were asked for. */
async function handleAll(steps = Infinity): Promise<string[]> {
  const scans: string[] = [];
  let taken = 0;
  for (;;) {
    const messages = (await service.takeMessages()) as Message[];
    if (messages.length === 0) return scans.sort();
    for (const message of messages) {
      if (message.scan !== undefined) scans.push(decodeURIComponent(message.scan.url.split('/').at(-1)!));
      if (message.walk !== undefined && taken++ >= steps) await new MessageQueue(service.queue).send(message);
      else await app.handleMessage(message, { dequeueCount: 1 });
    }
    if (taken > steps) return scans.sort();
  }
}

/** Takes all messages, has those that ask for scans handled, and returns the others. */
async function takeSteps(): Promise<Message[]> {
  const messages = (await service.takeMessages()) as Message[];
  for (const message of messages) {
    if (message.walk === undefined) await app.handleMessage(message, { dequeueCount: 1 });
  }
  return messages.filter(({ walk }) => walk !== undefined);
}

async function uploadMany(count: number): Promise<{ prefix: string; names: string[] }> {
  const prefix = `${randomUUID()}-`;
  const names = Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(3, '0')}`);
  for (let at = 0; at < count; at += 20) {
    await Promise.all(names.slice(at, at + 20).map((name) => service.upload(malicious, name)));
  }
  return { prefix, names };
}

const containerOf = (name: string) =>
  BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(name);

describe('a rescan', () => {
  it('goes through the containers of an account in turn, at one rate for all of them', async () => {
    const prefix = `${randomUUID()}-`;
    const containers = ['first-in-turn', 'uploads', 'your-turn'];
    for (const name of containers) {
      await containerOf(name).createIfNotExists();
      for (const number of [1, 2, 3, 4])
        await containerOf(name).getBlockBlobClient(`${prefix}${number}`).upload('x', 1);
    }
    const id = await begin({ prefix, perMinute: 60 });
    let messages = (await service.takeMessages()) as Message[];
    const walked: number[] = [];
    while (messages.length > 0) {
      // Never two steps at a time.
      expect(messages.filter(({ walk }) => walk === id).length).toBeLessThanOrEqual(1);
      for (const message of messages) {
        if (message.walk !== id) continue;
        delays.length = 0;
        await app.handleMessage(message, { dequeueCount: 1 });
        walked.push(...delays);
      }
      messages = (await service.takeMessages()) as Message[];
    }
    // A page of three, the step after it, a page of one, the step after that, in each container; and nothing after the last.
    const pages = [0, 1_000, 2_000, 3_000, 0, 1_000];
    expect(walked.slice(-17)).toEqual([...pages, ...pages, ...pages.slice(0, -1)]);
    const { state, progress } = await status(id);
    expect(state).toBe('done');
    const seen = new Map(progress.map(({ where, ...counts }) => [where, counts]));
    for (const name of containers) {
      expect(seen.get(`${account}/${name}`)).toMatchObject({ listed: 4, sent: 4, isDone: true });
    }
  });

  it('is begun once by a message that comes twice, and scans nothing twice when it is asked for twice', async () => {
    const { prefix, names } = await uploadMany(5);
    const range = { container: 'uploads', prefix };
    const id = await begin(range);
    await begin(range, id);
    const steps = await takeSteps();
    expect(steps).toHaveLength(1);
    await new MessageQueue(service.queue).send(steps[0]);
    // Two of the same range at the same time.
    const both = [await begin(range), await begin(range)];
    await handleAll();
    expect(names.map((name) => service.outcomesOf(name))).toEqual(names.map(() => ['match']));
    for (const one of both) expect((await status(one)).state).toBe('done');
    await begin(range, both[0]);
    expect(await handleAll()).toEqual([]);
  });

  it('stops between two pages, and goes on with the next one', async () => {
    const { prefix, names } = await uploadMany(7);
    const id = await begin({ container: 'uploads', prefix });
    expect(await handleAll(1)).toEqual(names.slice(0, 3));
    expect(await status(id)).toMatchObject({ state: 'running', progress: [{ listed: 3, sent: 3, isDone: false }] });
    await order({ rescan: 'stop', id });
    await order({ rescan: 'stop', id });
    expect(await handleAll()).toEqual([]);
    expect(await status(id)).toMatchObject({ state: 'stopped', progress: [{ listed: 3 }] });
    await order({ rescan: 'resume', id });
    await order({ rescan: 'resume', id });
    expect((await status(id)).state).toBe('running');
    expect(await handleAll()).toEqual(names.slice(3));
    expect(await status(id)).toMatchObject({ state: 'done', progress: [{ listed: 7, sent: 7, isDone: true }] });
    expect(service.scansOf(names[0]!)).toMatchObject([{ Origin: 'rescan' }]);
  });

  it('goes on as if nothing had been where it has not come to its stop yet', async () => {
    const { prefix, names } = await uploadMany(4);
    const id = await begin({ container: 'uploads', prefix });
    await order({ rescan: 'stop', id });
    await order({ rescan: 'resume', id });
    expect(await handleAll()).toEqual(names);
    expect((await status(id)).state).toBe('done');
  });

  it('is one walk again where a crash has made two of it', async () => {
    const { prefix, names } = await uploadMany(10);
    const id = await begin({ container: 'uploads', prefix });
    const [first] = await takeSteps();
    await app.handleMessage(first, { dequeueCount: 1 });
    const [next] = await takeSteps();
    // The worker died before the queue knew that the step was taken, and after the next one was sent: both come.
    await app.handleMessage(next, { dequeueCount: 1 });
    await app.handleMessage(first, { dequeueCount: 2 });
    await app.handleMessage(next, { dequeueCount: 1 });
    expect(service.lines.filter((line) => line.includes('a step of a walk was taken before'))).toHaveLength(2);
    const steps = await takeSteps();
    expect(steps).toHaveLength(1);
    await app.handleMessage(steps[0], { dequeueCount: 1 });
    await handleAll();
    expect(await status(id)).toMatchObject({ state: 'done', progress: [{ listed: 10, sent: 10 }] });
    expect(names.map((name) => service.outcomesOf(name))).toEqual(names.map(() => ['match']));
  });

  it('gives a container up that is gone, says so, and goes on with the others', async () => {
    const gone = containerOf('gone-in-turn');
    await gone.createIfNotExists();
    const { prefix, names } = await uploadMany(2);
    const id = await begin({ prefix });
    await gone.deleteIfExists();
    const alone = await begin({ container: 'never-was' });
    expect(await handleAll()).toEqual(names);
    expect((await status(id)).state).toBe('done');
    expect(await status(alone)).toMatchObject({
      state: 'done',
      progress: [
        { where: `${account}/never-was`, isDone: true, problem: expect.stringContaining('ContainerNotFound') },
      ],
    });
  });

  it('takes a step again that a busy service prevented', async () => {
    const { prefix, names } = await uploadMany(2);
    const id = await begin({ container: 'uploads', prefix });
    service.proxy.reset(({ path }) =>
      path.includes('/uploads?') && path.includes('comp=list') ? { kind: 'answer', status: 503 } : undefined,
    );
    const [step] = await service.takeMessages();
    await expect(app.handleMessage(step, { dequeueCount: 1 })).rejects.toMatchObject({ code: 'MESSAGE_NOT_HANDLED' });
    expect(await status(id)).toMatchObject({ state: 'running', progress: [] });
    service.proxy.reset();
    await app.handleMessage(step, { dequeueCount: 2 });
    expect(await handleAll()).toEqual(names);
  });
});

describe('a rescan whose workers are killed', { timeout: 180_000 }, () => {
  it('goes on at the page it was at, and every object ends as it should', async () => {
    const { prefix, names } = await uploadMany(60);
    // Slow enough for there to be a middle.
    service.proxy.reset(({ path }) =>
      path.includes('/uploads?') && path.includes('comp=list')
        ? { kind: 'slow', pieceLength: 2_048, pauseInMs: 20 }
        : undefined,
    );
    const id = randomUUID();
    const direct = { ...app.rescans, queue: new MessageQueue(service.queue) };
    await handleRescanOrder({ rescan: 'begin', account, container: 'uploads', prefix }, { id }, direct);
    const times = { lockInSeconds: 2, staleAfterInMs: 6_000, walkPage: 10 };
    const listed = async (): Promise<number> => (await status(id)).progress[0]?.listed ?? 0;
    for (const least of [1, 20, 40]) {
      const doomed = await startWorker(service, times);
      await expect.poll(listed, { timeout: 40_000, interval: 10 }).toBeGreaterThanOrEqual(least);
      await doomed.end('SIGKILL');
    }
    const last = await startWorker(service, times);
    try {
      await expect.poll(async () => (await status(id)).state, { timeout: 60_000 }).toBe('done');
      const ended = (): number => names.filter((name) => service.outcomesOf(name).length > 0).length;
      await expect.poll(ended, { timeout: 90_000 }).toBe(60);
    } finally {
      await last.end('SIGTERM');
    }
    expect(names.map((name) => [...new Set(service.outcomesOf(name))])).toEqual(names.map(() => ['match']));
    expect(await status(id)).toMatchObject({ progress: [{ listed: 60, sent: 60, isDone: true }] });
  });
});

describe('an order', () => {
  it.each<[string, object, string]>([
    ['about an account that is not watched', { rescan: 'begin', account: 'elsewhere' }, 'is not watched'],
    ['to stop what never began', { rescan: 'stop', id: randomUUID() }, 'there is no rescan of that id'],
    ['to go on with what never began', { rescan: 'resume', id: randomUUID() }, 'there is no rescan of that id'],
    ['that is none', { rescan: 'everything' }, 'rescan: '],
  ])('%s is refused, in the log and under its id', async (_, message, words) => {
    const id = randomUUID();
    await order(message, id);
    const named = (message as { id?: string }).id ?? id;
    expect(await status(named)).toMatchObject({ state: 'refused', refusal: expect.stringContaining(words) });
    expect(service.lines.at(-1)).toContain('an order to rescan was refused');
    expect(await service.takeMessages()).toEqual([]);
  });

  it('to go on with what is not stopped is refused, and takes nothing from it', async () => {
    const id = await begin({ container: 'uploads', prefix: randomUUID() });
    await order({ rescan: 'resume', id });
    expect(await status(id)).toMatchObject({ state: 'running', refusal: 'it is not stopped' });
    await handleAll();
    await order({ rescan: 'resume', id });
    expect(await status(id)).toMatchObject({ state: 'done', refusal: 'it has ended' });
  });

  it('is refused where too many rescans are under way, until one ends or is stopped', async () => {
    const about = { container: 'uploads', prefix: randomUUID() };
    const ids: string[] = [];
    while (ids.length < MAX_RESCANS_AT_ONCE) ids.push(await begin(about));
    const more = await begin(about);
    expect(await status(more)).toMatchObject({ state: 'refused', refusal: expect.stringContaining('are under way') });
    await order({ rescan: 'stop', id: ids[0]! });
    await begin(about, more);
    expect((await status(more)).state).toBe('running');
    await handleAll();
    for (const id of [...ids.slice(1), more]) expect((await status(id)).state).toBe('done');
  });

  it('that its worker died of is carried out when it comes again, and once', async () => {
    const { prefix, names } = await uploadMany(4);
    const id = randomUUID();
    const dies = { ...app.rescans, queue: { send: () => Promise.reject(new Error('the worker is gone')) } };
    const range = { rescan: 'begin', account, perMinute: 100_000, container: 'uploads', prefix };
    await expect(handleRescanOrder(range, { id }, dies)).rejects.toThrow('the worker is gone');
    await order(range, id);
    await handleAll(1);
    await order({ rescan: 'stop', id });
    expect(await handleAll()).toEqual([]);
    // It had taken the stop back, and died before it sent the step that was kept.
    await expect(handleRescanOrder({ rescan: 'resume', id }, { id: randomUUID() }, dies)).rejects.toThrow('is gone');
    expect(await service.takeMessages()).toEqual([]);
    await order({ rescan: 'resume', id });
    expect(await handleAll()).toEqual(names.slice(3));
    expect(await status(id)).toMatchObject({ state: 'done', progress: [{ listed: 4, sent: 4 }] });
  });

  it('comes again where storage did not answer', async () => {
    const id = randomUUID();
    service.proxy.reset(({ path }) => (path.includes('sluice-walks') ? { kind: 'answer', status: 403 } : undefined));
    await expect(begin({ container: 'uploads', prefix: id }, id)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    service.proxy.reset();
    await begin({ container: 'uploads', prefix: id }, id);
    expect((await status(id)).state).toBe('running');
  });
});

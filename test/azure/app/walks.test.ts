/** Objects that no event told of: found by the sweep, and by a rescan that somebody asks for. The canary beside them. */
import { randomUUID } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { walkMessageOf } from '../../../shared/events/own-messages.ts';
import { MessageQueue } from '../../../shared/ledger/message-queue.ts';
import type { MessageSender } from '../../../shared/ledger/message-queue.ts';
import type { WalkRequest } from '../../../shared/events/scan-request.ts';
import { firstWalk } from '../../../shared/scanner/walk-objects.ts';
import { walkNames } from '../../../shared/scanner/walk-store.ts';
import { compileRuleFiles, readRuleFiles } from '../../../shared/scanner/rule-files.ts';
import { ruleSetOf } from '../../../shared/scanner/rule-set.ts';
import { compileRules } from '../../../shared/yara/index.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service } from './service.ts';

let service: Service;
let app: App;
let queue: MessageSender;

beforeAll(async () => {
  service = await startService();
  // Nothing is hidden for the second that the queue counts in.
  const whole = new MessageQueue(service.queue);
  queue = { send: (message: unknown) => whole.send(message) };
  app = await service.start({}, { queue, walkLimits: { pageSize: 3 } });
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
});
afterAll(() => service.close());

const fast: Partial<WalkRequest> = { perMinute: 100_000 };
const walk = (about: Partial<WalkRequest> = {}): object =>
  walkMessageOf(firstWalk({ account: service.config.accounts[0]!, container: 'uploads', ...fast, ...about }));

/** Hands every message to the app until none is left; returns the scans that were asked for. */
async function handleAll(first?: object, by: App = app): Promise<string[]> {
  const scans: string[] = [];
  let messages: unknown[] = first === undefined ? await service.takeMessages() : [first];
  while (messages.length > 0) {
    for (const message of messages) {
      const { scan } = message as { scan?: { url: string } };
      if (scan !== undefined) scans.push(decodeURIComponent(scan.url.slice(scan.url.lastIndexOf('/') + 1)));
      await by.handleMessage(message, { dequeueCount: 1 });
    }
    messages = await service.takeMessages();
  }
  return scans.sort();
}

const prefixed = (count: number): { prefix: string; names: string[] } => {
  const prefix = `${randomUUID()}-`;
  return { prefix, names: Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`) };
};

describe('a walk', () => {
  it('has objects scanned that nothing is recorded of, page by page, and none twice', async () => {
    const { prefix, names } = prefixed(8);
    for (const [index, name] of names.entries()) await service.upload(index % 2 === 0 ? malicious : harmless, name);
    const told = { name: names[3]!, eTag: (await service.container.getBlobClient(names[3]!).getProperties()).etag! };
    await app.handleMessage(service.event(told));
    expect(await handleAll(walk({ prefix }))).toEqual(names.filter((name) => name !== told.name));
    expect(names.map((name) => service.outcomesOf(name))).toEqual(
      names.map((_, index) => (index % 2 === 0 ? ['match'] : ['clean'])),
    );
    expect(await handleAll(walk({ prefix }))).toEqual([]);
  });

  it('asks for all of them where that is wanted, of which none is scanned twice with the same rules', async () => {
    const { prefix, names } = prefixed(2);
    for (const name of names) await service.upload(malicious, name);
    await handleAll(walk({ prefix }));
    expect(await handleAll(walk({ prefix, only: 'all' }))).toEqual(names);
    expect(names.map((name) => service.outcomesOf(name))).toEqual([['match'], ['match']]);
  });

  it('asks for what was not scanned with the rules in use, where that is wanted', async () => {
    const { prefix, names } = prefixed(5);
    for (const name of names) await service.upload(malicious, name);
    await handleAll(walk({ prefix }));
    expect(await handleAll(walk({ prefix, only: 'unscanned' }))).toEqual([]);
    // Others scanned with other rules; one of them was then scanned with these too.
    const rules = 'rule newer { strings: $a = "callback" condition: $a }';
    const others = ruleSetOf(compileRules([{ text: rules }]), 'others');
    const newer = await service.start({}, { ruleSet: others, queue, walkLimits: { pageSize: 3 } });
    const { etag } = await service.container.getBlobClient(names[1]!).getProperties();
    await newer.handleMessage(service.event({ name: names[1]!, eTag: etag! }));
    expect(await handleAll(walk({ prefix, only: 'unscanned' }))).toEqual([]);
    expect(await handleAll(walk({ prefix, only: 'unscanned' }), newer)).toEqual(
      names.filter((name) => name !== names[1]),
    );
  });

  it('keeps to the time it is given, and spreads what it asks for', async () => {
    const { prefix, names } = prefixed(2);
    for (const name of names) await service.upload(malicious, name);
    const tomorrow = new Date(Date.now() + 24 * 3_600_000).toISOString();
    const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString();
    expect(await handleAll(walk({ prefix, since: tomorrow }))).toEqual([]);
    expect(await handleAll(walk({ prefix, until: yesterday }))).toEqual([]);
    const delays: number[] = [];
    const queue = { send: async (_: unknown, { delayInMs = 0 } = {}) => void delays.push(delayInMs) };
    const slow = await service.start({}, { queue, walkLimits: { pageSize: 3 } });
    await slow.handleMessage(walk({ prefix, since: yesterday, until: tomorrow, perMinute: 60 }));
    expect(delays).toEqual([0, 1_000]);
  });

  it('tries again what changed too often, and leaves to a person what failed', async () => {
    const { prefix, names } = prefixed(2);
    const [changing, failed] = [await service.upload(malicious, names[0]), await service.upload(malicious, names[1])];
    await app.handlePoison(service.event(failed));
    const blob = service.container.getBlobClient(changing.name);
    service.proxy.reset(({ path, range }) => {
      if (!path.includes(changing.name) || range === undefined) return undefined;
      return { kind: 'answer', status: 412, headers: { 'x-ms-error-code': 'ConditionNotMet' } };
    });
    await app.handleMessage(service.event(changing), { dequeueCount: 1 });
    service.proxy.reset();
    expect(service.outcomesOf(changing.name)).toEqual(['incomplete: changing']);
    expect(await blob.exists()).toBe(true);
    expect(await handleAll(walk({ prefix }))).toEqual([changing.name]);
    expect(service.outcomesOf(changing.name)).toEqual(['incomplete: changing', 'match']);
  });

  it('waits while many messages are in the queue, and then goes on where it was', async () => {
    const { prefix, names } = prefixed(2);
    for (const name of names) await service.upload(harmless, name);
    const sent: [unknown, number][] = [];
    const telling = { send: async (message: unknown, { delayInMs = 0 } = {}) => void sent.push([message, delayInMs]) };
    const modest = await service.start({}, { queue: telling, walkLimits: { mostWaiting: 1 } });
    const message = walk({ prefix });
    for (let waiting = 0; waiting < 2; waiting += 1) await queue.send({ some: 'event' });
    await modest.handleMessage(message, { dequeueCount: 1 });
    expect(sent).toEqual([[message, 60_000]]);
    expect(service.lines.at(-1)).toContain('2 messages are in the queue');
    await service.takeMessages();
    await modest.handleMessage(message, { dequeueCount: 1 });
    expect(sent).toHaveLength(1 + names.length);
  });

  it('stops when it is asked to, and says how far it came', async () => {
    const { prefix, names } = prefixed(7);
    for (const name of names) await service.upload(harmless, name);
    const message = walk({ prefix }) as { walk: string };
    await app.handleMessage(message);
    const container = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(
      'sluice-walks',
    );
    const progress = container.getBlobClient(walkNames.progress(message.walk, service.config.accounts[0]!, 'uploads'));
    const text = (await progress.downloadToBuffer()).toString('utf8');
    expect(JSON.parse(text)).toMatchObject({ listed: 3, sent: 3, isDone: false });
    await container.getBlockBlobClient(walkNames.stop(message.walk)).upload('', 0);
    expect(await handleAll()).toEqual(names.slice(0, 3));
  });
});

describe('the sweep', () => {
  it('goes through every container of the watched accounts but its own', async () => {
    const other = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient('elsewhere');
    await other.createIfNotExists();
    const name = randomUUID();
    await other.getBlockBlobClient(name).upload(malicious, malicious.length);
    await app.sweep();
    const [first, ...more] = await service.takeMessages();
    expect(more).toEqual([]);
    // What was just uploaded is still its event's.
    expect(Date.parse((first as { until: string }).until)).toBeLessThan(Date.now() - 29 * 60_000);
    await app.handleMessage({ ...(first as object), until: undefined, perMinute: 100_000 });
    const steps = (await service.takeMessages()) as { container: string }[];
    expect(steps.map(({ container }) => container).sort()).toEqual(['elsewhere', 'uploads']);
    for (const step of steps) if (step.container === 'elsewhere') await handleAll(step);
    expect(service.outcomesOf(name)).toEqual(['match']);
    expect([...service.scansOf(name), ...service.findingsOf(name)].map(({ Origin }) => Origin)).toEqual([
      'sweep',
      'sweep',
    ]);
  });

  it('can be switched off', async () => {
    await (await service.start({ sweepInMs: 0 })).sweep();
    expect(await service.takeMessages()).toEqual([]);
  });
});

describe('the canary', () => {
  const shipped = ruleSetOf(compileRuleFiles(readRuleFiles('rules', 'rules')), 'rules');

  it('is found by the shipped rules, in rows of their own each time', async () => {
    const canary = await service.start({}, { ruleSet: shipped });
    await canary.scanCanary();
    await canary.scanCanary();
    const rows = service.scansOf('canary.com');
    expect(rows).toMatchObject([
      { Canary: true, Verdict: 'match', Account: 'sluice', SizeInBytes: 68 },
      { Canary: true, Verdict: 'match' },
    ]);
    expect(new Set(rows.map(({ ScanId }) => ScanId)).size).toBe(2);
    expect(service.findingsOf('canary.com')).toMatchObject([
      { Canary: true, Rule: 'EICAR_test_file' },
      { Canary: true },
    ]);
  });

  it('says that it was not found, and fails when it cannot be recorded', async () => {
    const before = service.scansOf('canary.com').length;
    expect((await app.scanCanary()).outcome.verdict).toBe('clean');
    expect(service.scansOf('canary.com')).toHaveLength(before + 1);
    service.endpoint.failNext(Array.from({ length: 500 }, () => ({ status: 503 })));
    await expect(app.scanCanary()).rejects.toMatchObject({ code: 'INGESTION_FAILED' });
    service.endpoint.clearFaults();
    expect(await service.takeMessages()).toEqual([]);
  });
});

describe('an upload that waits in the queue', () => {
  it('is told of by the canary and by health, until it is taken', async () => {
    const waiting = await service.start({}, { waitTooLongInMs: -1, healthLimits: { keptForMs: 0 } });
    const patient = await service.start({}, { healthLimits: { keptForMs: 0 } });
    const object = await service.upload(harmless);
    const whole = new MessageQueue(service.queue);
    await whole.send(service.event(object));
    const words = 'uploads wait in the queue: the oldest for 0 minutes';
    expect((await waiting.scanCanary()).outcome.detail).toBe(words);
    expect((await waiting.checkHealth()).problems.queue).toBe(words);
    expect((await patient.scanCanary()).outcome.detail).toBeUndefined();
    expect((await patient.checkHealth()).problems.queue).toBeUndefined();
  });
});

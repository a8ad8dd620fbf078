/** `sluice replay` and `sluice rescan`, as they are typed, against real storage and an app that does what they ask for. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { App } from '../../../shared/app.ts';
import { handleRescanOrder } from '../../../shared/jobs/rescan-orders.ts';
import { runProgram } from '../../../shared/cli/program.ts';
import { exitStatus } from '../../../shared/cli/exit-status.ts';
import { harmless, malicious, startService } from '../app/service.ts';
import type { Service } from '../app/service.ts';

let service: Service;
let app: App;
let environment: Record<string, string>;
const said: string[] = [];

beforeAll(async () => {
  service = await startService();
  app = await service.start({}, { outboxLimits: { firstDelayInMs: 0, keptForMs: 0 } });
  environment = { SLUICE_LOCAL_CONNECTION: service.connectionString };
});
beforeEach(async () => {
  said.length = 0;
  await service.takeMessages();
});
afterAll(() => service.close());

/** Runs the command; what it said is in `said`. */
function sluice(...args: string[]): Promise<number> {
  const tell = (line: string): void => {
    said.push(line);
  };
  const out = async (line: string): Promise<void> => {
    tell(line);
  };
  const terminal = { out, err: tell } as unknown as Parameters<typeof runProgram>[1];
  return runProgram(args, terminal, environment);
}

/** Hands messages to the app until none is left, however long they are hidden. */
async function handleAll(count: number): Promise<void> {
  let handled = 0;
  await expect
    .poll(
      async () => {
        for (const message of await service.takeMessages()) {
          await app.handleMessage(message, { dequeueCount: 1 });
          handled += 1;
        }
        return handled;
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThanOrEqual(count);
}

const state = (container: string) =>
  BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(container);

describe('sluice replay', () => {
  it('has given-up messages, dead letters and expired reports tried again, and they end as they should', async () => {
    const [poisoned, undelivered, expired] = await Promise.all(
      [malicious, harmless, malicious].map((bytes) => service.upload(bytes)),
    );
    await app.handlePoison(service.event(poisoned!));
    await state('dead-letter').createIfNotExists();
    const letters = JSON.stringify([
      { ...service.event(undelivered!), deadletterreason: 'MaxDeliveryAttemptsExceeded' },
    ]);
    await state('dead-letter').getBlockBlobClient('TOPIC/SLUICE/2026/11/24/1/x.json').upload(letters, letters.length);
    service.endpoint.failNext(Array.from({ length: 500 }, () => ({ status: 503 })));
    await app.handleMessage(service.event(expired!), { dequeueCount: 1 });
    for (const message of await service.takeMessages()) await app.handleMessage(message, { dequeueCount: 1 });
    service.endpoint.clearFaults();
    expect(await service.blobsIn('sluice-outbox')).toEqual([expect.stringMatching(/^expired\//)]);

    expect(await sluice('replay', '--per-minute', '100000')).toBe(exitStatus.clean);
    expect(said).toEqual(['put back: 1 messages, 1 dead letters, 1 reports, 0 reactions']);
    for (const container of ['sluice-poison', 'dead-letter']) expect(await service.blobsIn(container)).toEqual([]);
    await handleAll(3);
    expect(service.outcomesOf(poisoned!.name)).toEqual(['failed: poison', 'match']);
    expect(service.outcomesOf(undelivered!.name)).toEqual(['clean']);
    expect(service.outcomesOf(expired!.name)).toEqual(['match']);
    expect(await sluice('replay')).toBe(exitStatus.clean);
    expect(said.at(-1)).toBe('put back: 0 messages, 0 dead letters, 0 reports, 0 reactions');
  });

  it('has a reaction done that was given up, once what prevented it is mended', async () => {
    const reacting = await service.start(
      { reactions: ['quarantine'], quarantine: `${service.proxy.endpoint}/sluice-quarantine` },
      { reactorLimits: { firstDelayInMs: 0, keptForMs: 0 } },
    );
    const object = await service.upload(malicious);
    const isThere = (): Promise<boolean> => service.container.getBlobClient(object.name).exists();
    service.proxy.reset(({ method, path }) =>
      method === 'DELETE' && path.includes(object.name)
        ? { kind: 'answer', status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } }
        : undefined,
    );
    await reacting.handleMessage(service.event(object), { dequeueCount: 1 });
    for (const message of await service.takeMessages()) await reacting.handleMessage(message, { dequeueCount: 1 });
    expect(await service.takeMessages()).toEqual([]);
    expect(await service.blobsIn('sluice-reactions')).toEqual([expect.stringMatching(/^expired\/[0-9a-f]{64}$/)]);
    expect(service.lines.join('')).toContain('a reaction was given up after a day; `sluice replay`');
    expect(await isThere()).toBe(true);

    service.proxy.reset();
    expect(await sluice('replay', '--per-minute', '100000')).toBe(exitStatus.clean);
    expect(said).toEqual(['put back: 0 messages, 0 dead letters, 0 reports, 1 reactions']);
    const [message] = await service.takeMessages();
    await reacting.handleMessage(message, { dequeueCount: 1 });
    expect(await isThere()).toBe(false);
    expect(service.outcomesOf(object.name)).toEqual(['match']);
    expect(await service.blobsIn('sluice-reactions')).toEqual([]);
  });

  it('leaves what it cannot read where it is, and what is above the limit for another time', async () => {
    await state('sluice-poison').createIfNotExists();
    for (const name of ['a', 'b', 'c']) {
      await state('sluice-poison')
        .getBlockBlobClient(name)
        .upload(name === 'b' ? 'no JSON' : '{}', name === 'b' ? 7 : 2);
    }
    expect(await sluice('replay', '--limit', '2')).toBe(exitStatus.incomplete);
    expect(said[0]).toMatch(/^left where it is: b: /);
    expect(await service.blobsIn('sluice-poison')).toEqual(['b', 'c']);
    await state('sluice-poison').deleteBlob('b');
    await state('sluice-poison').deleteBlob('c');
  });
});

/** Carries out the orders that wait, as the function does. */
async function takeOrders(): Promise<number> {
  const name = `${service.config.queueName}-rescan`;
  const queue = QueueServiceClient.fromConnectionString(service.connectionString).getQueueClient(name);
  const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
  for (const { messageId: id, popReceipt, messageText } of receivedMessageItems) {
    await handleRescanOrder(messageText, { id }, app.rescans);
    await queue.deleteMessage(id, popReceipt);
  }
  return receivedMessageItems.length;
}

describe('sluice rescan', () => {
  it('has existing objects scanned, says how far it is, and stops and goes on when told to', async () => {
    const names = ['rescan-a', 'rescan-b'];
    for (const name of names) await service.upload(malicious, name);
    const [account] = service.config.accounts;
    const range = ['--account', account!, '--container', 'uploads', '--prefix', 'rescan-', '--since', '2026-01-01'];
    const told = async (...args: string[]): Promise<string | undefined> => {
      expect(await sluice('rescan', ...args)).toBe(exitStatus.clean);
      return said.at(-1);
    };
    const id = /--status (\S+)$/.exec((await told(...range, '--per-minute', '100000'))!)![1]!;
    expect(await told('--status', id)).toContain('nothing is known of it');
    expect(await takeOrders()).toBe(1);
    expect(await told('--status', id)).toBe('it has taken no step yet');
    await told('--stop', id);
    await takeOrders();
    await handleAll(1);
    expect(await told('--status', id)).toBe('it is stopped');
    await told('--resume', id);
    await takeOrders();
    await handleAll(3);
    expect(names.map((name) => service.outcomesOf(name))).toEqual([['match'], ['match']]);
    expect(await told('--status', id)).toBe('it has ended');
    expect(said.at(-2)).toBe(`${account}/uploads: 2 objects seen, 2 scans asked for, done`);
    await told('--stop', id);
    await takeOrders();
    await told('--status', id);
    expect(said.slice(-2)).toEqual(['it has ended', 'the last order that was refused: it has ended']);
  });

  it('says what the app refused', async () => {
    await sluice('rescan', '--account', 'unwatched');
    const id = said[0]!.split(' ').at(-1)!;
    await takeOrders();
    await sluice('rescan', '--status', id);
    expect(said[1]).toBe('it was refused: account unwatched is not watched');
  });

  it.each([
    ['nothing to do', [], 'give either'],
    ['two things to do', ['--account', 'a', '--stop', 'x'], 'give either'],
    ['no time', ['--account', 'a', '--since', 'yesterday'], '2026-11-24'],
    ['no rate', ['--account', 'a', '--per-minute', '0'], 'whole number'],
    ['no container', ['--account', 'a', '--container', 'Up/loads'], 'container: not the name of a container'],
    ['a time that is none', ['--account', 'a', '--since', '2026-11-24', '--until', '2026-11-01'], 'not after since'],
  ])('refuses %s', async (_, args, words) => {
    expect(await sluice('rescan', ...args)).toBe(exitStatus.usage);
    expect(said.join('\n')).toContain(words);
  });

  it('says which settings are missing', async () => {
    environment = {};
    expect(await sluice('rescan', '--account', 'a')).toBe(exitStatus.usage);
    expect(said.join('\n')).toContain('SLUICE_STATE__queueServiceUri');
    environment = { SLUICE_LOCAL_CONNECTION: service.connectionString };
  });
});

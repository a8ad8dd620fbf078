/** The queue host against real queues: each point of how the Functions host treats a message. Times are shrunk. */
import { QueueServiceClient } from '@azure/storage-queue';
import type { QueueClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { parseQueueSettings } from '../../../shared/local/host-settings.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import type { QueueSettings } from '../../../shared/local/host-settings.ts';
import type { QueueFunction, QueueHostEvent, QueueHostOptions } from '../../../shared/local/queue-host.ts';

let azurite: AzuriteServer;
let service: QueueServiceClient;
let count = 0;
const hosts: QueueHost[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  service = QueueServiceClient.fromConnectionString(azurite.connectionString);
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
afterAll(async () => {
  await azurite.close();
});

async function createQueue(name = `scan-${++count}`): Promise<QueueClient> {
  const queue = service.getQueueClient(name);
  await queue.create();
  return queue;
}

const send = (queue: QueueClient, body: string): Promise<unknown> =>
  queue.sendMessage(Buffer.from(body).toString('base64'));

/** A running host, everything it told, and promises for what it will tell. */
class Watched {
  readonly events: QueueHostEvent[] = [];
  readonly host: QueueHost;
  #check: () => void = () => undefined;

  constructor(
    queue: QueueClient,
    run: QueueFunction,
    settings: Partial<QueueSettings> = {},
    options: Partial<QueueHostOptions> = {},
  ) {
    this.host = new QueueHost(run, {
      connectionString: azurite.connectionString,
      queueName: queue.name,
      functionName: 'scan-on-upload',
      settings: { ...parseQueueSettings('{}'), maxPollingIntervalInMs: 100, ...settings },
      minPollingIntervalInMs: 10,
      onEvent: (event) => {
        this.events.push(event);
        this.#check();
      },
      ...options,
    });
    hosts.push(this.host);
    this.host.start();
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind).filter((kind) => kind !== 'idle');
  }

  /** Resolves with the n-th event of the kind. */
  seen(kind: QueueHostEvent['kind'], n = 1): Promise<QueueHostEvent> {
    return new Promise((resolve) => {
      const previous = this.#check;
      const check = (): void => {
        const event = this.events.filter((candidate) => candidate.kind === kind)[n - 1];
        if (event) resolve(event);
      };
      this.#check = () => {
        previous();
        check();
      };
      check();
    });
  }
}

const messagesLeft = async (queue: QueueClient): Promise<number> =>
  (await queue.getProperties()).approximateMessagesCount ?? -1;

/** Enough round trips for a host that would wrongly go on to have done so. */
async function someRoundTrips(queue: QueueClient): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await queue.getProperties();
}

describe('a message', () => {
  it('arrives parsed, with its trigger metadata, and is deleted when the function returns', async () => {
    const queue = await createQueue();
    const calls: unknown[][] = [];
    const watched = new Watched(queue, async (...call) => calls.push(call));
    await send(queue, '{"type":"Microsoft.Storage.BlobCreated","data":{"url":"u"}}');
    await watched.seen('completed');
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]).toEqual({ type: 'Microsoft.Storage.BlobCreated', data: { url: 'u' } });
    expect(calls[0]?.[1]).toMatchObject({
      dequeueCount: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      popReceipt: expect.any(String),
      insertionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/),
    });
    expect(await messagesLeft(queue)).toBe(0);
  });

  it('comes again after the visibility timeout when the function throws, with a higher count', async () => {
    const queue = await createQueue();
    const starts: { count: unknown; time: number }[] = [];
    const watched = new Watched(
      queue,
      async (_message, { dequeueCount }) => {
        starts.push({ count: dequeueCount, time: performance.now() });
        if (starts.length < 2) throw new Error('first time');
      },
      { visibilityTimeoutInSeconds: 1 },
    );
    await send(queue, 'x');
    await watched.seen('completed');
    expect(starts.map((start) => start.count)).toEqual([1, 2]);
    expect(starts[1]!.time - starts[0]!.time).toBeGreaterThan(900);
    expect(watched.kinds()).toEqual(['started', 'failed', 'started', 'completed']);
  });

  it('goes to the poison queue when it fails at the maximum count: the body alone, with a count of its own', async () => {
    const queue = await createQueue();
    let calls = 0;
    const watched = new Watched(
      queue,
      async () => {
        calls++;
        throw new Error('always');
      },
      { maxDequeueCount: 3 },
    );
    await send(queue, '{"a":1}');
    const poisoned = await watched.seen('poisoned');
    expect(poisoned).toMatchObject({ reason: 'failed', dequeueCount: 3 });
    expect(calls).toBe(3);
    expect(await messagesLeft(queue)).toBe(0);
    const [copy] = (await service.getQueueClient(`${queue.name}-poison`).peekMessages()).peekedMessageItems;
    expect(Buffer.from(copy?.messageText ?? '', 'base64').toString()).toBe('{"a":1}');
    expect(copy?.dequeueCount).toBe(0);
    expect(copy?.messageId).not.toBe((poisoned as { messageId: string }).messageId);
  });

  it('goes there without a call when its count is above the maximum already', async () => {
    const queue = await createQueue();
    await send(queue, 'crashed twice');
    const [taken] = (await queue.receiveMessages()).receivedMessageItems;
    await queue.updateMessage(taken!.messageId, taken!.popReceipt, undefined, 0);
    let calls = 0;
    const watched = new Watched(queue, async () => calls++, { maxDequeueCount: 1 });
    expect(await watched.seen('poisoned')).toMatchObject({ reason: 'dequeueCount', dequeueCount: 2 });
    expect(calls).toBe(0);
    expect(await messagesLeft(queue)).toBe(0);
    expect(await messagesLeft(service.getQueueClient(`${queue.name}-poison`))).toBe(1);
  });

  it('goes there as it is, without a call, when it is not base64', async () => {
    const queue = await createQueue();
    let calls = 0;
    const watched = new Watched(queue, async () => calls++);
    await queue.sendMessage('{"plain":"text"}');
    expect(await watched.seen('poisoned')).toMatchObject({ reason: 'encoding', dequeueCount: 1 });
    expect(calls).toBe(0);
    const [copy] = (await service.getQueueClient(`${queue.name}-poison`).peekMessages()).peekedMessageItems;
    expect(copy?.messageText).toBe('{"plain":"text"}');
  });

  it('counts as failed, without a call, when its bytes are not UTF-8', async () => {
    const queue = await createQueue();
    let calls = 0;
    const watched = new Watched(queue, async () => calls++, { maxDequeueCount: 2 });
    await queue.sendMessage(Buffer.from([0xff, 0xfe, 0xfd]).toString('base64'));
    await watched.seen('poisoned');
    expect(watched.kinds()).toEqual(['started', 'failed', 'started', 'failed', 'poisoned']);
    expect(calls).toBe(0);
  });

  it('stays invisible for the rest of its lock when it fails in a queue that has no poison queue', async () => {
    const queue = await createQueue(`scan-${++count}-poison`);
    const watched = new Watched(queue, () => Promise.reject(new Error('no')), { maxDequeueCount: 1 });
    await send(queue, 'x');
    await watched.seen('failed');
    await watched.host.stop();
    expect((await queue.peekMessages()).peekedMessageItems).toEqual([]);
    expect(await messagesLeft(queue)).toBe(1);
  });

  it('is held beyond its lock for as long as its function runs', async () => {
    const queue = await createQueue();
    const watched = new Watched(
      queue,
      async (): Promise<unknown> => watched.seen('renewed', 3),
      { batchSize: 1, newBatchThreshold: 1 },
      // Renewed each 2 s, which leaves as much again for a busy machine; 3 renewals take longer than the lock.
      { lockInSeconds: 4 },
    );
    await send(queue, 'a long scan');
    await watched.seen('completed');
    // The host went on polling all the while and would have taken the message a second time.
    expect(watched.kinds()).toEqual(['started', 'renewed', 'renewed', 'renewed', 'completed']);
    expect(await messagesLeft(queue)).toBe(0);
  });
});

describe('the host', () => {
  it('takes a batch, and the next one only when no more than the threshold are in work', async () => {
    const queue = await createQueue();
    const release: (() => void)[] = [];
    let mostAtOnce = 0;
    let inWork = 0;
    // All are there before the host looks, or its first batch would be of those that were.
    for (let index = 0; index < 7; index++) await send(queue, String(index));
    const watched = new Watched(
      queue,
      async () => {
        mostAtOnce = Math.max(mostAtOnce, ++inWork);
        await new Promise<void>((resolve) => release.push(resolve));
        inWork--;
      },
      { batchSize: 3, newBatchThreshold: 1 },
    );
    // A message is told of as started a little before its work is there to be ended.
    const finish = async (index: number): Promise<void> => {
      (await vi.waitUntil(() => release[index], 30_000))();
    };
    await watched.seen('started', 3);
    await finish(0);
    await watched.seen('completed', 1);
    await someRoundTrips(queue);
    expect(watched.kinds().filter((kind) => kind === 'started')).toHaveLength(3);
    await finish(1);
    await watched.seen('started', 6);
    await someRoundTrips(queue);
    expect(watched.kinds().filter((kind) => kind === 'started')).toHaveLength(6);
    expect(mostAtOnce).toBe(4);
    for (let index = 2; index < 6; index++) await finish(index);
    await watched.seen('started', 7);
    await finish(6);
    await watched.seen('completed', 7);
  });

  it('looks at an empty queue ever more rarely up to the longest interval, and often again after a message', async () => {
    const queue = await createQueue();
    const watched = new Watched(queue, async () => undefined, { maxPollingIntervalInMs: 120 });
    await watched.seen('idle', 8);
    await send(queue, 'x');
    await watched.seen('completed');
    const before = watched.events.findIndex((event) => event.kind === 'started');
    await watched.seen('idle', watched.events.filter((event) => event.kind === 'idle').length + 1);
    const delays = (events: QueueHostEvent[]): number[] =>
      events.flatMap((event) => (event.kind === 'idle' ? [event.delayInMs] : []));
    const first = delays(watched.events.slice(0, before));
    expect(first[0]).toBe(10);
    expect(first[1]).toBeGreaterThanOrEqual(18);
    expect(first[1]).toBeLessThanOrEqual(22);
    expect(first[2]).toBeGreaterThanOrEqual(26);
    expect(first[2]).toBeLessThanOrEqual(34);
    expect(first.slice(6)).toEqual(first.slice(6).map(() => 120));
    expect(delays(watched.events.slice(before))[0]).toBe(10);
  });

  it('looks at once when it is told of a message', async () => {
    const queue = await createQueue();
    const watched = new Watched(
      queue,
      async () => undefined,
      { maxPollingIntervalInMs: 600_000 },
      { minPollingIntervalInMs: 600_000 },
    );
    await watched.seen('idle');
    await send(queue, 'x');
    watched.host.notify();
    await watched.seen('completed');
    expect(watched.kinds()).toEqual(['started', 'completed']);
  });

  it('lets what runs finish when it is stopped, and takes nothing more', async () => {
    const queue = await createQueue();
    let release = (): void => undefined;
    const watched = new Watched(
      queue,
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
      { batchSize: 1, newBatchThreshold: 0 },
    );
    await send(queue, 'first');
    await send(queue, 'second');
    await watched.seen('started');
    let hasStopped = false;
    const stopped = watched.host.stop().then(() => (hasStopped = true));
    await someRoundTrips(queue);
    expect(hasStopped).toBe(false);
    release();
    await stopped;
    expect(watched.kinds()).toEqual(['started', 'completed']);
    const left = (await queue.peekMessages({ numberOfMessages: 2 })).peekedMessageItems;
    expect(
      left.map((message) => [Buffer.from(message.messageText, 'base64').toString(), message.dequeueCount]),
    ).toEqual([['second', 0]]);
  });

  it('goes on when the queue was not there at first', async () => {
    const queue = service.getQueueClient(`scan-${++count}`);
    const watched = new Watched(queue, async () => undefined);
    await watched.seen('error');
    await queue.create();
    await send(queue, 'x');
    await watched.seen('completed');
    expect(await messagesLeft(queue)).toBe(0);
  });
});

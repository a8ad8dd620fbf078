/** The watcher against real containers and a real queue: one message for each upload, as Event Grid would send it. */
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { ContainerClient } from '@azure/storage-blob';
import type { QueueClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { UploadWatcher } from '../../../shared/local/upload-watcher.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';

const resourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/devstoreaccount1';

let azurite: AzuriteServer;
let count = 0;
let container: ContainerClient;
let queue: QueueClient;
let watcher: UploadWatcher;
let errors: unknown[];

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  await azurite.close();
});
beforeEach(async () => {
  count++;
  errors = [];
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(`uploads-${count}`);
  queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(`scan-${count}`);
  await Promise.all([container.create(), queue.create()]);
  watcher = createWatcher();
});
afterEach(async () => {
  await watcher.stop();
});

function createWatcher(onEnqueued?: (container: string, objectName: string) => void): UploadWatcher {
  return new UploadWatcher({
    connectionString: azurite.connectionString,
    account: azurite.account,
    containers: [container.containerName],
    queueName: queue.name,
    resourceId,
    intervalInMs: 20,
    onError: (error) => errors.push(error),
    ...(onEnqueued ? { onEnqueued } : {}),
  });
}

async function upload(name: string, content: string): Promise<string> {
  const { etag } = await container.getBlockBlobClient(name).upload(content, Buffer.byteLength(content));
  return etag?.replaceAll('"', '') ?? '';
}

interface BlobCreated {
  readonly time: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Takes every message out of the queue. */
async function takeEvents(): Promise<BlobCreated[]> {
  const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
  return receivedMessageItems.map(
    (message) => JSON.parse(Buffer.from(message.messageText, 'base64').toString('utf8')) as BlobCreated,
  );
}

describe('UploadWatcher', () => {
  it('sends the BlobCreated message of an upload, with subject plain and URL encoded', async () => {
    const eTag = await upload('mail/Größe 1?.txt', 'hello');
    await watcher.look();
    const [event, ...others] = await takeEvents();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'Microsoft.Storage.BlobCreated',
      source: resourceId,
      subject: `/blobServices/default/containers/${container.containerName}/blobs/mail/Größe 1?.txt`,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      data: {
        api: 'PutBlob',
        eTag,
        contentLength: 5,
        blobType: 'BlockBlob',
        url: `${azurite.blobEndpoint}/${container.containerName}/mail/Gr%C3%B6%C3%9Fe%201%3F.txt`,
        sequencer: expect.stringMatching(/^[0-9a-f]{36}$/),
      },
    });
    const { lastModified } = await container.getBlobClient('mail/Größe 1?.txt').getProperties();
    expect(event?.time).toBe(lastModified?.toISOString());
  });

  it('tells of an object once, and again only when it was written again', async () => {
    const first = await upload('a', 'one');
    await watcher.look();
    await watcher.look();
    expect((await takeEvents()).map((event) => event.data.eTag)).toEqual([first]);
    const second = await upload('a', 'two');
    await watcher.look();
    expect((await takeEvents()).map((event) => event.data.eTag)).toEqual([second]);
  });

  it('tells again of an object that was deleted and uploaded once more', async () => {
    await upload('a', 'one');
    await watcher.look();
    await container.getBlobClient('a').delete();
    await watcher.look();
    await upload('a', 'one');
    await watcher.look();
    expect(await takeEvents()).toHaveLength(2);
  });

  it('gives later events higher sequencers', async () => {
    for (const name of ['a', 'b', 'c']) await upload(name, name);
    await watcher.look();
    const sequencers = (await takeEvents()).map((event) => event.data.sequencer);
    expect(sequencers).toEqual([...sequencers].sort());
    expect(new Set(sequencers).size).toBe(3);
  });

  it('raises one event for an append blob, none for what is appended', async () => {
    const blob = container.getAppendBlobClient('log');
    await blob.create();
    await watcher.look();
    await blob.appendBlock('line\n', 5);
    await watcher.look();
    const events = await takeEvents();
    expect(events.map((event) => event.data.blobType)).toEqual(['AppendBlob']);
  });

  it('leaves other containers alone and waits for one that is not there yet', async () => {
    await container.delete();
    await watcher.look();
    const other = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(`own-${count}`);
    await other.create();
    await other.getBlockBlobClient('x').upload('x', 1);
    await watcher.look();
    expect(await takeEvents()).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('keeps an object new until its message is in the queue', async () => {
    await upload('a', 'one');
    await queue.delete();
    await watcher.look();
    expect(errors).toHaveLength(1);
    await queue.create();
    await watcher.look();
    expect(await takeEvents()).toHaveLength(1);
  });

  it('goes on looking by itself until it is stopped', async () => {
    let notice: (name: string) => void = () => undefined;
    const noticed = (): Promise<string> => new Promise((resolve) => (notice = resolve));
    watcher = createWatcher((_container, name) => {
      notice(name);
    });
    const first = noticed();
    watcher.start();
    await upload('a', 'one');
    expect(await first).toBe('a');
    const second = noticed();
    await upload('b', 'two');
    expect(await second).toBe('b');
    await watcher.stop();
    await upload('c', 'three');
    expect(await takeEvents()).toHaveLength(2);
  });
});

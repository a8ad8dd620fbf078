/** The function as the host runs it: its real entry file, a real queue, and a host that treats messages as Functions does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import type { InvocationContext } from '@azure/functions';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { getSharedApp } from '../../../shared/app.ts';
import { LEDGER_TABLE } from '../../../shared/ledger/table-ledger.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import type { QueueFunction, QueueHostEvent } from '../../../shared/local/queue-host.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';
import { compileRules } from '../../../shared/yara/index.ts';
import { writeRules } from '../rules-beside.ts';

let azurite: AzuriteServer;
let folder: string;
let scanOnUpload: (message: unknown, context: InvocationContext) => Promise<void>;
let drainOnTerminate: () => Promise<void>;
const hosts: QueueHost[] = [];

beforeAll(async () => {
  // Outside the host the library says, while it loads, that it registers nothing.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  ({ scanOnUpload } = await import('../../../functions/scan-on-upload.ts'));
  ({ drainOnTerminate } = await import('../../../functions/lifecycle.ts'));
  folder = await mkdtemp(join(tmpdir(), 'sluice-function-'));
  azurite = await startAzurite();
  const rules = compileRules([{ text: 'rule found { strings: $a = "30.40.50.60:9342" condition: $a }' }]);
  await writeRules(join(folder, 'rules.sluice'), rules);
  vi.stubEnv('SLUICE_ACCOUNTS', azurite.account);
  vi.stubEnv('SLUICE_LOCAL_CONNECTION', azurite.connectionString);
  vi.stubEnv('SLUICE_SINKS', 'console');
  vi.stubEnv('SLUICE_RULES', join(folder, 'rules.sluice'));
  vi.stubEnv('SLUICE_LOG_LEVEL', 'error');
  vi.spyOn(process.stdout, 'write').mockImplementation((_text: unknown, done?: unknown) => {
    if (typeof done === 'function') done();
    return true;
  });
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await Promise.all([azurite.close(), rm(folder, { recursive: true })]);
});

/** Runs the function over one message and resolves with what became of it. */
async function run(queueName: string, message: object, handler: QueueFunction): Promise<QueueHostEvent> {
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(queueName);
  await queue.create();
  await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
  return new Promise((resolve) => {
    const host = new QueueHost(handler, {
      connectionString: azurite.connectionString,
      queueName,
      functionName: 'scan-on-upload',
      settings: readQueueSettings(join(import.meta.dirname, '..', '..', '..', 'host.json')),
      minPollingIntervalInMs: 10,
      onEvent: (event) => {
        if (event.kind === 'completed' || event.kind === 'failed') resolve(event);
      },
    });
    hosts.push(host);
    host.start();
  });
}

async function upload(name: string): Promise<object> {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('uploads');
  await container.createIfNotExists();
  const { etag } = await container.getBlockBlobClient(name).uploadData(Buffer.from('to 30.40.50.60:9342'));
  return {
    specversion: '1.0',
    id: name,
    type: 'Microsoft.Storage.BlobCreated',
    source: '/subscriptions/x',
    time: '2026-11-24T00:00:00Z',
    data: { api: 'PutBlob', url: `${azurite.blobEndpoint}/uploads/${name}`, eTag: etag },
  };
}

async function verdicts(name: string): Promise<unknown[]> {
  const options = { allowInsecureConnection: true };
  const table = TableClient.fromConnectionString(azurite.connectionString, LEDGER_TABLE, options);
  const found: unknown[] = [];
  for await (const entity of table.listEntities()) if (entity.objectName === name) found.push(entity.verdict);
  return found;
}

describe('scan-on-upload', () => {
  it('scans what a message of the queue tells of, and the message is deleted', async () => {
    const handler: QueueFunction = (message, triggerMetadata) =>
      scanOnUpload(message, { triggerMetadata } as unknown as InvocationContext);
    const event = await run('by-the-function', await upload('function.conf'), handler);
    expect(event).toMatchObject({ kind: 'completed', dequeueCount: 1 });
    expect(await verdicts('function.conf')).toEqual(['match']);
  });

  it('does exactly what the local queue host does with the app', async () => {
    const { handleMessage } = await getSharedApp();
    const event = await run('by-the-app', await upload('app.conf'), handleMessage);
    expect(event).toMatchObject({ kind: 'completed', dequeueCount: 1 });
    expect(await verdicts('app.conf')).toEqual(['match']);
  });

  it('takes no message any more once the host has said that it ends', async () => {
    await drainOnTerminate();
    const handler: QueueFunction = (message, triggerMetadata) =>
      scanOnUpload(message, { triggerMetadata } as unknown as InvocationContext);
    const event = await run('too-late', await upload('late.conf'), handler);
    expect(event).toMatchObject({ kind: 'failed', error: { code: 'DRAINING' } });
    expect(await verdicts('late.conf')).toEqual([]);
  });
});

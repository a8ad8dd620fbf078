/** The zip that is deployed, unpacked where no package is installed, and started as the Functions worker starts it. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { layOutPackage, zipPackage } from '../../../infra/package.ts';
import { LEDGER_TABLE } from '../../../shared/ledger/table-ledger.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { buildRules, root } from './built-rules.ts';
import { deployedSettings } from './deployed-settings.ts';
import { WorkerProcess } from './worker-process.ts';

let azurite: AzuriteServer;
let temporary: string;
let app: string;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'sluice-zip-'));
  azurite = await startAzurite();
  await layOutPackage({ root, rulesFolder: buildRules(join(temporary, 'rules')), target: join(temporary, 'package') });
  zipPackage(join(temporary, 'package'), join(temporary, 'scanner.zip'));
  app = join(temporary, 'app');
  for (const [file, bytes] of Object.entries(unzipSync(readFileSync(join(temporary, 'scanner.zip'))))) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), bytes);
  }
});
afterEach(() => {
  for (const worker of workers.splice(0)) worker.kill();
});
afterAll(async () => {
  await Promise.all([azurite.close(), rm(temporary, { recursive: true })]);
});

function start(settings: Readonly<Record<string, string>> = localSettings()): WorkerProcess {
  const worker = new WorkerProcess(app, settings);
  workers.push(worker);
  return worker;
}

function localSettings(): Record<string, string> {
  return {
    SLUICE_ACCOUNTS: azurite.account,
    SLUICE_LOCAL_CONNECTION: azurite.connectionString,
    SLUICE_SINKS: 'console',
  };
}

async function upload(name: string, text: string): Promise<object> {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('uploads');
  await container.createIfNotExists();
  const { etag } = await container.getBlockBlobClient(name).uploadData(Buffer.from(text));
  return {
    specversion: '1.0',
    id: name,
    type: 'Microsoft.Storage.BlobCreated',
    source: '/subscriptions/x',
    time: '2026-11-24T00:00:00Z',
    data: { api: 'PutBlob', url: `${azurite.blobEndpoint}/uploads/${name}`, eTag: etag },
  };
}

async function verdictOf(name: string): Promise<unknown> {
  const options = { allowInsecureConnection: true };
  const table = TableClient.fromConnectionString(azurite.connectionString, LEDGER_TABLE, options);
  for await (const entity of table.listEntities()) if (entity.objectName === name) return entity.verdict;
  return undefined;
}

describe('the app from its zip', () => {
  it('registers with the host what the sources register', async () => {
    const sources = globSync('functions/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
    const inSources = (pattern: RegExp): string[] =>
      sources.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1]!)).sort();
    const { functions, hooks } = await start().answer('loaded');
    expect(functions.map(({ name }) => name).sort()).toEqual(inSources(/^app\.\w+\('([^']+)'/gm));
    expect([...hooks].sort()).toEqual(inSources(/^app\.hook\.(\w+)\(/gm));
    expect(Object.values(functions.find(({ name }) => name === 'scan-on-upload')!.bindings)).toEqual([
      expect.objectContaining({ type: 'queueTrigger', queueName: '%SLUICE_QUEUE%', connection: 'SLUICE_STATE' }),
    ]);
  });

  it('scans with the rules that are in it, and drains when the host ends it', async () => {
    const worker = start();
    await worker.answer('loaded');
    worker.invoke('scan-on-upload', await upload('zipped.conf', 'to 30.40.50.60:9342'));
    await worker.answer('ready');
    await worker.answer('returned');
    expect(await verdictOf('zipped.conf')).toBe('match');
    worker.invoke('scan-on-upload', await upload('harmless.txt', 'nothing to see'));
    await worker.answer('returned');
    expect(await verdictOf('harmless.txt')).toBe('clean');
    await worker.terminate();
  });

  it('is ready with the settings of a deployment', async () => {
    const worker = start(deployedSettings);
    await worker.answer('loaded');
    worker.invoke('scan-on-upload', {});
    await worker.answer('ready');
  });

  it('tells a message which settings are missing', async () => {
    const worker = start({ ...deployedSettings, SLUICE_DCR_ID: '' });
    await worker.answer('loaded');
    worker.invoke('scan-on-upload', {});
    expect((await worker.answer('threw')).message).toContain('SLUICE_DCR_ID: not set');
  });

  it('loads no file from outside, and nothing of a sink that is off', async () => {
    const worker = start();
    await worker.answer('loaded');
    worker.invoke('scan-on-upload', await upload('loaded.txt', 'nothing to see'));
    await worker.answer('returned');
    const files = (await worker.terminate()).filter((url) => url.startsWith('file:'));
    const inApp = files
      .filter((url) => url.includes(`${app}/`))
      .map((url) => url.slice(url.indexOf(app) + app.length + 1));
    expect(files.filter((url) => !url.includes(`${app}/`) && !url.endsWith('/functions-worker.mjs'))).toEqual([]);
    expect(inApp).toContain('dist/chunks/console.js');
    expect(inApp).not.toContain('dist/chunks/ingestion-client.js');
  });
});

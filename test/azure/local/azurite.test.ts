/** The Azurite launcher against the real thing: it answers on all protocols, over https too, and never outlives anybody. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { AzuriteStartError, startAzurite } from '../../../shared/local/azurite.ts';

describe('startAzurite', () => {
  it('serves blobs, queues and tables to the real clients by its connection string', async () => {
    const server = await startAzurite({ account: 'watched1' });
    try {
      expect(server.blobEndpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/watched1$/);
      const container = BlobServiceClient.fromConnectionString(server.connectionString).getContainerClient('inbox');
      await container.create();
      await container.getBlockBlobClient('a').upload('hello', 5);
      expect((await container.getBlobClient('a').downloadToBuffer()).toString()).toBe('hello');
      const queue = QueueServiceClient.fromConnectionString(server.connectionString).getQueueClient('scan');
      await queue.create();
      await queue.sendMessage('one');
      expect((await queue.receiveMessages()).receivedMessageItems[0]?.messageText).toBe('one');
      const table = TableClient.fromConnectionString(server.connectionString, 'ledger', {
        allowInsecureConnection: true,
      });
      await table.createTable();
      await table.createEntity({ partitionKey: 'p', rowKey: 'r', value: 7 });
      expect((await table.getEntity('p', 'r')).value).toBe(7);
    } finally {
      await server.close();
    }
  });

  it('runs two servers side by side with ports and keys of their own', async () => {
    const servers = await Promise.all([startAzurite(), startAzurite()]);
    try {
      const endpoints = servers.flatMap((server) => [server.blobEndpoint, server.queueEndpoint, server.tableEndpoint]);
      expect(new Set(endpoints).size).toBe(6);
      expect(servers[0].accountKey).not.toBe(servers[1].accountKey);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('stops answering once closed, and closes twice without complaint', async () => {
    const server = await startAzurite();
    expect(await accepts(server.blobEndpoint)).toBe(true);
    await server.close();
    await server.close();
    expect(await accepts(server.blobEndpoint)).toBe(false);
  });

  it('ends with its parent even when the parent is killed', async () => {
    const launcher = new URL('../../../shared/local/azurite.ts', import.meta.url).href;
    const script = `const { startAzurite } = await import(${JSON.stringify(launcher)});
      const server = await startAzurite();
      process.stdout.write(server.blobEndpoint);
      setInterval(() => {}, 1000);`;
    const parent = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const endpoint = await firstText(parent.stdout);
    expect(await accepts(endpoint)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => accepts(endpoint), { timeout: 10_000, interval: 50 }).toBe(false);
  });

  it('does not keep a finished program alive', async () => {
    const launcher = new URL('../../../shared/local/azurite.ts', import.meta.url).href;
    const script = `const { startAzurite } = await import(${JSON.stringify(launcher)});
      const server = await startAzurite();
      process.stdout.write(server.blobEndpoint);`;
    const parent = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const exited = new Promise((resolve) => parent.once('exit', resolve));
    const endpoint = await firstText(parent.stdout);
    expect(await exited).toBe(0);
    await expect.poll(() => accepts(endpoint), { timeout: 10_000, interval: 50 }).toBe(false);
  });

  it('speaks https with a given certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-azurite-'));
    const pem = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
    const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    await writeFile(tls.certFile, pem.cert);
    await writeFile(tls.keyFile, pem.private);
    const server = await startAzurite({ tls, oauth: 'basic', memoryLimitInMiB: 64 });
    try {
      expect(server.blobEndpoint).toMatch(/^https:/);
      expect(server.connectionString).toContain('DefaultEndpointsProtocol=https');
      expect(await accepts(server.tableEndpoint)).toBe(true);
    } finally {
      await server.close();
      await rm(folder, { recursive: true });
    }
  });

  it('says what azurite said when it will not start', async () => {
    const failed = startAzurite({ tls: { certFile: '/no/such/cert.pem', keyFile: '/no/such/key.pem' } });
    await expect(failed).rejects.toBeInstanceOf(AzuriteStartError);
    await expect(failed).rejects.toMatchObject({ code: 'AZURITE_NOT_STARTED', retryable: false });
    await expect(failed).rejects.toThrow(/no\/such\/cert\.pem/);
  });

  it('gives up after its time limit', async () => {
    await expect(startAzurite({ startTimeoutInMs: 1 })).rejects.toThrow('azurite did not answer within 1 ms');
  });
});

function accepts(endpoint: string): Promise<boolean> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function firstText(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    stream.once('data', (text: Buffer) => {
      resolve(text.toString());
    });
    stream.once('end', () => {
      reject(new Error('the program ended without output'));
    });
  });
}

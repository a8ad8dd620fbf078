/**
 * The service in a test: Azurite behind a proxy that can break things, the ingestion endpoint, apps over both that share state as
 * workers do, and what of it a test wants to see. Times are short; everything else is as the settings make it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { QueueClient } from '@azure/storage-queue';
import type { App, AppOverrides } from '../../../shared/app.ts';
import { createApp } from '../../../shared/app.ts';
import type { Config } from '../../../shared/base/config.ts';
import { readConfig } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { LEDGER_TABLE } from '../../../shared/ledger/table-ledger.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { createIngestionClient } from '../../../shared/sinks/ingestion-client.ts';
import { createLogAnalyticsSink } from '../../../shared/sinks/log-analytics.ts';
import { compileRules } from '../../../shared/yara/index.ts';
import type { FaultProxy } from '../objects/fault-proxy.ts';
import { startFaultProxy } from '../objects/fault-proxy.ts';
import { writeRules } from '../rules-beside.ts';

export const malicious = Buffer.from('callback = 30.40.50.60:9342\n');
export const harmless = Buffer.from('callback = 130.40.50.60:93421\n');
const rules = 'rule callback { strings: $s1 = "30.40.50.60:9342" fullword ascii wide condition: $s1 }';

export type Row = Readonly<Record<string, unknown>>;

export interface Upload {
  readonly name: string;
  readonly eTag: string;
}

export interface Service {
  readonly proxy: FaultProxy;
  readonly endpoint: IngestionEndpoint;
  /** What the settings were read from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly config: Config;
  readonly container: ContainerClient;
  readonly queue: QueueClient;
  readonly connectionString: string;
  /** Log lines of all apps. */
  readonly lines: string[];
  start(changes?: Partial<Config>, overrides?: AppOverrides): Promise<App>;
  upload(bytes: Uint8Array, name?: string): Promise<Upload>;
  /** The message that Event Grid would send. */
  event(upload: Upload): object;
  scansOf(name: string): Row[];
  findingsOf(name: string): Row[];
  /** Verdict, and reason where there is one, of each scan row. */
  outcomesOf(name: string): string[];
  /** Ledger rows about an object, or about all there are. */
  entriesOf(name?: string): Promise<Row[]>;
  /** Takes all visible messages of the queue out of it. */
  takeMessages(): Promise<unknown[]>;
  /** Names in a container of the scanner's own. */
  blobsIn(container: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function startService(): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-service-'));
  const [azurite, endpoint] = await Promise.all([startAzurite(), startIngestionEndpoint()]);
  const proxy = await startFaultProxy(azurite.blobEndpoint);
  const caPath = join(folder, 'ca.pem');
  const rulesPath = join(folder, 'rules.sluice');
  await writeFile(caPath, endpoint.certificatePem);
  await writeRules(rulesPath, compileRules([{ text: rules, namespace: 'test' }]));
  const { connectionString } = azurite;
  const environment = {
    SLUICE_ACCOUNTS: azurite.account,
    SLUICE_LOCAL_CONNECTION: connectionString.replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${proxy.endpoint}`),
    SLUICE_INGESTION_ENDPOINT: endpoint.url,
    SLUICE_DCR_ID: endpoint.dcrId,
    SLUICE_LOCAL_CA: caPath,
    SLUICE_RULES: rulesPath,
  };
  const config = readConfig(environment);
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const container = blobs.getContainerClient('uploads');
  const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient(config.queueName);
  await Promise.all([container.create(), queue.create()]);
  const lines: string[] = [];
  const apps: App[] = [];
  const rowsOf = (table: string, name: string): Row[] =>
    endpoint.rows(table).filter(({ ObjectName }) => ObjectName === name);
  return {
    proxy,
    endpoint,
    environment,
    config,
    container,
    queue,
    connectionString,
    lines,
    async start(changes = {}, overrides = {}) {
      const credential = localCredential();
      const client = createIngestionClient({
        endpoint: endpoint.url,
        credential,
        certificatePem: endpoint.certificatePem,
        retries: { maxRetries: 0, retryDelayInMs: 5 },
      });
      const { dcrId } = endpoint;
      const app = await createApp(
        { ...config, ...changes },
        {
          credential,
          sinks: [createLogAnalyticsSink({ client, dcrId, gatherForMs: 5, retryForMs: 1_500, retryDelayInMs: 5 })],
          log: createLogger({ format: 'json', level: 'debug', write: (line) => lines.push(line) }),
          openOptions: { retryDelayInMs: 1, attemptsPerRange: 3, rangeSizeInBytes: 1024 * 1024, rangesInFlight: 2 },
          messageLimits: { resultInMs: 0 },
          ...overrides,
        },
      );
      apps.push(app);
      return app;
    },
    async upload(bytes, name = `${randomUUID()}.bin`) {
      const { etag } = await container.getBlockBlobClient(name).uploadData(bytes);
      return { name, eTag: etag! };
    },
    event: ({ name, eTag }) => ({
      specversion: '1.0',
      id: randomUUID(),
      type: 'Microsoft.Storage.BlobCreated',
      source: '/subscriptions/x',
      time: '2026-11-24T04:05:06.1234567Z',
      data: { api: 'PutBlob', url: `${proxy.endpoint}/uploads/${encodeURIComponent(name)}`, eTag, contentLength: 1 },
    }),
    scansOf: (name) => rowsOf('SluiceScans_CL', name),
    findingsOf: (name) => rowsOf('SluiceFindings_CL', name),
    outcomesOf: (name) =>
      rowsOf('SluiceScans_CL', name).map(({ Verdict, Reason }) =>
        Reason === '' ? String(Verdict) : `${String(Verdict)}: ${String(Reason)}`,
      ),
    async entriesOf(name) {
      const options = { allowInsecureConnection: true };
      const table = TableClient.fromConnectionString(connectionString, LEDGER_TABLE, options);
      const entries = await Array.fromAsync(table.listEntities<Row>());
      return entries.filter(({ objectName }) => name === undefined || objectName === name);
    },
    async takeMessages() {
      const messages: unknown[] = [];
      for (;;) {
        const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
        if (receivedMessageItems.length === 0) return messages;
        for (const { messageId, popReceipt, messageText } of receivedMessageItems) {
          messages.push(JSON.parse(Buffer.from(messageText, 'base64').toString('utf8')));
          await queue.deleteMessage(messageId, popReceipt);
        }
      }
    },
    async blobsIn(name) {
      const client = blobs.getContainerClient(name);
      if (!(await client.exists())) return [];
      return (await Array.fromAsync(client.listBlobsFlat())).map((blob) => blob.name);
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      await Promise.all([proxy.close(), endpoint.close(), azurite.close(), rm(folder, { recursive: true })]);
    },
  };
}

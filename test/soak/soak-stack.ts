/**
 * What a soak runs on: Azurite with a proxy before each of its services, and the ingestion endpoint. Workers know the proxies;
 * the planter, the queue hosts and the judge speak to Azurite itself.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { QueueClient } from '@azure/storage-queue';
import type { AzuriteServer } from '../../shared/local/azurite.ts';
import { startAzurite } from '../../shared/local/azurite.ts';
import type { IngestionEndpoint } from '../../shared/local/ingestion-endpoint.ts';
import { startIngestionEndpoint } from '../../shared/local/ingestion-endpoint.ts';
import { compileRules } from '../../shared/yara/index.ts';
import type { FaultProxy } from '../azure/objects/fault-proxy.ts';
import { startFaultProxy } from '../azure/objects/fault-proxy.ts';
import { writeRules } from '../azure/rules-beside.ts';
import { soakRules } from './planted-content.ts';

export interface SoakStack {
  readonly azurite: AzuriteServer;
  readonly endpoint: IngestionEndpoint;
  readonly proxies: { readonly blob: FaultProxy; readonly table: FaultProxy; readonly queue: FaultProxy };
  readonly container: ContainerClient;
  readonly queue: QueueClient;
  readonly poisonQueue: QueueClient;
  /** Settings of a worker. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names in a container of the scanner's own. */
  blobsIn(container: string, prefix: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

const QUEUE = 'sluice-scan';

export async function startSoakStack(): Promise<SoakStack> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'));
  const [azurite, endpoint] = await Promise.all([startAzurite(), startIngestionEndpoint()]);
  const [blob, table, queue] = await Promise.all(
    [azurite.blobEndpoint, azurite.tableEndpoint, azurite.queueEndpoint].map((each) => startFaultProxy(each)),
  );
  const proxies = { blob: blob!, table: table!, queue: queue! };
  const caPath = join(folder, 'ca.pem');
  const rulesPath = join(folder, 'rules.sluice');
  await writeFile(caPath, endpoint.certificatePem);
  await writeRules(rulesPath, compileRules([{ text: soakRules, namespace: 'soak' }]));
  const { connectionString } = azurite;
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const queues = QueueServiceClient.fromConnectionString(connectionString);
  const container = blobs.getContainerClient('uploads');
  const scanQueue = queues.getQueueClient(QUEUE);
  const poisonQueue = queues.getQueueClient(`${QUEUE}-poison`);
  await Promise.all([container.create(), scanQueue.create(), poisonQueue.create()]);
  return {
    azurite,
    endpoint,
    proxies,
    container,
    queue: scanQueue,
    poisonQueue,
    environment: {
      SLUICE_ACCOUNTS: azurite.account,
      SLUICE_LOCAL_CONNECTION: connectionString
        .replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${proxies.blob.endpoint}`)
        .replace(/TableEndpoint=[^;]+/, `TableEndpoint=${proxies.table.endpoint}`)
        .replace(/QueueEndpoint=[^;]+/, `QueueEndpoint=${proxies.queue.endpoint}`),
      SLUICE_INGESTION_ENDPOINT: endpoint.url,
      SLUICE_DCR_ID: endpoint.dcrId,
      SLUICE_LOCAL_CA: caPath,
      SLUICE_RULES: rulesPath,
      SLUICE_QUEUE: QUEUE,
      SLUICE_LOG_LEVEL: 'warn',
      HOST_CONNECTION: connectionString,
      HOST_JSON: join(import.meta.dirname, '../../host.json'),
    },
    async blobsIn(name, prefix) {
      const client = blobs.getContainerClient(name);
      if (!(await client.exists())) return [];
      return (await Array.fromAsync(client.listBlobsFlat({ prefix }))).map((each) => each.name);
    },
    async close() {
      await Promise.all([...Object.values(proxies), endpoint, azurite].map((part) => part.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Clients for the scanner's own storage account: by identity in Azure, by the emulator's connection string on this machine. */
import { TableClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { StateStorage } from '../base/config.ts';
import { createBlobServiceClient } from '../objects/blob-client.ts';
import { MessageQueue } from './message-queue.ts';
import { StateBlobs } from './state-blobs.ts';

/** Containers of the scanner's own; the infrastructure need not create them. */
export const stateContainers = {
  /** Scans that go on, by ScanId. */
  checkpoints: 'sluice-checkpoints',
  /** Reports that no sink took yet, by ScanId. */
  outbox: 'sluice-outbox',
  /** Reports that were not yet reacted to, by ScanId. */
  reactions: 'sluice-reactions',
  /** Messages that could not be handled, for replay. */
  poison: 'sluice-poison',
  /** Progress of walks through what exists, and the wish that one stop. */
  walks: 'sluice-walks',
  /** Releases of rules that were taken up, by digest. */
  rules: 'sluice-rules',
  /** When the last canary was recorded. */
  health: 'sluice-health',
  /** What Event Grid could not deliver; made by the deployment. */
  deadLetters: 'dead-letter',
} as const;

/** Whether a container is one of these; an emulator holds them beside what is watched. */
export function isOwnContainer(name: string): boolean {
  return Object.values<string>(stateContainers).includes(name);
}

export interface StateClients {
  readonly table: (name: string) => TableClient;
  readonly blobs: (container: keyof typeof stateContainers) => StateBlobs;
  readonly queue: (name: string) => MessageQueue;
}

/** Makes no request. */
export function connectStateStorage(state: StateStorage, credential: TokenCredential): StateClients {
  const { blobService, queueService, table } =
    state.kind === 'local' ? connectLocally(state) : connect(state, credential);
  return {
    table,
    blobs: (container) => new StateBlobs(blobService.getContainerClient(stateContainers[container])),
    queue: (name) => new MessageQueue(queueService.getQueueClient(name)),
  };
}

interface Services {
  readonly blobService: BlobServiceClient;
  readonly queueService: QueueServiceClient;
  readonly table: (name: string) => TableClient;
}

function connect(
  { blobServiceUri, queueServiceUri, tableServiceUri }: Extract<StateStorage, { kind: 'identity' }>,
  credential: TokenCredential,
): Services {
  return {
    blobService: createBlobServiceClient(blobServiceUri, credential),
    queueService: new QueueServiceClient(queueServiceUri, credential),
    table: (name) => new TableClient(tableServiceUri, name, credential),
  };
}

function connectLocally({ connectionString, blobEndpoint }: Extract<StateStorage, { kind: 'local' }>): Services {
  // The emulator knows its own key and no identities. The settings refuse a connection string that leads off this machine.
  const { credential } = BlobServiceClient.fromConnectionString(connectionString);
  return {
    blobService: createBlobServiceClient(blobEndpoint, credential),
    queueService: QueueServiceClient.fromConnectionString(connectionString),
    table: (name) => TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true }),
  };
}

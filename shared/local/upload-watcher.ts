/**
 * Stands in for Event Grid, which no emulator has: it lists the watched containers, and for every object that is new or
 * was written again it puts the BlobCreated message into the queue, as a CloudEvent in base64, whoever uploaded it and
 * with whatever tool.
 *
 * A listing shows states and not operations, so two things differ from Azure. An object that is overwritten or deleted
 * between two looks raises one event or none. And a change of metadata alone, which raises no event in Azure, does here,
 * because it changes the eTag as an upload does.
 */
import { randomUUID } from 'node:crypto';
import { BlobServiceClient, RestError } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { BlobItem, ContainerClient } from '@azure/storage-blob';
import type { QueueClient } from '@azure/storage-queue';
import { SluiceError } from '../base/errors.ts';

export interface UploadWatcherOptions {
  readonly connectionString: string;
  readonly account: string;
  /** Containers to watch; they need not exist yet. Never the scanner's own. */
  readonly containers: readonly string[];
  readonly queueName: string;
  /** ARM id that stands as the events' source. */
  readonly resourceId: string;
  /** Between two looks; 500 unless given. */
  readonly intervalInMs?: number;
  /** A message is in the queue. */
  readonly onEnqueued?: (container: string, objectName: string) => void;
  /** A look failed; the next one comes all the same. */
  readonly onError?: (error: unknown) => void;
}

/** More objects than the watcher remembers. Code `TOO_MANY_OBJECTS`. */
export class TooManyObjectsError extends SluiceError {
  readonly code = 'TOO_MANY_OBJECTS';
}

/** What is remembered per object is its name and eTag, some 200 bytes. */
const MAX_OBJECTS_PER_CONTAINER = 100_000;

export class UploadWatcher {
  readonly #options: UploadWatcherOptions;
  readonly #blobs: BlobServiceClient;
  readonly #queue: QueueClient;
  /** Per container and object name: which state of it has been told of. */
  readonly #known = new Map<string, Map<string, string>>();
  #sequence = 0;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** Looks are done one after the other. */
  #looking: Promise<void> = Promise.resolve();

  constructor(options: UploadWatcherOptions) {
    this.#options = options;
    this.#blobs = BlobServiceClient.fromConnectionString(options.connectionString);
    this.#queue = QueueServiceClient.fromConnectionString(options.connectionString).getQueueClient(options.queueName);
  }

  /** Looks now and then at every interval. */
  start(): void {
    void this.look().then(() => {
      if (this.#stopping.signal.aborted) return;
      this.#timer = setTimeout(() => {
        this.start();
      }, this.#options.intervalInMs ?? 500);
    });
  }

  /** Looks once, after any look that is going on; resolves when its messages are in the queue. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookAtAll());
    return this.#looking;
  }

  /** Resolves when the last look is over. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    for (const name of this.#options.containers) {
      try {
        await this.#lookAt(this.#blobs.getContainerClient(name));
      } catch (error) {
        if (error instanceof RestError && error.code === 'ContainerNotFound') this.#known.delete(name);
        else if (!this.#stopping.signal.aborted) this.#options.onError?.(error);
      }
    }
  }

  async #lookAt(container: ContainerClient): Promise<void> {
    const before = this.#known.get(container.containerName) ?? new Map<string, string>();
    // Filled as messages are sent, so that after a failure exactly the untold objects are still new.
    const seen = new Map<string, string>();
    let isComplete = false;
    try {
      for await (const item of container.listBlobsFlat({ abortSignal: this.#stopping.signal })) {
        if (seen.size >= MAX_OBJECTS_PER_CONTAINER) {
          throw new TooManyObjectsError(`more than ${MAX_OBJECTS_PER_CONTAINER} objects`, {
            where: container.containerName,
            hint: 'delete some of them: the local watcher is made for trying things out',
          });
        }
        const state = eventState(item);
        if (before.get(item.name) !== state) await this.#enqueue(container, item);
        seen.set(item.name, state);
      }
      isComplete = true;
    } finally {
      const kept = isComplete ? seen : new Map([...before, ...seen]);
      this.#known.set(container.containerName, kept);
    }
  }

  async #enqueue(container: ContainerClient, item: BlobItem): Promise<void> {
    const event = this.#blobCreated(container, item);
    const abortSignal = this.#stopping.signal;
    await this.#queue.sendMessage(Buffer.from(JSON.stringify(event)).toString('base64'), { abortSignal });
    this.#options.onEnqueued?.(container.containerName, item.name);
  }

  #blobCreated(container: ContainerClient, item: BlobItem): object {
    const { properties } = item;
    const sequencer = (++this.#sequence).toString(16).padStart(32, '0');
    return {
      id: randomUUID(),
      source: this.#options.resourceId,
      // Unlike `url`, the subject is not percent-encoded.
      subject: `/blobServices/default/containers/${container.containerName}/blobs/${item.name}`,
      type: 'Microsoft.Storage.BlobCreated',
      time: properties.lastModified.toISOString(),
      specversion: '1.0',
      data: {
        api: 'PutBlob',
        clientRequestId: randomUUID(),
        requestId: randomUUID(),
        eTag: properties.etag.replaceAll('"', ''),
        contentType: properties.contentType,
        contentLength: properties.contentLength,
        blobType: properties.blobType,
        accessTier: 'Default',
        url: container.getBlobClient(item.name).url,
        sequencer: `${sequencer}0000`,
        storageDiagnostics: { batchId: randomUUID() },
      },
    };
  }
}

/** Two listings of an object with the same state have no event between them. Appends and page writes raise none. */
function eventState({ properties }: BlobItem): string {
  return properties.blobType === 'BlockBlob' ? properties.etag : `created ${properties.createdOn?.toISOString() ?? ''}`;
}

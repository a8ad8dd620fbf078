/**
 * A container of the scanner's own storage account, as a place for small things by name: checkpoints, reports that wait for
 * delivery, messages kept for replay. Made when it is first written to. Nothing of it is ever scanned: it lies in no watched
 * account.
 */
import { RestError } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { askStorage } from './ask-storage.ts';
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';

/** The scanner's own blobs cannot be read or written. Code `STATE_UNAVAILABLE`, always retryable: nothing is lost. */
export class StateBlobsError extends SluiceError {
  readonly code = 'STATE_UNAVAILABLE';
}

export interface StoredBlob {
  readonly name: string;
  readonly content: Uint8Array;
}

/** No call waits longer, the SDK's own repetitions included. */
const REQUEST_LIMIT_IN_MS = 120_000;
/** Written in one piece, so that what is there is always whole. */
const MAX_BYTES = 256 * 1024 * 1024;

export class StateBlobs {
  readonly #container: ContainerClient;
  #created: Promise<void> | undefined;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  /** Writes or overwrites. Rejects with `StateBlobsError`, too for more than 256 MiB. */
  async write(name: string, content: Uint8Array): Promise<void> {
    await this.#ensureContainer();
    if (content.length > MAX_BYTES) throw this.#failed(`be written: ${name} has ${content.length} bytes`);
    const blob = this.#container.getBlockBlobClient(name);
    await this.#call('be written', (abortSignal) => blob.upload(content, content.length, { abortSignal }));
  }

  /** Undefined where there is none of that name. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const blob = this.#container.getBlockBlobClient(name);
    return this.#call('be read', async (abortSignal) => {
      try {
        return await blob.downloadToBuffer(0, undefined, { abortSignal });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** Does nothing where there is none of that name. */
  async delete(name: string): Promise<void> {
    const blob = this.#container.getBlockBlobClient(name);
    await this.#call('be deleted', async (abortSignal) => {
      try {
        await blob.delete({ abortSignal });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    });
  }

  /** Names that begin so, in their order, at most `limit`. */
  async list(limit: number, prefix = ''): Promise<string[]> {
    return this.#call('be listed', async (abortSignal) => {
      const names: string[] = [];
      try {
        for await (const { name } of this.#container.listBlobsFlat({ abortSignal, prefix })) {
          if (names.push(name) >= limit) break;
        }
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      return names.slice(0, limit);
    });
  }

  async #ensureContainer(): Promise<void> {
    this.#created ??= this.#call('get their container', async (abortSignal) => {
      await this.#container.createIfNotExists({ abortSignal });
    }).catch((error: unknown) => {
      this.#created = undefined;
      throw error;
    });
    await this.#created;
  }

  async #call<T>(what: string, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await askStorage(request, REQUEST_LIMIT_IN_MS);
    } catch (cause) {
      // Somebody deleted the container while this process ran; the next call makes it again.
      if (isMissing(cause)) this.#created = undefined;
      throw this.#failed(`${what}: ${reasonOf(cause)}`, cause);
    }
  }

  #failed(what: string, cause?: unknown): StateBlobsError {
    const { containerName } = this.#container;
    return new StateBlobsError(`the blobs of ${containerName} cannot ${what}`, {
      where: containerName,
      hint: "see whether the blob service of the scanner's storage account (SLUICE_STATE__blobServiceUri) can be reached, and whether the app's identity has the role Storage Blob Data Owner there",
      retryable: true,
      cause,
    });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RestError && error.statusCode === 404;
}

function reasonOf(error: unknown): string {
  return error instanceof RestError && error.statusCode !== undefined
    ? `status ${error.statusCode} ${error.code ?? ''}`.trim()
    : errorText(error, 200);
}

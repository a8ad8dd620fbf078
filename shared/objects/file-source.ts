/**
 * A byte source over a regular file of the local file system. The version is pinned by what the open handle says of it: inode,
 * size and time of last change, taken when it is opened and compared after every read. A file that is replaced by another of
 * its name meanwhile goes on being read as it was; one that is written to, cut or extended fails with `ObjectChangedError`.
 */
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { existingLength, requireOffset, requireSize } from './byte-range.ts';
import type { ByteSource, StreamOptions } from './byte-source.ts';
import {
  NotReadableError,
  ObjectAccessError,
  ObjectChangedError,
  ObjectGoneError,
  SourceReadError,
} from './object-errors.ts';
import { readAhead } from './read-ahead.ts';

export interface FileSourceOptions {
  /** 1 MiB unless given. */
  readonly chunkSizeInBytes?: number;
  /** How many chunks are held, the one being scanned included; 2 unless given. */
  readonly chunksInFlight?: number;
}

/** Windows has no such flag. */
const nonBlocking = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/**
 * Opens the file for reading, links followed. `path` may be bytes, for names that are not UTF-8. Rejects with `ObjectGoneError`
 * where there is none, `ObjectAccessError` where it may not be read, `NotReadableError` for all that is no regular file, and
 * `SourceReadError` otherwise. Memory while reading: `chunkSizeInBytes` × `chunksInFlight`.
 */
export async function openFile(path: string | Buffer, options: FileSourceOptions = {}): Promise<ByteSource> {
  const { chunkSizeInBytes = 1024 * 1024, chunksInFlight = 2 } = options;
  requireSize('chunkSizeInBytes', chunkSizeInBytes);
  requireSize('chunksInFlight', chunksInFlight);
  const name = path.toString();
  let handle: FileHandle | undefined;
  try {
    // Looked at before it is opened, because opening a device can do something, and again after it, because it may be
    // another one by then. Without O_NONBLOCK the opening of a pipe would wait for somebody to write into it.
    requireRegular(await stat(path, { bigint: true }), name);
    handle = await open(path, constants.O_RDONLY | nonBlocking);
    const pinned = await handle.stat({ bigint: true });
    requireRegular(pinned, name);
    return new FileSource(name, handle, pinned, chunkSizeInBytes, chunksInFlight);
  } catch (error) {
    await handle?.close();
    throw fileError(error, name);
  }
}

class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #pinned: BigIntStats;
  readonly #chunkSizeInBytes: number;
  readonly #chunksInFlight: number;
  readonly #closing = new AbortController();

  constructor(name: string, handle: FileHandle, pinned: BigIntStats, chunkSizeInBytes: number, chunksInFlight: number) {
    this.name = name;
    this.size = Number(pinned.size);
    this.#handle = handle;
    this.#pinned = pinned;
    this.#chunkSizeInBytes = chunkSizeInBytes;
    this.#chunksInFlight = chunksInFlight;
  }

  async *stream({ start = 0, abortSignal }: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    requireOffset('start', start);
    yield* readAhead({
      start,
      end: this.size,
      chunkSizeInBytes: this.#chunkSizeInBytes,
      chunksInFlight: this.#chunksInFlight,
      abortSignals: [abortSignal, this.#closing.signal],
      fill: (target, offset, signal) => this.#fill(target, offset, signal),
    });
    await this.#requireEnd();
  }

  readonly readAt = async (
    offset: number,
    length: number,
    { abortSignal }: { abortSignal?: AbortSignal } = {},
  ): Promise<Uint8Array> => {
    const target = new Uint8Array(existingLength(offset, length, this.size));
    abortSignal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    await this.#fill(target, offset, abortSignal);
    return target;
  };

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new SourceReadError('source is closed', { where: this.name }));
    await this.#handle.close();
  }

  async #fill(target: Uint8Array, offset: number, abortSignal: AbortSignal | undefined): Promise<void> {
    try {
      for (let filled = 0; filled < target.length;) {
        const { bytesRead } = await this.#handle.read(target, filled, target.length - filled, offset + filled);
        abortSignal?.throwIfAborted();
        if (bytesRead === 0) throw this.#changed(`it ends at ${offset + filled} of ${this.size} bytes`);
        filled += bytesRead;
      }
      await this.#requireUnchanged();
    } catch (error) {
      abortSignal?.throwIfAborted();
      // The handle is closed under a read only by `close()`.
      this.#closing.signal.throwIfAborted();
      throw fileError(error, this.name);
    }
  }

  async #requireUnchanged(): Promise<void> {
    const now = await this.#handle.stat({ bigint: true });
    const { size, mtimeNs, ino } = this.#pinned;
    if (now.size !== size) throw this.#changed(`its size went from ${size.toString()} to ${now.size.toString()} bytes`);
    if (now.mtimeNs !== mtimeNs || now.ino !== ino) throw this.#changed('it was written to');
  }

  /** Files under /proc claim to be empty, and one that grows without its times changing has bytes nobody scanned. */
  async #requireEnd(): Promise<void> {
    try {
      const { bytesRead } = await this.#handle.read(new Uint8Array(1), 0, 1, this.size);
      if (bytesRead > 0) throw this.#changed(`it has more than the ${this.size} bytes it is said to have`);
      await this.#requireUnchanged();
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      throw fileError(error, this.name);
    }
  }

  #changed(how: string): ObjectChangedError {
    return new ObjectChangedError(`file changed while it was read: ${how}`, { where: this.name });
  }
}

function requireRegular(stats: BigIntStats, name: string): void {
  if (!stats.isFile())
    throw new NotReadableError(`not a regular file but a ${kindOf(stats)}: ${name}`, { where: name });
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isSocket()) return 'socket';
  return 'device';
}

function fileError(error: unknown, name: string): unknown {
  if (!isSystemError(error)) return error;
  const details = { where: name, cause: error };
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ObjectGoneError(`no such file: ${name}`, details);
    case 'EACCES':
    case 'EPERM':
      return new ObjectAccessError(`file may not be read: ${name}`, {
        ...details,
        hint: 'run as a user who may read it',
      });
    default:
      return new SourceReadError(`file could not be read: ${error.code}: ${name}`, { ...details, retryable: true });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error;
}

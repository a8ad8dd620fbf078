/** A byte source over bytes that are already in memory. They are not copied: whoever hands them over leaves them alone. */
import { existingLength, requireOffset, requireSize } from './byte-range.ts';
import type { ByteSource, StreamOptions } from './byte-source.ts';
import { SourceReadError } from './object-errors.ts';

export interface MemorySourceOptions {
  /** What messages call it; `memory` unless given. */
  readonly name?: string;
  /** Of all chunks but the last; 1 MiB unless given. */
  readonly chunkSizeInBytes?: number;
}

/** A source of exactly these bytes. Chunks and `readAt` are views of them. */
export function memorySource(bytes: Uint8Array, options: MemorySourceOptions = {}): ByteSource {
  const { name = 'memory', chunkSizeInBytes = 1024 * 1024 } = options;
  requireSize('chunkSizeInBytes', chunkSizeInBytes);
  let isClosed = false;
  const requireOpen = (abortSignal: AbortSignal | undefined): void => {
    abortSignal?.throwIfAborted();
    if (isClosed) throw new SourceReadError('source is closed', { where: name });
  };
  return {
    name,
    size: bytes.length,
    async *stream({ start = 0, abortSignal }: StreamOptions = {}) {
      requireOffset('start', start);
      requireOpen(abortSignal);
      for (let offset = start; offset < bytes.length; offset += chunkSizeInBytes) {
        yield bytes.subarray(offset, offset + chunkSizeInBytes);
        requireOpen(abortSignal);
      }
    },
    readAt: async (offset, length, readOptions) => {
      requireOpen(readOptions?.abortSignal);
      return bytes.subarray(offset, offset + existingLength(offset, length, bytes.length));
    },
    close: async () => {
      isClosed = true;
    },
  };
}

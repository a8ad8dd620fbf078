/**
 * Ordered delivery of reads that run side by side. The bytes `start … end` are cut into chunks, a fixed number of chunks is
 * read at a time, and they come out in order whatever order they are finished in.
 *
 * Memory: `chunksInFlight` × `chunkSizeInBytes`, the chunk in the consumer's hands included. The memory of a chunk is read into
 * again as soon as the consumer asks for the next one. (Measured over 1 GiB in chunks of 4 MiB: 117 MB of resident memory
 * against 189 MB with fresh memory for each, and twice the speed.)
 */
import { LinkedAbort } from './linked-abort.ts';

export interface ReadAheadOptions {
  readonly start: number;
  /** The first offset that is not read any more. */
  readonly end: number;
  readonly chunkSizeInBytes: number;
  readonly chunksInFlight: number;
  /** Any of them ends the reading; the iteration rejects with its reason. */
  readonly abortSignals: readonly (AbortSignal | undefined)[];
  /** Reads exactly `target.length` bytes at `offset` or rejects; with the signal's reason once that aborts. */
  readonly fill: (target: Uint8Array, offset: number, abortSignal: AbortSignal) => Promise<void>;
}

interface PendingChunk {
  readonly memory: Uint8Array;
  readonly length: number;
  readonly filled: Promise<void>;
}

/**
 * Yields the bytes `start … end` in order. Nothing is read before the first chunk is asked for. A consumer that stops early
 * aborts the reads in flight and waits until they have let go of their memory. A failed read is reported in its turn: all
 * bytes before it are delivered first.
 */
export async function* readAhead(options: ReadAheadOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { end, chunkSizeInBytes, chunksInFlight, fill } = options;
  const link = new LinkedAbort(...options.abortSignals);
  const pending: PendingChunk[] = [];
  let offset = options.start;

  const launch = (memory?: Uint8Array): void => {
    const length = Math.min(chunkSizeInBytes, end - offset);
    // Memory that the consumer transferred to another thread has no length any more.
    if (memory === undefined || memory.length < length) memory = new Uint8Array(length);
    const filled = fill(memory.subarray(0, length), offset, link.signal);
    // It is awaited in its turn, which may be long after it failed.
    filled.catch(() => undefined);
    pending.push({ memory, length, filled });
    offset += length;
  };

  try {
    link.signal.throwIfAborted();
    while (offset < end && pending.length < chunksInFlight) launch();
    for (let chunk = pending[0]; chunk !== undefined; chunk = pending[0]) {
      await chunk.filled;
      link.signal.throwIfAborted();
      yield chunk.memory.subarray(0, chunk.length);
      link.signal.throwIfAborted();
      pending.shift();
      if (offset < end) launch(chunk.memory);
    }
  } finally {
    link.abort(new Error('nobody reads any further'));
    await Promise.allSettled(pending.map(({ filled }) => filled));
    link.release();
  }
}

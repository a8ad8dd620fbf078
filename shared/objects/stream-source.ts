/**
 * A byte source over something that only flows: standard input, a pipe, an HTTP body. Its size is unknown, it cannot seek, and
 * it can be read once.
 */
import { Readable } from 'node:stream';
import { requireOffset } from './byte-range.ts';
import type { ByteSource, StreamOptions } from './byte-source.ts';
import { LinkedAbort } from './linked-abort.ts';
import { SourceReadError } from './object-errors.ts';

/**
 * A source of the bytes that `input` gives; chunks are as it gives them. Holds nothing but the chunk in the consumer's hands.
 * A consumer that stops early destroys `input`. `start` is honoured by reading and dropping. Reading fails with
 * `SourceReadError`: when the input fails, when it gives text or objects, and for a second `stream()`.
 */
export function streamSource(input: Readable | AsyncIterable<unknown>, name: string): ByteSource {
  return new StreamSource(input, name);
}

class StreamSource implements ByteSource {
  readonly name: string;
  readonly size = undefined;
  readonly readAt = undefined;
  readonly #input: Readable | AsyncIterable<unknown>;
  readonly #closing = new AbortController();
  #isTaken = false;

  constructor(input: Readable | AsyncIterable<unknown>, name: string) {
    this.#input = input;
    this.name = name;
    // An input may fail before anybody reads it; without a listener that would end the process. Reading reports it.
    if (input instanceof Readable) input.on('error', () => undefined);
  }

  async *stream({ start = 0, abortSignal }: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    requireOffset('start', start);
    const link = new LinkedAbort(abortSignal, this.#closing.signal);
    try {
      link.signal.throwIfAborted();
      if (this.#isTaken) throw this.#failed('input can be read only once');
      this.#isTaken = true;
      yield* this.#chunks(start, link.signal);
    } finally {
      link.release();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(this.#failed('source is closed'));
    if (this.#input instanceof Readable) this.#input.destroy();
  }

  async *#chunks(start: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const iterator = this.#input[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    let left = start;
    try {
      for (;;) {
        const step = await this.#next(iterator, signal);
        if (step.done === true) return;
        const value: unknown = step.value;
        if (!(value instanceof Uint8Array)) throw this.#failed(`input gave a ${typeof value} instead of bytes`);
        const dropped = Math.min(left, value.length);
        left -= dropped;
        if (dropped < value.length) yield value.subarray(dropped);
        signal.throwIfAborted();
      }
    } finally {
      // `return()` of an iterator waits for a pending `next()`, which on an idle input never ends: it is not waited for.
      if (this.#input instanceof Readable) this.#input.destroy();
      else iterator.return?.().catch(() => undefined);
    }
  }

  async #next(iterator: AsyncIterator<unknown>, signal: AbortSignal): Promise<IteratorResult<unknown>> {
    try {
      return await untilAbort(iterator.next(), signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed(`input failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
  }

  #failed(message: string, cause?: unknown): SourceReadError {
    return new SourceReadError(message, { where: this.name, cause });
  }
}

/** Like `promise`, but rejects with the signal's reason as soon as that aborts: an idle input may never give another chunk. */
function untilAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

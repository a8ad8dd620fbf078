/**
 * What every byte source must do, whatever its bytes come from. A test file calls `describeByteSource` with a way to open a
 * source over given bytes; chunks of that source should be `CHUNK` bytes, so that the sizes below fall on, before and behind
 * its boundaries.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ByteSource, StreamOptions } from '../../../../shared/objects/byte-source.ts';
import { SourceReadError } from '../../../../shared/objects/object-errors.ts';

export const CHUNK = 1_000;
const sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 4 * CHUNK + 1, 11 * CHUNK + 7];

export interface ContractTraits {
  /** Whether it has a size, can seek, and can be read more than once. */
  readonly seekable: boolean;
  /** How much the source holds of what must be given back (handles, requests); asked after it was closed or left early. */
  readonly held?: () => number | Promise<number>;
}

export function describeByteSource(
  kind: string,
  open: (bytes: Uint8Array) => ByteSource | Promise<ByteSource>,
  traits: ContractTraits,
): void {
  describe(`${kind} as a byte source`, () => {
    it.each(sizes)('delivers all of %i bytes in order, each once, in chunks above 0', async (size) => {
      const bytes = randomBytes(size);
      const source = await open(bytes);
      expect(source.size).toBe(traits.seekable ? size : undefined);
      const chunks = await copyChunks(source);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
      await source.close();
    });

    it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK - 1, 5 * CHUNK, 5 * CHUNK + 10])(
      'starts at byte %i when asked to',
      async (start) => {
        const bytes = randomBytes(5 * CHUNK);
        const source = await open(bytes);
        expect(Buffer.concat(await copyChunks(source, { start })).equals(bytes.subarray(start))).toBe(true);
        await source.close();
      },
    );

    it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses to start at %d', async (start) => {
      const source = await open(randomBytes(10));
      await expect((async () => copyChunks(source, { start }))()).rejects.toThrow(RangeError);
      await source.close();
    });

    it('gives back what it holds when the consumer stops early', async () => {
      const source = await open(randomBytes(20 * CHUNK));
      for await (const chunk of source.stream()) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      await source.close();
      if (traits.held) await expect.poll(traits.held, { timeout: 5_000, interval: 5 }).toBe(0);
    });

    it('gives back what it holds when the consumer fails', async () => {
      const source = await open(randomBytes(20 * CHUNK));
      const failing = (async () => {
        for await (const chunk of source.stream()) throw new Error(`no use for ${chunk.length} bytes`);
      })();
      await expect(failing).rejects.toThrow(/no use for \d+ bytes/);
      await source.close();
      if (traits.held) await expect.poll(traits.held, { timeout: 5_000, interval: 5 }).toBe(0);
    });

    it.each([['an error', new Error('the day is over')] as const, ['a text', 'the day is over'] as const])(
      'rejects with the reason of an abort before the start, %s',
      async (_, reason) => {
        for (const size of [0, 2 * CHUNK]) {
          const source = await open(randomBytes(size));
          const aborted = AbortSignal.abort(reason);
          await expect(copyChunks(source, { abortSignal: aborted })).rejects.toBe(reason);
          if (source.readAt) await expect(source.readAt(0, 1, { abortSignal: aborted })).rejects.toBe(reason);
          await source.close();
        }
      },
    );

    it('rejects with the reason of an abort between two chunks, and delivers no more', async () => {
      const source = await open(randomBytes(20 * CHUNK));
      const controller = new AbortController();
      const reason = new Error('the day is over');
      let chunks = 0;
      const reading = (async () => {
        for await (const chunk of source.stream({ abortSignal: controller.signal })) {
          chunks += Math.sign(chunk.length);
          controller.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      expect(chunks).toBe(1);
      await source.close();
      if (traits.held) await expect.poll(traits.held, { timeout: 5_000, interval: 5 }).toBe(0);
    });

    it('rejects with the reason of an abort in the last chunk, although all bytes are there', async () => {
      const bytes = randomBytes(CHUNK + 1);
      const source = await open(bytes);
      const controller = new AbortController();
      let seen = 0;
      const reading = (async () => {
        for await (const chunk of source.stream({ abortSignal: controller.signal })) {
          seen += chunk.length;
          if (seen === bytes.length) controller.abort('late');
        }
      })();
      await expect(reading).rejects.toBe('late');
      await source.close();
    });

    it('leaves no listener on the signal it was given', async () => {
      const signal = new CountingSignal();
      const source = await open(randomBytes(7 * CHUNK));
      await copyChunks(source, { abortSignal: signal.target });
      expect(signal.listeners).toBe(0);
      await source.close();
    });

    it('closes twice, and reads no more after that', async () => {
      const source = await open(randomBytes(3 * CHUNK));
      await source.close();
      await source.close();
      await expect(copyChunks(source)).rejects.toBeInstanceOf(SourceReadError);
      if (source.readAt) await expect(source.readAt(0, 1)).rejects.toBeInstanceOf(SourceReadError);
    });

    it('ends a stream that is under way when it is closed', async () => {
      const source = await open(randomBytes(20 * CHUNK));
      const reading = (async () => {
        for await (const chunk of source.stream()) if (chunk.length > 0) await source.close();
      })();
      await expect(reading).rejects.toThrow('source is closed');
    });

    if (traits.seekable) describeSeeking(open);
    else describeFlowing(open);
  });
}

function describeSeeking(open: (bytes: Uint8Array) => ByteSource | Promise<ByteSource>): void {
  it('reads the bytes that exist at any place, and none beyond the end', async () => {
    const bytes = randomBytes(3 * CHUNK + 5);
    const { readAt, close } = await openSeekable(open, bytes);
    for (const offset of [
      0,
      1,
      CHUNK - 1,
      CHUNK,
      2 * CHUNK + 3,
      bytes.length - 1,
      bytes.length,
      bytes.length + 1,
      2 ** 50,
    ]) {
      for (const length of [0, 1, 2, CHUNK, 2 * CHUNK + 1, bytes.length, 2 ** 52]) {
        const expected = bytes.subarray(Math.min(offset, bytes.length), offset + length);
        const actual = await readAt(offset, length);
        expect(Buffer.from(actual).equals(expected), `offset ${offset}, length ${length}`).toBe(true);
      }
    }
    await close();
  });

  it('keeps what was read at one place good while other places are read', async () => {
    const bytes = randomBytes(4 * CHUNK);
    const { readAt, close } = await openSeekable(open, bytes);
    const pages = await Promise.all([0, 1, 2, 3].map((page) => readAt(page * CHUNK, CHUNK)));
    await readAt(0, 4 * CHUNK);
    expect(Buffer.concat(pages).equals(bytes)).toBe(true);
    await close();
  });

  it.each([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
    [2 ** 53, 1],
  ])('refuses to read at %d a length of %d', async (offset, length) => {
    const { readAt, close } = await openSeekable(open, randomBytes(10));
    await expect(readAt(offset, length)).rejects.toThrow(RangeError);
    await close();
  });

  it('can be read again, by two at once, and while places are read', async () => {
    const bytes = randomBytes(6 * CHUNK + 1);
    const source = await open(bytes);
    const [first, second, place] = await Promise.all([
      copyChunks(source),
      copyChunks(source, { start: 17 }),
      source.readAt!(CHUNK, 2 * CHUNK),
    ]);
    expect(Buffer.concat(first).equals(bytes)).toBe(true);
    expect(Buffer.concat(second).equals(bytes.subarray(17))).toBe(true);
    expect(Buffer.from(place).equals(bytes.subarray(CHUNK, 3 * CHUNK))).toBe(true);
    await source.close();
  });
}

function describeFlowing(open: (bytes: Uint8Array) => ByteSource | Promise<ByteSource>): void {
  it('cannot seek', async () => {
    const source = await open(randomBytes(10));
    expect(source.readAt).toBeUndefined();
    await source.close();
  });

  it('is read once only', async () => {
    const source = await open(randomBytes(10));
    await copyChunks(source);
    await expect(copyChunks(source)).rejects.toThrow('input can be read only once');
    await source.close();
  });
}

/** All chunks, copied, because a chunk is good only until the next one. */
export async function copyChunks(source: ByteSource, options?: StreamOptions): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream(options)) chunks.push(Uint8Array.from(chunk));
  return chunks;
}

async function openSeekable(
  open: (bytes: Uint8Array) => ByteSource | Promise<ByteSource>,
  bytes: Uint8Array,
): Promise<{ readAt: NonNullable<ByteSource['readAt']>; close: () => Promise<void> }> {
  const source = await open(bytes);
  // Taken off the source on purpose: consumers hand it on as a function.
  const { readAt } = source;
  if (readAt === undefined) throw new Error('not seekable');
  return { readAt, close: () => source.close() };
}

/** A real signal that counts who listens to it. */
class CountingSignal {
  readonly target = new AbortController().signal;
  listeners = 0;

  constructor() {
    const { target } = this;
    const add = target.addEventListener.bind(target);
    const remove = target.removeEventListener.bind(target);
    target.addEventListener = (...rest: Parameters<typeof add>) => {
      this.listeners++;
      add(...rest);
    };
    target.removeEventListener = (...rest: Parameters<typeof remove>) => {
      this.listeners--;
      remove(...rest);
    };
  }
}

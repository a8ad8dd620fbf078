import { describe, expect, it } from 'vitest';
import { readAhead } from '../../../../shared/objects/read-ahead.ts';

/** Reads that end when and how the test says. */
class HeldReads {
  readonly started: number[] = [];
  readonly memories = new Set<ArrayBufferLike>();
  active = 0;
  highest = 0;
  readonly #settle = new Map<number, { finish: () => void; fail: (error: Error) => void }>();

  readonly fill = (target: Uint8Array, offset: number, signal: AbortSignal): Promise<void> => {
    this.started.push(offset);
    this.memories.add(target.buffer);
    this.highest = Math.max(this.highest, ++this.active);
    return new Promise<void>((resolve, reject) => {
      let isEnded = false;
      const end = (settle: () => void): void => {
        if (isEnded) return;
        isEnded = true;
        this.active--;
        settle();
      };
      const finish = (): void => {
        target.fill(offset);
        end(resolve);
      };
      const fail = (error: Error): void => {
        end(() => {
          reject(error);
        });
      };
      this.#settle.set(offset, { finish, fail });
      signal.addEventListener('abort', () => {
        fail(signal.reason as Error);
      });
    });
  };

  finish(...offsets: number[]): void {
    for (const offset of offsets) this.#settle.get(offset)!.finish();
  }

  fail(offset: number, error: Error): void {
    this.#settle.get(offset)!.fail(error);
  }
}

const read = (reads: HeldReads, end: number): AsyncGenerator<Uint8Array, void, undefined> =>
  readAhead({ start: 0, end, chunkSizeInBytes: 2, chunksInFlight: 3, abortSignals: [], fill: reads.fill });

describe('readAhead', () => {
  it('reads nothing before the first chunk is asked for', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 10);
    expect(reads.started).toEqual([]);
    await chunks.return();
    expect(reads.started).toEqual([]);
  });

  it('delivers in order what is finished out of order', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 6);
    const first = chunks.next();
    reads.finish(4, 2, 0);
    expect([...(await first).value!]).toEqual([0, 0]);
    expect([...(await chunks.next()).value!]).toEqual([2, 2]);
    expect([...(await chunks.next()).value!]).toEqual([4, 4]);
    expect((await chunks.next()).done).toBe(true);
  });

  it('never holds more chunks than it may, the one in hand included, and reads into the same memory again', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 101);
    let next = chunks.next();
    for (let offset = 0; offset < 101; offset += 2) {
      reads.finish(offset);
      expect((await next).value![0]).toBe(offset);
      expect(reads.started.length).toBe(Math.min(51, offset / 2 + 3));
      next = chunks.next();
    }
    expect((await next).done).toBe(true);
    expect(reads.highest).toBe(3);
    expect(reads.memories.size).toBe(3);
  });

  it('goes on with fresh memory when the consumer gave a chunk away', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 8);
    const first = chunks.next();
    reads.finish(0);
    structuredClone((await first).value, { transfer: [(await first).value!.buffer as ArrayBuffer] });
    const second = chunks.next();
    reads.finish(2);
    expect([...(await second).value!]).toEqual([2, 2]);
    const third = chunks.next();
    reads.finish(4, 6);
    expect([...(await third).value!]).toEqual([4, 4]);
    expect([...(await chunks.next()).value!]).toEqual([6, 6]);
  });

  it('reports a failed read in its turn and ends the others', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 20);
    const first = chunks.next();
    reads.fail(2, new Error('broken'));
    reads.finish(0);
    expect([...(await first).value!]).toEqual([0, 0]);
    await expect(chunks.next()).rejects.toThrow('broken');
    expect(reads.active).toBe(0);
  });

  it('ends the reads in flight before it lets a consumer go that stops early', async () => {
    const reads = new HeldReads();
    const chunks = read(reads, 20);
    const first = chunks.next();
    reads.finish(0);
    await first;
    expect(reads.active).toBe(2);
    await chunks.return();
    expect(reads.active).toBe(0);
  });
});

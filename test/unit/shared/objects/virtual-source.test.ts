import { describe, expect, it } from 'vitest';
import { virtualSource } from '../../../../shared/objects/virtual-source.ts';
import { CHUNK, copyChunks, describeByteSource } from './byte-source-contract.ts';

describeByteSource(
  'virtual content',
  (bytes) =>
    virtualSource({
      sizeInBytes: bytes.length,
      block: bytes.length > 0 ? bytes : Uint8Array.of(0),
      chunkSizeInBytes: CHUNK,
    }),
  { seekable: true },
);

describe('virtualSource', () => {
  const block = Uint8Array.of(10, 20, 30);

  it('repeats its block, whatever the chunks', async () => {
    for (const chunkSizeInBytes of [1, 2, 3, 4, 7, 100]) {
      const source = virtualSource({ sizeInBytes: 8, block, chunkSizeInBytes });
      expect([...Buffer.concat(await copyChunks(source))]).toEqual([10, 20, 30, 10, 20, 30, 10, 20]);
      expect([...(await source.readAt!(4, 3))]).toEqual([20, 30, 10]);
    }
  });

  it('shows planted bytes where they were planted, over chunk boundaries and over each other', async () => {
    const planted = [
      { offset: 0, bytes: Uint8Array.of(1) },
      { offset: 3, bytes: Uint8Array.of(2, 3, 4) },
      { offset: 5, bytes: Uint8Array.of(5, 6) },
      { offset: 9, bytes: Uint8Array.of(7) },
    ];
    for (const chunkSizeInBytes of [1, 2, 3, 4, 7, 100]) {
      const source = virtualSource({ sizeInBytes: 10, block: Uint8Array.of(0), planted, chunkSizeInBytes });
      expect([...Buffer.concat(await copyChunks(source))]).toEqual([1, 0, 0, 2, 3, 5, 6, 0, 0, 7]);
      expect([...(await source.readAt!(4, 4))]).toEqual([3, 5, 6, 0]);
    }
  });

  it('does not repeat at a power of two, so that a misplaced read shows', async () => {
    const source = virtualSource({ sizeInBytes: 2 ** 40 });
    const first = await source.readAt!(0, 64);
    for (let power = 6; power < 40; power++) {
      expect(Buffer.from(await source.readAt!(2 ** power, 64)).equals(first), `2^${power}`).toBe(false);
    }
  });

  it('is the same each time it is made', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => virtualSource({ sizeInBytes: 2 ** 48 }).readAt!(2 ** 47 + 12_345, 5_000)),
    );
    expect(Buffer.from(one!).equals(two!)).toBe(true);
  });

  it('is as large as a blob can be, and reads its last byte', async () => {
    const sizeInBytes = 2 ** 48;
    const source = virtualSource({ sizeInBytes, planted: [{ offset: sizeInBytes - 1, bytes: Uint8Array.of(0xaa) }] });
    expect([...(await source.readAt!(sizeInBytes - 1, 10))]).toEqual([0xaa]);
    let last = 0;
    let length = 0;
    for await (const chunk of source.stream({ start: sizeInBytes - 2_500_000 })) {
      length += chunk.length;
      last = chunk.at(-1) ?? 0;
    }
    expect([length, last]).toEqual([2_500_000, 0xaa]);
  });

  it('refuses a size above 2^48 and bytes planted outside', () => {
    expect(() => virtualSource({ sizeInBytes: 2 ** 48 + 1 })).toThrow('sizeInBytes is above 2^48: 281474976710657');
    expect(() => virtualSource({ sizeInBytes: 4, planted: [{ offset: 3, bytes: block }] })).toThrow(
      "planted bytes at 3 end behind the object's end: 4",
    );
  });
});

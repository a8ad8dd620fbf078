import { describe, expect, it } from 'vitest';
import { RetainedBytes } from '../../../../shared/scanner/retained-bytes.ts';

const capacity = 8;

function retain(length: number, cut: number): RetainedBytes {
  const bytes = Uint8Array.from({ length }, (_, offset) => offset);
  const retained = new RetainedBytes(capacity);
  for (let offset = 0; offset < length; offset += cut) retained.write(bytes.subarray(offset, offset + cut));
  return retained;
}

describe('RetainedBytes', () => {
  it.each([1, 3, 7, 8, 9, 100])(
    'gives the first and the last bytes and nothing between, written %i at a time',
    async (cut) => {
      const length = 40;
      const retained = retain(length, cut);
      for (let offset = 0; offset < length + 2; offset += 1) {
        for (let size = 1; size <= 4; size += 1) {
          const end = Math.min(offset + size, length);
          const isHeld = offset < length && (end <= capacity || offset >= length - capacity);
          const expected = isHeld ? Array.from({ length: end - offset }, (_, index) => offset + index) : [];
          expect([...(await retained.readAt(offset, size))], `${offset}+${size}`).toEqual(expected);
        }
      }
    },
  );

  it('gives every byte of a stream that fits', async () => {
    const retained = retain(12, 5);
    expect([...(await retained.readAt(4, 4))]).toEqual([4, 5, 6, 7]);
    expect([...(await retained.readAt(6, 4))]).toEqual([6, 7, 8, 9]);
  });

  it('keeps its bytes when the chunk it was given is filled anew', async () => {
    const retained = new RetainedBytes(capacity);
    const chunk = Uint8Array.of(1, 2, 3);
    retained.write(chunk);
    chunk.fill(9);
    expect([...(await retained.readAt(0, 3))]).toEqual([1, 2, 3]);
  });
});

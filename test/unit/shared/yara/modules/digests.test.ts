/** Digests are those of the platform, whatever the pieces, and go on from a saved state. */
import { createHash } from 'node:crypto';
import { crc32 as platformCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { accumulatorFor, computeOver } from '../../../../../shared/yara/modules/range-computations.ts';
import { RANGE_KINDS, type RangeKind } from '../../../../../shared/yara/modules/schema.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function randomBytes(length: number): Uint8Array {
  const random = randomFor('digests', String(length));
  return Uint8Array.from({ length }, () => random.below(256));
}

describe(`digests, seed ${seed}`, () => {
  for (const kind of ['md5', 'sha1', 'sha256'] as const) {
    it(`${kind} of every length around its blocks is the platform's`, () => {
      const bytes = randomBytes(300);
      for (let length = 0; length <= bytes.length; length++) {
        const part = bytes.subarray(0, length);
        expect(text(computeOver(kind, part)), `${length} bytes`).toBe(createHash(kind).update(part).digest('hex'));
      }
    });
  }

  for (const kind of ['md5', 'sha1', 'sha256'] as const) {
    it(`${kind} of random lengths, in random pieces at odd offsets and through saved states, is the platform's`, () => {
      const random = randomFor('chunkings', kind);
      for (let round = 0; round < 30; round++) {
        const bytes = randomBytes(1 + random.below(4000)).subarray(1);
        let accumulator = accumulatorFor(kind);
        for (let at = 0; at < bytes.length;) {
          const to = Math.min(bytes.length, at + random.below(700));
          accumulator.update(bytes, at, to);
          at = to;
          const saved = accumulator.save();
          accumulator = accumulatorFor(kind);
          accumulator.restore(saved);
        }
        const digest = createHash(kind).update(bytes).digest('hex');
        expect(text(accumulator.finish()), `round ${round}, ${bytes.length} bytes`).toBe(digest);
      }
    });
  }

  it('crc32 of every length is the platform’s', () => {
    const bytes = randomBytes(100);
    for (let length = 0; length <= bytes.length; length++) {
      expect(computeOver('crc32', bytes.subarray(0, length))).toBe(platformCrc32(bytes.subarray(0, length)));
    }
  });

  it('sha256 counts lengths beyond 2^32 bits', () => {
    const accumulator = accumulatorFor('sha256');
    const hash = createHash('sha256');
    const block = new Uint8Array(1 << 24).fill(7);
    // 2^29 bytes are 2^32 bits.
    for (let at = 0; at < 32; at++) hash.update(block);
    hash.update('x');
    for (let at = 0; at < 32; at++) accumulator.update(block, 0, block.length);
    accumulator.update(Buffer.from('x'), 0, 1);
    expect(text(accumulator.finish())).toBe(hash.digest('hex'));
  }, 120_000);

  for (const kind of RANGE_KINDS) {
    it(`${kind} is the same for every cut, and through a saved state at each`, () => {
      const bytes = randomBytes(200);
      const whole = computeOver(kind, bytes);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const first = accumulatorFor<RangeKind>(kind);
        first.update(bytes, 0, cut);
        const saved = first.save();
        expect(saved.length).toBe(first.savedBytes);
        const second = accumulatorFor<RangeKind>(kind);
        second.restore(saved);
        second.update(bytes, cut, bytes.length);
        expect(second.finish(), `cut at ${cut}`).toEqual(whole);
      }
    });

    it(`${kind} is the same for random pieces, and asking in between changes nothing`, () => {
      const bytes = randomBytes(5000);
      const whole = computeOver(kind, bytes);
      const accumulator = accumulatorFor<RangeKind>(kind);
      const random = randomFor('pieces', kind);
      for (let at = 0; at < bytes.length;) {
        const to = Math.min(bytes.length, at + random.below(150));
        accumulator.update(bytes, at, to);
        accumulator.finish();
        at = to;
      }
      expect(accumulator.finish()).toEqual(whole);
    });
  }
});

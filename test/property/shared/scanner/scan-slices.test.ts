/**
 * A scan that is left and taken up again at random places, by a worker that has nothing but the checkpoint's bytes, gives what an
 * uninterrupted scan gives: matches, evidence, digests, bytes read. Seed and object are printed when one does not.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../../shared/objects/memory-source.ts';
import type { DigestName } from '../../../../shared/scanner/object-digests.ts';
import { decodeScanCheckpoint, encodeScanCheckpoint } from '../../../../shared/scanner/scan-checkpoint.ts';
import type { ScanCheckpoint } from '../../../../shared/scanner/scan-checkpoint.ts';
import type { ObjectScan, ScanObjectOptions } from '../../../../shared/scanner/scan-object.ts';
import { scanObject, scanSlice } from '../../../../shared/scanner/scan-object.ts';
import { compileRules, decodeRules, encodeRules } from '../../../../shared/yara/index.ts';

const bundle = encodeRules(
  compileRules(
    [
      {
        text: `
          import "hash"
          import "math"
          rule text { strings: $a = "30.40.50.60:9342" fullword ascii wide condition: $a }
          rule counted { strings: $a = "ab" condition: #a > 3 and #a in (0..filesize - 100) < 10000 }
          rule hex { strings: $a = { 61 62 [0-200] 63 64 } condition: $a }
          rule far { strings: $a = "needle" condition: $a and uint8(filesize - 1) == 0x61 and @a[1] > 10 }
          rule whole { condition: hash.md5(0, filesize) != "" and math.entropy(0, filesize) > 0.5 }
          rule typed { condition: filetype == "EXE" or extension == ".bin" }`,
      },
    ],
    { externals: { filetype: '', extension: '' } },
  ),
);
const scanId = 'a'.repeat(64);
const options: ScanObjectOptions = {
  digests: ['sha256', 'md5'],
  report: 'all',
  externals: (head) => ({ filetype: head[0] === 0x4d && head[1] === 0x5a ? 'EXE' : '', extension: '.bin' }),
};

/** Scans in slices that are left once the stream has come to (or beyond) each of the places, in their order. */
async function scanInSlices(
  bytes: Uint8Array,
  chunkSizeInBytes: number,
  places: readonly number[],
): Promise<ObjectScan> {
  const left = [...places].sort((a, b) => a - b);
  let saved: Uint8Array | undefined;
  for (;;) {
    const source = memorySource(bytes, { chunkSizeInBytes });
    const yielding = new AbortController();
    const resume = saved === undefined ? undefined : decodeScanCheckpoint(saved, scanId);
    if (typeof resume === 'string') throw new Error(resume);
    const slice = await scanSlice(source, decodeRules(bundle), {
      ...options,
      resume,
      onUnusable: (problem) => {
        throw new Error(problem);
      },
      yieldSignal: yielding.signal,
      checkpointEveryMs: Infinity,
      checkpointEveryBytes: Infinity,
      onCheckpoint: async () => undefined,
      onProgress: (position) => {
        const passed = left.filter((place) => place <= position).length;
        left.splice(0, passed);
        if (passed > 0) yielding.abort(new Error('left'));
      },
    });
    if (slice.kind === 'ended') return slice.scan;
    if (slice.checkpoint !== undefined) saved = encodeScanCheckpoint(scanId, slice.checkpoint);
  }
}

/** What is the same however a scan was cut. */
function comparable({ result, ...scan }: ObjectScan): object {
  return { ...scan, result: { ...result, stats: undefined } };
}

const pieces = fc.constantFrom(
  'ab',
  'cd',
  'abcd',
  'needle',
  ' 30.40.50.60:9342 ',
  '3\x000\x00.\x00',
  'MZ',
  'a',
  '\0'.repeat(300),
);
const objects = fc.array(pieces, { maxLength: 120 }).map((texts) => Buffer.from(texts.join(''), 'latin1'));

describe('a scan in slices', () => {
  it('is the scan that was never left', async () => {
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.nat(6_000), { maxLength: 6 }),
        async (bytes, chunkSizeInBytes, places) => {
          const whole = await scanObject(memorySource(bytes), decodeRules(bundle), options);
          const cut = await scanInSlices(bytes, chunkSizeInBytes, places);
          expect(comparable(cut)).toEqual(comparable(whole));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is so over megabytes too, where rules are settled along the way', async () => {
    const bytes = Buffer.alloc(2 * 1024 * 1024 + 17, 'ab.cd..needle 30.40.50.60:9342 ');
    const places = [600_000, 1_048_576, 1_048_577, 1_900_000, bytes.length];
    const whole = await scanObject(memorySource(bytes), decodeRules(bundle), options);
    expect(comparable(await scanInSlices(bytes, 65_521, places))).toEqual(comparable(whole));
  });
});

describe('a checkpoint', () => {
  const names: readonly DigestName[] = ['sha256', 'md5'];
  const checkpoint: ScanCheckpoint = {
    position: 2 ** 45,
    bytesReadElsewhere: 7,
    activeInMs: 1_234,
    head: Uint8Array.of(1, 2, 3),
    engine: Uint8Array.from({ length: 999 }, (_, index) => index),
    digests: Object.fromEntries(names.map((name, index) => [name, Uint8Array.of(index)])),
  };

  it('is read as it was written', () => {
    expect(decodeScanCheckpoint(encodeScanCheckpoint(scanId, checkpoint), scanId)).toEqual(checkpoint);
  });

  it('of another scan, or damaged anywhere, is none', () => {
    const bytes = encodeScanCheckpoint(scanId, checkpoint);
    expect(decodeScanCheckpoint(bytes, 'b'.repeat(64))).toBe('it is of another scan');
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x40;
      expect(typeof decodeScanCheckpoint(damaged, scanId)).toBe('string');
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(typeof decodeScanCheckpoint(bytes.subarray(0, length), scanId)).toBe('string');
    }
  });
});

describe('a checkpoint that is of no use', () => {
  const bytes = Buffer.from('needle 30.40.50.60:9342 '.repeat(4_000));
  const leave = async (changes: Partial<ScanObjectOptions> = {}): Promise<ScanCheckpoint> => {
    const yielding = new AbortController();
    const slice = await scanSlice(memorySource(bytes, { chunkSizeInBytes: 10_000 }), decodeRules(bundle), {
      ...options,
      ...changes,
      yieldSignal: yielding.signal,
      checkpointEveryMs: Infinity,
      checkpointEveryBytes: Infinity,
      onCheckpoint: async () => undefined,
      onProgress: () => {
        yielding.abort(new Error('left'));
      },
    });
    if (slice.kind === 'ended' || slice.checkpoint === undefined) throw new Error('it was not left');
    return slice.checkpoint;
  };

  it.each<[string, () => Promise<ScanCheckpoint>]>([
    ['with other digests', () => leave({ digests: ['sha256'] })],
    [
      'with digests of no library',
      async () => ({ ...(await leave()), digests: { sha256: Uint8Array.of(1), md5: Uint8Array.of(2) } }),
    ],
    ['with another engine state', async () => ({ ...(await leave()), engine: Uint8Array.of(1, 2, 3) })],
    ['of another place', async () => ({ ...(await leave()), position: 5 })],
    ['that reported otherwise', () => leave({ report: 'evidence' })],
  ])('%s has the scan begin anew', async (_, make) => {
    const problems: string[] = [];
    const slice = await scanSlice(memorySource(bytes), decodeRules(bundle), {
      ...options,
      resume: await make(),
      onUnusable: (problem) => problems.push(problem),
      yieldSignal: new AbortController().signal,
      checkpointEveryMs: Infinity,
      checkpointEveryBytes: Infinity,
      onCheckpoint: async () => undefined,
    });
    expect(problems).toHaveLength(1);
    const whole = await scanObject(memorySource(bytes), decodeRules(bundle), options);
    expect(slice.kind === 'ended' && comparable(slice.scan)).toEqual(comparable(whole));
  });
});

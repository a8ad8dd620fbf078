import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../../../shared/objects/byte-source.ts';
import { memorySource } from '../../../../shared/objects/memory-source.ts';
import {
  CustomerKeyError,
  ObjectAccessError,
  ObjectArchivedError,
  ObjectChangedError,
  ObjectGoneError,
  SourceReadError,
} from '../../../../shared/objects/object-errors.ts';
import { streamSource } from '../../../../shared/objects/stream-source.ts';
import { virtualSource } from '../../../../shared/objects/virtual-source.ts';
import { scanObject } from '../../../../shared/scanner/scan-object.ts';
import { compileRules } from '../../../../shared/yara/index.ts';

const MiB = 1024 * 1024;

const callback = compileRules([
  { text: 'rule callback { strings: $s1 = "30.40.50.60:9342" fullword ascii wide condition: $s1 }' },
]);
/** Settled by the first two bytes: nothing else can be learnt from an object that does not begin so. */
const header = compileRules([{ text: 'rule header { strings: $a = "needle" condition: uint16(0) == 0x5a4d and $a }' }]);
/** Reads far from where the stream is. */
const far = compileRules([{ text: 'rule far { condition: uint8(filesize - 1600000) == 0x41 }' }]);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** A source like `base`, some of whose parts are others. */
function altered(base: ByteSource, changes: Partial<ByteSource>): ByteSource {
  return {
    name: base.name,
    size: base.size,
    stream: (options) => base.stream(options),
    readAt: base.readAt,
    close: () => base.close(),
    ...changes,
  };
}

describe('scanObject', () => {
  const bytes = Buffer.from(`# outbound\ncallback = 30.40.50.60:9342\n${'.'.repeat(2_000)}`);

  it('finds what is there, with digests and evidence', async () => {
    const scan = await scanObject(memorySource(bytes), callback, { digests: ['sha256', 'md5'] });
    expect(scan.result?.matches.map(({ rule }) => rule)).toEqual(['callback']);
    expect(scan.evidence).toEqual([[{ pattern: '$s1', offset: 22, length: 16, excerpt: '30.40.50.60:9342' }]]);
    expect(scan.digests).toEqual({ sha256: sha256(bytes), md5: md5(bytes) });
    expect(scan).toMatchObject({ isWhole: true, stoppedBy: undefined, sizeInBytes: bytes.length });
  });

  it.each([1, 7, 511, 512, 513, 5_000])('gives the same answer for chunks of %i bytes', async (chunkSizeInBytes) => {
    const whole = await scanObject(memorySource(bytes), callback, { digests: ['sha256'] });
    const cut = await scanObject(memorySource(bytes, { chunkSizeInBytes }), callback, { digests: ['sha256'] });
    expect({ ...cut, result: cut.result?.matches }).toEqual({ ...whole, result: whole.result?.matches });
  });

  it('scans an empty object wholly', async () => {
    const scan = await scanObject(memorySource(new Uint8Array(0)), callback, { digests: ['sha256'] });
    expect(scan.result?.matches).toEqual([]);
    expect(scan).toMatchObject({
      isWhole: true,
      bytesRead: 0,
      sizeInBytes: 0,
      digests: { sha256: sha256(Buffer.of()) },
    });
  });

  it('gives the externals the first bytes, however they are cut', async () => {
    const rules = compileRules([{ text: 'rule exe { condition: filetype == "EXE" }' }], {
      externals: { filetype: '' },
    });
    const seen: number[] = [];
    const externals = (head: Uint8Array) => {
      seen.push(head.length);
      return { filetype: head[0] === 0x4d && head[1] === 0x5a ? 'EXE' : '' };
    };
    for (const [length, chunkSizeInBytes] of [
      [3_000, 1],
      [3_000, 3_000],
      [100, 7],
      [0, 1],
    ] as const) {
      const object = Buffer.alloc(length);
      object.write('MZ');
      const scan = await scanObject(memorySource(object, { chunkSizeInBytes }), rules, { externals });
      expect(scan.result?.matches.length).toBe(length > 0 ? 1 : 0);
    }
    expect(seen).toEqual([512, 512, 100, 0]);
  });

  it('tells how far it is', async () => {
    const progress: number[] = [];
    await scanObject(memorySource(bytes, { chunkSizeInBytes: 1_000 }), callback, {
      digests: ['sha256'],
      onProgress: (count) => progress.push(count),
    });
    expect(progress).toEqual([1_000, 2_000, bytes.length]);
  });

  describe('reading no further than needed', () => {
    it('stops when no rule can match any more and nobody wants a digest', async () => {
      const scan = await scanObject(virtualSource({ sizeInBytes: 2 ** 40 }), header);
      expect(scan.result?.matches).toEqual([]);
      expect(scan.isWhole).toBe(true);
      expect(scan.bytesRead).toBeLessThan(64 * MiB);
      expect(scan.digests).toEqual({});
    });

    it.each([
      ['a digest is wanted', { digests: ['sha256'] as const }],
      ['every match is to be told', { report: 'all' as const }],
    ])('reads to the end when %s', async (_, options) => {
      const source = virtualSource({ sizeInBytes: 5 * MiB });
      expect((await scanObject(source, header, options)).bytesRead).toBe(5 * MiB);
    });

    it('takes digests of objects with a finding only, when asked to', async () => {
      const options = { digests: ['sha256'], digestsOf: 'findings' } as const;
      const clean = await scanObject(virtualSource({ sizeInBytes: 2 ** 40 }), header, options);
      expect(clean.digests).toEqual({});
      expect(clean.bytesRead).toBeLessThan(64 * MiB);
      const found = await scanObject(memorySource(bytes), callback, options);
      expect(found.digests).toEqual({ sha256: sha256(bytes) });
    });
  });

  describe('a source that cannot seek', () => {
    const longObject = Buffer.concat([Buffer.from('30.40.50.60:9342 '), Buffer.alloc(3 * MiB, '.'), bytes]);
    const flowing = () => streamSource(Readable.from([longObject]), 'standard input');

    it('shows the bytes of matches at its ends, and learns its size', async () => {
      const scan = await scanObject(flowing(), callback, { digests: ['sha256'], digestsOf: 'findings' });
      expect(scan.evidence[0]!.map(({ excerpt }) => excerpt)).toEqual(['30.40.50.60:9342', '30.40.50.60:9342']);
      expect(scan).toMatchObject({
        isWhole: true,
        sizeInBytes: longObject.length,
        digests: { sha256: sha256(longObject) },
      });
    });

    it('leaves a rule undecided that needs bytes gone by', async () => {
      const scan = await scanObject(flowing(), far);
      expect(scan.result?.matches).toEqual([]);
      expect(scan.result?.undecided).toMatchObject([{ rule: 'far', reason: 'unseekable' }]);
    });
  });

  describe('ending before its time', () => {
    it('is an answer when the time is up, also for a source that never waits', async () => {
      const source = virtualSource({ sizeInBytes: 2 ** 45 });
      const scan = await scanObject(source, callback, { deadlineInMs: 100, digests: ['sha256'] });
      expect(scan).toMatchObject({ stoppedBy: 'deadline', isWhole: false, result: undefined, digests: {} });
      expect(scan.detail).toBe('not finished after 100 ms');
      expect(scan.bytesRead).toBeGreaterThan(0);
    });

    it('keeps a match that nothing behind it can undo when the time is up', async () => {
      const rules = compileRules([
        {
          text: `rule early { strings: $s1 = "30.40.50.60:9342" condition: $s1 }
            rule counted { strings: $s1 = "30.40.50.60:9342" condition: #s1 == 1 }
            rule sized { strings: $s1 = "30.40.50.60:9342" condition: $s1 and filesize > 1000000MB }
            rule ending { strings: $s1 = "30.40.50.60:9342" condition: $s1 and uint8(filesize - 1) == 0 }`,
        },
        {
          text: 'global rule every { condition: uint8(filesize - 1) == 0 } rule silent { condition: true }',
          namespace: 'b',
        },
      ]);
      const source = virtualSource({ sizeInBytes: 2 ** 45, planted: [{ offset: 100, bytes }] });
      const scan = await scanObject(source, rules, { deadlineInMs: 100, digests: ['sha256'] });
      expect(scan).toMatchObject({ stoppedBy: 'deadline', isWhole: false, digests: {} });
      expect(scan.result?.matches.map(({ rule }) => rule)).toEqual(['early', 'sized']);
      expect(scan.result?.undecided).toEqual([]);
      expect(scan.result?.matches[0]?.patterns[0]).toMatchObject({ count: 1, countIsExact: false });
      expect(scan.evidence[0]).toEqual([{ pattern: '$s1', offset: 122, length: 16, excerpt: '30.40.50.60:9342' }]);
    });

    it('is the reason when the caller aborts', async () => {
      const controller = new AbortController();
      const reason = new Error('draining');
      const source = virtualSource({ sizeInBytes: 2 ** 45 });
      const onProgress = (): void => {
        controller.abort(reason);
      };
      const scan = scanObject(source, callback, { abortSignal: controller.signal, onProgress, digests: ['sha256'] });
      await expect(scan).rejects.toBe(reason);
    });

    const failure = new SourceReadError('the line broke', { retryable: true });
    const failingStream = (error: Error): ByteSource['stream'] =>
      async function* () {
        yield bytes.subarray(0, 600);
        throw error;
      };

    it('is an answer when reading fails for good, in the stream or elsewhere', async () => {
      const inStream = altered(memorySource(bytes), { stream: failingStream(failure) });
      const scan = await scanObject(inStream, callback);
      expect(scan).toMatchObject({
        stoppedBy: 'sourceError',
        cause: failure,
        detail: 'the line broke',
        isWhole: false,
        // The stream, and the excerpt of what had matched by then.
        bytesRead: 600 + 16,
        digests: {},
      });
      expect(scan.result?.matches.map(({ rule }) => rule)).toEqual(['callback']);
      const elsewhere = altered(memorySource(Buffer.alloc(4 * MiB, 'A')), {
        readAt: async () => Promise.reject(failure),
      });
      expect(await scanObject(elsewhere, far)).toMatchObject({ stoppedBy: 'sourceError', cause: failure });
    });

    it.each([-1, 1])('is an answer, and never clean, when the stream has %i bytes more than promised', async (more) => {
      const source = altered(memorySource(bytes), { size: bytes.length - more });
      const scan = await scanObject(source, callback, { digests: ['sha256'] });
      expect(scan).toMatchObject({ stoppedBy: 'sourceError', isWhole: false, result: undefined, digests: {} });
    });

    it('is no digest of half an object, even when the rules had no need of the rest', async () => {
      const source = altered(memorySource(Buffer.alloc(3 * MiB)), { size: 4 * MiB });
      expect(await scanObject(source, header, { digests: ['sha256'] })).toMatchObject({
        stoppedBy: 'sourceError',
        digests: {},
      });
    });

    it.each([new ObjectChangedError('object changed'), new ObjectGoneError('object is gone')])(
      'is the error itself when the object is not there any more and nothing had matched: %s',
      async (error) => {
        const inStream = altered(memorySource(Buffer.alloc(4 * MiB)), { stream: failingStream(error) });
        await expect(scanObject(inStream, far)).rejects.toBe(error);
        const elsewhere = altered(memorySource(Buffer.alloc(4 * MiB)), { readAt: async () => Promise.reject(error) });
        await expect(scanObject(elsewhere, far)).rejects.toBe(error);
      },
    );

    it.each([
      new ObjectGoneError('object is gone'),
      new ObjectArchivedError('object is archived'),
      new ObjectAccessError('reading was refused', { retryable: true }),
      new CustomerKeyError('object is encrypted'),
    ])('is an answer where something had matched before the object was taken away: %s', async (error) => {
      const inStream = altered(memorySource(bytes), { stream: failingStream(error) });
      const scan = await scanObject(inStream, callback, { digests: ['sha256'] });
      expect(scan).toMatchObject({ stoppedBy: 'sourceError', cause: error, isWhole: false, digests: {} });
      expect(scan.result?.matches.map(({ rule }) => rule)).toEqual(['callback']);
      const silent = altered(memorySource(Buffer.alloc(4 * MiB)), { stream: failingStream(error), size: 4 * MiB });
      await expect(scanObject(silent, far)).rejects.toBe(error);
    });

    it('is the error itself when another version is there, whatever had matched', async () => {
      const error = new ObjectChangedError('object changed');
      const inStream = altered(memorySource(bytes), { stream: failingStream(error) });
      await expect(scanObject(inStream, callback)).rejects.toBe(error);
    });

    it('does not hide a bug', async () => {
      const bug = new TypeError('bug');
      await expect(scanObject(altered(memorySource(bytes), { stream: failingStream(bug) }), callback)).rejects.toBe(
        bug,
      );
    });
  });

  it('keeps a finding whose object goes before its bytes can be shown or digested', async () => {
    let streams = 0;
    const source = memorySource(bytes);
    const going = altered(source, {
      stream: (options) => {
        streams += 1;
        if (streams > 1) throw new ObjectGoneError('object is gone');
        return source.stream(options);
      },
      readAt: async () => Promise.reject(new ObjectGoneError('object is gone')),
    });
    const scan = await scanObject(going, callback, { digests: ['sha256'], digestsOf: 'findings' });
    expect(scan.result?.matches.map(({ rule }) => rule)).toEqual(['callback']);
    expect(scan.evidence).toEqual([[{ pattern: '$s1', offset: 22, length: 16, excerpt: undefined }]]);
    expect(scan).toMatchObject({ isWhole: true, digests: {}, stoppedBy: undefined });
  });
});

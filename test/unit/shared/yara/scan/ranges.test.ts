/** Computations over ranges of the object: from the stream, from what is held, or by ranged reads, and within bounds. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compileRules, resumeScanner, StreamScanner } from '../../../../../shared/yara/index.ts';
import type { ScanOptions, ScanResult } from '../../../../../shared/yara/index.ts';
import { randomBytes } from '../both-engines.ts';

const MEBIBYTE = 1 << 20;
const bytes = randomBytes(3 * MEBIBYTE + 12_345, 'ranges');

function md5(from: number, to: number): string {
  return createHash('md5').update(bytes.subarray(from, to)).digest('hex');
}

interface Read {
  readonly offset: number;
  readonly length: number;
}

async function scan(condition: string, options: ScanOptions = {}): Promise<{ result: ScanResult; reads: Read[] }> {
  const reads: Read[] = [];
  const rules = compileRules([{ text: `import "hash" import "math" rule r { condition: ${condition} }` }]);
  const scanner = new StreamScanner(rules, {
    size: bytes.length,
    readAt: (offset, length) => {
      reads.push({ offset, length });
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    ...options,
  });
  for (let at = 0; at < bytes.length; at += 100_000) scanner.write(bytes.subarray(at, at + 100_000));
  return { result: await scanner.end(), reads };
}

const matching = ({ matches }: ScanResult): string[] => matches.map(({ rule }) => rule);

describe('over the whole object', () => {
  it('nothing is read twice', async () => {
    const { result, reads } = await scan(`hash.md5(0, filesize) == "${md5(0, bytes.length)}" and math.mode() >= 0`);
    expect(matching(result)).toEqual(['r']);
    expect(reads).toEqual([]);
  });

  it('a source that cannot be read elsewhere is enough', async () => {
    const rules = compileRules([
      { text: `import "hash" rule r { condition: hash.md5(0, filesize) == "${md5(0, bytes.length)}" }` },
    ]);
    const scanner = new StreamScanner(rules);
    scanner.write(bytes);
    expect(matching(await scanner.end())).toEqual(['r']);
  });

  it('is computed only where a rule can still ask for it', async () => {
    const rules = compileRules([
      { text: 'import "hash" rule r { condition: filesize < 100 and hash.md5(0, filesize) == "" }' },
    ]);
    const digestBytes = 8 + 16 + 64;
    const small = new StreamScanner(rules, { size: 99 }).checkpoint();
    const large = new StreamScanner(rules, { size: 100 }).checkpoint();
    expect(small.length - large.length).toBe(digestBytes);
  });

  it('goes on from a checkpoint at any byte', async () => {
    const part = bytes.subarray(0, 1000);
    const digest = createHash('sha256').update(part).digest('hex');
    const rules = compileRules([
      { text: `import "hash" rule r { condition: hash.sha256(0, filesize) == "${digest}" }` },
    ]);
    for (const cut of [0, 1, 63, 64, 65, 500, 999, 1000]) {
      const scanner = new StreamScanner(rules);
      scanner.write(part.subarray(0, cut));
      const resumed = resumeScanner(rules, scanner.checkpoint());
      resumed.write(part.subarray(cut));
      expect(matching(await resumed.end()), `cut at ${cut}`).toEqual(['r']);
    }
  });

  it('a scanner that is used again begins anew', async () => {
    const rules = compileRules([{ text: 'import "hash" rule r { condition: hash.crc32(0, filesize) == 0xe8b7be43 }' }]);
    const scanner = new StreamScanner(rules);
    scanner.write(Buffer.from('xyz'));
    scanner.reset();
    scanner.write(Buffer.from('a'));
    expect(matching(await scanner.end())).toEqual(['r']);
  });
});

describe('over a part', () => {
  it('a long one is read in blocks, each once', async () => {
    const digest = md5(1, bytes.length);
    const condition = `hash.md5(1, filesize - 1) == "${digest}" and hash.md5(1, filesize - 1) != "x"`;
    const { result, reads } = await scan(condition);
    expect(matching(result)).toEqual(['r']);
    expect(reads.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length - 1);
    expect(Math.max(...reads.map(({ length }) => length))).toBeLessThanOrEqual(MEBIBYTE);
    expect(result.coverage.bytesRead).toBe(2 * bytes.length - 1);
  });

  it('a short one comes from pages, which serve others too', async () => {
    const at = 2 * MEBIBYTE;
    const condition = `hash.md5(${at}, 100) == "${md5(at, at + 100)}" and uint8(${at}) == ${bytes[at]} and math.count(0, ${at}, 50) >= 0`;
    const { result, reads } = await scan(condition);
    expect(matching(result)).toEqual(['r']);
    expect(reads).toHaveLength(1);
  });

  it('what is held of head and tail needs no reading', async () => {
    const { length } = bytes;
    const condition = `hash.md5(0, 1000) == "${md5(0, 1000)}" and hash.md5(filesize - 1000, 1000) == "${md5(length - 1000, length)}"`;
    const { result, reads } = await scan(condition);
    expect(matching(result)).toEqual(['r']);
    expect(reads).toEqual([]);
  });

  it.each([
    ['a long one', 'hash.md5(1, filesize - 1) == ""'],
    ['a short one', 'hash.md5(2000000, 100) == ""'],
  ])('%s is undecided where the source cannot be read', async (_, condition) => {
    const rules = compileRules([{ text: `import "hash" rule r { condition: ${condition} }` }]);
    const scanner = new StreamScanner(rules, { size: bytes.length });
    scanner.write(bytes);
    const { matches, undecided } = await scanner.end();
    expect(matches).toEqual([]);
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'unseekable' }]);
  });

  it('the bytes that may be read bound it', async () => {
    const { result, reads } = await scan('hash.md5(1, filesize - 1) == ""', { limits: { readBytes: MEBIBYTE } });
    expect(result.undecided).toMatchObject([{ rule: 'r', reason: 'limit:readBytes' }]);
    expect(reads).toEqual([]);
  });

  it('the number of reads bounds it', async () => {
    const { result, reads } = await scan('hash.md5(1, filesize - 1) == ""', { limits: { reads: 2 } });
    expect(result.undecided).toMatchObject([{ rule: 'r', reason: 'limit:reads' }]);
    expect(reads).toHaveLength(2);
  });

  it('what decides the condition without it keeps it from being read', async () => {
    const { result, reads } = await scan('filesize > 5 or hash.md5(1, filesize - 1) == ""');
    expect(matching(result)).toEqual(['r']);
    expect(reads).toEqual([]);
  });

  it('computing counts as steps of evaluation', async () => {
    const condition = 'for any i in (0..100) : (hash.md5(i, 60000) == "")';
    const { result } = await scan(condition, { limits: { evaluationSteps: 100_000 } });
    expect(result.undecided).toMatchObject([{ rule: 'r', reason: 'limit:evaluationSteps' }]);
  });

  it('an abort ends it', async () => {
    const abort = new AbortController();
    const rules = compileRules([{ text: 'import "hash" rule r { condition: hash.md5(1, filesize - 1) == "" }' }]);
    let reads = 0;
    const scanner = new StreamScanner(rules, {
      size: bytes.length,
      abortSignal: abort.signal,
      readAt: (offset, length) => {
        if (++reads === 2) abort.abort(new Error('enough'));
        return Promise.resolve(bytes.slice(offset, offset + length));
      },
    });
    scanner.write(bytes);
    await expect(scanner.end()).rejects.toThrow('enough');
    expect(reads).toBe(2);
  });
});

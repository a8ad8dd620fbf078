import { describe, expect, it } from 'vitest';
import { ObjectGoneError } from '../../../../shared/objects/object-errors.ts';
import { collectEvidence } from '../../../../shared/scanner/evidence.ts';
import type { RuleMatch } from '../../../../shared/yara/index.ts';

type Match = readonly [offset: number, length: number];

function ruleMatch(rule: string, patterns: Record<string, readonly Match[]>): RuleMatch {
  return {
    rule,
    namespace: 'default',
    tags: [],
    meta: [],
    patterns: Object.entries(patterns).map(([identifier, matches]) => ({
      identifier,
      kind: 'text' as const,
      matches: matches.map(([offset, length]) => ({ offset, length })),
      count: matches.length,
      countIsExact: true,
      isTruncated: false,
    })),
  };
}

/** Reads from these bytes, and records what was asked. */
function reader(bytes: Uint8Array) {
  const reads: Match[] = [];
  return {
    reads,
    readAt: async (offset: number, length: number) => {
      reads.push([offset, length]);
      return bytes.subarray(offset, offset + length);
    },
  };
}

const every = (count: number, step: number, length: number): Match[] =>
  Array.from({ length: count }, (_, index) => [index * step, length] as const);

describe('collectEvidence', () => {
  const bytes = Buffer.from('xx30.40.50.60:9342\0yy');

  it('shows where each pattern matched and what stands there', async () => {
    const { readAt } = reader(bytes);
    const evidence = await collectEvidence([ruleMatch('a', { $s1: [[2, 17]], $s2: [[0, 2]] })], {
      mode: 'excerpt',
      readAt,
    });
    expect(evidence).toEqual([
      [
        { pattern: '$s1', offset: 2, length: 17, excerpt: '30.40.50.60:9342\\x00' },
        { pattern: '$s2', offset: 0, length: 2, excerpt: 'xx' },
      ],
    ]);
  });

  it('shows only offsets, or nothing, when asked to, and reads nothing then', async () => {
    const { readAt, reads } = reader(bytes);
    const matches = [ruleMatch('a', { $s1: [[2, 16]] })];
    expect(await collectEvidence(matches, { mode: 'offsets', readAt })).toEqual([
      [{ pattern: '$s1', offset: 2, length: 16, excerpt: undefined }],
    ]);
    expect(await collectEvidence(matches, { mode: 'none', readAt })).toEqual([[]]);
    expect(reads).toEqual([]);
  });

  it('shows at most 64 bytes of a match and says its whole length', async () => {
    const { readAt } = reader(Buffer.alloc(1_000, 'a'));
    const evidence = await collectEvidence([ruleMatch('a', { $s: [[0, 1_000]] })], { mode: 'excerpt', readAt });
    expect(evidence[0]![0]).toEqual({ pattern: '$s', offset: 0, length: 1_000, excerpt: 'a'.repeat(64) });
  });

  it('shows at most 16 matches of a finding, and of every pattern the first before the second of any', async () => {
    const patterns = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`$p${index}`, every(16, 100, 1)]));
    const { readAt } = reader(Buffer.alloc(2_000));
    const [evidence] = await collectEvidence([ruleMatch('a', patterns)], { mode: 'excerpt', readAt });
    expect(evidence).toHaveLength(16);
    expect(new Set(evidence!.map(({ pattern }) => pattern)).size).toBe(15);
    expect(evidence!.filter(({ pattern }) => pattern === '$p0').map(({ offset }) => offset)).toEqual([0, 100]);
  });

  it('keeps all excerpts of a report under 32 KB as JSON, and no finding is left without one for the sake of another', async () => {
    // 64 bytes that take five characters each in JSON, and more of them than fit.
    const { readAt } = reader(Buffer.alloc(100_000));
    const matches = Array.from({ length: 60 }, (_, index) => ruleMatch(`rule_${index}`, { $s: every(16, 64, 64) }));
    const evidence = await collectEvidence(matches, { mode: 'excerpt', readAt });
    const excerpts = evidence.flat().flatMap(({ excerpt }) => excerpt ?? []);
    expect(Buffer.byteLength(JSON.stringify(excerpts))).toBeLessThan(33_000);
    expect(excerpts.reduce((sum, excerpt) => sum + Buffer.byteLength(JSON.stringify(excerpt)), 0)).toBeLessThan(
      32 * 1024,
    );
    expect(excerpts.length).toBeGreaterThan(90);
    expect(evidence.every((found) => found.length === 16 && found[0]!.excerpt !== undefined)).toBe(true);
  });

  it('reads neighbours together, and never more than 64 KiB at once', async () => {
    const { readAt, reads } = reader(Buffer.alloc(4_000_000));
    const matches = [ruleMatch('a', { $near: every(8, 10, 4), $far: every(8, 400_000, 4) })];
    await collectEvidence(matches, { mode: 'excerpt', readAt });
    expect(reads.length).toBe(8);
    expect(Math.max(...reads.map(([, length]) => length))).toBeLessThanOrEqual(65_536);
  });

  it('keeps the match when its bytes are no longer held or the object has gone', async () => {
    const matches = [ruleMatch('a', { $s: [[2, 16]] })];
    const withoutExcerpt = [[{ pattern: '$s', offset: 2, length: 16, excerpt: undefined }]];
    const nothing = async () => new Uint8Array(0);
    expect(await collectEvidence(matches, { mode: 'excerpt', readAt: nothing })).toEqual(withoutExcerpt);
    const gone = async () => Promise.reject(new ObjectGoneError('the object is not there'));
    expect(await collectEvidence(matches, { mode: 'excerpt', readAt: gone })).toEqual(withoutExcerpt);
    expect(await collectEvidence(matches, { mode: 'excerpt', readAt: undefined })).toEqual(withoutExcerpt);
  });

  it('does not hide a bug in what reads', async () => {
    const error = new TypeError('bug');
    const readAt = async () => Promise.reject(error);
    await expect(collectEvidence([ruleMatch('a', { $s: [[2, 16]] })], { mode: 'excerpt', readAt })).rejects.toBe(error);
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('draining');
    const options = { mode: 'excerpt', readAt: reader(bytes).readAt, abortSignal: AbortSignal.abort(reason) } as const;
    await expect(collectEvidence([ruleMatch('a', { $s: [[2, 16]] })], options)).rejects.toBe(reason);
  });
});

/** Chains at their bounds: what has no room is undecided, the rest is exact, and time does not grow with the square. */
import { describe, expect, it } from 'vitest';
import { compileRules, StreamScanner } from '../../../../../shared/yara/index.ts';
import type { ScanResult } from '../../../../../shared/yara/index.ts';

const MIB = 1 << 20;

async function scan(pattern: string, object: Uint8Array, chunk = object.length): Promise<ScanResult> {
  const text = `rule r { strings: $a = ${pattern} condition: $a } rule many { strings: $a = ${pattern} condition: #a > 1 }`;
  const scanner = new StreamScanner(compileRules([{ text }]), { report: 'evidence' });
  for (let at = 0; at < object.length; at += chunk) scanner.write(object.subarray(at, at + chunk));
  return scanner.end();
}

function repeated(text: string, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => text.charCodeAt(at % text.length));
}

describe('chains', () => {
  it('are undecided where more heads wait for a tail in reach than there is room for', async () => {
    const object = repeated('ab', MIB);
    for (const chunk of [object.length, 100_003]) {
      const { matches, undecided } = await scan('{ 61 62 [0-4000000] 63 64 }', object, chunk);
      expect(matches).toEqual([]);
      expect(undecided.map(({ rule, reason }) => ({ rule, reason }))).toEqual([
        { rule: 'r', reason: 'limit:chainHeads' },
        { rule: 'many', reason: 'limit:chainHeads' },
      ]);
    }
  });

  it.each([
    ['{ 61 62 [-] 63 64 }', MIB / 2],
    ['{ 61 62 [0-4000] 63 64 }', 2001],
    ['/ab.*cd/s', MIB / 2],
    ['/ab.*ab.*cd/s', MIB / 2 - 1],
    ['/ab.{0,4000}cd/s', 2001],
  ])('%s: each of the heads that one tail completes is counted', async (pattern, count) => {
    const object = repeated('ab', MIB + 2);
    object.set([0x63, 0x64], MIB);
    const { matches, undecided } = await scan(pattern, object);
    expect(undecided).toEqual([]);
    expect(matches[0]?.patterns[0]?.count).toBe(count);
  });

  it.each([
    ['/ab.{0,100000}cd/s', 100_000],
    ['{ 61 62 [0-100000] 63 64 }', 0],
  ])('%s: dense heads and dense tails take time for their number, not for their product', async (pattern, farthest) => {
    const object = repeated('abcd', MIB);
    const { matches, undecided } = await scan(pattern, object);
    expect(undecided).toEqual([]);
    expect(matches[0]?.patterns[0]?.count).toBe(MIB / 4);
    expect(matches[0]?.patterns[0]?.matches[0]).toEqual({ offset: 0, length: 4 + farthest });
  });
});

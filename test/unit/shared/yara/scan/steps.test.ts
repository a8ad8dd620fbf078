/** `limits.stepsPerByte`: what takes too much is undecided, at the same place however the object is cut. */
import { describe, expect, it } from 'vitest';
import {
  compileRules,
  decodeRules,
  encodeRules,
  resumeScanner,
  scanBytes,
  StreamScanner,
} from '../../../../../shared/yara/index.ts';
import type { ScanOptions, ScanResult } from '../../../../../shared/yara/index.ts';

const KIB = 1024;

function rulesOf(pattern: string): ReturnType<typeof compileRules> {
  return compileRules([
    {
      text: `rule found { strings: $a = ${pattern} condition: $a }
        rule counted { strings: $a = ${pattern} condition: #a > 3 }`,
    },
  ]);
}

async function scan(pattern: string, object: Uint8Array, chunk: number, options: ScanOptions): Promise<ScanResult> {
  const rules = rulesOf(pattern);
  const others = decodeRules(encodeRules(rules));
  let scanner = new StreamScanner(rules, options);
  for (let at = 0; at < object.length; at += chunk) {
    scanner.write(object.subarray(at, at + chunk));
    scanner = resumeScanner(others, scanner.checkpoint(), options);
  }
  return scanner.end();
}

function repeated(text: string, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => text.charCodeAt(at % text.length));
}

function told({ matches, undecided }: ScanResult): unknown {
  return {
    matches: matches.map(({ rule, patterns }) => [rule, patterns[0]?.count, patterns[0]?.matches.at(-1)]),
    undecided: undecided.map(({ rule, reason }) => [rule, reason]),
  };
}

describe('stepsPerByte', () => {
  // Where an `a` ends a round, the next one may be a part of it or not: nothing but counting states tells.
  const pattern = '/(ab|a|b){100,150}cd/';
  const object = repeated('ab', 8 * KIB);
  object.set([0x63, 0x64], 160);
  object.set([0x63, 0x64], 6 * KIB);

  it('leaves a pattern undecided that takes more, the same for every way of cutting the object', async () => {
    const limits = { stepsPerByte: 4 };
    const whole = await scan(pattern, object, object.length, { limits });
    expect(whole.undecided.map(({ rule, reason }) => [rule, reason])).toContainEqual(['counted', 'limit:stepsPerByte']);
    expect(whole.undecided[0]?.detail).toContain('stepsPerByte');
    for (const chunk of [5003, 4096])
      expect(told(await scan(pattern, object, chunk, { limits })), String(chunk)).toEqual(told(whole));
  });

  it('is out of the way of what takes less', async () => {
    const { matches, undecided } = await scan(pattern, object, 10_000, { limits: { stepsPerByte: 100_000 } });
    expect(undecided).toEqual([]);
    // Rounds of one byte begin in the middle of a pair as well.
    expect(matches[0]?.patterns[0]?.matches.at(-1)).toEqual({ offset: 6 * KIB - 100, length: 102 });
    expect(told(await scan(pattern, object, 4096, { limits: { stepsPerByte: 100_000 } }))).toEqual(
      told({ matches, undecided } as unknown as ScanResult),
    );
  });

  it('is met by what the compiler warns of, where what stands beside the repeat is dense', async () => {
    const dense = repeated('foo bar qwert ', 1200 * KIB);
    // Less than the default, so that it is met soon.
    const limits = { stepsPerByte: 32 };
    for (const [regex, reasons] of [
      ['/foo.{0,1000}bar/', ['limit:stepsPerByte']],
      ['/foo.{0,200}bar/', []],
    ] as const) {
      const rules = compileRules([{ text: `rule counted { strings: $a = ${regex} condition: #a > 3 }` }]);
      expect(rules.warnings.map(({ code }) => code).includes('dense_repeat')).toBe(reasons.length > 0);
      const { undecided } = await scanBytes(rules, dense, { report: 'evidence', limits });
      expect(undecided.map(({ reason }) => reason)).toEqual(reasons);
    }
  });

  it('bounds heads that many middle pieces are told to', async () => {
    const heads = repeated('ab', 100 * KIB);
    heads.set(repeated('cd', 60 * KIB), 40 * KIB);
    const chain = '{ 61 62 [0-400000] 63 64 [0-400000] 65 66 }';
    const limits = { stepsPerByte: 4 };
    const whole = await scan(chain, heads, heads.length, { limits });
    expect(whole.undecided.map(({ reason }) => reason)).toEqual(['limit:stepsPerByte', 'limit:stepsPerByte']);
    expect(told(await scan(chain, heads, 30_011, { limits }))).toEqual(told(whole));
  });
});

describe('large counted repeats', () => {
  it.each([
    ['/a{1,3000}/', 'a', 200 * KIB, 3000],
    ['/a{10,}b{0,2}/', 'a', 200 * KIB, undefined],
    ['/(ab){1,2000}/', 'ab', 100 * KIB, 4000],
    ['/\\x00[a-z0-9]{3000}/', '\0'.concat('k3'.repeat(2000)), 0, 3001],
  ])('%s takes time for the bytes, not for the states', async (regex, text, count, length) => {
    const { matches, undecided } = await scan(regex, repeated(text, 200 * KIB), 200 * KIB, {});
    expect(undecided).toEqual([]);
    if (count > 0) expect(matches[0]?.patterns[0]?.count).toBe(count - (regex.includes('10,') ? 9 : 0));
    if (length !== undefined) expect(matches[0]?.patterns[0]?.matches[0]).toEqual({ offset: 0, length });
  });
});

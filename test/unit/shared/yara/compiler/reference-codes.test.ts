/** Errors and warnings about conditions are the reference's: asked of both engines, code by code. */
import { describe, expect, it } from 'vitest';
import { compileRules } from '../../../../../shared/yara/index.ts';
import type { Pattern } from '../../../../../shared/yara/syntax/ast.ts';
import { isSlow } from '../../../../../shared/yara/compiler/slow-patterns.ts';
import { Diagnostics } from '../../../../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../../../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../../../../shared/yara/syntax/source-text.ts';
import { askReference, tryCompile } from '../both-engines.ts';

const NOTHING = new Uint8Array(0);

function expectSame(rule: string): void {
  const { errors, warnings } = askReference(rule, NOTHING);
  const ours = tryCompile([{ text: rule }]);
  // Of a rule with an error the reference says only the first thing; ours goes on.
  if (ours.rules === undefined) expect(ours.errors).toEqual(errors);
  else expect({ errors: [], warnings: ours.warnings }).toEqual({ errors, warnings });
}

const PATTERNS = ['$a = "aaaa"', '$b = "bbbb"', '$ab = "cccc"', '$abc = "dddd"'];

/** With the patterns that the condition names; all of them where it says `them`. */
function ruleFor(condition: string): string {
  const used = PATTERNS.filter((pattern) => {
    const name = pattern.slice(1, pattern.indexOf(' '));
    return /\bthem\b|\*\)/.test(condition) || new RegExp(`[$#@!]${name}\\b`).test(condition);
  });
  const strings = used.length === 0 ? '' : `strings: ${used.join(' ')}`;
  const imports = ['math', 'hash']
    .filter((module) => condition.includes(`${module}.`))
    .map((module) => `import "${module}"`);
  return `${imports.join(' ')} rule r { ${strings} condition: ${condition} }`;
}

describe('values that are known beforehand', () => {
  it.each([
    '1',
    '0',
    '1.0',
    '"a"',
    '""',
    'not 1',
    'not ""',
    'not 1.0',
    'not true',
    'not (not true)',
    '1 and 2',
    '1 or "a"',
    '1 and 1.5',
    'true',
    'false',
    'true and true',
    'filesize == 1 and true',
    'filesize == 1 and false',
    'filesize == 1 or true',
    'filesize == 1 or false',
    '0 and filesize == 1',
    '0 or filesize == 0',
    '1 or filesize == 0',
    '1 == 1',
    '"a" == "a"',
    '1 + 1 == 2',
    'defined 1',
    'not (1 == 1)',
    '1 of (true, false)',
    'all of (true, true)',
    '"a" matches /a/',
    '5 % 2',
    '5 \\ 2',
    '1 << 2',
    '1 >> 1',
    '~1',
    '-1',
    '- 1 + 1',
    '1 | 2',
    '1 ^ 1',
    '1 & 1',
    '1.5 + 1',
    '1.5 * 2',
    '2.0 \\ 1',
    '-1.5',
    '1 + filesize',
    '0 * filesize',
    'defined true',
    'filesize',
    'filesize and true',
    'with x = 1 : (x)',
    'with x = 1 : (x == 1)',
    'with x = filesize : (x)',
    'for all i in (1..2) : (1)',
    'for any i in (1, 2) : (i)',
    'any of (1, true)',
    '1 - 1',
  ])('%s', (condition) => {
    expectSame(ruleFor(condition));
  });
});

describe('quantifiers and sets', () => {
  it.each([
    '0 of them',
    'for 0 of them : ($)',
    '0% of them',
    '5 of them',
    '4 of them',
    '5 of ($a, $b) in (0..1)',
    '2 of ($a, $a)',
    '1 of (true, false)',
    '0 of (filesize == 1)',
    '3 of (filesize == 1, filesize == 2)',
    '5 of (true, true)',
    '101% of them',
    '-1 of them',
    'filesize - 2 of them',
    'for 5 of them : ($)',
    'for 5 i in (1..2) : (i == 1)',
    'for -1 i in (1..2) : (i == 1)',
    'for 101% i in (1..2) : (i == 1)',
    'all of them at 0',
    '2 of them at 0',
    '1 of them at 0',
    'any of them at 0',
    'none of them at 0',
    '100% of them at 0',
    '25% of them at 0',
    '50% of them at 0',
    'all of ($b) at 0',
    'all of them in (0..1)',
    'filesize of them at 0',
    'any of ($z*) or any of them',
    'any of ($a, $z)',
    'for any of ($z) : ($)',
    '$z',
    '#z == 1',
    'any of them or $z',
    '1.5 of them',
    '"a" of them',
    '1.0% of them',
    'any of ($*)',
  ])('%s', (condition) => {
    expectSame(ruleFor(condition));
  });
});

describe('patterns that a wildcard takes in', () => {
  const rule = (condition: string): string =>
    `rule r { strings: $a="aaaa" $ab="bbbb" $abc="cccc" condition: ${condition} }`;
  it.each([
    'any of ($a*) and $ab',
    'any of ($a, $a*)',
    'any of ($a*)',
    'any of ($ab*) and $a',
    'any of ($a*) and any of ($ab*)',
    'any of ($a*, $ab)',
    '#ab > 1 and any of ($a*)',
    'any of ($a*) and any of ($a*)',
    'any of them and $ab',
    'for any of ($a*) : ($) and @abc[1] == 2',
    'any of ($*) and $ab',
    '$a and any of ($a*)',
    'any of ($a*) or $ab',
    'any of ($ab) and any of ($a*)',
    'all of ($ab*) and $a and any of ($a*)',
    'any of ($a*) and not $ab',
    'any of ($a*) and $ab at 0',
    'any of ($a*) and $ab in (0..4)',
    'any of ($a*) and @ab == 1',
    'any of ($a*) or any of ($ab*)',
    '(any of ($a*) and filesize == 1) or ($ab and filesize == 2)',
    'for any of ($a*) : ($ at 0) and $ab',
    'any of ($a*) in (0..3) and $ab',
    'any of ($a*) at 0 and $ab',
    'none of ($a*) and $ab',
    'not any of ($a*) and $ab',
    'any of ($a*) and for any of ($ab) : ($)',
    'any of ($a*) and 1 of ($ab, $a)',
    'any of ($a*) and any of them',
    'any of ($a*) and any of ($*)',
    'for any i in (1..2) : (any of ($a*) and $ab)',
    'any of (any of ($a*), $ab)',
    'any of ($a*) and for any i in (1..2) : ($ab)',
    'any of ($a*) and (filesize == 3 or $ab)',
    'with x = 1 : (any of ($a*) and $ab and x == 1)',
    'defined any of ($a*) and $ab',
  ])('%s', (condition) => {
    expectSame(rule(condition));
  });
});

describe('loops, ranges and places', () => {
  it.each([
    'for any i in (0..filesize) : (i == 1)',
    'for any i in (0..filesize - 1) : (i == 1)',
    'for any i in (filesize..filesize) : (i == 1)',
    'for any i in (1..#a) : (@a[i] == 1)',
    'for any i in (0..uint8(0)) : (i == 1)',
    'for any i in (0..math.min(filesize, 100)) : (i == 1)',
    'for any i in (0..math.max(filesize, 100)) : (i == 1)',
    'for any i in (0..filesize \\ 2) : (i == 1)',
    'for any i in (0..@a) : (i == 1)',
    'for any i in (1 + 1..filesize) : (i == 1)',
    'for any i in (0..1000000) : (i == 1)',
    'for any i in (1..1000000) : (i == 1)',
    'for any i in (1..1001) : (for any j in (1..1000) : (i == j))',
    'for any i in (1..1000) : (for any of them : (for any j in (1..1001) : (i == j)))',
    'for any i in (1, 2) : (for any j in (1..500001) : (i == j))',
    'for any i in (10..1) : (i == 1)',
    '$a in (10..1)',
    '$a in (-1..1)',
    '$a in (1..-1)',
    '$a at -1',
    '#a in (5..1) == 1',
    '@a[-1] == 1',
    '@a[1.0] == 1',
    '$a at 1.0',
    '$a at "a"',
    '$a in (0..1.0)',
    'for any i in (0..1.0) : (true)',
    'for any i in (1, "a") : (true)',
    'for any i in (1, 1.0) : (true)',
    'for any i, j in (1, 2) : (true)',
    'for any i, j in (1..2) : (true)',
    'for any i in filesize : (true)',
    'for any i in (filesize) : (i == 1)',
    'for any i in foo : (i)',
    'for any i in "abc" : (true)',
    'with x = 1 : (filesize == 1)',
    'with x = 1, y = 2 : (x == 1)',
    'with x = 1, x = 2 : (x == 1)',
    'with x = foo : (x == 1)',
    'with x = -1 : ($a at x)',
    'with x = x : (x == 1)',
    'with x = uint8 : (x(0) == 0x61)',
    'with uint8 = 1 : (uint8 == 1)',
    'for any uint8 in (1, 2) : (uint8 == 1)',
    '1 << -1 == 0',
    '1 >> (1 - 2) == 0',
    'with x = 5, y = x + 1 : (y == 6)',
  ])('%s', (condition) => {
    expectSame(ruleFor(condition));
  });
});

describe('types', () => {
  it.each([
    'uint8(0) contains "a"',
    '"a" == 1',
    '"a" + 1 == 1',
    '1.5 % 2 == 1',
    '4 % 3 * 1.5 == 1.5',
    '1.5 * 2 % 3 == 0',
    '"a" matches "b"',
    '1 matches /a/',
    '/a/',
    '/a/ == "a"',
    'uint8(/a/) == 1',
    'uint8(1.0) == 1',
    '1.5 & 1 == 1',
    '~1.5 == 1',
    '-"a" == 1',
    'uint8',
    'uint8 == 1',
    'not uint8',
    'filesize == 0 == 1',
    'filesize == 0 == 0',
    'filesize == 0 == 2',
    'filesize == 0 == filesize',
    'filesize == 0 != 1',
    'filesize == 0 < 1',
    'uint8(0) == 256',
    'uint8(0) == 255',
    'int8(0) == 128',
    'int8(0) == -129',
    'uint16(0) == 65536',
    'uint32(0) == 0x100000000',
    'int32be(0) == 0x80000000',
    'uint8(0) != 256',
    '256 == uint8(0)',
    'uint8(0) == 256.0',
    'uint8(0) + 1 == 256',
    'with x = uint8(0) : (x == 256)',
    'uint8(0) == 200 + 100',
    'hash.md5(0, 1) == "A"',
    'hash.md5(0, 1) == "a"',
    '"A" == hash.md5("a")',
    'hash.md5(0, 1) == "0cc175b9c0f1b6a831c399e269772661"',
    'hash.md5(0, 1) != "A"',
    'hash.crc32("a") == -1',
  ])('%s', (condition) => {
    expectSame(ruleFor(condition));
  });
});

describe('whole rules', () => {
  it.each([
    'rule a { condition: a }',
    'rule a { condition: b } rule b { condition: filesize == 1 }',
    'rule a { condition: filesize == 1 } rule a { condition: filesize == 2 }',
    'global rule g { condition: filesize == 1 } rule a { condition: g }',
    'global rule g { condition: filesize == 1 } global rule a { condition: g }',
    'rule n { condition: filesize == 1 } global rule a { condition: n }',
    'rule n { condition: filesize == 1 } rule b { condition: n.x }',
    'rule n { condition: filesize == 1 } rule b { condition: n() }',
    'rule n { condition: filesize == 1 } rule b { condition: n == 1 }',
    'rule n { condition: filesize == 1 } rule b { condition: n + 1 == 1 }',
    'rule n { condition: filesize == 1 } rule b { condition: any of (n) }',
    'import "math" rule math { condition: filesize == 1 }',
    'rule uint8 { condition: filesize == 1 }',
    'rule a { strings: $a = "abcd" $a = "efgh" condition: $a }',
    'rule a { strings: $a = "abcd" $b = "efgh" condition: $a }',
    'rule a { strings: $ = "abcd" condition: filesize == 1 }',
    'rule a { strings: $_a = "abcd" condition: filesize == 1 }',
    'rule a { strings: $a = "abcd" $b = "abcd" condition: any of them }',
    'rule a { strings: $a = "abcd" $b = "abcd" ascii condition: any of them }',
    'rule a { strings: $a = "abcd" $b = "abcd" wide condition: any of them }',
    'rule a { strings: $a = "abcd" $b = "abcd" private condition: any of them }',
    'rule a { strings: $a = "abcd" nocase $b = "ABCD" nocase condition: any of them }',
    'rule a { strings: $a = /ab+cd/ $b = /ab+cd/ condition: any of them }',
    'rule a { strings: $a = /ab+cd/i $b = /AB+cd/ nocase condition: any of them }',
    'rule a { strings: $a = { 61 62 ?? 63 } $b = { 61 62  ?? 63 } condition: any of them }',
    'rule a { strings: $a = "abcd" xor(1-3) $b = "abcd" xor(1-4) condition: any of them }',
    'rule a { strings: $a = "abcd" condition: $a } rule b { strings: $a = "abcd" condition: $a }',
    'import "nothing"',
  ])('%s', (rule) => {
    expectSame(rule);
  });
});

describe('slow patterns', () => {
  it.each([
    '"a"',
    '"ab"',
    '"a" nocase',
    '"a" wide',
    '"aa" wide',
    '"a" xor',
    '"a" fullword',
    '"\\x00\\x00"',
    '"\\xff\\xff\\xff"',
    '"    "',
    '{00}',
    '{00 00 00 00}',
    '{00 00 00 00 01}',
    '{01 00 00 00}',
    '{cc cc cc}',
    '{90 90 90 90}',
    '{61 ?? 62}',
    '{61 [1-4] 62}',
    '{61 62 [1-4] 63}',
    '{61 62 [1-400] 63 64}',
    '{?? ??}',
    '{6? 61}',
    '{6? 6? 6?}',
    '{~61 ~62}',
    '{(61|62)}',
    '{(61|62 63)}',
    '{61 (62|63) 64}',
    '{00 00 ?? 00}',
    '{00 00 [2-4] 01}',
    '{00 00 [300-400] 01 02}',
    '{61 [4-] 62}',
    '{01 [1-2] 00 00}',
    '/a./',
    '/ab/',
    '/a/',
    '/a+b/',
    '/ab+/',
    '/[ab]c/',
    '/[a-z]c/',
    '/a|bcd/',
    '/a|b/',
    '/\\s+ab/',
    '/\\s+a/',
    '/a.*b/',
    '/a.*b/s',
    '/.*ab/',
    '/a.b/s',
    '/[a-z][a-z]/',
    '/\\w\\w/',
    '/\\d\\d/',
    '/ab?/',
    '/ab?c/',
    '/a?b/',
    '/(ab)+/',
    '/(a)+/',
    '/a{2}/',
    '/^a/',
    '/\\bab/',
    '/a$/',
    '/\\x00\\x00/',
    '/\\x00{8}abc/',
    '/(\\x00\\x00|ab)/',
    '/(a|bc)+/',
    '/abc|d+/',
    '/[^a][^b]/',
    '/a(b|c|)/',
    '/a(b|c|)d/',
    '/.{2}b/',
    '/(.*)(.*)(.*)x/s',
    '/a.{2,4}/s',
  ])('%s', (pattern) => {
    const rule = `rule r { strings: $a = ${pattern} condition: $a }`;
    const { warnings } = askReference(rule, NOTHING);
    const ours = compileRules([{ text: rule }]).warnings.some(({ code }) => code === 'slow_pattern');
    expect(ours).toBe(warnings.includes('slow_pattern'));
  });

  it('looking for them is quick in patterns of any size', () => {
    const hex = Array.from({ length: 8000 }, (_, at) => (at % 2 === 0 ? '6?' : '??')).join(' ');
    const text = `rule r { strings: $a = { 00 ${hex} } $b = /${'[a-z]?'.repeat(3000)}x/ condition: any of them }`;
    const [rule] = parseSource(new SourceText(text), new Diagnostics()).rules;
    const before = performance.now();
    const slow = rule!.patterns.map((pattern: Pattern) => isSlow(pattern));
    expect(slow).toHaveLength(2);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

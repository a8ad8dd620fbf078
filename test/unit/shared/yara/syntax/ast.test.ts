/**
 * What rules mean, as trees. Precedence and shapes are those of the grammar in `yara-semantics`: they decide what a
 * condition computes, so each row is written by hand from there, not taken from what the parser printed.
 */
import { describe, expect, it } from 'vitest';
import type { Pattern, Rule } from '../../../../../shared/yara/syntax/ast.ts';
import { parseText } from './parse-text.ts';
import { printExpression, printHex, printRegex } from './print-ast.ts';

function ruleOf(source: string): Rule {
  const { ast, diagnostics } = parseText(source);
  expect(diagnostics.errors.map((error) => error.rendered)).toEqual([]);
  expect(ast.rules).toHaveLength(1);
  return ast.rules[0]!;
}

function conditionOf(condition: string): string {
  return printExpression(ruleOf(`rule a { condition: ${condition} }`).condition!);
}

function patternOf(pattern: string): Pattern {
  return ruleOf(`rule a { strings: $a = ${pattern} condition: $a }`).patterns[0]!;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

describe('conditions', () => {
  it.each([
    // Precedence, loosest first.
    ['$a or $b and $c', '(or $a (and $b $c))'],
    ['($a or $b) and $c', '(and (or $a $b) $c)'],
    ['$a and $b and $c', '(and $a $b $c)'],
    ['$a or ($b or $c)', '(or $a (or $b $c))'],
    ['($a or $b) or $c', '(or $a $b $c)'],
    ['not $a and $b', '(and (not $a) $b)'],
    ['not $a or not $b and $c', '(or (not $a) (and (not $b) $c))'],
    ['not not $a', '(not (not $a))'],
    ['not 1 == 2', '(not (== 1 2))'],
    ['defined x and y', '(and (defined x) y)'],
    ['not defined x.y', '(not (defined x.y))'],
    ['2 | 1 == 3', '(== (2 | 1) 3)'],
    ['1 == 2 < 3', '(== 1 (< 2 3))'],
    ['1 < 2 == 3', '(== (< 1 2) 3)'],
    ['1 == 1 == 1', '(== (== 1 1) 1)'],
    ['1 | 2 ^ 3 & 4 << 5 + 6 * 7 == 0', '(== (1 | (2 ^ (3 & (4 << (5 + (6 * 7)))))) 0)'],
    ['1 * 2 + 3 << 4 & 5 ^ 6 | 7 == 0', '(== ((((((1 * 2) + 3) << 4) & 5) ^ 6) | 7) 0)'],
    ['1 + 2 - 3 == 0', '(== (1 + 2 - 3) 0)'],
    ['1 - (2 - 3) == 0', '(== (1 - (2 - 3)) 0)'],
    ['(1 - 2) - 3 == 0', '(== ((1 - 2) - 3) 0)'],
    ['8 \\ 2 % 3 * 4 == 0', '(== (8 \\ 2 % 3 * 4) 0)'],
    ['1 << 2 >> 3 == 0', '(== (1 << 2 >> 3) 0)'],
    ['-1 + 2 == 0', '(== ((- 1) + 2) 0)'],
    ['-x * ~y == 0', '(== ((- x) * (~ y)) 0)'],
    ['--1 == -(-1)', '(== (- (- 1)) (- (- 1)))'],
    ['"a" contains "b" == "c"', '(== (contains "a" "b") "c")'],
    ['"a" contains "b" and 1 < 2', '(and (contains "a" "b") (< 1 2))'],
    // Atoms.
    ['0x1F == 0o17', '(== 31 15)'],
    ['010 == 1_000', '(== 10 1000)'],
    ['2KB == 3MB', '(== 2048 3145728)'],
    ['9223372036854775807 == 0x7fffffffffffffff', '(== 9223372036854775807 9223372036854775807)'],
    ['9007199254740993 == 0', '(== 9007199254740993 0)'],
    ['1.50 == 1_0.2_5', '(== 1.5 10.25)'],
    ['"\\x41\\n\\0" == """a\nb"""', '(== "A\\n\\u0000" "a\\nb")'],
    ['filesize > entrypoint', '(> filesize entrypoint)'],
    ['x matches /a\\/b/is', '(matches x /a\\/b/is)'],
    ['pe.sections[i + 1].name == "x"', '(== pe.sections[(i + 1)].name "x")'],
    ['pe.exports("a", 1 == 2)', 'pe.exports("a", (== 1 2))'],
    ['a.b(1).c(2).d[3].e', 'a.b(1).c(2).d[3].e'],
    ['uint16(uint32(0x3c) + 4) == 0x5A4D', '(== uint16((uint32(60) + 4)) 23117)'],
    ['f()', 'f()'],
    // Patterns.
    ['$a at 1 + 2', '$a at (1 + 2)'],
    ['$a in (0..filesize - 1) and $b', '(and $a in (0..(filesize - 1)) $b)'],
    ['#a in (1..2) > 3', '(> #a in (1..2) 3)'],
    ['@a + !b[2] == @c[i]', '(== (@a + !b[2]) @c[i])'],
    ['$a in (x.y..z[1])', '$a in (x.y..z[1])'],
    // Quantifiers and sets.
    ['any of them', '(of any them)'],
    ['all of ($a, $b*, $*)', '(of all {$a, $b*, $*})'],
    ['none of ($) at 0', '(of none {$} at 0)'],
    ['2 of them in (0..10)', '(of 2 them in (0..10))'],
    ['1 + 1 of them', '(of (1 + 1) them)'],
    ['#a - 1 of them', '(of (#a - 1) them)'],
    ['50% of them', '(of 50% them)'],
    ['(25 + 25)% of them', '(of (25 + 25)% them)'],
    ['(7 % 2) + 1 of them', '(of ((7 % 2) + 1) them)'],
    ['1 + 7 % 2 of them', '(of (1 + (7 % 2)) them)'],
    ['not 2 of them and $a', '(and (not (of 2 them)) $a)'],
    ['$a and 2 of them or x', '(or (and $a (of 2 them)) x)'],
    ['(1 of them)', '(of 1 them)'],
    ['any of ($a, true)', '(of any [$a, true])'],
    ['any of ($a at 0, $b)', '(of any [$a at 0, $b])'],
    ['1 of (a, b)', '(of 1 [a, b])'],
    ['1 of (a, b*)', '(of 1 rules{a, b*})'],
    ['any of (1 of them, x == 1)', '(of any [(of 1 them), (== x 1)])'],
    // Loops.
    ['for any of them : ( $ at 0 )', '(for any of them $ at 0)'],
    ['for 50% of ($a*) : ( # > 1 and @[2] == ! )', '(for 50% of {$a*} (and (> # 1) (== @[2] !)))'],
    ['for all i in (1..3) : ( i == 1 )', '(for all i in (1..3) (== i 1))'],
    ['for 1 + 1 i in (1, 2 + 3) : ( true )', '(for (1 + 1) i in [1, (2 + 3)] true)'],
    ['for none s in ("a", "b") : ( false )', '(for none s in ["a", "b"] false)'],
    ['for 50% i in x.y : ( true )', '(for 50% i in x.y true)'],
    ['for any k, v in x.y : ( k == v )', '(for any k,v in x.y (== k v))'],
    ['for any i in (1..2) : ( for any of them : ( $ at i ) )', '(for any i in (1..2) (for any of them $ at i))'],
    ['with a = 1, b = a + 1 : ( a == b )', '(with a=1, b=(a + 1) (== a b))'],
    ['with a = x.y[0] : ( a.z ) and q', '(and (with a=x.y[0] a.z) q)'],
  ])('%s', (condition, printed) => {
    expect(conditionOf(condition)).toBe(printed);
  });

  it('gives a node the bytes it was written in, parentheses of operands included', () => {
    const source = 'rule a { condition: (x == 1) and not ($a) }';
    const { condition } = ruleOf(source);
    const spanned = (node: { readonly span: { readonly start: number; readonly end: number } }): string =>
      source.slice(node.span.start, node.span.end);
    expect(spanned(condition!)).toBe('(x == 1) and not ($a)');
    if (condition?.kind !== 'and') throw new Error('expected an and');
    expect(condition.operands.map(spanned)).toEqual(['x == 1', 'not ($a)']);
  });

  it('reads chains of ten thousand operands as one node', () => {
    const { condition } = ruleOf(`rule a { condition: ${'$a or '.repeat(10_000)}true }`);
    expect(condition).toMatchObject({ kind: 'or' });
    if (condition?.kind !== 'or') throw new Error('expected an or');
    expect(condition.operands).toHaveLength(10_001);
    const sum = ruleOf(`rule a { condition: ${'1 + 2 - '.repeat(10_000)}3 == 0 }`).condition;
    if (sum?.kind !== 'comparison' || sum.left.kind !== 'arithmetic') throw new Error('expected a sum');
    expect(sum.left.operands).toHaveLength(20_001);
    expect(sum.left.operators.slice(0, 2)).toEqual(['+', '-']);
  });

  it('reads three thousand parentheses, and says so when there are more', () => {
    const nested = (count: number): string => `rule a { condition: ${'('.repeat(count)}true${')'.repeat(count)} }`;
    expect(parseText(nested(3_000)).codes).toEqual([]);
    expect(parseText(nested(3_001)).codes).toEqual(['E901']);
  });

  it.each([
    ['not', 'not '.repeat(5_000) + 'true'],
    ['calls', 'f('.repeat(5_000) + '1' + ')'.repeat(5_000)],
    ['indexes', 'f['.repeat(5_000) + '1' + ']'.repeat(5_000)],
    ['fields', `a${'.b'.repeat(5_000)}`],
    ['loops', 'for any i in (1..2) : ('.repeat(5_000) + 'true' + ')'.repeat(5_000)],
    ['sets', 'any of (true, '.repeat(5_000) + 'true' + ')'.repeat(5_000)],
    ['comparisons', '1 == '.repeat(5_000) + '1'],
    ['ranges', '#a in (0..'.repeat(5_000) + '1' + ')'.repeat(5_000)],
  ])('limits the depth of %s', (_what, condition) => {
    expect(parseText(`rule a { condition: ${condition} }`).codes).toEqual(['E901']);
  });
});

describe('patterns', () => {
  it('keeps modifiers as written', () => {
    const pattern = patternOf('"abc" wide xor(1-0x10) private');
    expect(Object.keys(pattern.modifiers)).toEqual(['wide', 'xor', 'private']);
    expect(pattern.modifiers.xor).toMatchObject({ min: 1, max: 16 });
    expect(patternOf('"abc" xor').modifiers.xor).toMatchObject({ min: 0, max: 255 });
    expect(patternOf('"abc" xor(7)').modifiers.xor).toMatchObject({ min: 7, max: 7 });
    expect(patternOf('"abc" base64').modifiers.base64).toMatchObject({ alphabet: undefined });
    const alphabet = 'zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA9876543210+/';
    const { base64wide } = patternOf(`"abc" base64wide("${alphabet}")`).modifiers;
    expect(text(base64wide!.alphabet!)).toBe(alphabet);
  });

  it('applies escapes to texts and leaves other bytes alone', () => {
    const pattern = patternOf('"a\\tb\\\\\\"\\x00\\xffé"');
    if (pattern.kind !== 'text') throw new Error('expected a text');
    expect(Array.from(pattern.bytes)).toEqual([0x61, 9, 0x62, 0x5c, 0x22, 0, 0xff, 0xc3, 0xa9]);
  });

  it.each([
    ['{61 6? ?2 ??}', '61 6? ?2 ??'],
    ['{6162[3]63}', '<61 62, [3-3], 63>'],
    ['{61 [2-5] 62 [-] 63 [7-] 64 [-9] 65}', '<61, [2-5], 62, [0-], 63, [7-], 64, [0-9], 65>'],
    ['{61 [1-2] [3] [4-] 62}', '<61, [8-], 62>'],
    ['{61 [1-2] [3-4] 62}', '<61, [4-6], 62>'],
    ['{61 ~62 ~6? ~?2 63}', '<61, ~62, ~6?, ~?2, 63>'],
    ['{(61 | 62 63)}', '(61 | 62 63)'],
    ['{61 (62 | 63 [1-2] 64 | (65|66)) 67}', '<61, (62 | <63, [1-2], 64> | (65 | 66)), 67>'],
    ['{61 (62) ((63)) 64}', '61 62 63 64'],
    ['{61 (62 [1] 63) 64}', '<61 62, [1-1], 63 64>'],
    ['{61 /* 99 } */ 62 // 98 }\n 63}', '61 62 63'],
    ['{aA Bb}', 'aa bb'],
  ])('%s', (source, printed) => {
    const pattern = patternOf(source);
    if (pattern.kind !== 'hex') throw new Error('expected a hex pattern');
    expect(printHex(pattern.root)).toBe(printed);
  });

  it('does not copy a long alternative at each level it is nested in', () => {
    const bytes = '61'.repeat(200_000);
    const { codes } = parseText(
      `rule a { strings: $a = {${'('.repeat(400)}${bytes}${' 62)'.repeat(400)}} condition: $a }`,
    );
    expect(codes).toEqual([]);
  });
});

describe('regular expressions', () => {
  it.each([
    ['/abc/', '"abc"'],
    ['/abc/i', '"abc"i'],
    ['/abc/ nocase', '"abc"i'],
    ['/ab*c/', '<"a" "b"{0,} "c">'],
    ['/ab+?c/', '<"a" "b"{1,}? "c">'],
    ['/a?b{2}c{3,}d{4,5}e{,6}/', '<"a"{0,1} "b"{2,2} "c"{3,} "d"{4,5} "e"{0,6}>'],
    ['/x{ 1 , 2 }/', '"x"{1,2}'],
    ['/x{1}{2}/', '"x"{1,1}{2,2}'],
    ['/a|bc|/', '{"a" | "bc" | ε}'],
    ['/a(b|c)d/', '<"a" ({"b" | "c"}) "d">'],
    ['/a(?:b)(?P<n>c)(?<m>d)/', '<"a" ("b") ("c") ("d")>'],
    ['/()a/', '<(ε) "a">'],
    ['/./', 'dot'],
    ['/./s', 'any'],
    ['/^a$/', '<start "a" end>'],
    ['/\\Aa\\z\\b\\B/', '<start "a" end wordBoundary notWordBoundary>'],
    ['/[a-cx]/', '[a-c x]'],
    ['/[^\\x00-\\x60b-\\xff]/', '[a]'],
    ['/[]a]/', '[] a]'],
    ['/[^]\\x00-\\x5c^-\\xff]/', '[]'],
    ['/[a-]/', '[- a]'],
    ['/[--a]/', '[- a]'],
    ['/[a\\-c]/', '[- a c]'],
    ['/\\d\\s\\w/', '<[0-9] [09-0d 20] [0-9 A-Z _ a-z]>'],
    ['/\\D/', '[00-/ :-ff]'],
    ['/[\\D]/', '[00-/ :-ff]'],
    ['/[b-c]/i', '[B-C b-c]'],
    ['/[^\\x00-Ab-\\xff]/i', '[[-`]'],
    ['/[^\\x00-@B-`b-\\xff]/i', '[A a]'],
    ['/[*-_]/i', '[*-_ a-z]'],
    ['/[^D\\x00-Ce-\\xff]/ nocase', '[[-`]'],
    ['/[[:digit:]x]/', '[0-9 x]'],
    ['/[[:^ascii:]]/', '[80-ff]'],
    ['/[[:foo:]]/', '[: f o]'],
    ['/[a-f&&d-z]/', '[d-f]'],
    ['/[a-f--b-e]/', '[a f]'],
    ['/[a-c~~b-d]/', '[a d]'],
    ['/[a-f--b--c]/', '[a d-f]'],
    ['/[a-c&&]/', '[]'],
    ['/[a[bc]d]/', '[a-d]'],
    ['/[a-d&&[^b]]/', '[a c-d]'],
    ['/[&&x]y/', '<[] "y">'],
    // Brackets that leave the class open are characters, as in libyara; and then operators are too.
    ['/[[a]b/', '<[[ a] "b">'],
    ['/[a[]b/', '<[[ a] "b">'],
    ['/[[]]b/', '<[[] "]b">'],
    ['/[[]a[b&&c]/', '<[[] "a" [& b-c]>'],
    // Characters.
    ['/a\\/b/', '"a/b"'],
    ['/\\x41\\x{42}\\u0043\\U00000044/', '"ABCD"'],
    ['/\\xe9/', '"é"'],
    ['/\\x{e9}/', '"Ã©"'],
    ['/é/', '"Ã©"'],
    ['/é+/', '"Ã©"{1,}'],
    ['/aé?/', '<"a" "Ã©"{0,1}>'],
    ['/\\a\\f\\n\\r\\t\\v/', '"\\u0007\\f\\n\\r\\t\\u000b"'],
    ['/\\.\\*\\<\\>\\ /', '".*<> "'],
    ['/\\k\\R/', '"kR"'],
    ['/a{b}c/', '"a{b}c"'],
    ['/a]}/', '"a]}"'],
    // Flags inside.
    ['/a(?i)b(?-i)c/', '<"a" ε "b"i ε "c">'],
    ['/a(?i:b)c/', '<"a" ("b"i) "c">'],
    ['/(a(?i)b|c)d/', '<({<"a" ε "b"i> | "c"i}) "d">'],
    ['/(?s).(?-s)./', '<ε any ε dot>'],
    ['/(?s-i:.a)/i', '(<any "a">)'],
    ['/(?U)a*b*/', '<ε "a"{0,}? "b"{0,}?>'],
    ['/(?-i)[a-b]/i', '<ε [a-b]>'],
  ])('%s', (source, printed) => {
    const pattern = patternOf(source);
    if (pattern.kind !== 'regex') throw new Error('expected a regular expression');
    expect(printRegex(pattern.regex.root)).toBe(printed);
  });

  it('may mix greedy and lazy repeats behind matches, and match the empty text there', () => {
    expect(parseText('rule a { condition: x matches /a*b*?/ and y matches /^$/ }').codes).toEqual([]);
    expect(parseText('rule a { strings: $a = /a+b+?/ condition: $a }').codes).toEqual(['E015']);
  });

  it('limits depth as the reference does', () => {
    const nested = (count: number): string =>
      `rule a { strings: $a = /${'('.repeat(count)}abc${')'.repeat(count)}/ condition: $a }`;
    expect(parseText(nested(250)).codes).toEqual([]);
    expect(parseText(nested(251)).codes).toEqual(['E014']);
    expect(parseText(`rule a { strings: $a = /a${'+'.repeat(300)}/ condition: $a }`).codes).toEqual(['E014']);
  });
});

describe('rules', () => {
  it('reads everything around patterns and conditions', () => {
    const source = [
      'import "pe" include "other.yar"',
      'private global rule first : tag1 tag2 {',
      '  meta: a = -5 b = 0x10 c = "x\\xff" d = true e = false f = -1.5 a = "again"',
      '  strings: $x = "1" $ = {61} $ = /z/ condition: any of them',
      '}',
      'import "math"',
      'rule second { condition: first }',
    ].join('\r\n');
    const { ast, diagnostics } = parseText(source);
    expect(diagnostics.errors).toEqual([]);
    expect(ast.items.map((item) => item.kind)).toEqual(['import', 'include', 'rule', 'import', 'rule']);
    expect(ast.imports.map((item) => item.module)).toEqual(['pe', 'math']);
    expect(ast.includes.map((item) => item.path)).toEqual(['other.yar']);
    const [first, second] = ast.rules;
    expect(first).toMatchObject({ isPrivate: true, isGlobal: true, isBroken: false });
    expect(second).toMatchObject({ isPrivate: false, isGlobal: false, name: { name: 'second' } });
    expect(first?.tags.map((tag) => tag.name)).toEqual(['tag1', 'tag2']);
    expect(first?.patterns.map((pattern) => [pattern.identifier.name, pattern.kind])).toEqual([
      ['$x', 'text'],
      ['$', 'hex'],
      ['$', 'regex'],
    ]);
    const meta = first?.meta.map(({ name, value }) => [
      name.name,
      value.kind === 'text' ? Array.from(value.bytes) : value.value,
    ]);
    expect(meta).toEqual([
      ['a', -5n],
      ['b', 16n],
      ['c', [0x78, 0xff]],
      ['d', true],
      ['e', false],
      ['f', -1.5],
      ['a', Array.from(Buffer.from('again'))],
    ]);
    expect(source.slice(second!.span.start, second!.span.end)).toBe('rule second { condition: first }');
  });

  it('counts offsets from the first byte, a byte order mark included', () => {
    const source = '\ufeffrule a { condition: true }';
    const { ast, codes } = parseText(source);
    expect(codes).toEqual([]);
    expect(ast.rules[0]?.span).toEqual({ start: 3, end: Buffer.from(source).length });
  });

  it('takes bytes that are not UTF-8 for themselves and warns', () => {
    const source = Buffer.from(
      'rule a { meta: m = "\xe9" strings: $a = "x\xe9" $b = /\xe9+y/ condition: any of them } // \xe9',
      'latin1',
    );
    const { ast, codes } = parseText(source);
    expect(codes).toEqual(['invalid_utf8', 'invalid_utf8', 'invalid_utf8']);
    const [first, second] = ast.rules[0]!.patterns;
    if (first?.kind !== 'text' || second?.kind !== 'regex') throw new Error('expected a text and a regex');
    expect(Array.from(first.bytes)).toEqual([0x78, 0xe9]);
    expect(printRegex(second.regex.root)).toBe('<"é"{1,} "y">');
  });

  it('gives plain arrays whatever class the source is of', () => {
    const { ast } = parseText(Buffer.from('rule a { strings: $a = "abc" condition: $a }'));
    const [pattern] = ast.rules[0]!.patterns;
    if (pattern?.kind !== 'text') throw new Error('expected a text');
    expect(pattern.bytes.constructor).toBe(Uint8Array);
  });
});

describe('broken rules', () => {
  it('are told from sound ones, and every error is listed', () => {
    const { ast, diagnostics } = parseText(`
      rule a { strings: $a = "x condition: $a }
      rule b { condition: true }
      rule c { meta: x = strings: $a = {6} $b = /(/ $c = "\\q" $d = "fine" condition: any of them and }
      rule d { condition: true }
      rul e { condition: true }
      private rule f { condition: 1 + }
      import pe
      global rule g { condition: true }
    `);
    expect(ast.rules.map((rule) => [rule.name.name, rule.isBroken])).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
      ['f', true],
      ['g', false],
    ]);
    expect(diagnostics.errors.map((error) => [error.code, error.line, error.rule])).toEqual([
      ['E001', 2, 'a'],
      ['E001', 3, 'a'],
      ['E001', 4, 'c'],
      ['E001', 4, 'c'],
      ['E014', 4, 'c'],
      ['E029', 4, 'c'],
      ['E001', 4, 'c'],
      ['E001', 6, undefined],
      ['E001', 7, 'f'],
      ['E001', 8, undefined],
    ]);
  });

  it('keep the names of patterns that could not be read', () => {
    const { ast } = parseText('rule a { strings: $a = {zz} $b = "b" condition: $a and $b }');
    expect(ast.rules[0]?.patterns.map((pattern) => pattern.identifier.name)).toEqual(['$a', '$b']);
    expect(ast.rules[0]?.condition).toBeDefined();
  });

  it('are left out when they have no name', () => {
    expect(
      parseText('rule { condition: true } rule b { condition: true }').ast.rules.map((rule) => rule.name.name),
    ).toEqual(['b']);
  });
});

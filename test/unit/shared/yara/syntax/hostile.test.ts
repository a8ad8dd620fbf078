/**
 * Sources that nobody would write: random bytes, rules with bytes changed, fragments repeated a hundred thousand times. The
 * parser must come back soon, report only what it may, and hand out trees that keep the promises of `ast.ts`.
 * `SLUICE_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Expression, SourceAst } from '../../../../../shared/yara/syntax/ast.ts';
import { SYNTAX_CODES } from '../../../../../shared/yara/syntax/codes.ts';
import type { Span } from '../../../../../shared/yara/syntax/diagnostic.ts';
import type { HexNode } from '../../../../../shared/yara/syntax/hex-ast.ts';
import { Lexer } from '../../../../../shared/yara/syntax/lexer.ts';
import { MAX_DEPTH, MAX_REGEX_DEPTH } from '../../../../../shared/yara/syntax/limits.ts';
import type { RegexNode } from '../../../../../shared/yara/syntax/regex-ast.ts';
import { SourceText } from '../../../../../shared/yara/syntax/source-text.ts';
import { T } from '../../../../../shared/yara/syntax/tokens.ts';
import { seed } from '../../../../conformance/seed.ts';
import { grammarCases } from './grammar-cases.ts';
import { parseText } from './parse-text.ts';
import { printExpression } from './print-ast.ts';

// Random runs take seconds where the machine is busy.
vi.setConfig({ testTimeout: 60_000 });

const codes: ReadonlySet<string> = new Set(SYNTAX_CODES);
const cases = grammarCases();
const sources = cases.map((one) => Buffer.from(one.source));

/** Anything that can stand in a rule, so that random sequences get somewhere. */
const words = [
  ...Object.keys(T).filter((word) => T[word as keyof typeof T] >= T.all),
  ...'{ } ( ) [ ] : , . .. = == != < <= > >= << >> + - * \\ % & | ^ ~'.split(' '),
  ...['$a', '$', '#a', '#', '@a', '!a', '$a =', 'a', 'pe', '1', '0x1F', '1.5', '"t"', '"\\x41"', '/r+e?/is', '"'],
  ...[
    '{ 61 ?? [1-2] (62|63) }',
    'rule a {',
    'strings:',
    'condition:',
    'meta:',
    '// c\n',
    '/* c */',
    '/*',
    '\n',
    '\u00e9',
  ],
];

function parametersOf(runs: number): { seed: number; numRuns: number } {
  return { seed, numRuns: runs };
}

/** Everything that must hold whatever the source was. */
function checkPromises(source: Uint8Array | string): void {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  const { ast, diagnostics } = parseText(source, 'x.yar');
  const within = ({ start, end }: Span): boolean => start >= 0 && start <= end && end <= bytes.length;
  for (const diagnostic of diagnostics.all) {
    expect(codes).toContain(diagnostic.code);
    expect(within(diagnostic.span)).toBe(true);
    expect(diagnostic.rendered).toContain(`x.yar:${diagnostic.line}:${diagnostic.column}`);
    expect(diagnostic.message).toMatch(/^.*[^.\n]$/);
  }
  for (const item of ast.items) expect(within(item.span)).toBe(true);
  for (const rule of ast.rules) {
    if (rule.isBroken) {
      expect(diagnostics.errorCount).toBeGreaterThan(0);
    } else {
      expect(rule.condition).toBeDefined();
      checkRule(rule, within);
    }
  }
  if (diagnostics.errorCount === 0) expect(ast.rules.every((rule) => !rule.isBroken)).toBe(true);
}

function checkRule(rule: SourceAst['rules'][number], within: (span: Span) => boolean): void {
  for (const pattern of rule.patterns) {
    expect(within(pattern.valueSpan)).toBe(true);
    if (pattern.kind === 'text') expect(pattern.bytes.length).toBeGreaterThan(0);
    if (pattern.kind === 'hex') checkHex(pattern.root, 0);
    if (pattern.kind === 'regex') checkRegex(pattern.regex.root, within);
  }
  checkExpression(rule.condition!, 1, within);
}

function checkHex(node: HexNode, depth: number): void {
  expect(depth).toBeLessThanOrEqual(2 * MAX_DEPTH + 2);
  if (node.kind === 'bytes') {
    expect(node.values.length).toBeGreaterThan(0);
    expect(node.masks.length).toBe(node.values.length);
    expect(node.values.every((value, index) => (value & ~node.masks[index]!) === 0)).toBe(true);
  } else if (node.kind === 'alternatives') {
    for (const alternative of node.alternatives) checkHex(alternative, depth + 1);
  } else if (node.kind === 'sequence') {
    const kinds = node.items.map((item) => item.kind);
    expect(kinds.length).toBeGreaterThan(1);
    expect(kinds).not.toContain('sequence');
    expect(kinds[0]).not.toBe('jump');
    expect(kinds.at(-1)).not.toBe('jump');
    for (let index = 1; index < kinds.length; index++) {
      const areTwins = kinds[index] === kinds[index - 1] && (kinds[index] === 'bytes' || kinds[index] === 'jump');
      expect(areTwins).toBe(false);
    }
    for (const item of node.items) checkHex(item, depth + 1);
  }
}

function checkRegex(node: RegexNode, within: (span: Span) => boolean): void {
  expect(within(node.span)).toBe(true);
  switch (node.kind) {
    case 'literal':
      expect(node.bytes.length).toBeGreaterThan(0);
      return;
    case 'class':
      expect(node.set.length).toBe(8);
      return;
    case 'group':
      checkRegex(node.node, within);
      return;
    case 'repeat':
      expect(node.max ?? Infinity).toBeGreaterThanOrEqual(node.min);
      checkRegex(node.node, within);
      return;
    case 'sequence':
      expect(node.items.length).toBeGreaterThan(1);
      for (const item of node.items) {
        expect(item.kind).not.toBe('sequence');
        checkRegex(item, within);
      }
      return;
    case 'alternation':
      expect(node.alternatives.length).toBeGreaterThan(1);
      for (const alternative of node.alternatives) checkRegex(alternative, within);
      return;
    case 'empty':
    case 'dot':
    case 'assertion':
  }
}

/** Every object with a `kind` and a `span` below this one, which is what a walk would meet. */
function checkExpression(node: object, depth: number, within: (span: Span) => boolean): void {
  expect(depth).toBeLessThanOrEqual(3 * MAX_DEPTH);
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (key === 'span' || key.endsWith('Span')) expect(within(value as Span)).toBe(true);
    else if (key === 'regex') checkRegex((value as { root: RegexNode }).root, within);
    else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      checkExpression(value, depth + 1, within);
    }
  }
}

describe(`hostile sources (SLUICE_SEED=${seed})`, () => {
  it('of random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), checkPromises), parametersOf(300));
  });

  it('of random words', () => {
    const source = fc.array(fc.constantFrom(...words), { maxLength: 80 }).map((list) => list.join(' '));
    fc.assert(fc.property(source, checkPromises), parametersOf(500));
  });

  it('of random words where a condition, a pattern or a regex stands', () => {
    const list = fc.array(fc.constantFrom(...words), { maxLength: 30 });
    const frame = fc.constantFrom('condition: ', 'strings: $a = {', 'strings: $a = /', 'strings: $a = "');
    const source = fc.tuple(frame, list).map(([start, parts]) => `rule a { ${start}${parts.join(' ')} condition: $a }`);
    fc.assert(fc.property(source, checkPromises), parametersOf(500));
  });

  it('of random characters in a regex', () => {
    const characters = fc.constantFrom(...'abB01[]()^$|*+?{},-&~\\.:=!<>PiswUmxdDkuA#\u00e9'.split(''));
    const source = fc
      .array(characters, { minLength: 1, maxLength: 25 })
      .map((list) => `rule a { strings: $a = /${list.join('')}/ condition: $a }`);
    fc.assert(fc.property(source, checkPromises), parametersOf(800));
  });

  it('of rules with bytes changed, taken out and doubled', () => {
    const change = fc.record({
      kind: fc.constantFrom('replace', 'insert', 'remove', 'double', 'splice'),
      at: fc.nat(),
      length: fc.integer({ min: 1, max: 12 }),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"/{}()[]*\\\n$'))),
      other: fc.nat(sources.length - 1),
    });
    const mutated = fc
      .tuple(fc.nat(sources.length - 1), fc.array(change, { minLength: 1, maxLength: 5 }))
      .map(([index, changes]) => changes.reduce<Buffer>((source, one) => mutate(source, one), sources[index]!));
    fc.assert(fc.property(mutated, checkPromises), parametersOf(800));
  });

  it.each(
    [
      ...[
        'rule ',
        'rule a ',
        'rule a { ',
        'private ',
        'import ',
        '"',
        '"""',
        '""" ',
        '/',
        '/* ',
        '// ',
        '{',
        '}',
        '(',
        '\\',
        '\u00e9',
      ],
      ...[
        'rule a { condition: true } ',
        'rule a { strings: $a = "x ',
        '$a = { 61 ',
        '$a = /x',
        '$',
        '\n',
        '\r',
        '1',
        '1.',
        '0x',
        '_',
      ],
    ].map((fragment) => ['at the top', fragment, '', ''] as const),
  )('made of one fragment %s: %j', (_where, fragment) => {
    expectSoon(fragment.repeat(Math.ceil(200_000 / fragment.length)));
  });

  const strings = ['rule a { strings: ', ' condition: any of them }'] as const;
  const pattern = ['rule a { strings: $a = ', ' condition: $a }'] as const;
  const condition = ['rule a { strings: $a = "x" condition: ', ' }'] as const;
  it.each([
    ['patterns', ...strings, '$ = "x" '],
    ['open texts', ...strings, '$a = "x\n'],
    ['open hex patterns', ...strings, '$a = { 61 '],
    ['patterns without value', ...strings, '$a = '],
    ['text', `${pattern[0]}"`, `"${pattern[1]}`, '\\x41\\q'],
    ['modifiers', `${pattern[0]}"x" `, pattern[1], 'wide '],
    ['hex bytes', `${pattern[0]}{`, `}${pattern[1]}`, '6? '],
    ['jumps', `${pattern[0]}{61 `, ` 62}${pattern[1]}`, '[1-2] '],
    ['hex alternatives', `${pattern[0]}{(61`, `)}${pattern[1]}`, ' | 62'],
    ['open parentheses of hex', `${pattern[0]}{`, `}${pattern[1]}`, '(61|'],
    ['regex alternatives', `${pattern[0]}/a`, `/${pattern[1]}`, '|b'],
    ['regex groups', `${pattern[0]}/`, `/${pattern[1]}`, '(a)'],
    ['open groups', `${pattern[0]}/`, `/${pattern[1]}`, '('],
    ['classes', `${pattern[0]}/`, `/${pattern[1]}`, '[a-z]'],
    ['open classes', `${pattern[0]}/`, `/${pattern[1]}`, '[a'],
    ['classes with a bracket', `${pattern[0]}/`, `/${pattern[1]}`, '[[a]'],
    ['names of classes', `${pattern[0]}/`, `/${pattern[1]}`, '[[:'],
    ['set operations', `${pattern[0]}/[a`, `]/${pattern[1]}`, '&&a'],
    ['repeats', `${pattern[0]}/`, `/${pattern[1]}`, 'a{1,2}'],
    ['open repeats', `${pattern[0]}/a`, `/${pattern[1]}`, '{1'],
    ['spaces in a repeat', `${pattern[0]}/a{`, `/${pattern[1]}`, ' '],
    ['unknown escapes', `${pattern[0]}/`, `/${pattern[1]}`, '\\k'],
    ['flags', `${pattern[0]}/`, `a/${pattern[1]}`, '(?i)'],
    ['named groups', `${pattern[0]}/`, `/${pattern[1]}`, '(?P<n>a)'],
    ['or', condition[0], `$a${condition[1]}`, '$a or '],
    ['and in turn with or', condition[0], `$a${condition[1]}`, '$a and $a or '],
    ['sums', condition[0], `1 == 1${condition[1]}`, '1 + 2 * '],
    ['signs', condition[0], `1 == 1${condition[1]}`, '-'],
    ['not', condition[0], `$a${condition[1]}`, 'not '],
    ['parentheses', condition[0], condition[1], '('],
    ['indexes', condition[0], condition[1], 'a['],
    ['calls', condition[0], condition[1], 'a('],
    ['sets', condition[0], condition[1], 'any of ($a, '],
    ['lists of patterns', `${condition[0]}any of ($a`, `)${condition[1]}`, ', $a'],
    ['wildcards and more', `${condition[0]}any of (a*`, `, 1 == 1)${condition[1]}`, ', a*'],
    ['loops', condition[0], condition[1], 'for any i in (1..2) : ('],
    ['digits', `${condition[0]}1`, ` == 1${condition[1]}`, '1'],
    ['fields', `${condition[0]}a`, ` == 1${condition[1]}`, '.a'],
    ['comments', condition[0], `$a${condition[1]}`, '/* c */ // c\n'],
    ['tags', 'rule a : x', ' { condition: true }', ' x'],
    ['meta', 'rule a { meta: x = 1', ' condition: true }', ' x = "y"'],
  ])('made of many %s', (_what, start, end, fragment) => {
    expectSoon(start + fragment.repeat(Math.ceil(200_000 / fragment.length)) + end);
  });

  it('groups and repeats in each other are counted together', () => {
    const codesOf = (repeats: number): readonly string[] => {
      let regex = `(a)${'{0,1}'.repeat(repeats)}`;
      for (let depth = 1; depth < MAX_REGEX_DEPTH / 2; depth++) regex = `(${regex}){0,1}`;
      const { errors } = parseText(`rule a { strings: $a = /b${regex}/ condition: $a }`, 'x.yar').diagnostics;
      return errors.map(({ code }) => code);
    };
    expect(codesOf(1)).toEqual([]);
    expect(codesOf(2)).toEqual(['E014']);
  });
});

describe('comments and white space', () => {
  const conditions = cases.filter((one) => one.file === 'conditions.txt' && one.verdict === 'accept');

  it('change no condition, wherever they stand', () => {
    expect(conditions.length).toBeGreaterThan(100);
    for (const { source } of conditions) {
      const expected = lastCondition(source);
      for (const gap of [' ', '\r\n', '/* c */', '// c\n', '\t\u00a0\u2003']) {
        const joined = tokensOf(source).join(gap);
        expect(printExpression(lastCondition(joined))).toBe(printExpression(expected));
      }
    }
  });
});

function lastCondition(source: string): Expression {
  const { ast, diagnostics } = parseText(source);
  expect(diagnostics.errors.map((error) => error.rendered)).toEqual([]);
  return ast.rules.at(-1)!.condition!;
}

function tokensOf(source: string): string[] {
  const text = new SourceText(source);
  const lexer = new Lexer(text);
  const tokens: string[] = [];
  while (lexer.kind !== T.end) {
    tokens.push(Buffer.from(text.bytes.subarray(lexer.start, lexer.end)).toString());
    lexer.next();
  }
  return tokens;
}

interface Change {
  readonly kind: string;
  readonly at: number;
  readonly length: number;
  readonly byte: number;
  readonly other: number;
}

function mutate(source: Buffer, { kind, at, length, byte, other }: Change): Buffer {
  const from = at % (source.length + 1);
  const to = Math.min(source.length, from + length);
  const before = source.subarray(0, from);
  const cut = source.subarray(from, to);
  const after = source.subarray(to);
  switch (kind) {
    case 'replace':
      return Buffer.concat([before, Buffer.from([byte]), source.subarray(from + 1)]);
    case 'insert':
      return Buffer.concat([before, Buffer.from([byte]), source.subarray(from)]);
    case 'remove':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, cut, cut, after]);
    default:
      return Buffer.concat([before, sources[other]!.subarray(0, 10 * length), after]);
  }
}

/** Linear work on 200 KB takes far less than a second; anything quadratic takes minutes. */
function expectSoon(source: string): void {
  const started = performance.now();
  const { diagnostics } = parseText(source);
  for (const diagnostic of diagnostics.all) expect(codes).toContain(diagnostic.code);
  expect(performance.now() - started).toBeLessThan(20_000);
}

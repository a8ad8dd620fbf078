/** How diagnostics cope with what sources and names may hold. Expected texts are written by hand. */
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../../../../shared/yara/syntax/diagnostics.ts';
import { MAX_LISTED_PER_SOURCE } from '../../../../../shared/yara/syntax/limits.ts';
import { SourceText } from '../../../../../shared/yara/syntax/source-text.ts';
import { parseText } from './parse-text.ts';

/** The lines printed for an error at the first `needle`. */
function printed(text: string | Uint8Array, needle: string, name?: string): string[] {
  const source = new SourceText(text, name);
  const start = Buffer.from(source.bytes).indexOf(needle, 0, 'latin1');
  const diagnostics = new Diagnostics();
  diagnostics.error('E001', source, { start, end: start + needle.length }, 'here');
  return diagnostics.errors[0]!.rendered.split('\n');
}

describe('a printed diagnostic', () => {
  it('shows tabs as spaces and keeps the carets below the span', () => {
    expect(printed('\ta\tfoo bar', 'foo').slice(3)).toEqual(['1 |     a    foo bar', '  |          ^^^ here']);
  });

  it('counts columns in characters', () => {
    const text = 'é€😀 foo';
    const source = new SourceText(text);
    const start = Buffer.from(text).indexOf('foo');
    expect(source.positionOf(start)).toEqual({ line: 1, column: 5 });
    expect(source.positionOf(start + 2)).toEqual({ line: 1, column: 7 });
    expect(source.positionOf(0)).toEqual({ line: 1, column: 1 });
  });

  it('counts a byte that is not UTF-8 as one character and writes it out', () => {
    const bytes = Buffer.from('\xe9\xff foo', 'latin1');
    expect(printed(bytes, 'foo').slice(1)).toEqual([
      ' --> <rules>:1:4',
      '  |',
      '1 | \\xE9\\xFF foo',
      '  |          ^^^ here',
    ]);
  });

  it('knows lines that end with a carriage return', () => {
    expect(printed('one\r\ntwo foo\r\nthree', 'foo', 'a.yar').slice(1)).toEqual([
      ' --> a.yar:2:5',
      '  |',
      '2 | two foo',
      '  |     ^^^ here',
    ]);
  });

  it('steps over a byte order mark', () => {
    expect(printed('\ufefffoo', 'foo')[1]).toBe(' --> <rules>:1:1');
  });

  it('makes control characters visible, in sources and in names', () => {
    const lines = printed('\u001b[2Jx\u202efoo\u0000', 'foo', 'a\u001b]0;b\n.yar');
    expect(lines[1]).toBe(' --> a␛]0;b␊.yar:1:7');
    expect(lines[3]).toBe('1 | ␛[2Jx<U+202E>foo␀');
    expect(lines.join('')).not.toContain('\u001b');
  });

  it('cuts long lines around the span', () => {
    const [, place, , line, carets] = printed(`${'a'.repeat(5_000)}foo${'b'.repeat(5_000)}`, 'foo');
    expect(place).toBe(' --> <rules>:1:5001');
    expect(line).toBe(`1 | …${'a'.repeat(50)}foo${'b'.repeat(107)}…`);
    expect(carets).toBe(`  | ${' '.repeat(51)}^^^ here`);
  });

  it('cuts long lines between characters', () => {
    const [, , , line] = printed(`${'é'.repeat(200)}foo`, 'foo');
    expect(line).toBe(`1 | …${'é'.repeat(25)}foo`);
    const [, , , other] = printed(`${'é'.repeat(200)}xfoo`, 'foo');
    expect(other).not.toContain('\\x');
  });

  it('marks the first line of a span over several, and the end of a line', () => {
    const source = new SourceText('ab cd\nef');
    const diagnostics = new Diagnostics();
    diagnostics.error('E001', source, { start: 3, end: 8 }, 'several');
    diagnostics.error('E001', source, { start: 5, end: 5 }, 'end');
    expect(diagnostics.errors.map((error) => error.rendered.split('\n').at(-1))).toEqual([
      '  |    ^^ several',
      '  |      ^ end',
    ]);
  });

  it('shows labels on other lines with their own source line', () => {
    const source = new SourceText('first\n\n\n\n\n\n\n\n\nsecond', 'a.yar');
    const diagnostics = new Diagnostics();
    const labels = [{ span: { start: 0, end: 5 }, message: 'it stands here first' }];
    const span = { start: 14, end: 20 };
    diagnostics.error('E020', source, span, 'again', { labels, hint: 'remove it', rule: 'r' });
    expect(diagnostics.errors[0]).toMatchObject({
      code: 'E020',
      severity: 'error',
      rule: 'r',
      line: 10,
      column: 1,
      labels,
      span,
    });
    expect(diagnostics.errors[0]!.rendered.split('\n')).toEqual([
      'error[E020]: duplicate modifier',
      '  --> a.yar:10:1',
      '   |',
      '10 | second',
      '   | ^^^^^^ again',
      '   |',
      ' 1 | first',
      '   | ----- it stands here first',
      '   |',
      '   = hint: remove it',
    ]);
  });
});

describe('the list of diagnostics', () => {
  it('is bounded for each source and says so', () => {
    const bad = 'rule a { condition: ! }\n';
    const { diagnostics } = parseText(bad.repeat(3 * MAX_LISTED_PER_SOURCE));
    expect(diagnostics.errors).toHaveLength(MAX_LISTED_PER_SOURCE);
    expect(diagnostics.errors.at(-1)).toMatchObject({ code: 'E901', line: MAX_LISTED_PER_SOURCE });
    expect(diagnostics.errorCount).toBeGreaterThanOrEqual(3 * MAX_LISTED_PER_SOURCE);
    const more = Array.from({ length: 3 * MAX_LISTED_PER_SOURCE }, () => '$ = {61}').join(' ');
    const { diagnostics: warned } = parseText(`rule a { strings: ${more} condition: any of them }`);
    expect(warned.warnings).toHaveLength(MAX_LISTED_PER_SOURCE);
    expect(warned.warnings.at(-1)?.code).toBe('too_many_warnings');
    expect(warned.errors).toEqual([]);
  });

  it('puts errors before warnings', () => {
    const { codes } = parseText(
      'rule a { strings: $a = {61} condition: $a and } rule b { strings: $a = {62} condition: }',
    );
    expect(codes).toEqual(['E001', 'E001', 'text_as_hex', 'text_as_hex']);
  });

  it('takes many faulty rules in one line in its stride', () => {
    const started = performance.now();
    const { diagnostics } = parseText('rule '.repeat(200_000));
    expect(diagnostics.errorCount).toBeGreaterThan(190_000);
    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);

  it('names UTF-16 as what it is', () => {
    const { diagnostics, ast } = parseText(Buffer.from('\ufeffrule a { condition: true }', 'utf16le'));
    expect(diagnostics.errors.map((error) => [error.code, error.hint])).toEqual([['E001', 'save it as UTF-8']]);
    expect(ast.items).toEqual([]);
  });
});

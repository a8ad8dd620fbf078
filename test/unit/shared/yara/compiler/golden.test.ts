/**
 * What a person reads about conditions, names, sets and modules. `golden/CODE.txt` holds cases for each code that the
 * compiler reports beyond the parser's: a source, a line of dashes, and what is printed for it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileRules, RuleCompileError } from '../../../../../shared/yara/index.ts';
import type { Diagnostic, RuleSource } from '../../../../../shared/yara/index.ts';
import type { CompileOptions } from '../../../../../shared/yara/compiler/compiled-rules.ts';
import { ERROR_CODES, SYNTAX_CODES, WARNING_CODES } from '../../../../../shared/yara/syntax/codes.ts';

const folder = new URL('golden/', import.meta.url);

const cases = readdirSync(folder).flatMap((file) => {
  const texts = readFileSync(new URL(file, folder), 'utf8').split(/^=+\n/m).slice(1);
  return texts.map((text, number) => {
    const [source = '', rendered = ''] = text.split(/^-+\n/m);
    return { code: file.replace('.txt', ''), number, source, rendered: rendered.trimEnd() };
  });
});

function diagnosticsOf(sources: readonly RuleSource[], options: CompileOptions = {}): readonly Diagnostic[] {
  try {
    return compileRules([...sources], options).warnings;
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    return error.diagnostics;
  }
}

/** Codes that need more than a short source: each has a test below, or in `modules/structures.test.ts`. */
const ELSEWHERE = new Set(['E035', 'E042', 'E043', 'E046', 'E047', 'E036', 'deprecated_field']);
/** Codes of the reference for what is accepted here, or never comes about. */
const UNUSED = new Set(['E017', 'E028', 'ignored_rule', 'unsupported_module']);

describe('printed diagnostics', () => {
  it('have a case for every code of the compiler', () => {
    const known = [...Object.keys(ERROR_CODES), ...Object.keys(WARNING_CODES)];
    const syntax = new Set<string>(SYNTAX_CODES);
    const wanted = known.filter((code) => !syntax.has(code) && !ELSEWHERE.has(code) && !UNUSED.has(code));
    const covered = new Set(cases.map(({ code }) => code));
    expect(wanted.filter((code) => !covered.has(code))).toEqual([]);
  });

  it.each(cases.map((one) => [`${one.code}, case ${one.number + 1}`, one] as const))(
    '%s',
    (_, { code, source, rendered }) => {
      const diagnostics = diagnosticsOf([{ text: source, name: 'rules/a.yar' }]);
      expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
      expect(diagnostics.map((diagnostic) => diagnostic.rendered).join('\n\n')).toBe(rendered);
    },
  );
});

describe('diagnostics that need more than one source, or a long one', () => {
  const rule = (name: string, body = 'filesize == 1'): string => `rule ${name} { condition: ${body} }`;
  const rendered = (sources: readonly RuleSource[], options?: CompileOptions): string =>
    diagnosticsOf(sources, options)
      .map((diagnostic) => diagnostic.rendered)
      .join('\n\n');

  it('E012 names the file in which a rule was declared first', () => {
    const sources = [
      { text: `// first\n${rule('a')}`, name: 'one.yar' },
      { text: rule('a'), name: 'two.yar' },
    ];
    expect(rendered(sources)).toBe(
      [
        'error[E012]: duplicate rule',
        ' --> two.yar:1:6',
        '  |',
        '1 | rule a { condition: filesize == 1 }',
        '  |      ^ rule a is declared twice in namespace default',
        '  |',
        '  = hint: it is declared first in one.yar, line 2',
      ].join('\n'),
    );
  });

  it('E035: a rule has too many patterns', () => {
    const patterns = Array.from({ length: 100_001 }, (_, number) => `$a${number} = "pattern number ${number}"`).join(
      '\n',
    );
    const [error] = diagnosticsOf([{ text: `rule r { strings: ${patterns} condition: any of them }` }]);
    expect(error).toMatchObject({
      code: 'E035',
      line: 1,
      message: 'rule r has 100001 patterns; at most 100000 are possible',
      hint: 'split it into several rules',
    });
  });

  it('E042: an included file cannot be read', () => {
    const includes = (): never => {
      throw new Error('permission denied');
    };
    expect(rendered([{ text: 'include "a.yar"', name: 'm.yar' }], { includes })).toBe(
      [
        'error[E042]: included file cannot be read',
        ' --> m.yar:1:9',
        '  |',
        '1 | include "a.yar"',
        '  |         ^^^^^^^ a.yar cannot be read: permission denied',
      ].join('\n'),
    );
  });

  it('E043: an included file is not there', () => {
    expect(rendered([{ text: 'include "a.yar"', name: 'm.yar' }], { includes: () => undefined })).toContain(
      '^^^^^^^ there is no file a.yar to include',
    );
  });

  it('E046: files include each other', () => {
    const files: Record<string, string> = { 'a.yar': 'include "b.yar"', 'b.yar': 'include "a.yar"' };
    const includes = (path: string): RuleSource => ({ text: files[path]!, name: path });
    expect(rendered([{ text: files['a.yar']!, name: 'a.yar' }], { includes })).toBe(
      [
        'error[E046]: files include each other in a circle',
        ' --> b.yar:1:9',
        '  |',
        '1 | include "a.yar"',
        '  |         ^^^^^^^ a.yar includes itself, through a.yar → b.yar',
      ].join('\n'),
    );
  });

  it('E046: files without names cannot include each other for ever', () => {
    const includes = (): RuleSource => ({ text: 'include "a.yar"' });
    expect(diagnosticsOf([{ text: 'include "a.yar"' }], { includes }).map(({ code }) => code)).toEqual(['E046']);
  });

  it('E047: a condition has too many variables', () => {
    const loops = Array.from({ length: 65_537 }, () => 'for any i in (1, 2) : (i == 1)').join(' or ');
    expect(diagnosticsOf([{ text: rule('r', loops) }])).toMatchObject([
      { code: 'E047', message: 'the condition has more than 65536 variables' },
    ]);
  });

  it('E901: too many files are included', () => {
    let count = 0;
    const includes = (): RuleSource => ({ text: '', name: `file ${count++}` });
    const text = 'include "x"\n'.repeat(10_010);
    expect(diagnosticsOf([{ text }], { includes })).toMatchObject([
      { code: 'E901', message: 'more than 10000 files are included' },
    ]);
    expect(count).toBe(10_000);
  });
});

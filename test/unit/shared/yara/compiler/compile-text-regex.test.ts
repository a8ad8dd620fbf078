/** A regex by itself says what `matches` says in a condition, of which the reference is asked too. */
import { describe, expect, it } from 'vitest';
import { compileTextRegex, RuleCompileError } from '../../../../../shared/yara/index.ts';
import { askReference } from '../both-engines.ts';

function refusal(text: string, maxStates?: number): readonly string[] {
  try {
    compileTextRegex(text, maxStates === undefined ? {} : { maxStates });
  } catch (error) {
    if (error instanceof RuleCompileError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

describe('compileTextRegex', () => {
  it.each([
    ['/wuauserv/', 'svchost -s WUAUSERV'],
    ['/wuauserv/i', 'svchost -s WUAUSERV'],
    ['/\\s-s\\s+wuauserv\\b/', 'svchost.exe -k x -s  wuauserv'],
    ['/^a.c$/', 'a\nc'],
    ['/^a.c$/s', 'a\nc'],
    ['/^(ab|cd){2,3}$/', 'abcdab'],
    ['/^(ab|cd){2,3}$/', 'ab'],
    ['/x*/', ''],
    ['/\\/tmp\\//', 'in /tmp/ here'],
    ['/[^a-z]+$/', 'abc9'],
  ])('answers %s for %j as the reference does', (regex, text) => {
    const rule = `rule r { condition: ${JSON.stringify(text)} matches ${regex} }`;
    const { matches, errors } = askReference(rule, new Uint8Array());
    expect(errors).toEqual([]);
    expect(compileTextRegex(regex).isIn(text)).toBe(matches.length === 1);
  });

  it('leaves case out of account with nocase', () => {
    expect(compileTextRegex('/^ABC$/', { nocase: true }).isIn('aBc')).toBe(true);
    expect(compileTextRegex('/^ABC$/').isIn('aBc')).toBe(false);
  });

  it('refuses what is no regex, what is more than one, what has two readings, and what is too large', () => {
    expect(refusal('abc')).toEqual(['E001']);
    expect(refusal('/abc/ or true')).toEqual(['E001']);
    expect(refusal('/abc')).toEqual(['E001']);
    expect(refusal('/a(b/')).toEqual(['E014']);
    expect(refusal('/a{b/')).toEqual(['regex_literal']);
    expect(refusal('/a{1000}/', 100)).toEqual(['E901']);
    expect(refusal('/a{10}/', 100)).toEqual([]);
  });
});

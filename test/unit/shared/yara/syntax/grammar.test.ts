/** What is a rule and what is not: every case is asked of the parser and of the reference, YARA-X 1.20. */
import { beforeAll, describe, expect, it } from 'vitest';
import { SYNTAX_CODES } from '../../../../../shared/yara/syntax/codes.ts';
import type { Answer } from '../../../../conformance/answer.ts';
import { openReference } from '../../../../conformance/reference.ts';
import { type GrammarCase, grammarCases } from './grammar-cases.ts';
import { parseText } from './parse-text.ts';

/** Differences that are meant, with what the parser says about each. */
const DIFFERENCES: Readonly<Record<string, { readonly code: string | undefined; readonly why: string }>> = {
  'regex-literal': { code: 'regex_literal', why: 'libyara takes the character literally; nothing else can be meant' },
  'empty-regex-match': { code: 'regex_matches_empty', why: 'libyara reports the matches that are not empty' },
  'rule-wildcard': { code: undefined, why: 'libyara has sets of rules; the checker warns' },
  'comment-in-jump': { code: undefined, why: 'comments may stand anywhere between two tokens' },
  'regex-library-forms': {
    code: 'E900',
    why: 'modes and word boundaries of the regex library that no public rule uses',
  },
};

/** Warnings that both give from the text of a pattern alone. */
const SHARED_WARNINGS: ReadonlySet<string> = new Set(['text_as_hex', 'consecutive_jumps', 'redundant_modifier']);

const syntaxCodes: ReadonlySet<string> = new Set(SYNTAX_CODES);
const cases = grammarCases();

/** Errors that come from the text of one rule; all others are about what names mean. */
function syntaxErrors(codes: readonly string[]): string[] {
  return codes.filter((code) => /^E\d/.test(code) && syntaxCodes.has(code));
}

function titleOf({ file, text, verdict }: GrammarCase): string {
  return `${file}: ${verdict} ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`;
}

describe('the grammar', () => {
  it('has cases of every kind', () => {
    const count = (verdict: GrammarCase['verdict']): number => cases.filter((one) => one.verdict === verdict).length;
    expect(count('accept')).toBeGreaterThan(400);
    expect(count('refuse')).toBeGreaterThan(400);
    expect(new Set(cases.map((one) => one.name).filter((name) => name !== ''))).toEqual(
      new Set(Object.keys(DIFFERENCES)),
    );
  });

  it.each(cases.map((one) => [titleOf(one), one] as const))('%s', (_title, { verdict, codes, name, source }) => {
    const parsed = parseText(source);
    const rules = parsed.ast.rules;
    if (verdict === 'accept' || verdict === 'ours') {
      expect(parsed.diagnostics.errors.map((error) => error.rendered)).toEqual([]);
      expect(rules.every((rule) => !rule.isBroken && rule.condition !== undefined)).toBe(true);
    } else {
      expect(parsed.diagnostics.errors).not.toEqual([]);
      for (const code of codes) expect(parsed.codes).toContain(code);
    }
    const expected = DIFFERENCES[name]?.code;
    if (expected !== undefined) expect(parsed.codes).toContain(expected);
  });
});

describe('the reference', () => {
  const answers = new Map<GrammarCase, Answer>();
  beforeAll(async () => {
    const reference = await openReference();
    for (const one of cases) answers.set(one, reference.ask([{ text: one.source }], new Uint8Array(0)));
  }, 120_000);

  it('agrees with every case but the named differences', () => {
    const disagreements: string[] = [];
    for (const one of cases) {
      const answer = answers.get(one)!;
      const errors = syntaxErrors(answer.errors);
      const isRefused = one.verdict === 'refuse' || one.verdict === 'ours';
      const agrees = isRefused ? errors.length > 0 : errors.length === 0;
      if (!agrees || one.codes.some((code) => !errors.includes(code))) {
        disagreements.push(`${titleOf(one)}: ${errors.join(' ') || 'accepted'}`);
      }
    }
    expect(disagreements).toEqual([]);
  });

  it('gives the same warnings about the text of a pattern', () => {
    const disagreements: string[] = [];
    for (const one of cases) {
      if (one.verdict !== 'accept' || !['hex.txt', 'text.txt', 'regex.txt'].includes(one.file)) continue;
      const answer = answers.get(one)!;
      const theirs = answer.warnings.filter((code) => SHARED_WARNINGS.has(code));
      const ours = parseText(one.source).codes.filter((code) => SHARED_WARNINGS.has(code));
      if (String([...new Set(ours)].sort()) !== String([...new Set(theirs)].sort())) {
        disagreements.push(`${titleOf(one)}: ours ${ours.join(' ')}, theirs ${theirs.join(' ')}`);
      }
    }
    expect(disagreements).toEqual([]);
  });
});

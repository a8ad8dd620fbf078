/**
 * Regexes made of three parts, one of each kind of operator, × objects. What they should find is said by the naive matcher,
 * which the reference confirms. Gaps of `.` stand in the middle only: at the ends the reference is defective.
 */
import { readBytes, showBytes } from '../bytes.ts';
import type { Case, ExpectedPatterns } from '../case.ts';
import { naiveRegexMatches, regexClasses, regexText } from '../naive-regex.ts';
import type { RegexNode, RegexWords } from '../naive-regex.ts';
import { ruleText } from '../sheet.ts';

const { a, b, c, any, aOrB, notA, word, blank } = regexClasses;
const edge = (text: '^' | '$' | '\\b' | '\\B'): RegexNode => ({ kind: 'edge', text });
const sequence = (...of: RegexNode[]): RegexNode => ({ kind: 'sequence', of });
const either = (...of: RegexNode[]): RegexNode => ({ kind: 'alternatives', of });
const repeat = (of: RegexNode, from: number, to: number | undefined, isLazy = false): RegexNode => ({
  kind: 'repeat',
  of,
  from,
  to,
  isLazy,
});

const firsts: readonly RegexNode[] = [
  a,
  sequence(a, b),
  either(a, sequence(b, c)),
  aOrB,
  notA,
  sequence(edge('^'), a),
  sequence(edge('\\b'), b),
  sequence(edge('\\B'), a),
  either(sequence(edge('^'), a), b),
];
const middles = (isLazy: boolean): readonly RegexNode[] => [
  repeat(b, 0, undefined, isLazy),
  repeat(a, 1, undefined, isLazy),
  repeat(c, 0, 1, isLazy),
  repeat(aOrB, 1, 2, isLazy),
  repeat(any, 0, undefined, isLazy),
  repeat(any, 2, 3, isLazy),
  repeat(sequence(a, b), 1, undefined, isLazy),
  repeat(either(a, sequence(a, b)), 1, 2, isLazy),
  repeat(repeat(b, 1, 2, isLazy), 0, undefined, isLazy),
  repeat(notA, 2, undefined, isLazy),
];
const fixedMiddles: readonly RegexNode[] = [
  either(b, sequence(b, c)),
  either(sequence(b, c), b),
  either(a, sequence(b, either(a, c))),
  any,
  word,
  blank,
];
const lasts: readonly RegexNode[] = [
  c,
  sequence(b, c),
  either(b, c),
  sequence(aOrB, edge('$')),
  sequence(c, edge('\\b')),
];

const objects = [
  '',
  'abc',
  'aabbcc',
  'abcabc',
  'ababcc',
  'xabc abc',
  'a\\nbc a c',
  'bcbc',
  'AbC aBc',
  'abbbbbbc',
  '_abc_',
  'a b c',
  'aaaac',
  'ab\\0c\\0bc',
  'acacacbcbcbc',
  'abab abcb\\nabbc',
];

const wordings: readonly RegexWords[] = [{}, { nocase: true }, { fullword: true }];

interface Example {
  readonly node: RegexNode;
  readonly words: RegexWords;
}

export function regexSequenceCases(): Case[] {
  const middle = [...middles(false), ...middles(true), ...fixedMiddles];
  const examples = firsts.flatMap((first, i) =>
    middle.flatMap((part, j) =>
      lasts.map((last, k): Example => {
        const words = wordings[(i + j + k) % wordings.length]!;
        return { node: sequence(first, part, last), words: isGap(part) ? { ...words, fullword: false } : words };
      }),
    ),
  );
  return objects.map((object) => caseFor(object, examples));
}

/** Behind a gap the reference tests several ends for being a full word, which depends on the text it looks for first. */
function isGap(part: RegexNode): boolean {
  return part.kind === 'repeat' && part.of === any;
}

function caseFor(object: string, examples: readonly Example[]): Case {
  const bytes = readBytes(object);
  const rules: Record<string, ExpectedPatterns> = {};
  const sources = examples.map(({ node, words }, index) => {
    const matches = naiveRegexMatches(node, words, bytes);
    if (matches.length > 0) rules[`r${index}`] = { $a: matches };
    const modifiers = [...(words.nocase === true ? ['nocase'] : []), ...(words.fullword === true ? ['fullword'] : [])];
    return ruleText(`$a = /${regexText(node)}/ ${modifiers.join(' ')}`, '$a', `r${index}`);
  });
  return {
    chapter: 'regex sequences',
    name: `${examples.length} regexes on ${showBytes(bytes)}`,
    features: ['regex', 'nocase', 'fullword'],
    sources: [{ text: sources.join('\n') }],
    bytes,
    expected: { kind: 'matches', rules },
    statements: examples.length,
  };
}

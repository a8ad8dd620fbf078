/**
 * Texts × modifiers × objects: for each object one source with a rule for each text under each combination of modifiers.
 * What they should find is said by the naive matcher.
 */
import { readBytes, showBytes } from '../bytes.ts';
import type { BytesText } from '../bytes.ts';
import type { Case, ExpectedPatterns } from '../case.ts';
import { naiveMatches, patternText } from '../naive-matcher.ts';
import type { NaiveText } from '../naive-matcher.ts';
import { ruleText } from '../sheet.ts';

const texts = ['a', 'ab', 'aa', 'aBa', 'a-', '-a', '_', '1', 'a\\0', '\\0a', '\\0', '\\xe9b'];

const forms = [
  { ascii: true, wide: false },
  { ascii: false, wide: true },
  { ascii: true, wide: true },
];

const objects: readonly BytesText[] = [
  '',
  'a',
  'ab',
  'aab',
  'aaa',
  'AB',
  'abAbaBAB',
  'a b a',
  'ab_ab-ab',
  '1a2 a1 1a',
  '-a a- -a- x-a a-x',
  '_a_ a_a',
  '\\xe9b\\xe9B \\xc9b x\\xe9b \\xe9bx',
  'a\\0',
  '\\0a',
  '\\0\\0\\0',
  'a\\0b',
  'a\\0b\\0',
  'A\\0b\\0',
  'xa\\0b\\0',
  'x\\0a\\0b\\0',
  'x\\x01a\\0b\\0',
  'a\\0b\\0x',
  'a\\0b\\0x\\0',
  'a\\0b\\0x\\x01',
  'a\\0b\\0\\0x',
  'a\\0a\\0a\\0',
  'aa\\0a\\0a',
  'a\\0-\\0 \\0-\\0a\\0',
  '1\\0a\\0_\\0a\\0 \\0a\\0',
  'aba\\0b\\0ab\\0a\\0ba',
  'a\\0\\0\\0a\\0\\0b\\0\\0',
  '\\0a\\0b\\0a\\0\\0',
  '\\xe9\\0b\\0\\xe9\\0B\\0',
  ['ab ', { repeat: 'a', times: 70 }, ' ab'],
  [{ repeat: 'x\\0', times: 33 }, { wide: 'ab aba' }],
];

function* patterns(withKeys: boolean): Generator<NaiveText> {
  for (const text of texts) {
    for (const form of forms) {
      for (const fullword of [false, true]) {
        const shared = { kind: 'text' as const, bytes: [...readBytes(text)], ...form, fullword };
        if (withKeys) {
          yield { ...shared, xor: [0, 255] };
          yield { ...shared, xor: [1, 255] };
        } else {
          for (const nocase of [false, true]) yield { ...shared, nocase };
        }
      }
    }
  }
}

export function textModifierCases(): Case[] {
  return [
    ...objects.map((object) =>
      caseFor(object, 'text modifiers', ['text', 'wide', 'nocase', 'fullword'], [...patterns(false)]),
    ),
    ...objects.map((object) =>
      caseFor(object, 'xor modifiers', ['text', 'wide', 'fullword', 'xor'], [...patterns(true)]),
    ),
  ];
}

function caseFor(object: BytesText, chapter: string, features: string[], all: readonly NaiveText[]): Case {
  const bytes = readBytes(object);
  const rules: Record<string, ExpectedPatterns> = {};
  const sources = all.map((pattern, index) => {
    const matches = naiveMatches(pattern, bytes);
    if (matches.length > 0) rules[`r${index}`] = { $a: matches };
    return ruleText(`$a = ${patternText(pattern)}`, '$a', `r${index}`);
  });
  return {
    chapter,
    name: `${all.length} texts and modifiers on ${showBytes(bytes)}`,
    features,
    sources: [{ text: sources.join('\n') }],
    bytes,
    expected: { kind: 'matches', rules },
    statements: all.length,
  };
}

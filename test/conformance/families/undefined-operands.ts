/** Undefined on either side of every operator: the result is undefined, and what `not`, `and`, `or` and `defined` make of it. */
import { readBytes } from '../bytes.ts';
import type { Case } from '../case.ts';
import { sheetOf } from '../sheet.ts';

const UNDEFINED = 'uint8(100)';

interface Group {
  readonly name: string;
  readonly features: readonly string[];
  /** Conditions that are undefined, with `u` for the undefined value and `v` for a defined one. */
  readonly conditions: readonly string[];
}

const twoSided = (symbols: readonly string[], wrap: (text: string) => string): string[] =>
  symbols.flatMap((symbol) => [`u ${symbol} v`, `v ${symbol} u`, `u ${symbol} u`].map(wrap));

const groups: readonly Group[] = [
  { name: 'comparison', features: [], conditions: twoSided(['==', '!=', '<', '<=', '>', '>='], (text) => text) },
  {
    name: 'arithmetic',
    features: ['arithmetic'],
    conditions: [...twoSided(['+', '-', '*', '\\', '%'], (text) => `(${text}) != 77`), '-u != 77'],
  },
  {
    name: 'bits',
    features: ['bitwise'],
    conditions: [...twoSided(['&', '|', '^', '<<', '>>'], (text) => `(${text}) != 77`), '~u != 77'],
  },
  {
    name: 'reads',
    features: [],
    conditions: ['uint8(u) >= 0', 'int32(u) != 5', 'uint16be(u) == 0', 'uint8(uint8(u)) >= 0'],
  },
  {
    name: 'floats',
    features: ['float'],
    conditions: [...twoSided(['+', '-', '*', '\\'], (text) => `(${text}) != 7.5`), 'u == 1.5', '1.5 < u'],
  },
  {
    name: 'patterns',
    features: ['text', 'at', 'in', 'offset', 'length', 'count', 'count-in'],
    conditions: [
      '$a at u',
      '$z at u',
      '$a in (0..u)',
      '$a in (u..9)',
      '$a in (u..u)',
      '$z in (0..u)',
      '@a[u] >= 0',
      '!a[u] >= 0',
      '@z == 0',
      '!z != 7',
      '@a[9] == 0',
      '#a in (0..u) >= 0',
      '#z in (u..9) == 0',
    ],
  },
  {
    name: 'quantifiers',
    features: ['text', 'of', 'of-percent'],
    conditions: ['u of them', 'u of ($a)', 'u of ($z)', 'u% of them', 'u% of ($z)'],
  },
];

export function undefinedOperandCases(): Case[] {
  return groups.map(({ name, features, conditions }) => {
    const sheet = new Map<string, boolean>();
    for (const condition of conditions) {
      const text = condition.replace(/\bu\b/g, UNDEFINED).replace(/\bv\b/g, '3');
      sheet.set(text, false);
      sheet.set(`not (${text})`, false);
      sheet.set(`defined (${text})`, false);
      sheet.set(`not ((${text}) and true)`, true);
      sheet.set(`not ((${text}) or false)`, true);
      sheet.set(`(${text}) or true`, true);
      sheet.set(`(not (${text})) or false`, false);
      sheet.set(`defined ((${text}) and true)`, true);
      sheet.set(`defined ((${text}) or false)`, true);
    }
    return {
      chapter: 'undefined operands',
      name: `undefined among ${name}`,
      features: ['read-integer', 'defined', ...features],
      bytes: readBytes('xaax'),
      ...sheetOf(sheet, '$a = "a"\n$z = "zz"'),
    };
  });
}

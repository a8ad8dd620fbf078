/** Each dialect entry covers a case just inside it and does not cover one just outside, as the reference itself answers them. */
import { describe, expect, it } from 'vitest';
import { answerOf } from './answers.ts';
import { differencesOf } from './compare.ts';
import { dialect, SHARED_CONSTRAINTS } from './dialect.ts';
import { explain, type Question } from './question.ts';
import { compileByReference } from './reference.ts';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly bytes: string;
  /** What ours says of rule `r`: matches of `$a`; undefined where it does not match. */
  readonly ours: readonly (readonly [offset: number, length: number])[] | undefined;
}

const inside: Readonly<Record<string, Case>> = {
  'class-as-mask': {
    what: 'four bytes that are no mask',
    text: `rule r { strings: $a = /abcd[ "',]/ condition: $a }`,
    bytes: `abcd" abcd, abcd$`,
    ours: [
      [0, 5],
      [6, 5],
    ],
  },
  'trailing-gap': {
    what: 'a gap that the end of the object stops',
    text: 'rule r { strings: $a = /abcd.{1,4}/ condition: $a }',
    bytes: 'abcd1 abcd12',
    ours: [
      [0, 8],
      [6, 6],
    ],
  },
  'leading-gap': {
    what: 'a gap that the start of the object stops',
    text: 'rule r { strings: $a = /.{0,4}abcd/ condition: $a }',
    bytes: 'xxabcd',
    ours: [
      [0, 6],
      [1, 5],
      [2, 4],
    ],
  },
  'counted-loop': {
    what: 'a repeat by a counter that is entered at many places',
    text: 'rule r { strings: $a = /abab.{11}.*c{2}dhttp/ condition: $a }',
    bytes: 'ababxxxxxxxxxxxyyccdhttp',
    ours: [[0, 24]],
  },
  'atom-inside-repeat': {
    what: 'more rounds than there may be',
    text: 'rule r { strings: $a = /(c*ab){1,2}/ condition: $a }',
    bytes: 'abababab',
    ours: [
      [0, 4],
      [2, 4],
      [4, 4],
      [6, 2],
    ],
  },
  'both-forms-length': {
    what: 'two forms that match at the same start',
    text: 'rule r { strings: $a = /\\x00[ab]{0,2}/ ascii wide condition: $a }',
    bytes: '\0\0ab',
    ours: [
      [0, 1],
      [1, 3],
    ],
  },
  'first-atom-length': {
    what: 'an alternation behind a gap',
    text: 'rule r { strings: $a = /read.*(memory|process)/ condition: $a }',
    bytes: 'readprocessmemory',
    ours: [[0, 17]],
  },
  're-scan-limit': {
    what: 'a repeat that goes on for more than 4,096 bytes',
    text: 'rule r { strings: $a = /foo[a-z]+/ condition: $a }',
    bytes: `foo${'x'.repeat(10_000)}`,
    ours: [[0, 4096]],
  },
  [SHARED_CONSTRAINTS]: {
    what: 'a pattern that an earlier rule needs in small objects only',
    text: 'rule q { strings: $a = "needle" condition: filesize < 4 and $a } rule r { strings: $a = "needle" condition: $a }',
    bytes: 'a needle',
    ours: [[2, 6]],
  },
};

const outside: readonly (Case & { readonly entry: string })[] = [
  {
    entry: 'class-as-mask',
    what: 'a byte that both sides take',
    text: `rule r { strings: $a = /abcd[ "',]/ condition: $a }`,
    bytes: `abcd" abcd, abcd `,
    ours: [[0, 5]],
  },
  {
    entry: 'class-as-mask',
    what: 'a class of five bytes',
    text: `rule r { strings: $a = /abcd[ "',.]/ condition: $a }`,
    bytes: `abcd" abcd,`,
    ours: [[0, 5]],
  },
  {
    entry: 'trailing-gap',
    what: 'a gap that nothing stops',
    text: 'rule r { strings: $a = /abcd.{1,4}/ condition: $a }',
    bytes: 'abcd12345678',
    ours: [[0, 7]],
  },
  {
    entry: 'trailing-gap',
    what: 'a class at the end',
    text: 'rule r { strings: $a = /abcd[0-9]{1,4}/ condition: $a }',
    bytes: 'abcd12',
    ours: [[0, 5]],
  },
  {
    entry: 'leading-gap',
    what: 'a start in the middle',
    text: 'rule r { strings: $a = /.{0,4}abcd/ condition: $a }',
    bytes: 'xxabcd',
    ours: [
      [0, 6],
      [2, 4],
    ],
  },
  {
    entry: 'counted-loop',
    what: 'a length that is not the preferred one either',
    text: 'rule r { strings: $a = /abab.{11}.*c{2}dhttp/ condition: #a >= 0 }',
    bytes: 'ababxxxxxxxxxxyccdhtt ccdhttp ababxxxxxxxxxxxyyccdhttp',
    ours: [[0, 29]],
  },
  {
    entry: 'counted-loop',
    what: 'a hex pattern with nothing but jumps',
    text: 'rule r { strings: $a = { 61 62 63 64 [0-20] 65 [0-20] 66 [0-12] 68 69 } condition: $a }',
    bytes: 'abcdef1ezzzfxxxxxxxxhi',
    ours: undefined,
  },
  {
    entry: 'counted-loop',
    what: 'a repeat that is written out',
    text: 'rule r { strings: $a = /abab.{10}.*c{2}dhttp/ condition: $a }',
    bytes: 'ababxxxxxxxxxxxyyccdhttp',
    ours: undefined,
  },
  {
    entry: 'atom-inside-repeat',
    what: 'fewer rounds than there can be',
    text: 'rule r { strings: $a = /(c*ab){1,2}/ condition: $a }',
    bytes: 'abababab',
    ours: [
      [0, 2],
      [2, 4],
      [4, 4],
      [6, 2],
    ],
  },
  {
    entry: 'both-forms-length',
    what: 'a length that neither form has',
    text: 'rule r { strings: $a = /\\x00[ab]{0,2}/ ascii wide condition: $a }',
    bytes: '\0\0ab',
    ours: [
      [0, 3],
      [1, 3],
    ],
  },
  {
    entry: 'first-atom-length',
    what: 'a length that is not the preferred one either',
    text: 'rule r { strings: $a = /read.*(memory|process)/ condition: $a }',
    bytes: 'readprocessmemory',
    ours: [[0, 10]],
  },
  {
    entry: 'first-atom-length',
    what: 'a start that the reference does not have',
    text: 'rule r { strings: $a = /read.*(memory|process)/ condition: $a }',
    bytes: 'readprocessmemory',
    ours: [
      [0, 17],
      [1, 16],
    ],
  },
  {
    entry: 'first-atom-length',
    what: 'a hex pattern without alternatives',
    text: 'rule r { strings: $a = { 61 62 [0-6] 63 64 } condition: $a }',
    bytes: 'abcdcd',
    ours: [[0, 6]],
  },
  {
    entry: 'first-atom-length',
    what: 'a length of a hex pattern that is not the preferred one either',
    text: 'rule r { strings: $a = { 61 (62 63 | 62) [0-6] 63 64 } condition: $a }',
    bytes: 'abcdcdcd',
    ours: [[0, 8]],
  },
  {
    entry: 're-scan-limit',
    what: 'a length that no bound has cut',
    text: 'rule r { strings: $a = /foo[a-z]+/ condition: $a }',
    bytes: `foo${'x'.repeat(3000)}`,
    ours: [[0, 2999]],
  },
  {
    entry: 're-scan-limit',
    what: 'a match that is missed, and short',
    text: 'rule r { strings: $a = /foo[a-z]+/ condition: $a }',
    bytes: `foobar foo${'x'.repeat(10_000)}`,
    ours: [[7, 4095]],
  },
  {
    entry: 're-scan-limit',
    what: 'a regex that cannot be so long',
    text: 'rule r { strings: $a = /fo{1,2000}[a-z]{1,2000}/ condition: $a }',
    bytes: `fo${'x'.repeat(10_000)}`,
    ours: [[0, 2001]],
  },
  {
    entry: 're-scan-limit',
    what: 'a regex that cannot be so long in its wide form either',
    text: 'rule r { strings: $a = /foo[a-z]{1,1100}bar[a-z]{1,930}baz/ wide condition: #a >= 0 }',
    bytes: wide(`foo${'x'.repeat(1100)}bar${'x'.repeat(930)}baz`),
    ours: [],
  },
  {
    entry: SHARED_CONSTRAINTS,
    what: 'a pattern that an earlier rule has with another modifier',
    text: 'rule q { strings: $a = "needle" nocase condition: filesize < 4 and $a } rule r { strings: $a = "needle" condition: $a }',
    bytes: 'a needle',
    ours: undefined,
  },
  {
    entry: SHARED_CONSTRAINTS,
    what: 'a match that the reference does not have alone either',
    text: 'rule q { strings: $a = "needle" condition: filesize < 4 and $a } rule r { strings: $a = "needle" condition: $a }',
    bytes: 'a needle',
    ours: [
      [2, 6],
      [3, 5],
    ],
  },
];

/** The names of what explains the differences between `ours` and the reference; undefined stands for nothing. */
async function explanations({ text, bytes, ours }: Case): Promise<(string | undefined)[]> {
  const question: Question = {
    sources: [{ namespace: 'n', text }],
    bytes: new TextEncoder().encode(bytes),
    externals: {},
  };
  const rules = await compileByReference(question.sources, {});
  if ('errors' in rules) throw new Error(rules.errors.join('\n'));
  const reference = rules.scan(question.bytes, {}).rules;
  rules.free();
  const matches = ours?.map(([offset, length]) => ({ offset, length, xorKey: -1 }));
  const found = matches && { namespace: 'n', rule: 'r', tags: [], patterns: [{ identifier: '$a', matches }] };
  const answer = answerOf(found ? [found] : []);
  const differences = differencesOf(['n:r'], answer, new Map(), reference);
  return Promise.all(differences.map((difference) => explain(question, difference, answer)));
}

/** Further cases inside. */
const insideToo: readonly (Case & { readonly entry: string })[] = [
  {
    entry: 'counted-loop',
    what: 'a hex pattern with alternatives',
    text: 'rule r { strings: $a = { 61 62 63 64 [0-20] 65 [0-3] (66 | 67) [0-12] 68 69 } condition: $a }',
    bytes: 'abcdef1ezzzfxxxxxxxxhi',
    ours: [[0, 22]],
  },
  {
    entry: 'first-atom-length',
    what: 'a hex pattern whose text to look for stands behind its alternatives',
    text: 'rule r { strings: $a = { 61 (62 63 | 62) [0-6] 63 64 } condition: $a }',
    bytes: 'abcdcd',
    ours: [[0, 6]],
  },
  {
    entry: 're-scan-limit',
    what: 'a regex that can be so long in its wide form only',
    text: 'rule r { strings: $a = /foo[a-z]{1,1100}bar[a-z]{1,1100}baz/ wide condition: #a >= 0 }',
    bytes: wide(`foo${'x'.repeat(1100)}bar${'x'.repeat(1100)}baz`),
    ours: [],
  },
];

function wide(text: string): string {
  return text.replaceAll(/./gs, '$&\0');
}

describe('a dialect entry', () => {
  it.each(Object.entries(inside))('%s covers its case', async (name, example) => {
    expect(await explanations(example)).toEqual([name]);
  });

  it.each(insideToo)('$entry covers $what', async (example) => {
    expect(await explanations(example)).toEqual([example.entry]);
  });

  it.each(outside)('$entry does not cover $what', async (example) => {
    const names = await explanations(example);
    expect(names.length).toBeGreaterThan(0);
    expect(names).toContain(undefined);
  });

  it('has a case inside and one outside', () => {
    for (const name of [...dialect.map((entry) => entry.name), SHARED_CONSTRAINTS]) {
      expect(Object.keys(inside)).toContain(name);
      expect(outside.map(({ entry }) => entry)).toContain(name);
    }
  });
});

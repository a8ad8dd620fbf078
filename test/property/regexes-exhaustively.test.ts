/**
 * Every small regex over every short object of two bytes (two letters, or a letter and a newline or blank), cut at every place:
 * the engine finds what plain backtracking finds. A regex is a sequence of one to three parts; a part is a class, an edge, a
 * choice, or a repeat, greedy or lazy.
 */
import { describe, expect, it } from 'vitest';
import { compileRules, StreamScanner } from '../../shared/yara/index.ts';
import type { ScanResult } from '../../shared/yara/index.ts';
import type { MatchTuple } from '../conformance/answer.ts';
import { canBeEmpty, naiveRegexMatches, regexClasses, regexText } from '../conformance/naive-regex.ts';
import type { RegexNode, RegexWords } from '../conformance/naive-regex.ts';

const A = 0x61;
const B = 0x62;
const NEWLINE = 0x0a;
const SPACE = 0x20;

const { a, b, any, aOrB, notA } = regexClasses;
const classes: readonly RegexNode[] = [a, b, any, aOrB, notA];
const edges = (['^', '$', '\\b', '\\B'] as const).map((text): RegexNode => ({ kind: 'edge', text }));
const sequence = (...of: readonly RegexNode[]): RegexNode => ({ kind: 'sequence', of });
const choice = (...of: readonly RegexNode[]): RegexNode => ({ kind: 'alternatives', of });
const choices: readonly RegexNode[] = [choice(a, sequence(a, b)), choice(sequence(a, b), a), choice(b, any)];

const bounds: readonly (readonly [number, number | undefined])[] = [
  [0, undefined],
  [1, undefined],
  [0, 1],
  [1, 2],
  [2, undefined],
];
/** What can be repeated without repeating nothing. */
const repeatsOf = (isLazy: boolean, items: readonly RegexNode[]): RegexNode[] =>
  items.flatMap((of) => bounds.map(([from, to]): RegexNode => ({ kind: 'repeat', of, from, to, isLazy })));

/** Of one greediness, for mixing is refused. Those that could match nothing are left out. */
function smallRegexes(isLazy: boolean, mostParts: 2 | 3): RegexNode[] {
  const few = [a, any, ...edges.slice(0, 3), ...choices.slice(0, 2), ...repeatsOf(isLazy, [a, any]).slice(1, 8)];
  const many = [...classes, ...edges, ...choices, ...repeatsOf(isLazy, [...classes, choices[0]!])];
  const ones = many.map((one) => sequence(one));
  const twos = many.flatMap((first) => many.map((second) => sequence(first, second)));
  const threes =
    mostParts === 2
      ? []
      : few.flatMap((first) => few.flatMap((second) => few.map((third) => sequence(first, second, third))));
  const distinct = new Map([...ones, ...twos, ...threes].map((regex) => [regexText(regex), regex]));
  return [...distinct.values()].filter((regex) => !canBeEmpty(regex));
}

/** All objects over `letters` of up to `longest` bytes, the empty one first. */
function allObjects(letters: readonly number[], longest: number): Uint8Array[] {
  const all = [new Uint8Array(0)];
  // The list grows while it is walked: each object is followed by its continuations.
  for (const object of all) {
    if (object.length < longest) all.push(...letters.map((letter) => Uint8Array.of(...object, letter)));
  }
  return all;
}

/** By number of the regex: matches as text, which is quick to compare. */
function found({ matches }: ScanResult): Map<number, string> {
  return new Map(
    matches.map(({ rule, patterns }) => [
      Number(rule.slice(1)),
      inWords(patterns.flatMap((pattern) => pattern.matches.map(({ offset, length }) => [offset, length] as const))),
    ]),
  );
}

function inWords(matches: readonly MatchTuple[]): string {
  return matches.map(([offset, length]) => `${offset}+${length}`).join(' ');
}

function scannerFor(regexes: readonly RegexNode[], words: RegexWords): StreamScanner {
  const rules = regexes.map((regex, number) => {
    const modifiers = words.fullword === true ? ' fullword' : '';
    return `rule r${number} { strings: $a = /${regexText(regex)}/${modifiers}\ncondition: $a }`;
  });
  return new StreamScanner(compileRules([{ text: rules.join('\n') }]));
}

async function expectSameEverywhere(
  regexes: readonly RegexNode[],
  words: RegexWords,
  objects: readonly Uint8Array[],
): Promise<void> {
  const scanner = scannerFor(regexes, words);
  for (const object of objects) {
    const expected = regexes.map((regex) => inWords(naiveRegexMatches(regex, words, object)));
    for (let cut = 0; cut <= object.length; cut++) {
      scanner.reset({});
      scanner.write(object.subarray(0, cut));
      scanner.write(object.subarray(cut));
      const answer = found(await scanner.end());
      const wrong = regexes.flatMap((regex, number) => {
        const [is, should] = [answer.get(number) ?? '', expected[number]!];
        return is === should
          ? []
          : [`/${regexText(regex)}/ matches ${is || 'nothing'} instead of ${should || 'nothing'}`];
      });
      expect(wrong, `on ${JSON.stringify(String.fromCharCode(...object))} cut at ${cut}`).toEqual([]);
    }
  }
}

function isChoiceOfTexts(node: RegexNode): boolean {
  if (node.kind === 'class') return node.text.length === 1 && node.text !== '.';
  return (node.kind === 'sequence' || node.kind === 'alternatives') && node.of.every(isChoiceOfTexts);
}

const objects = [...allObjects([A, B], 4), ...allObjects([A, NEWLINE], 3), ...allObjects([A, SPACE], 3)];

describe('exhaustively', { timeout: 240_000 }, () => {
  it('greedy regexes of up to three parts, cut at every place', async () => {
    await expectSameEverywhere(smallRegexes(false, 3), {}, objects);
  });

  it('lazy regexes of up to three parts, cut at every place', async () => {
    await expectSameEverywhere(smallRegexes(true, 3), {}, objects);
  });

  it('whole words of up to two parts, cut at every place', async () => {
    // A choice of texts alone is several texts, each of them a word or not for itself.
    const regexes = smallRegexes(false, 2).filter((regex) => !isChoiceOfTexts(regex));
    await expectSameEverywhere(regexes, { fullword: true }, objects);
  });
});

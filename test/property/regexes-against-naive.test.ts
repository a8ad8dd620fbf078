/** The engine finds what plain backtracking finds, for random regexes, objects and ways of cutting them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, decodeRules, encodeRules, resumeScanner, StreamScanner } from '../../shared/yara/index.ts';
import type { ScanResult } from '../../shared/yara/index.ts';
import { canBeEmpty, naiveRegexMatches, regexClasses, regexText } from '../conformance/naive-regex.ts';
import type { RegexNode, RegexWords } from '../conformance/naive-regex.ts';
import { runs, seed } from '../conformance/seed.ts';

const byteClass = fc.constantFrom<RegexNode>(...Object.values(regexClasses));
const edge = fc.constantFrom<RegexNode>(
  { kind: 'edge', text: '^' },
  { kind: 'edge', text: '$' },
  { kind: 'edge', text: '\\b' },
  { kind: 'edge', text: '\\B' },
);

const counts = fc.constantFrom<readonly [number, number | undefined]>(
  [0, undefined],
  [1, undefined],
  [0, 1],
  [2, 2],
  [1, 3],
  [2, undefined],
  [0, 2],
);

/** Regexes of one greediness, for mixing is refused. What they repeat is never empty. */
function regexOf(isLazy: boolean, depth: number): fc.Arbitrary<RegexNode> {
  const inner =
    depth === 0
      ? byteClass
      : fc.oneof({ weight: 3, arbitrary: byteClass }, { weight: 1, arbitrary: regexOf(isLazy, depth - 1) });
  const repeat = fc
    .tuple(inner, counts)
    .map(([of, [from, to]]): RegexNode => (canBeEmpty(of) ? of : { kind: 'repeat', of, from, to, isLazy }));
  const alternatives = fc
    .array(inner, { minLength: 2, maxLength: 3 })
    .map((of): RegexNode => ({ kind: 'alternatives', of }));
  const part = fc.oneof(
    { weight: 5, arbitrary: inner },
    { weight: 3, arbitrary: repeat },
    { weight: 2, arbitrary: alternatives },
    { weight: 1, arbitrary: edge },
  );
  return fc.array(part, { minLength: 1, maxLength: 4 }).map((of): RegexNode => ({ kind: 'sequence', of }));
}

const words = fc.constantFrom<RegexWords>(
  {},
  {},
  { nocase: true },
  { fullword: true },
  { nocase: true, fullword: true },
);

const example = fc
  .record({ node: fc.boolean().chain((isLazy) => regexOf(isLazy, 2)), words })
  .filter(({ node }) => !canBeEmpty(node))
  // An alternation of texts alone is several texts, each of them a full word or not for itself.
  .filter(({ node, words: { fullword } }) => fullword !== true || !isAlternationOfTexts(node));

function isAlternationOfTexts(node: RegexNode): boolean {
  if (node.kind === 'class') return node.text.length === 1 || node.text === '\\x00';
  if (node.kind === 'sequence' || node.kind === 'alternatives') return node.of.every(isAlternationOfTexts);
  return false;
}

const letters = fc.constantFrom(...Array.from('aaabbbccABC _1', (letter) => letter.codePointAt(0)!), 0, 0x0a, 0xe9);
const question = fc.record({
  examples: fc.array(example, { minLength: 1, maxLength: 10 }),
  object: fc.array(letters, { maxLength: 24 }).map((bytes) => Uint8Array.from(bytes)),
  cuts: fc.array(fc.nat(24), { maxLength: 5 }),
});

function found(result: ScanResult, texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    result.matches.map(({ rule, patterns }): [string, unknown] => [
      texts[Number(rule.slice(1))]!,
      patterns.flatMap(({ matches }) => matches.map(({ offset, length }) => [offset, length])),
    ]),
  );
}

describe('random regexes', () => {
  it('are found where backtracking finds them, with its lengths, however the object is cut', async () => {
    await fc.assert(
      fc.asyncProperty(question, async ({ examples, object, cuts }) => {
        const texts = examples.map(
          (one, index) =>
            `/${regexText(one.node)}/${one.words.nocase === true ? ' nocase' : ''}${one.words.fullword === true ? ' fullword' : ''} // ${index}`,
        );
        const expected = Object.fromEntries(
          examples
            .map((one, index) => [texts[index]!, naiveRegexMatches(one.node, one.words, object)] as const)
            .filter(([, matches]) => matches.length > 0),
        );
        const rules = compileRules([
          { text: texts.map((text, index) => `rule r${index} { strings: $a = ${text}\ncondition: $a }`).join('\n') },
        ]);
        const scanner = new StreamScanner(rules);
        scanner.write(object);
        expect(found(await scanner.end(), texts)).toEqual(expected);
        const places = [0, ...cuts.map((cut) => Math.min(cut, object.length)).sort((a, b) => a - b), object.length];
        let resumed = new StreamScanner(rules);
        const others = decodeRules(encodeRules(rules));
        for (const [index, place] of places.slice(1).entries()) {
          resumed.write(object.subarray(places[index], place));
          resumed = resumeScanner(others, resumed.checkpoint(), {});
        }
        expect(found(await resumed.end(), texts)).toEqual(expected);
      }),
      { seed, numRuns: runs(200) },
    );
  });
});

/** Counted repeats, which are walked or counted instead of unrolled into a table, find what plain backtracking finds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRules, decodeRules, encodeRules, resumeScanner, StreamScanner } from '../../shared/yara/index.ts';
import type { ScanResult } from '../../shared/yara/index.ts';
import { concatenate } from '../conformance/bytes.ts';
import { canBeEmpty, naiveRegexMatches, regexClasses, regexText } from '../conformance/naive-regex.ts';
import type { RegexNode } from '../conformance/naive-regex.ts';
import { runs, seed } from '../conformance/seed.ts';

const { a, b, c, aOrB, notA, word, zero } = regexClasses;
const byteClass = fc.constantFrom<RegexNode>(a, b, c, aOrB, notA, word, zero);
const pair = fc
  .constantFrom<readonly RegexNode[]>([a, b], [aOrB, zero], [c, c], [b, a])
  .map((of): RegexNode => ({ kind: 'sequence', of }));
const alternatives: RegexNode = { kind: 'alternatives', of: [{ kind: 'sequence', of: [a, b] }, c] };

/** Mostly large enough for tables not to be used. Backtracking tries them all, so there are two in a regex at most. */
const counts: fc.Arbitrary<readonly [number, number | undefined]> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 70 }))
    .map(([from, more]): [number, number] => [from, from + more]),
  fc.integer({ min: 1, max: 40 }).map((from): [number, number] => [from, from]),
  fc.integer({ min: 1, max: 70 }).map((from): [number, undefined] => [from, undefined]),
);

function regexes(isLazy: boolean): fc.Arbitrary<RegexNode> {
  const repeated = fc.oneof(
    { weight: 4, arbitrary: byteClass },
    { weight: 2, arbitrary: pair },
    { weight: 1, arbitrary: fc.constant(alternatives) },
  );
  const repeat = fc
    .tuple(repeated, counts)
    .map(([of, [from, to]]): RegexNode => ({ kind: 'repeat', of, from, to, isLazy }));
  const edge = fc.constantFrom<RegexNode>({ kind: 'edge', text: '$' }, { kind: 'edge', text: '\\b' });
  const between = fc.array(fc.oneof({ weight: 5, arbitrary: byteClass }, { weight: 1, arbitrary: edge }), {
    maxLength: 2,
  });
  return fc
    .tuple(between, repeat, between, fc.option(repeat, { nil: undefined }), between)
    .map(([before, first, middle, second, behind]): RegexNode => ({
      kind: 'sequence',
      of: [...before, first, ...middle, ...(second ? [second] : []), ...behind],
    }));
}

/** Runs of what the regexes repeat, so that counts are met and just missed. */
const object = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'ab', 'cc', 'a\0', 'b\0', 'abc', ' ', '\0'),
      fc.integer({ min: 1, max: 40 }),
    ),
    { maxLength: 4 },
  )
  .map((all) => concatenate(all.map(([unit, times]) => new TextEncoder().encode(unit.repeat(times)))));

const question = fc.record({
  nodes: fc
    .array(fc.boolean().chain(regexes), { minLength: 1, maxLength: 6 })
    .map((all) => all.filter((node) => !canBeEmpty(node))),
  bytes: object,
  cuts: fc.array(fc.nat(200), { maxLength: 4 }),
});

function found(result: ScanResult): Record<string, unknown> {
  return Object.fromEntries(
    result.matches.map(({ rule, patterns }) => [
      rule,
      patterns.flatMap(({ matches }) => matches.map(({ offset, length }) => [offset, length])),
    ]),
  );
}

it('counted repeats are found where backtracking finds them, with its lengths, however the object is cut', async () => {
  await fc.assert(
    fc.asyncProperty(question, async ({ nodes, bytes, cuts }) => {
      const text = nodes.map((node, index) => `rule r${index} { strings: $a = /${regexText(node)}/ condition: $a }`);
      const rules = compileRules([{ text: text.join('\n') }]);
      const expected = Object.fromEntries(
        nodes
          .map((node, index) => [`r${index}`, naiveRegexMatches(node, {}, bytes)] as const)
          .filter(([, matches]) => matches.length > 0),
      );
      const scanner = new StreamScanner(rules);
      scanner.write(bytes);
      expect(found(await scanner.end()), text.join('\n')).toEqual(expected);
      const others = decodeRules(encodeRules(rules));
      let resumed = new StreamScanner(rules);
      const places = [...cuts.map((cut) => Math.min(cut, bytes.length)).sort((x, y) => x - y), bytes.length];
      for (const place of places) {
        resumed.write(bytes.subarray(resumed.position, place));
        resumed = resumeScanner(others, resumed.checkpoint(), {});
      }
      expect(found(await resumed.end())).toEqual(expected);
    }),
    { seed, numRuns: runs(60) },
  );
});

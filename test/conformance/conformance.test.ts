/** Our engine answers every case as the reference does, or as its dialect entry says, and the same in every mode. */
import { describe, expect, it } from 'vitest';
import type { CompiledRules, ScanResult } from '../../shared/yara/index.ts';
import { allCases, casesByChapter } from './all-cases.ts';
import type { Case, Expected } from './case.ts';
import { asExpected } from './compare.ts';
import { answerOf, compileFor, evidenceModes, fullModes, wholeMode } from './engine-modes.ts';
import type { Compiled, Question } from './engine-modes.ts';
import { seed } from './seed.ts';
import { lackingFeatures, missingWarnings } from './supported.ts';

const EVIDENCE_MATCHES = 16;

for (const [chapter, cases] of casesByChapter(allCases())) {
  describe(chapter, () => {
    for (const example of cases) {
      it(example.name, () => answersAsExpected(example));
    }
  });
}

async function answersAsExpected(example: Case): Promise<void> {
  const compiled = compileFor(example);
  const expected = withWarningsGiven(example.dialect?.ours ?? example.expected, example);
  const lacking = lackingFeatures(example.features);
  if (lacking.length > 0) {
    expectRefusal(compiled, expected, lacking);
    return;
  }
  if (!compiled.rules) {
    const answer = { errors: compiled.errors, warnings: [], rules: [] };
    expect(asExpected(answer, expected), compiled.message).toEqual(expected);
    return;
  }
  expectWarnings(compiled, example);
  const question = {
    name: example.name,
    bytes: example.bytes,
    ...(example.scanExternals && { externals: example.scanExternals }),
  };
  const whole = await wholeMode.run(compiled.rules, question);
  expect(asExpected(answerOf(whole, compiled.warnings), expected)).toEqual(expected);
  expectWhole(whole, compiled.rules, example.bytes);
  await expectSameInAllModes(compiled.rules, question, whole);
}

/** What is not supported is said so at compile time; a fault of the rule may be said instead. */
function expectRefusal(compiled: Compiled, expected: Expected, lacking: readonly string[]): void {
  if (compiled.rules) throw new Error(`compiles, though supported.ts does not list ${lacking.join(', ')}`);
  const isFault = expected.kind === 'error' && compiled.errors.includes(expected.code);
  expect(compiled.errors, compiled.message).toContain(isFault ? expected.code : 'E900');
}

function withWarningsGiven(expected: Expected, { name }: Case): Expected {
  if (expected.kind !== 'matches' || !missingWarnings.has(name)) return expected;
  const { warnings: _, ...rest } = expected;
  return rest;
}

function expectWarnings(
  { warnings }: Extract<Compiled, { warnings: unknown }>,
  { name, expected, dialect }: Case,
): void {
  // A mark before the text is no form of the language, so nobody is told.
  if (expected.kind === 'error' && dialect && dialect.name !== 'byte-order-mark') {
    expect(warnings, 'what the reference refuses is accepted with a warning').not.toEqual([]);
  }
  if (expected.kind === 'matches' && missingWarnings.has(name)) {
    const given = warnings.filter((code) => expected.warnings?.includes(code));
    expect(given, 'given by now: supported.ts should no longer name the case').toEqual([]);
  }
}

/** What every result of a whole scan of a small object has. */
function expectWhole(result: ScanResult, rules: CompiledRules, bytes: Uint8Array): void {
  expect(result.undecided).toEqual([]);
  expect(result.coverage.bytesSeen).toBe(bytes.length);
  const order = rules.rules.map(({ namespace, rule }) => `${namespace}:${rule}`);
  const places = result.matches.map(({ namespace, rule }) => order.indexOf(`${namespace}:${rule}`));
  expect(places, 'rules in the order declared').toEqual([...places].sort((a, b) => a - b));
  for (const match of result.matches) {
    const info = rules.rules.find(({ namespace, rule }) => namespace === match.namespace && rule === match.rule)!;
    expect(info.isPrivate).toBe(false);
    expect(match.patterns.map(({ identifier, kind }) => ({ identifier, kind }))).toEqual(
      info.patterns.filter(({ isPrivate }) => !isPrivate).map(({ identifier, kind }) => ({ identifier, kind })),
    );
    for (const { matches, count, countIsExact, isTruncated } of match.patterns) {
      expect({ count, countIsExact, isTruncated }).toEqual({
        count: matches.length,
        countIsExact: true,
        isTruncated: false,
      });
      const starts = matches.map(({ offset }) => offset);
      expect(starts, 'one match a start, by offset').toEqual([...new Set(starts)].sort((a, b) => a - b));
    }
  }
}

async function expectSameInAllModes(rules: CompiledRules, question: Question, whole: ScanResult): Promise<void> {
  for (const mode of fullModes) {
    const result = await mode.run(rules, question);
    expect(comparable(result), `${mode.name}, seed ${seed}`).toEqual(comparable(whole));
  }
  for (const mode of evidenceModes) {
    const result = await mode.run(rules, question);
    expect(result.undecided, `${mode.name}, seed ${seed}`).toEqual([]);
    expect(firstMatches(result), `${mode.name}, seed ${seed}`).toEqual(firstMatches(whole));
  }
}

/** Everything but what may differ: the work done, and how much was read at other places. */
function comparable({ matches, undecided, warnings, coverage }: ScanResult): unknown {
  return { matches, undecided, warnings, bytesSeen: coverage.bytesSeen };
}

function firstMatches({ matches }: ScanResult): unknown {
  return matches.map(({ rule, namespace, tags, meta, patterns }) => ({
    rule,
    namespace,
    tags,
    meta,
    patterns: patterns.map(({ identifier, kind, matches }) => ({
      identifier,
      kind,
      matches: matches.slice(0, EVIDENCE_MATCHES),
    })),
  }));
}

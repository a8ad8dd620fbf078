/**
 * The engine finds what the naive matcher finds: exhaustively over short objects of few letters, and for random patterns,
 * objects and ways of cutting them. Failures print a seed; `SLUICE_SEED` takes it back.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, decodeRules, encodeRules, resumeScanner, StreamScanner } from '../../shared/yara/index.ts';
import type { CompiledRules, ScanResult } from '../../shared/yara/index.ts';
import type { MatchTuple } from '../conformance/answer.ts';
import { concatenate } from '../conformance/bytes.ts';
import { couldHaveLength, hasSeveralEnds, naiveMatches, patternText } from '../conformance/naive-matcher.ts';
import type { HexNode, NaivePattern } from '../conformance/naive-matcher.ts';
import { runs, seed } from '../conformance/seed.ts';

/** What is compared of a scan: per rule its matches as text, which is far quicker to compare than objects. */
type Found = ReadonlyMap<string, string>;

function compilePatterns(texts: readonly string[]): CompiledRules {
  const rules = texts.map((text, index) => `rule r${index} { strings: $a = ${text} condition: $a }`);
  return compileRules([{ text: rules.join('\n') }]);
}

function expectedOf(all: readonly (readonly MatchTuple[])[]): Found {
  return new Map(all.flatMap((matches, index) => (matches.length > 0 ? [[`r${index}`, JSON.stringify(matches)]] : [])));
}

function foundIn(result: ScanResult): Found {
  return new Map(
    result.matches.map(({ rule, patterns }) => [
      rule,
      JSON.stringify(
        patterns.flatMap(({ matches }) =>
          matches.map(({ offset, length, xorKey }) =>
            xorKey === undefined ? [offset, length] : [offset, length, xorKey],
          ),
        ),
      ),
    ]),
  );
}

async function scanPieces(scanner: StreamScanner, pieces: readonly Uint8Array[]): Promise<Found> {
  scanner.reset({});
  for (const piece of pieces) scanner.write(piece);
  return foundIn(await scanner.end());
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

async function expectSameEverywhere(patterns: readonly NaivePattern[], objects: Iterable<Uint8Array>): Promise<void> {
  const scanner = new StreamScanner(compilePatterns(patterns.map(patternText)));
  for (const object of objects) {
    const expected = expectedOf(patterns.map((pattern) => naiveMatches(pattern, object)));
    for (let cut = 0; cut <= object.length; cut++) {
      const found = await scanPieces(scanner, [object.subarray(0, cut), object.subarray(cut)]);
      if (!isSame(found, expected))
        expect(named(found, patterns), `${String(object)} cut at ${cut}`).toEqual(named(expected, patterns));
    }
  }
}

function isSame(left: Found, right: Found): boolean {
  return left.size === right.size && [...left].every(([rule, matches]) => right.get(rule) === matches);
}

function named(found: Found, patterns: readonly NaivePattern[]): Record<string, string> {
  return Object.fromEntries(
    [...found].map(([rule, matches]) => [`${rule}: ${patternText(patterns[Number(rule.slice(1))]!)}`, matches]),
  );
}

const A = 0x61;
const B = 0x62;

describe('exhaustively', () => {
  it('texts of up to 3 of the letters a, b and zero in objects of up to 5 of them, cut at every place', async () => {
    const patterns: NaivePattern[] = [];
    for (const text of allObjects([A, B, 0], 3)) {
      if (text.length === 0) continue;
      for (const [ascii, wide] of [
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        for (const fullword of [false, true]) patterns.push({ kind: 'text', bytes: [...text], ascii, wide, fullword });
      }
    }
    await expectSameEverywhere(patterns, allObjects([A, B, 0], 5));
  });

  it('texts without regard to case in objects of letters of both cases, cut at every place', async () => {
    const patterns: NaivePattern[] = [];
    for (const text of allObjects([A, 0x41, 0x5f], 3)) {
      if (text.length === 0) continue;
      for (const fullword of [false, true])
        patterns.push({ kind: 'text', bytes: [...text], ascii: true, wide: false, nocase: true, fullword });
    }
    await expectSameEverywhere(patterns, allObjects([A, 0x41, 0x5f], 5));
  });

  it('texts under keys in objects of letters that the keys make of each other, cut at every place', async () => {
    const patterns: NaivePattern[] = [];
    for (const text of allObjects([A, B], 2)) {
      if (text.length === 0) continue;
      for (const [ascii, wide] of [
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        for (const fullword of [false, true]) {
          for (const xor of [
            [0, 3],
            [1, 2],
          ] as const)
            patterns.push({ kind: 'text', bytes: [...text], ascii, wide, fullword, xor });
        }
      }
    }
    await expectSameEverywhere(patterns, allObjects([A, B, 0, 1], 5));
  });

  it('hex patterns of up to 3 elements, jumps and alternatives in objects of up to 7 letters, cut at every place', async () => {
    const element = (high: number | undefined, low: number | undefined, not = false): HexNode => ({
      kind: 'byte',
      high,
      low,
      not,
    });
    const elements: HexNode[] = [element(6, 1), element(6, 2), element(undefined, undefined), element(6, 1, true)];
    const links: HexNode[] = [
      ...elements,
      { kind: 'jump', from: 0, to: 1 },
      { kind: 'jump', from: 1, to: 3 },
      { kind: 'jump', from: 0, to: undefined },
      { kind: 'alternatives', of: [[elements[0]!], [elements[0]!, elements[1]!]] },
    ];
    const patterns = elements.flatMap((first) =>
      links.flatMap((link) => elements.map((last): NaivePattern => ({ kind: 'hex', nodes: [first, link, last] }))),
    );
    await expectSameEverywhere(patterns, allObjects([A, B], 7));
  });
});

const letters = fc.constantFrom(A, B, 0x41, 0x42, 0, 0x20, 0x5f, 0x31, 0xe9);

const textPattern = fc
  .record({
    bytes: fc.array(letters, { minLength: 1, maxLength: 6 }),
    form: fc.constantFrom([true, false], [false, true], [true, true]),
    nocase: fc.boolean(),
    fullword: fc.boolean(),
    xor: fc.option(fc.tuple(fc.nat(255), fc.nat(255)), { freq: 3, nil: undefined }),
  })
  .map(({ bytes, form: [ascii, wide], nocase, fullword, xor }): NaivePattern => {
    const shared = { kind: 'text' as const, bytes, ascii, wide, fullword };
    return xor ? { ...shared, xor: [Math.min(...xor), Math.max(...xor)] } : { ...shared, nocase };
  });

const nibbles = fc.constantFrom<readonly [number | undefined, number | undefined]>(
  [6, 1],
  [6, 2],
  [4, 1],
  [0, 0],
  [6, undefined],
  [undefined, 1],
  [undefined, undefined],
);
const hexByte = fc.tuple(nibbles, fc.nat(9)).map(([[high, low], chance]): HexNode => ({
  kind: 'byte',
  high,
  low,
  not: chance === 0 && (high !== undefined || low !== undefined),
}));
const jump = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 2, 4, 250, undefined)).map(([from, more]): HexNode => ({
  kind: 'jump',
  from,
  to: more === undefined ? undefined : Math.max(from + more, 1),
}));
const alternatives = fc
  .array(fc.array(hexByte, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 })
  .map((of): HexNode => ({ kind: 'alternatives', of }));
const piece = fc.array(fc.oneof({ weight: 5, arbitrary: hexByte }, { weight: 1, arbitrary: alternatives }), {
  minLength: 1,
  maxLength: 4,
});

const hexPattern = fc
  .tuple(piece, fc.array(fc.tuple(jump, piece), { maxLength: 2 }))
  .map(([first, rest]): NaivePattern => ({
    kind: 'hex',
    nodes: [...first, ...rest.flatMap(([link, next]) => [link, ...next])],
  }));

const pattern = fc.oneof(textPattern, hexPattern);

/** Objects that mostly hold something of the patterns: their own bytes, widened or under a key, between other bytes. */
function objectFor(patterns: readonly NaivePattern[]): fc.Arbitrary<Uint8Array> {
  const parts = fc.oneof(
    fc.array(letters, { maxLength: 5 }),
    fc
      .constantFrom(...patterns)
      .chain((one) =>
        fc
          .tuple(fc.boolean(), fc.nat(255), fc.boolean())
          .map(([isWide, key, hasKey]) => sampleOf(one, isWide, hasKey ? key : 0)),
      ),
  );
  return fc.array(parts, { maxLength: 12 }).map((all) => Uint8Array.from(all.flat()));
}

function sampleOf(one: NaivePattern, isWide: boolean, key: number): number[] {
  if (one.kind === 'hex') return one.nodes.flatMap(sampleOfNode);
  const bytes = isWide ? one.bytes.flatMap((byte) => [byte, 0]) : one.bytes;
  return one.xor ? bytes.map((byte) => byte ^ key) : [...bytes];
}

function sampleOfNode(node: HexNode): number[] {
  if (node.kind === 'byte') return [((node.high ?? 6) << 4) | (node.low ?? 1)];
  if (node.kind === 'jump') return Array.from({ length: node.from }, () => A);
  return node.of[node.of.length - 1]!.flatMap(sampleOfNode);
}

const question = fc.array(pattern, { minLength: 1, maxLength: 8 }).chain((patterns) =>
  fc.record({
    patterns: fc.constant(patterns),
    object: objectFor(patterns),
    cuts: fc.array(fc.nat(200), { maxLength: 6 }),
    checkpointAt: fc.nat(200),
  }),
);

function cutAt(object: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, object.length)).sort((a, b) => a - b), object.length];
  return places.slice(1).map((place, index) => object.subarray(places[index], place));
}

/** Where a pattern has several ends to choose from, any of them is as good as the naive matcher's. */
function withNaiveLengths(found: Found, patterns: readonly NaivePattern[], object: Uint8Array): Found {
  return new Map(
    [...found].map(([rule, text]) => {
      const one = patterns[Number(rule.slice(1))]!;
      if (!hasSeveralEnds(one)) return [rule, text];
      const naive = new Map(naiveMatches(one, object).map((match) => [match[0], match]));
      const matches = (JSON.parse(text) as MatchTuple[]).map((match) =>
        couldHaveLength(one, object, match) ? (naive.get(match[0]) ?? match) : match,
      );
      return [rule, JSON.stringify(matches)];
    }),
  );
}

describe('random patterns', () => {
  it('are found where the naive matcher finds them, however the object is cut', async () => {
    await fc.assert(
      fc.asyncProperty(question, async ({ patterns, object, cuts, checkpointAt }) => {
        const rules = compilePatterns(patterns.map(patternText));
        const naive = expectedOf(patterns.map((one) => naiveMatches(one, object)));
        const scanner = new StreamScanner(rules);
        const whole = await scanPieces(scanner, [object]);
        expect(named(withNaiveLengths(whole, patterns, object), patterns)).toEqual(named(naive, patterns));
        const expected = named(whole, patterns);
        expect(named(await scanPieces(scanner, cutAt(object, cuts)), patterns)).toEqual(expected);
        const [head, tail] = cutAt(object, [checkpointAt]) as [Uint8Array, Uint8Array];
        scanner.reset({});
        scanner.write(head);
        const other = resumeScanner(decodeRules(encodeRules(rules)), scanner.checkpoint(), {});
        other.write(tail);
        expect(named(foundIn(await other.end()), patterns)).toEqual(expected);
      }),
      { seed, numRuns: runs(200) },
    );
  });

  it('are found far into an object, over the edges of the pieces the engine works in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(pattern, fc.integer({ min: 65_500, max: 65_560 })), async ([one, where]) => {
        // A byte that no generated pattern speaks of, so that the naive matcher need not walk over it.
        const sample = Uint8Array.from(
          sampleOf(one, one.kind === 'text' && !one.ascii, one.kind === 'text' && one.xor ? one.xor[0] : 0),
        );
        const filler = (length: number): Uint8Array => new Uint8Array(length).fill(0x7e);
        const context = 300;
        const near = concatenate([filler(context), sample, filler(context)]);
        const far = concatenate([filler(where - context), near]);
        // What begins in the filler, with a wildcard or under a key, is not what this is about.
        const nearby = naiveMatches(one, near);
        fc.pre(nearby.every(([offset]) => offset > context - 50 && offset < context + sample.length));
        const expected = nearby.map(([offset, ...rest]) => [offset + where - context, ...rest]);
        const scanner = new StreamScanner(compilePatterns([patternText(one)]));
        for (const pieces of [[far], cutAt(far, [where]), cutAt(far, [where + 1, where + 2])]) {
          const found = withNaiveLengths(await scanPieces(scanner, pieces), [one], far);
          expect(found.get('r0') ?? '[]').toEqual(JSON.stringify(expected));
        }
      }),
      { seed, numRuns: runs(60) },
    );
  });
});

/**
 * Hex patterns from small parts × objects, in one source each: sequences of up to three elements, and sequences with
 * jumps and alternatives between fixed pieces. What they should find is said by the naive matcher.
 */
import { readBytes, showBytes } from '../bytes.ts';
import type { Case, ExpectedPatterns } from '../case.ts';
import { naiveMatches, patternText } from '../naive-matcher.ts';
import type { HexNode } from '../naive-matcher.ts';
import { ruleText } from '../sheet.ts';

const elements: readonly HexNode[] = [
  { kind: 'byte', high: 6, low: 1 },
  { kind: 'byte', high: 6, low: undefined },
  { kind: 'byte', high: undefined, low: 1 },
  { kind: 'byte', high: undefined, low: undefined },
  { kind: 'byte', high: 6, low: 1, not: true },
  { kind: 'byte', high: 6, low: undefined, not: true },
  { kind: 'byte', high: undefined, low: 1, not: true },
];

const maskObjects = [
  '',
  'a',
  'aa',
  'aaa',
  'aba',
  'q\\x01',
  '\\x61\\x62\\x71',
  'qaq',
  'baab',
  '\\x00\\x61\\xff\\x61\\x00',
  'aq\\x11bq',
  'abababq',
];

const A: HexNode = { kind: 'byte', high: 6, low: 1 };
const B: HexNode = { kind: 'byte', high: 6, low: 2 };
const ANY: HexNode = { kind: 'byte', high: undefined, low: undefined };
const pieces: readonly (readonly HexNode[])[] = [[A], [A, B], [B, A], [A, ANY], [B, ANY, A]];
const links: readonly HexNode[] = [
  { kind: 'jump', from: 1, to: 1 },
  { kind: 'jump', from: 0, to: 1 },
  { kind: 'jump', from: 0, to: 2 },
  { kind: 'jump', from: 1, to: 3 },
  { kind: 'jump', from: 2, to: undefined },
  { kind: 'jump', from: 0, to: undefined },
  { kind: 'alternatives', of: [[A], [B]] },
  { kind: 'alternatives', of: [[A], [A, B]] },
  { kind: 'alternatives', of: [[A, B], [A]] },
  {
    kind: 'alternatives',
    of: [
      [A, { kind: 'jump', from: 0, to: 2 }, B],
      [B, B, A],
    ],
  },
  { kind: 'alternatives', of: [[{ kind: 'alternatives', of: [[A, A], [B]] }, B], [A]] },
];

const open: readonly HexNode[] = [
  { kind: 'jump', from: 0, to: undefined },
  { kind: 'jump', from: 2, to: undefined },
  { kind: 'jump', from: 0, to: 300 },
  { kind: 'jump', from: 1, to: 250 },
];
/** Pieces of one width, for which of several ends is taken is the reference's inner order; `cases/hex-jumps.yaml` has some. */
const even: readonly (readonly HexNode[])[] = [
  [A, B],
  [B, A],
  [
    {
      kind: 'alternatives',
      of: [
        [A, B],
        [B, A],
      ],
    },
  ],
  [A, { kind: 'alternatives', of: [[A], [B]] }],
  [B, ANY, A],
];

const sequenceObjects = [
  '',
  'ab',
  'aab',
  'abab',
  'aabb',
  'abba',
  'babab',
  'aababb',
  'abcabcab',
  'aaaabbbb',
  'abcbacbabcab',
  'bxayabxxabyyba',
];

export function hexElementCases(): Case[] {
  // Of three elements, those that stand between fixed or open bytes: compiling every one takes seconds.
  const edges = [elements[0]!, elements[3]!];
  const triples = elements.flatMap((middle) => edges.flatMap((first) => edges.map((last) => [first, middle, last])));
  const masks = [...sequences(1), ...sequences(2), ...triples];
  const linked = pieces.flatMap((first) => links.flatMap((link) => pieces.map((last) => [...first, link, ...last])));
  const chains = even.flatMap((first) => open.flatMap((link) => even.map((last) => [...first, link, ...last])));
  const triple = even.flatMap((middle) =>
    open.flatMap((link) => open.map((other) => [A, A, link, ...middle, other, B, B])),
  );
  return [
    ...maskObjects.map((object) => caseFor(object, 'hex elements', ['hex', 'hex-mask'], masks)),
    ...sequenceObjects.map((object) =>
      caseFor(object, 'hex sequences', ['hex', 'hex-mask', 'hex-jump', 'hex-alternative'], linked),
    ),
    ...sequenceObjects.map((object) =>
      caseFor(object, 'hex chains', ['hex', 'hex-jump', 'hex-alternative'], [...chains, ...triple]),
    ),
  ];
}

function sequences(length: number): HexNode[][] {
  if (length === 0) return [[]];
  return sequences(length - 1).flatMap((start) => elements.map((element) => [...start, element]));
}

function caseFor(object: string, chapter: string, features: string[], all: readonly (readonly HexNode[])[]): Case {
  const bytes = readBytes(object);
  const rules: Record<string, ExpectedPatterns> = {};
  const sources = all.map((nodes, index) => {
    const pattern = { kind: 'hex' as const, nodes };
    const matches = naiveMatches(pattern, bytes);
    if (matches.length > 0) rules[`r${index}`] = { $a: matches };
    return ruleText(`$a = ${patternText(pattern)}`, '$a', `r${index}`);
  });
  return {
    chapter,
    name: `${all.length} sequences on ${showBytes(bytes)}`,
    features,
    sources: [{ text: sources.join('\n') }],
    bytes,
    expected: { kind: 'matches', rules },
    statements: all.length,
  };
}

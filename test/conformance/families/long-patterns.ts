/** Patterns as long, and rules with as many of them, as the largest public ones, and somewhat beyond. */
import { concatenate, readBytes } from '../bytes.ts';
import type { Case, ExpectedPatterns } from '../case.ts';
import { ruleText } from '../sheet.ts';

const LONG_TEXT = 20_000;
const LONG_HEX = 8192;
const LONG_REGEX = 3000;
/** The most that a public rule has is 2,339. */
const MANY_PATTERNS = 2500;

/** Letters in no order, so that a pattern made of them stands nowhere but where it was put. */
function longBytes(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 0x61 + ((state >>> 16) % 26);
  });
}

export function longPatternCases(): Case[] {
  const text = longBytes(LONG_TEXT);
  const letters = new TextDecoder().decode(text);
  const hex = [...text.subarray(0, LONG_HEX)].map((byte) => byte.toString(16)).join(' ');
  const gap = readBytes('..');
  const object = concatenate([gap, text, gap, text.subarray(0, LONG_TEXT - 1)]);
  return [
    single('a text of 20,000 bytes', ['text'], `"${letters}"`, object, [[2, LONG_TEXT]]),
    single(
      'a wide text of 5,000 letters',
      ['text', 'wide'],
      `"${letters.slice(0, 5000)}" wide`,
      Uint8Array.from([...text].flatMap((byte) => [byte, 0])),
      [[0, 10_000]],
    ),
    single('a hex pattern of 8,192 bytes', ['hex'], `{ ${hex} }`, object, [
      [2, LONG_HEX],
      [LONG_TEXT + 4, LONG_HEX],
    ]),
    single(
      'a hex pattern of 8,192 bytes with every fourth open',
      ['hex', 'hex-mask'],
      `{ ${hex.replace(/(.. .. .. )../g, '$1??')} }`,
      object,
      [
        [2, LONG_HEX],
        [LONG_TEXT + 4, LONG_HEX],
      ],
    ),
    single('a regex of 3,000 letters', ['regex'], `/${letters.slice(0, LONG_REGEX)}/`, object, [
      [2, LONG_REGEX],
      [LONG_TEXT + 4, LONG_REGEX],
    ]),
    manyPatterns(),
  ];
}

function single(
  name: string,
  features: string[],
  pattern: string,
  bytes: Uint8Array,
  matches: ExpectedPatterns[string],
): Case {
  return {
    chapter: 'long patterns',
    name,
    features,
    sources: [{ text: ruleText(`$a = ${pattern}`, '$a') }],
    bytes,
    expected: { kind: 'matches', rules: { r: { $a: matches } } },
    statements: 1,
  };
}

function manyPatterns(): Case {
  const names = Array.from({ length: MANY_PATTERNS }, (_, index) => index);
  const bytes = new TextEncoder().encode(`pattern-7; pattern-${MANY_PATTERNS - 1};`);
  return {
    chapter: 'long patterns',
    name: `a rule of ${MANY_PATTERNS} patterns`,
    features: ['text', 'of', 'fullword'],
    sources: [{ text: ruleText(names.map((n) => `$p${n} = "pattern-${n}" fullword`).join('\n'), '2 of them') }],
    bytes,
    expected: { kind: 'matches', rules: { r: { $p7: [[0, 9]], [`$p${MANY_PATTERNS - 1}`]: [[11, 12]] } } },
    statements: 1,
  };
}

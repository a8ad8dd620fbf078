/**
 * Rules and objects by the grammar, for fast-check: patterns of every kind with modifiers that go together, conditions of
 * every kind over them, objects over few bytes so that much of it matches. Small on purpose: the reference takes quadratic
 * time where every byte begins a match. Patterns are named `$_a`, `$_b`, …, which may stand unused.
 */
import fc from 'fast-check';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import { Random } from '../differential/random.ts';
import { joined, makeWitness, nearMiss } from '../differential/witness.ts';

export interface GrammarCase {
  readonly text: string;
  readonly objects: readonly (readonly ObjectPart[])[];
}

/** Bytes as they are, or those that some pattern of the rules matches or nearly matches. */
export type ObjectPart =
  Uint8Array | { readonly pattern: number; readonly choice: number; readonly isNearMiss: boolean };

const LETTERS = ['a', 'b', 'B', '1', '_', ' '] as const;
const HEX = ['61', '62', '42', '31', '00', '0a', '20'] as const;
const NAMES = ['a', 'b', 'c'] as const;

// Patterns ------------------------------------------------------------------------------------------------------------

const textValue = fc
  .array(fc.constantFrom(...LETTERS, '\\x00', '\\n', '\\"', '\\xe9'), { minLength: 1, maxLength: 5 })
  .map((parts) => `"${parts.join('')}"`);

const longTextValue = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 3, maxLength: 7 })
  .map((parts) => `"${parts.join('')}"`);

const width = fc.constantFrom('', ' ascii', ' wide', ' ascii wide');
const optional = (modifier: string): fc.Arbitrary<string> => fc.constantFrom('', modifier);

const textPattern = fc.oneof(
  fc
    .tuple(textValue, width, optional(' nocase'), optional(' fullword'), optional(' private'))
    .map((parts) => parts.join('')),
  fc
    .tuple(textValue, width, fc.constantFrom(' xor', ' xor(0x20)', ' xor(1-3)', ' xor(0-255)'), optional(' fullword'))
    .map((parts) => parts.join('')),
  fc
    .tuple(longTextValue, width, fc.constantFrom(' base64', ' base64wide', ' base64 base64wide'))
    .map((parts) => parts.join('')),
);

const hexByte = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...HEX) },
  { weight: 1, arbitrary: fc.constantFrom('??', '6?', '?1', '~61', '~6?', '~?2') },
);
const hexJump = fc.constantFrom('[0-2]', '[1]', '[2-3]', '[1-]', '[-]', '[0-300]', '[-4]');
const hexRun = fc.array(hexByte, { minLength: 1, maxLength: 3 }).map((bytes) => bytes.join(' '));

const { hexSequence } = fc.letrec<{ hexSequence: string; hexItem: string }>((tie) => ({
  hexItem: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    { weight: 3, arbitrary: hexRun },
    {
      weight: 1,
      arbitrary: fc
        .array(tie('hexSequence'), { minLength: 2, maxLength: 3 })
        .map((branches) => `( ${branches.join(' | ')} )`),
    },
  ),
  hexSequence: fc
    .tuple(
      tie('hexItem'),
      fc.array(fc.tuple(fc.option(hexJump, { nil: '', freq: 2 }), tie('hexItem')), { maxLength: 2 }),
    )
    .map(([first, rest]) => [first, ...rest.flat()].filter((part) => part !== '').join(' ')),
}));

const hexPattern = fc
  .tuple(fc.constantFrom(...HEX), hexSequence, optional(' private'))
  .map(([first, sequence, modifier]) => `{ ${first} ${sequence} }${modifier}`);

const regexLeaf = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'B', '1', 'ab', 'ba', 'ab1', '\\x00', '\\n', ' ') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('.', '[ab]', '[^a]', '[a-b1]', '\\w', '\\W', '\\s', '\\d', '\\D', '[ab\\n]'),
  },
  { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B') },
);

/** Greedy and lazy repeats do not go together in one regex. */
function regexOf(isLazy: boolean): fc.Arbitrary<string> {
  const lazy = isLazy ? '?' : '';
  const { regex } = fc.letrec<{ regex: string; item: string }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      { weight: 4, arbitrary: regexLeaf },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie('regex'), fc.constantFrom('', '*', '+', '?', '{2}', '{0,2}', '{1,3}', '{2,}'))
          .map(([inner, repeat]) => `(${inner})${repeat === '' ? '' : repeat + lazy}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            fc.constantFrom('a', 'b', '.', '[ab]', '\\w', '[^b]'),
            fc.constantFrom('*', '+', '?', '{0,2}', '{2,3}', '{1,}'),
          )
          .map(([leaf, repeat]) => `${leaf}${repeat}${lazy}`),
      },
      { weight: 1, arbitrary: fc.tuple(tie('regex'), tie('regex')).map(([left, right]) => `(${left}|${right})`) },
    ),
    regex: fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => items.join('')),
  }));
  return regex;
}

const regexPattern = fc
  .tuple(
    fc.boolean().chain(regexOf),
    fc.constantFrom('', '', 'i', 's', 'is'),
    width,
    fc.constantFrom('', '', ' nocase'),
    fc.constantFrom('', '', ' fullword'),
  )
  // `/i` and `nocase` together are one and the same, and warned about.
  .map(
    ([regex, flags, wide, nocase, fullword]) =>
      `/${regex}/${flags}${wide}${flags.includes('i') ? '' : nocase}${fullword}`,
  );

const pattern = fc.oneof(textPattern, hexPattern, regexPattern);

// Conditions ----------------------------------------------------------------------------------------------------------

const name = (count: number): fc.Arbitrary<string> =>
  fc.constantFrom(...NAMES.slice(0, count)).map((letter) => `_${letter}`);
const smallNumber = fc.integer({ min: 0, max: 12 }).map(String);
const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
const quantifier = fc.constantFrom('any', 'all', 'none', '1', '2', '50%', '#_a', '(1+1)');
const reader = fc.constantFrom('uint8', 'uint16', 'uint32', 'int8', 'int16', 'uint16be', 'int32be');

/** Conditions over `count` patterns; `rules` are the names of earlier rules. */
function conditionOf(count: number, rules: readonly string[]): fc.Arbitrary<string> {
  const { condition } = fc.letrec<{ condition: string; number: string }>((tie) => {
    const range = fc.tuple(tie('number'), tie('number')).map(([lower, upper]) => `(${lower}..${upper})`);
    const anchor = fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: tie('number').map((offset) => ` at ${offset}`) },
      { weight: 1, arbitrary: range.map((bounds) => ` in ${bounds}`) },
    );
    return {
      number: fc.oneof(
        { maxDepth: 2, depthSize: 'small' },
        smallNumber,
        fc.constantFrom('filesize', 'filesize - 1', '1 - 3'),
        name(count).map((letter) => `#${letter}`),
        fc
          .tuple(fc.constantFrom('@', '!'), name(count), fc.integer({ min: 1, max: 4 }))
          .map(([sign, letter, index]) => `${sign}${letter}[${index}]`),
        fc.tuple(reader, tie('number')).map(([read, offset]) => `${read}(${offset})`),
        fc
          .tuple(tie('number'), fc.constantFrom('+', '-', '*', '\\', '%', '&', '|', '^', '<<', '>>'), tie('number'))
          .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
        tie('number').map((inner) => `~${inner}`),
      ),
      condition: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        fc.tuple(name(count), anchor).map(([letter, where]) => `$${letter}${where}`),
        fc
          .tuple(tie('number'), comparison, tie('number'))
          .map(([left, operator, right]) => `${left} ${operator} ${right}`),
        fc
          .tuple(quantifier, fc.constantFrom('them', '($_a)', '($_*)', '($_a*)'), anchor)
          .map(([amount, set, where]) => `${amount} of ${set}${where}`),
        fc.constantFrom(
          '"abA" icontains "ba"',
          '"ab1" matches /b\\d/',
          '"ab" startswith "a"',
          '1.5 > 1',
          'true',
          'false',
        ),
        ...(rules.length > 0 ? [fc.constantFrom(...rules)] : []),
        fc
          .tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition'))
          .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
        fc
          .tuple(fc.constantFrom('not', 'defined'), tie('condition'))
          .map(([operator, inner]) => `${operator} (${inner})`),
        fc
          .tuple(
            quantifier,
            fc.oneof(
              anchor.map((where) => `$${where}`),
              fc
                .tuple(fc.constantFrom('#', '@', '!'), comparison, tie('number'))
                .map(([sign, operator, right]) => `${sign} ${operator} ${right}`),
            ),
          )
          .map(([amount, body]) => `for ${amount} of them : (${body})`),
        fc
          .tuple(
            quantifier,
            fc.oneof(fc.constantFrom('(0..3)', '(1..#_a)', '(1, 2, 4)'), range),
            fc.oneof(
              name(count).map((letter) => `$${letter} at i`),
              fc
                .tuple(name(count), comparison, tie('number'))
                .map(([letter, operator, right]) => `@${letter}[i] ${operator} ${right}`),
              fc.tuple(comparison, tie('number')).map(([operator, right]) => `uint8(i) ${operator} ${right}`),
            ),
          )
          .map(([amount, items, body]) => `for ${amount} i in ${items} : (${body})`),
        fc.tuple(tie('number'), comparison).map(([value, operator]) => `with v = ${value} : (v ${operator} 3)`),
      ),
    };
  });
  return condition;
}

const rule = (number: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(pattern, { minLength: 1, maxLength: NAMES.length }),
      fc.constantFrom('', '', '', 'private ', 'global '),
    )
    .chain(([patterns, modifier]) => {
      const earlier = Array.from({ length: number }, (_, at) => `r${at}`);
      const strings = patterns.map((value, at) => `$_${NAMES[at]!} = ${value}`).join('\n    ');
      return conditionOf(patterns.length, earlier).map(
        (condition) => `${modifier}rule r${number} {\n  strings:\n    ${strings}\n  condition:\n    ${condition}\n}`,
      );
    });

const rules = fc
  .integer({ min: 1, max: 3 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => rule(at))));

// Objects -------------------------------------------------------------------------------------------------------------

const objectPart: fc.Arbitrary<ObjectPart> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(...'abB1_ \n\0'.split('')).map((letter) => latin1(letter)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('ab', 'ba', 'ab1', 'a\0b\0', 'b\0a\0', '\0\0', 'YWJi', 'YmFi', '\xe9', '!', 'A ', 'cb')
      .map((text) => latin1(text)),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      pattern: fc.nat({ max: 8 }),
      choice: fc.nat({ max: 10_000 }),
      isNearMiss: fc.boolean(),
    }),
  },
);

function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export const grammarCase: fc.Arbitrary<GrammarCase> = fc.record({
  text: rules.map((texts) => texts.join('\n')),
  objects: fc.array(fc.array(objectPart, { maxLength: 16 }), { minLength: 1, maxLength: 5 }),
});

/** The bytes of an object; of a witness at most 60, for everything here is small. */
export function objectBytes(text: string, parts: readonly ObjectPart[]): Uint8Array {
  const patterns = parseSource(new SourceText(text), new Diagnostics()).rules.flatMap((each) => each.patterns);
  return joined(
    ...parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const random = new Random(part.choice);
      const witness = makeWitness(patterns[part.pattern % patterns.length]!, random);
      const { before, bytes, after } = part.isNearMiss ? nearMiss(witness, random) : witness;
      return joined(before, bytes.subarray(0, 60), after);
    }),
  );
}

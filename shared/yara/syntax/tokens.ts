/**
 * What the lexer tells apart: kinds of tokens as small integers, how each is called in messages, keywords, and the class
 * of every byte.
 */

/** Punctuation, literals and names. Keywords follow from `FIRST_KEYWORD` on. */
export const T = {
  end: 0,
  /** A byte that begins nothing. */
  unknown: 1,
  /** A quoted text without closing quote in its line. */
  unclosedText: 2,
  /** A `/…` without closing slash in its line. */
  unclosedRegex: 3,
  /** A comment that runs to the end of the source. */
  unclosedComment: 4,
  identifier: 5,
  /** `$a`, `$` */
  pattern: 6,
  /** `#a`, `#` */
  count: 7,
  /** `@a`, `@` */
  offset: 8,
  /** `!a`, `!` */
  length: 9,
  integer: 10,
  float: 11,
  /** With its quotes, one or three. */
  text: 12,
  /** With slashes and flags. */
  regex: 13,
  braceOpen: 14,
  braceClose: 15,
  parenOpen: 16,
  parenClose: 17,
  bracketOpen: 18,
  bracketClose: 19,
  colon: 20,
  comma: 21,
  dot: 22,
  assign: 23,
  equal: 24,
  notEqual: 25,
  less: 26,
  lessEqual: 27,
  greater: 28,
  greaterEqual: 29,
  shiftLeft: 30,
  shiftRight: 31,
  plus: 32,
  minus: 33,
  star: 34,
  backslash: 35,
  percent: 36,
  ampersand: 37,
  pipe: 38,
  caret: 39,
  tilde: 40,
  all: 41,
  and: 42,
  any: 43,
  ascii: 44,
  at: 45,
  base64: 46,
  base64wide: 47,
  condition: 48,
  contains: 49,
  defined: 50,
  endswith: 51,
  entrypoint: 52,
  false: 53,
  filesize: 54,
  for: 55,
  fullword: 56,
  global: 57,
  icontains: 58,
  iendswith: 59,
  iequals: 60,
  import: 61,
  in: 62,
  include: 63,
  istartswith: 64,
  matches: 65,
  meta: 66,
  nocase: 67,
  none: 68,
  not: 69,
  of: 70,
  or: 71,
  private: 72,
  rule: 73,
  startswith: 74,
  strings: 75,
  them: 76,
  true: 77,
  wide: 78,
  with: 79,
  xor: 80,
} as const;

export type TokenKind = (typeof T)[keyof typeof T];

export const FIRST_KEYWORD = T.all;

const SYMBOLS: Readonly<Record<number, string>> = {
  [T.end]: 'end of file',
  [T.identifier]: 'identifier',
  [T.pattern]: 'pattern identifier',
  [T.integer]: 'integer',
  [T.float]: 'float',
  [T.text]: 'text',
  [T.regex]: 'regular expression',
  [T.braceOpen]: '`{`',
  [T.braceClose]: '`}`',
  [T.parenOpen]: '`(`',
  [T.parenClose]: '`)`',
  [T.bracketOpen]: '`[`',
  [T.bracketClose]: '`]`',
  [T.colon]: '`:`',
  [T.comma]: '`,`',
  [T.dot]: '`.`',
  [T.assign]: '`=`',
  [T.minus]: '`-`',
};

const KEYWORDS = Object.entries(T).filter(([, kind]) => kind >= FIRST_KEYWORD) as readonly [string, TokenKind][];

/** How messages call what was expected: a keyword or symbol as itself, anything else by its kind. */
export function describe(kind: TokenKind): string {
  return SYMBOLS[kind] ?? `\`${KEYWORDS.find(([, keyword]) => keyword === kind)?.[0] ?? 'token'}\``;
}

/** Bits of `BYTE_CLASS`. */
export const NAME_START = 1;
export const NAME_PART = 2;
export const DIGIT = 4;
export const HEX_DIGIT = 8;
export const SPACE = 16;
/** A digit or `_`: what may follow the first digit of a number. */
export const NUMBER_PART = 32;

/** The class of each byte as a set of the bits above. Names are ASCII. */
export const BYTE_CLASS: Uint8Array = makeByteClasses();

/** The value of a hexadecimal digit; 255 for any other byte. */
export const HEX_VALUE: Uint8Array = makeHexValues();

/** `istartswith` */
const LONGEST_KEYWORD = 11;

/** Keywords by length and first letter, so that a name is compared with at most a few. */
const KEYWORDS_BY_SHAPE: readonly (readonly (readonly [codes: Uint8Array, kind: TokenKind])[])[] = makeKeywordTable();

/** The keyword that the bytes spell, or `T.identifier`. */
export function keywordAt(bytes: Uint8Array, start: number, end: number): TokenKind {
  const length = end - start;
  const first = bytes[start]!;
  if (length > LONGEST_KEYWORD || length < 2 || first < 0x61 || first > 0x7a) return T.identifier;
  const candidates = KEYWORDS_BY_SHAPE[length * 26 + first - 0x61]!;
  for (const [codes, kind] of candidates) {
    let index = 1;
    while (index < length && codes[index] === bytes[start + index]) index++;
    if (index === length) return kind;
  }
  return T.identifier;
}

function makeKeywordTable(): (readonly [Uint8Array, TokenKind])[][] {
  const table: (readonly [Uint8Array, TokenKind])[][] = Array.from({ length: (LONGEST_KEYWORD + 1) * 26 }, () => []);
  for (const [word, kind] of KEYWORDS) {
    table[word.length * 26 + word.charCodeAt(0) - 0x61]!.push([new TextEncoder().encode(word), kind]);
  }
  return table;
}

function makeByteClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0; byte < 128; byte++) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z_]/.test(character)) classes[byte]! |= NAME_START | NAME_PART;
    if (/[0-9]/.test(character)) classes[byte]! |= NAME_PART | DIGIT;
    if (/[0-9_]/.test(character)) classes[byte]! |= NUMBER_PART;
    if (/[0-9A-Fa-f]/.test(character)) classes[byte]! |= HEX_DIGIT;
    if (/[ \t\r\n]/.test(character)) classes[byte]! |= SPACE;
  }
  return classes;
}

function makeHexValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    values[digit.charCodeAt(0)] = value;
    values[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}

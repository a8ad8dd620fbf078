/**
 * Bytes into tokens, one at a time: `next()` sets `kind`, `start` and `end`. Makes no objects and reads every byte a
 * bounded number of times. What a token means (escapes, sizes of numbers) is settled by whoever takes it; the inside of
 * hex patterns and regexes is read by their own parsers, which go on from `end` and come back with `jumpTo`.
 *
 * Never fails: what begins nothing is a token too (`unknown`, `unclosedText`, …).
 */
import type { SourceText } from './source-text.ts';
import { characterLength } from './source-text.ts';
import {
  BYTE_CLASS,
  DIGIT,
  HEX_DIGIT,
  keywordAt,
  NAME_PART,
  NAME_START,
  NUMBER_PART,
  SPACE,
  T,
  type TokenKind,
} from './tokens.ts';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const STAR = 0x2a;
const SLASH = 0x2f;
const DOT = 0x2e;
const EQUAL = 0x3d;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/** A place to come back to. */
export interface LexerState {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

export class Lexer {
  readonly bytes: Uint8Array;
  kind: TokenKind = T.end;
  /** First byte of the token. */
  start: number;
  /** First byte after the token. */
  end: number;
  readonly #source: SourceText;

  /** Stands on the first token at once. */
  constructor(source: SourceText) {
    this.#source = source;
    this.bytes = source.bytes;
    this.start = source.start;
    this.end = source.start;
    this.next();
  }

  /** The same as comparing `kind`, but the compiler does not take it as still true after `next()`. */
  is(kind: TokenKind): boolean {
    return this.kind === kind;
  }

  save(): LexerState {
    return { kind: this.kind, start: this.start, end: this.end };
  }

  restore(state: LexerState): void {
    this.kind = state.kind;
    this.start = state.start;
    this.end = state.end;
  }

  /** Stands on the first token at or after `offset`. */
  jumpTo(offset: number): void {
    this.end = offset;
    this.next();
  }

  /** At the end of the source it stays there. */
  next(): void {
    const { bytes } = this;
    const start = skipTrivia(bytes, this.end);
    this.start = start;
    if (start >= bytes.length) {
      this.kind = T.end;
      this.end = start;
      return;
    }
    const first = bytes[start]!;
    const byteClass = BYTE_CLASS[first]!;
    if ((byteClass & NAME_START) !== 0) {
      this.end = skipName(bytes, start + 1);
      this.kind = keywordAt(bytes, start, this.end);
    } else if ((byteClass & DIGIT) !== 0) {
      this.kind = this.#number(start);
    } else {
      this.kind = this.#symbol(first, start);
    }
  }

  /** The token as a string. For names, which are ASCII. */
  name(): string {
    return this.#source.ascii(this.start, this.end);
  }

  #number(start: number): TokenKind {
    const { bytes } = this;
    let at = start + 1;
    const second = bytes[at];
    const third = bytes[at + 1] ?? 0;
    if (bytes[start] === 0x30 && second === 0x78 && (BYTE_CLASS[third]! & HEX_DIGIT) !== 0) {
      at += 2;
      while (at < bytes.length && ((BYTE_CLASS[bytes[at]!]! & HEX_DIGIT) !== 0 || bytes[at] === UNDERSCORE)) at++;
      return this.#take(T.integer, at);
    }
    if (bytes[start] === 0x30 && second === 0x6f && third >= 0x30 && third <= 0x37) {
      at += 2;
      while (at < bytes.length && ((bytes[at]! >= 0x30 && bytes[at]! <= 0x37) || bytes[at] === UNDERSCORE)) at++;
      return this.#take(T.integer, at);
    }
    at = skipDigits(bytes, at);
    if (bytes[at] === DOT && (BYTE_CLASS[bytes[at + 1] ?? 0]! & NUMBER_PART) !== 0) {
      return this.#take(T.float, skipDigits(bytes, at + 1));
    }
    const hasSuffix = (bytes[at] === 0x4b || bytes[at] === 0x4d) && bytes[at + 1] === 0x42;
    return this.#take(T.integer, hasSuffix ? at + 2 : at);
  }

  #symbol(first: number, start: number): TokenKind {
    const { bytes } = this;
    const second = bytes[start + 1] ?? 0;
    switch (first) {
      case QUOTE:
        return this.#text(start);
      case SLASH:
        return this.#regex(start);
      case 0x24:
        return this.#take(T.pattern, skipName(bytes, start + 1));
      case 0x23:
        return this.#take(T.count, skipName(bytes, start + 1));
      case 0x40:
        return this.#take(T.offset, skipName(bytes, start + 1));
      case 0x21:
        if (second === EQUAL) return this.#take(T.notEqual, start + 2);
        return this.#take(T.length, skipName(bytes, start + 1));
      case EQUAL:
        return second === EQUAL ? this.#take(T.equal, start + 2) : this.#take(T.assign, start + 1);
      case 0x3c:
        if (second === 0x3c) return this.#take(T.shiftLeft, start + 2);
        return second === EQUAL ? this.#take(T.lessEqual, start + 2) : this.#take(T.less, start + 1);
      case 0x3e:
        if (second === 0x3e) return this.#take(T.shiftRight, start + 2);
        return second === EQUAL ? this.#take(T.greaterEqual, start + 2) : this.#take(T.greater, start + 1);
      default: {
        const kind = SINGLE_BYTE[first]!;
        return this.#take(kind as TokenKind, start + (kind === T.unknown ? characterLength(bytes, start) : 1));
      }
    }
  }

  /** `"…"` in one line, or `"""…"""` over several lines without a bare quote inside. */
  #text(start: number): TokenKind {
    const { bytes } = this;
    if (bytes[start + 1] === QUOTE && bytes[start + 2] === QUOTE) {
      const close = findQuote(bytes, start + 3, true);
      if (close >= 0 && bytes[close + 1] === QUOTE && bytes[close + 2] === QUOTE) return this.#take(T.text, close + 3);
    }
    const close = findQuote(bytes, start + 1, false);
    return close >= 0 ? this.#take(T.text, close + 1) : this.#take(T.unclosedText, lineEnd(bytes, start));
  }

  /** `/…/` with up to two letters of flags. Comments have been skipped, so this slash begins a regex. */
  #regex(start: number): TokenKind {
    const { bytes } = this;
    let at = start + 1;
    // A comment that is never closed was left standing by skipTrivia.
    if (bytes[at] === STAR) return this.#take(T.unclosedComment, bytes.length);
    while (at < bytes.length && bytes[at] !== SLASH && bytes[at] !== NEWLINE) {
      // A line end cannot be escaped.
      at += bytes[at] === BACKSLASH && bytes[at + 1] !== NEWLINE ? 2 : 1;
    }
    if (bytes[at] !== SLASH) return this.#take(T.unclosedRegex, lineEnd(bytes, start));
    at++;
    const flagsEnd = at + 2;
    while (at < flagsEnd && isLetter(bytes[at] ?? 0)) at++;
    return this.#take(T.regex, at);
  }

  #take(kind: TokenKind, end: number): TokenKind {
    this.end = end;
    return kind;
  }
}

/**
 * The first byte at or after `at` that is neither white space nor in a comment. Stands on the `/*` of a comment that is
 * never closed.
 */
export function skipTrivia(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined) return bytes.length;
    if ((BYTE_CLASS[byte]! & SPACE) !== 0) {
      at++;
    } else if (byte === SLASH && bytes[at + 1] === SLASH) {
      at = lineEnd(bytes, at);
    } else if (byte === SLASH && bytes[at + 1] === STAR) {
      const close = findCommentEnd(bytes, at + 2);
      if (close < 0) return at;
      at = close;
    } else {
      const space = byte >= 0xc2 ? unicodeSpaceLength(bytes, at) : 0;
      if (space === 0) return at;
      at += space;
    }
  }
}

function findCommentEnd(bytes: Uint8Array, from: number): number {
  for (let star = bytes.indexOf(STAR, from); star >= 0; star = bytes.indexOf(STAR, star + 1)) {
    if (bytes[star + 1] === SLASH) return star + 2;
  }
  return -1;
}

/** U+00A0, U+2000 to U+200A, U+202F, U+205F: white space as in the reference. */
function unicodeSpaceLength(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0xc2) return bytes[at + 1] === 0xa0 ? 2 : 0;
  if (bytes[at] !== 0xe2) return 0;
  const third = bytes[at + 2] ?? 0;
  if (bytes[at + 1] === 0x80) return (third >= 0x80 && third <= 0x8a) || third === 0xaf ? 3 : 0;
  return bytes[at + 1] === 0x81 && third === 0x9f ? 3 : 0;
}

/** The next quote that no backslash escapes; -1 when the line (or, over lines, the source) ends first. */
function findQuote(bytes: Uint8Array, from: number, isOverLines: boolean): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) {
      at++;
      // A line end cannot be escaped.
      if (bytes[at] === NEWLINE) return -1;
    } else if (byte === NEWLINE && !isOverLines) return -1;
  }
  return -1;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const newline = bytes.indexOf(NEWLINE, from);
  if (newline < 0) return bytes.length;
  return newline > from && bytes[newline - 1] === 0x0d ? newline - 1 : newline;
}

function skipName(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (BYTE_CLASS[bytes[at]!]! & NAME_PART) !== 0) at++;
  return at;
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (BYTE_CLASS[bytes[at]!]! & NUMBER_PART) !== 0) at++;
  return at;
}

function isLetter(byte: number): boolean {
  return byte !== UNDERSCORE && (BYTE_CLASS[byte]! & NAME_START) !== 0;
}

/** Tokens of one byte. */
const SINGLE_BYTE: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(T.unknown);
  const tokens: Readonly<Record<string, TokenKind>> = {
    '{': T.braceOpen,
    '}': T.braceClose,
    '(': T.parenOpen,
    ')': T.parenClose,
    '[': T.bracketOpen,
    ']': T.bracketClose,
    ':': T.colon,
    ',': T.comma,
    '.': T.dot,
    '+': T.plus,
    '-': T.minus,
    '*': T.star,
    '\\': T.backslash,
    '%': T.percent,
    '&': T.ampersand,
    '|': T.pipe,
    '^': T.caret,
    '~': T.tilde,
  };
  for (const [character, kind] of Object.entries(tokens)) table[character.charCodeAt(0)] = kind;
  return table;
})();

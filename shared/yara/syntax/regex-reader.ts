/**
 * Where a regex is being read, and what its two parsers (outside and inside of classes) share: escapes and errors.
 * Positions are offsets in the source, so spans need no translation.
 */
import { type ByteSet, DIGIT_SET, emptySet, invert, addAll, SPACE_SET, WORD_SET } from './byte-set.ts';
import type { ParseContext } from './parse-context.ts';
import { characterLength, codePointAt } from './source-text.ts';
import { BYTE_CLASS, DIGIT, HEX_VALUE, NAME_START } from './tokens.ts';

/** What stands after a backslash. `byte` is `\xHH`, taken as it is; a `codePoint` beyond ASCII means its UTF-8 bytes. */
export type Escape =
  | { readonly kind: 'byte'; readonly value: number }
  | { readonly kind: 'codePoint'; readonly value: number }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'assertion'; readonly letter: 'A' | 'z' | 'b' | 'B' };

const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

const CONTROL_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 }).map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);

const SET_ESCAPES: ReadonlyMap<number, ByteSet> = new Map(
  Object.entries({ d: DIGIT_SET, s: SPACE_SET, w: WORD_SET }).flatMap(([letter, set]) => {
    const others = emptySet();
    addAll(others, set);
    invert(others);
    return [
      [letter.charCodeAt(0), set],
      [letter.toUpperCase().charCodeAt(0), others],
    ] as const;
  }),
);

export class RegexReader {
  readonly context: ParseContext;
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** `i` as it holds here. */
  ignoreCase: boolean;
  /** Once a class only closed when `[` was taken literally, all further ones of this regex are read so. */
  areClassesFlat = false;

  constructor(context: ParseContext, start: number, end: number, ignoreCase: boolean) {
    this.context = context;
    this.bytes = context.bytes;
    this.at = start;
    this.end = end;
    this.ignoreCase = ignoreCase;
  }

  /** The byte at `at + ahead`; -1 beyond the end of the regex. */
  peek(ahead = 0): number {
    return this.at + ahead < this.end ? this.bytes[this.at + ahead]! : -1;
  }

  fail(start: number, end: number, message: string, hint?: string): never {
    this.context.fail('E014', { start, end: Math.max(start, Math.min(end, this.end)) }, message, hint);
  }

  /** Length of the character here; a byte that is not UTF-8 is one that stands for itself, with a warning. */
  characterLength(): number {
    const byte = this.bytes[this.at]!;
    if (byte < 0x80) return 1;
    const length = Math.min(characterLength(this.bytes, this.at), this.end - this.at);
    if (length === 1) {
      const span = { start: this.at, end: this.at + 1 };
      const hex = byte.toString(16).toUpperCase();
      this.context.warning(
        'invalid_utf8',
        span,
        `byte ${hex} is not UTF-8 and stands for itself`,
        `write it \\x${hex}`,
      );
    }
    return length;
  }

  /** Stands on the backslash, and then behind the escape. */
  escape(): Escape {
    const start = this.at++;
    const letter = this.peek();
    // The lexer leaves no backslash alone at the end.
    if (letter < 0) this.fail(start, this.at, 'nothing follows the backslash');
    if (letter >= 0x80 || (BYTE_CLASS[letter]! & (DIGIT | NAME_START)) === 0 || letter === 0x5f) {
      return this.#escapedCharacter(start);
    }
    this.at++;
    if ((BYTE_CLASS[letter]! & DIGIT) !== 0) this.fail(start, this.at, 'backreferences are not supported');
    const control = CONTROL_ESCAPES.get(letter);
    if (control !== undefined) return { kind: 'codePoint', value: control };
    const set = SET_ESCAPES.get(letter);
    if (set !== undefined) return { kind: 'set', set };
    switch (String.fromCharCode(letter)) {
      case 'x':
        return this.#hexadecimal(start, 2);
      case 'u':
        return this.#hexadecimal(start, 4);
      case 'U':
        return this.#hexadecimal(start, 8);
      case 'A':
        return { kind: 'assertion', letter: 'A' };
      case 'z':
        return { kind: 'assertion', letter: 'z' };
      case 'b':
        return { kind: 'assertion', letter: 'b' };
      case 'B':
        return { kind: 'assertion', letter: 'B' };
      case 'p':
      case 'P':
        return this.fail(start, this.at, 'Unicode classes are not supported: a regular expression sees bytes');
      default:
        this.warnOfLiteral(start);
        return { kind: 'codePoint', value: letter };
    }
  }

  /** Punctuation and space mean themselves; so do, with a warning, characters beyond ASCII. */
  #escapedCharacter(start: number): Escape {
    const length = this.characterLength();
    const byte = this.bytes[this.at]!;
    const value = codePointAt(this.bytes, this.at, length);
    this.at += length;
    if (byte >= 0x80) this.warnOfLiteral(start);
    return byte >= 0x80 && length === 1 ? { kind: 'byte', value: byte } : { kind: 'codePoint', value };
  }

  /** Of an escape from `start` to here. */
  warnOfLiteral(start: number): void {
    const span = { start, end: this.at };
    const text = this.context.source.excerpt(span);
    const message = `${text} is not an escape; ${text.slice(1)} is meant literally`;
    this.context.warning(
      'regex_literal',
      span,
      message,
      `write ${text.slice(1)}, or \\${text} for a backslash before it`,
    );
  }

  /** `digits` digits, or any number in braces. Only `\xHH` is a byte. */
  #hexadecimal(start: number, digits: number): Escape {
    const isBraced = this.peek() === BRACE_OPEN;
    if (isBraced) this.at++;
    const first = this.at;
    let value = 0;
    while (isBraced ? this.peek() !== BRACE_CLOSE : this.at < first + digits) {
      const byte = this.peek();
      if (byte < 0 || HEX_VALUE[byte]! > 15) {
        this.fail(
          start,
          this.at + 1,
          isBraced ? 'expected hexadecimal digits and }' : `expected ${digits} hexadecimal digits`,
        );
      }
      // Beyond Unicode the value only has to stay beyond it.
      value = Math.min(value * 16 + HEX_VALUE[byte]!, 0x20_0000);
      this.at++;
    }
    if (isBraced) {
      if (this.at === first) this.fail(start, this.at + 1, 'expected hexadecimal digits in braces');
      this.at++;
    }
    if (!isBraced && digits === 2) return { kind: 'byte', value };
    const isCharacter = value <= 0x10_ffff && (value < 0xd800 || value > 0xdfff);
    if (!isCharacter)
      this.fail(start, this.at, `${this.context.source.excerpt({ start, end: this.at })} is no character`);
    return { kind: 'codePoint', value };
  }
}

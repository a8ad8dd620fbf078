/**
 * Classes in brackets, as sets of bytes.
 *
 *     class := `[` `^`? `-`* `]`? operand ( ( `&&` | `--` | `~~` ) operand )* `]`
 *     operand := ( class | `[:` `^`? name `:]` | item | item `-` item )*
 *
 * The operators are common, without and in exactly one; all of one rank, from left to right. A `]` that comes first is
 * literal. Case is folded before anything is negated or combined. Where brackets that stand in brackets leave the class
 * unclosed, it is read as libyara reads it, `[` being a character, and a warning says so.
 */
import {
  addAll,
  addByte,
  addRange,
  type ByteSet,
  emptySet,
  foldCase,
  invert,
  keepCommon,
  keepDifferent,
  NAMED_SETS,
  removeAll,
} from './byte-set.ts';
import { MAX_REGEX_DEPTH } from './limits.ts';
import type { RegexReader } from './regex-reader.ts';
import { codePointAt } from './source-text.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const MINUS = 0x2d;
const AMPERSAND = 0x26;
const TILDE = 0x7e;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LESS = 0x3c;
const GREATER = 0x3e;

type Operator = typeof AMPERSAND | typeof MINUS | typeof TILDE;

/** Stands on the bracket, and then behind the closing one. `depth` is what the class stands in. */
export function parseClass(reader: RegexReader, depth: number): ByteSet {
  const start = reader.at;
  const parser = new ClassParser(reader, reader.areClassesFlat);
  const set = parser.bracketed(depth);
  if (set !== undefined) {
    parser.warnOfSets(start);
    return set;
  }
  const inner = parser.firstInner;
  if (inner !== undefined && !reader.areClassesFlat) {
    reader.areClassesFlat = true;
    reader.at = start;
    const flat = new ClassParser(reader, true).bracketed(depth);
    if (flat !== undefined) {
      const span = { start: inner, end: inner + 1 };
      reader.context.warning('regex_literal', span, '[ inside this class is meant literally', 'write \\[');
      return flat;
    }
  }
  return reader.fail(start, start + 1, 'class is never closed', 'add a ]; a bracket itself is written \\[');
}

class ClassParser {
  readonly #reader: RegexReader;
  readonly #isFlat: boolean;
  /** Where the first bracket inside the class stands, unless it begins a name such as `[:alpha:]`. */
  firstInner: number | undefined;
  #firstOperator: number | undefined;

  constructor(reader: RegexReader, isFlat: boolean) {
    this.#reader = reader;
    this.#isFlat = isFlat;
  }

  /** Undefined when the regex ends before the class does. */
  bracketed(depth: number): ByteSet | undefined {
    const reader: RegexReader = this.#reader;
    if (depth > MAX_REGEX_DEPTH) {
      reader.fail(reader.at, reader.at + 1, `classes stand in each other more than ${MAX_REGEX_DEPTH} deep`);
    }
    reader.at++;
    const isNegated = reader.peek() === CARET;
    if (isNegated) reader.at++;
    let operand = emptySet();
    this.#leading(operand);
    let left: ByteSet | undefined;
    let operator: Operator = AMPERSAND;
    for (;;) {
      const byte = reader.peek();
      if (byte < 0) return undefined;
      if (byte === CLOSE) break;
      if (byte === OPEN && !this.#isFlat) {
        const inner = this.#inner(depth);
        if (inner === undefined) return undefined;
        addAll(operand, inner);
      } else if (isOperator(byte) && reader.peek(1) === byte && !this.#isFlat) {
        this.#firstOperator ??= reader.at;
        reader.at += 2;
        left = this.#combine(left, operator, operand);
        operator = byte;
        operand = emptySet();
      } else {
        this.#item(operand);
      }
    }
    reader.at++;
    const set = this.#combine(left, operator, operand);
    if (reader.ignoreCase) foldCase(set);
    if (isNegated) invert(set);
    return set;
  }

  /** Set operations and brackets in brackets were characters in libyara. */
  warnOfSets(start: number): void {
    const at = this.#firstOperator ?? this.firstInner;
    if (at === undefined) return;
    const { context, at: end } = this.#reader;
    const what =
      this.#firstOperator === undefined ? '[ opens a class inside the class' : 'this is an operation on sets';
    const span = { start: at, end: at + (this.#firstOperator === undefined ? 1 : 2) };
    const hint = `put a backslash before each character of ${context.source.excerpt({ start, end })} that is meant literally`;
    context.warning('regex_class_set', span, what, hint);
  }

  /** Hyphens that come first are literal, and so is a `]` that comes first of all. */
  #leading(set: ByteSet): void {
    const reader: RegexReader = this.#reader;
    if (reader.peek() === CLOSE) {
      // `[]-a]` is a range, so only a bracket without one is taken here.
      this.#item(set);
      return;
    }
    while (reader.peek() === MINUS) {
      addByte(set, MINUS);
      reader.at++;
    }
  }

  #combine(left: ByteSet | undefined, operator: Operator, right: ByteSet): ByteSet {
    if (left === undefined) return right;
    if (this.#reader.ignoreCase) {
      foldCase(left);
      foldCase(right);
    }
    if (operator === AMPERSAND) keepCommon(left, right);
    else if (operator === MINUS) removeAll(left, right);
    else keepDifferent(left, right);
    return left;
  }

  #inner(depth: number): ByteSet | undefined {
    const named = this.#named();
    if (named !== undefined) return named;
    this.firstInner ??= this.#reader.at;
    return this.bracketed(depth + 1);
  }

  /** `[:alpha:]`, `[:^alpha:]`; undefined and not a step further when it is not one of the known names. */
  #named(): ByteSet | undefined {
    const reader: RegexReader = this.#reader;
    if (reader.peek(1) !== COLON) return undefined;
    const isNegated = reader.peek(2) === CARET;
    const nameStart = isNegated ? 3 : 2;
    let length = 0;
    while (length < LONGEST_NAME && isLowerLetter(reader.peek(nameStart + length))) length++;
    const close = nameStart + length;
    if (reader.peek(close) !== COLON || reader.peek(close + 1) !== CLOSE) return undefined;
    let name = '';
    for (let index = 0; index < length; index++) name += String.fromCharCode(reader.peek(nameStart + index));
    const known = NAMED_SETS.get(name);
    if (known === undefined) return undefined;
    reader.at += close + 2;
    const set = emptySet();
    addAll(set, known);
    if (isNegated) invert(set);
    return set;
  }

  /** A character, an escape, or a range of two characters. */
  #item(set: ByteSet): void {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    const first = this.#single(set);
    const isRange = reader.peek() === MINUS && !this.#isEndOfRange(reader.peek(1));
    if (!isRange) {
      if (first !== undefined) addByte(set, first);
      return;
    }
    if (first === undefined) reader.fail(start, reader.at, 'a range begins with a character', 'write \\- for a hyphen');
    reader.at++;
    const secondStart = reader.at;
    const last = this.#single(set);
    if (last === undefined)
      reader.fail(secondStart, reader.at, 'a range ends with a character', 'write \\- for a hyphen');
    if (first > last) {
      const text = reader.context.source.excerpt({ start, end: reader.at });
      reader.fail(start, reader.at, `range ${text} ends before it starts`);
    }
    addRange(set, first, last);
  }

  /** After a hyphen: what makes it a plain hyphen. */
  #isEndOfRange(next: number): boolean {
    return next === CLOSE || next < 0 || (next === MINUS && !this.#isFlat);
  }

  /** One character as its byte; an escape such as `\d` is added to the set and gives undefined. */
  #single(set: ByteSet): number | undefined {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    if (reader.peek() === BACKSLASH) {
      const escape = reader.escape();
      switch (escape.kind) {
        case 'byte':
          return escape.value;
        case 'codePoint':
          if (escape.value >= 0x80) return this.#notAscii(start);
          // The reference takes these two for assertions here, though not outside of classes.
          if (escape.value === LESS || escape.value === GREATER) reader.warnOfLiteral(start);
          return escape.value;
        case 'set':
          addAll(set, escape.set);
          return undefined;
        case 'assertion':
          return reader.fail(start, reader.at, `\\${escape.letter} cannot stand in a class`);
      }
    }
    if (reader.peek() < 0) reader.fail(start, start, 'class is never closed');
    const length = reader.characterLength();
    const value = codePointAt(reader.bytes, reader.at, length);
    reader.at += length;
    if (length > 1) this.#notAscii(start);
    return value;
  }

  #notAscii(start: number): never {
    const { source } = this.#reader.context;
    const text = source.excerpt({ start, end: this.#reader.at });
    return this.#reader.fail(
      start,
      this.#reader.at,
      `${text} cannot stand in a class, which is a set of bytes`,
      'write an alternation such as (a|\u00e9), or the bytes as \\xHH',
    );
  }
}

/** `xdigit` */
const LONGEST_NAME = 6;

function isOperator(byte: number): byte is Operator {
  return byte === AMPERSAND || byte === MINUS || byte === TILDE;
}

function isLowerLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

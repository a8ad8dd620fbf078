/**
 * Regular expressions over bytes, from slash to flags.
 *
 *     regex       := sequence ( `|` sequence )*
 *     sequence    := ( atom repeat* )*
 *     atom        := character | escape | class | `.` | `^` | `$` | `(` group
 *     group       := ( `?:` | `?P<name>` | `?<name>` | `?flags:` )? regex `)` | `?flags` `)`
 *     repeat      := ( `*` | `+` | `?` | `{n}` | `{n,}` | `{n,m}` | `{,m}` ) `?`?
 *
 * Flags inside hold to the end of their group. Characters beyond ASCII are their UTF-8 bytes and repeat as one. A `{` that
 * begins no repeat and a letter that is no escape are taken literally with a warning. Reads each byte a bounded number of
 * times; recursion is bounded by `MAX_REGEX_DEPTH`.
 */
import type { Span } from './diagnostic.ts';
import { MAX_REGEX_DEPTH } from './limits.ts';
import { type ParseContext, ParseFailure } from './parse-context.ts';
import type { Regex, RegexNode } from './regex-ast.ts';
import { canMatchEmpty, hasArbitraryPrefix } from './regex-checks.ts';
import { parseClass } from './regex-class-parser.ts';
import { type Escape, RegexReader } from './regex-reader.ts';
import { BYTE_CLASS, DIGIT, NAME_PART, NAME_START } from './tokens.ts';

const NEWLINE = 0x0a;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const BRACKET_OPEN = 0x5b;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const PIPE = 0x7c;
const DOT = 0x2e;
const CARET = 0x5e;
const DOLLAR = 0x24;
const STAR = 0x2a;
const PLUS = 0x2b;
const QUESTION = 0x3f;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const EXCLAMATION = 0x21;
const EQUAL = 0x3d;
const LESS = 0x3c;
const GREATER = 0x3e;

/** Bounds of repeats are below 2^32. */
const MAX_REPEAT = 0xffff_ffff;

export interface RegexUse {
  /** A pattern is searched for, so what it may look like is narrower than behind `matches`. */
  readonly isPattern: boolean;
  /** The pattern's `nocase`. */
  readonly nocase: boolean;
}

/** `span` is that of a regex token. Reports what is wrong; a faulty one has an empty tree. */
export function parseRegex(context: ParseContext, span: Span, use: RegexUse): Regex {
  const { bytes } = context;
  let slash = span.end - 1;
  while (bytes[slash] !== SLASH) slash--;
  let ignoreCase = false;
  let dotAll = false;
  for (let at = slash + 1; at < span.end; at++) {
    const flag = String.fromCharCode(bytes[at]!);
    if (flag === 'i') ignoreCase = true;
    else if (flag === 's') dotAll = true;
    else
      context.error(
        'E030',
        { start: at, end: at + 1 },
        `unknown flag ${flag}`,
        'there are i (case) and s (dot fits newline)',
      );
  }
  const source = bytes.subarray(span.start + 1, slash);
  const reader = new RegexReader(context, span.start + 1, slash, ignoreCase || use.nocase);
  const root = readRoot(new RegexParser(reader, dotAll, use.isPattern));
  if (root === undefined) return { span, source, ignoreCase, dotAll, root: { kind: 'empty', span } };
  const regex: Regex = { span, source, ignoreCase, dotAll, root };
  checkUse(context, regex, use);
  return regex;
}

function readRoot(parser: RegexParser): RegexNode | undefined {
  try {
    return parser.whole();
  } catch (error) {
    // The error has been reported; the rule is broken, and the rest of it can still be read.
    if (!(error instanceof ParseFailure)) throw error;
    return undefined;
  }
}

function checkUse(context: ParseContext, regex: Regex, { isPattern }: RegexUse): void {
  const prefix = hasArbitraryPrefix(regex);
  if (prefix !== undefined) {
    const message = 'this prefix is as long as you like and fits everything, so it finds every place before the rest';
    context.error('E045', prefix, message, 'remove it; a match then starts where the rest does');
  } else if (isPattern && canMatchEmpty(regex.root)) {
    const message = 'this fits the empty text, which is never reported; only longer matches are';
    context.warning('regex_matches_empty', regex.span, message, 'write + for *, or {1,n} for {0,n}');
  }
}

class RegexParser {
  readonly #reader: RegexReader;
  readonly #isPattern: boolean;
  #dotAll: boolean;
  /** `(?U)`: `*` is lazy and `*?` greedy. */
  #isSwapped = false;
  /** The first repeat, which settles greediness for all. */
  #firstRepeat: { readonly isGreedy: boolean; readonly span: Span } | undefined;
  #isMixed = false;
  /** How deep groups and repeats reach in what was read since the atom at hand began. */
  #deepest = 0;
  #names: Set<string> | undefined;

  constructor(reader: RegexReader, dotAll: boolean, isPattern: boolean) {
    this.#reader = reader;
    this.#dotAll = dotAll;
    this.#isPattern = isPattern;
  }

  whole(): RegexNode {
    const reader: RegexReader = this.#reader;
    const node = this.#alternation(0);
    if (reader.peek() === PAREN_CLOSE) reader.fail(reader.at, reader.at + 1, 'no group is open here', 'write \\)');
    return node;
  }

  #alternation(depth: number): RegexNode {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    const first = this.#sequence(depth);
    if (reader.peek() !== PIPE) return first;
    const alternatives = [first];
    while (reader.peek() === PIPE) {
      reader.at++;
      alternatives.push(this.#sequence(depth));
    }
    return { kind: 'alternation', span: { start, end: reader.at }, alternatives };
  }

  #sequence(depth: number): RegexNode {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    const items = new SequenceBuilder();
    for (;;) {
      const byte = reader.peek();
      if (byte < 0 || byte === PIPE || byte === PAREN_CLOSE) break;
      if (byte === STAR || byte === PLUS || byte === QUESTION) this.#nothingToRepeat();
      const atomStart = reader.at;
      const deepestBefore = this.#deepest;
      this.#deepest = depth;
      const node = this.#atom(byte, items, depth);
      // A literal character has gone into the builder; a repeat takes it out again.
      const isRepeatable = node !== 'flags';
      if (typeof node === 'object') items.add(node);
      if (node === 'flags') items.add({ kind: 'empty', span: { start: atomStart, end: reader.at } });
      this.#repeats(items, atomStart, isRepeatable);
      this.#deepest = Math.max(this.#deepest, deepestBefore);
    }
    return items.finish({ start, end: reader.at });
  }

  /** A node; or `character` when it went into the builder; or `flags`, which cannot be repeated. */
  #atom(byte: number, items: SequenceBuilder, depth: number): RegexNode | 'character' | 'flags' {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    switch (byte) {
      case PAREN_OPEN:
        return this.#group(depth + 1);
      case BRACKET_OPEN: {
        const set = parseClass(reader, depth + 1);
        return { kind: 'class', span: { start, end: reader.at }, set };
      }
      case DOT:
        reader.at++;
        return { kind: 'dot', span: { start, end: reader.at }, includesNewline: this.#dotAll };
      case CARET:
      case DOLLAR:
        reader.at++;
        return { kind: 'assertion', span: { start, end: reader.at }, assertion: byte === CARET ? 'start' : 'end' };
      case BACKSLASH:
        return this.#escaped(items, start);
      case BRACE_OPEN:
        if (this.#braces() !== undefined) this.#nothingToRepeat();
        this.#literalBrace();
        break;
      default:
    }
    const length = reader.characterLength();
    const end = reader.at + length;
    items.addCharacter(start, end, reader.ignoreCase);
    for (; reader.at < end; reader.at++) items.addByte(reader.bytes[reader.at]!);
    return 'character';
  }

  #escaped(items: SequenceBuilder, start: number): RegexNode | 'character' {
    const reader: RegexReader = this.#reader;
    const escape: Escape = reader.escape();
    const span = { start, end: reader.at };
    switch (escape.kind) {
      case 'set':
        return { kind: 'class', span, set: escape.set.slice() };
      case 'assertion':
        if (escape.letter === 'b') this.#refuseSpecialBoundary(start);
        return { kind: 'assertion', span, assertion: ASSERTIONS[escape.letter] };
      case 'byte':
        items.addCharacter(start, reader.at, reader.ignoreCase);
        items.addByte(escape.value);
        return 'character';
      case 'codePoint':
        items.addCharacter(start, reader.at, reader.ignoreCase);
        addUtf8(items, escape.value);
        return 'character';
    }
  }

  /** `\b{start}` and its kin are read by the reference; `\b{2}` is a repeat. */
  #refuseSpecialBoundary(start: number): void {
    const reader: RegexReader = this.#reader;
    const next = reader.peek(1);
    if (reader.peek() !== BRACE_OPEN || next < 0 || (BYTE_CLASS[next]! & NAME_START) === 0) return;
    let end = reader.at + 1;
    while (end < reader.end && reader.bytes[end] !== BRACE_CLOSE) end++;
    const span = { start, end: Math.min(reader.end, end + 1) };
    const text = reader.context.source.excerpt(span);
    if (SPECIAL_BOUNDARIES.has(text)) reader.context.fail('E900', span, `${text} is not supported`, 'write \\b');
    reader.fail(span.start, span.end, `unknown word boundary ${text}`, 'write \\b');
  }

  #group(depth: number): RegexNode | 'flags' {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    if (depth > MAX_REGEX_DEPTH) {
      reader.fail(start, start + 1, `groups stand in each other more than ${MAX_REGEX_DEPTH} deep`);
    }
    reader.at++;
    this.#deepest = depth;
    const { ignoreCase } = reader;
    const dotAll = this.#dotAll;
    const isSwapped = this.#isSwapped;
    const head = reader.peek() === QUESTION ? this.#groupHead(start) : 'capturing';
    if (head === 'flags') return 'flags';
    const node = this.#alternation(depth);
    if (reader.peek() !== PAREN_CLOSE)
      reader.fail(start, start + 1, 'group is never closed', 'add a ); a parenthesis itself is written \\(');
    reader.at++;
    reader.ignoreCase = ignoreCase;
    this.#dotAll = dotAll;
    this.#isSwapped = isSwapped;
    return { kind: 'group', span: { start, end: reader.at }, isCapturing: head === 'capturing', node };
  }

  /** What stands after `(`, from the question mark on. `flags` for `(?i)`, which is no group. */
  #groupHead(start: number): 'capturing' | 'group' | 'flags' {
    const reader: RegexReader = this.#reader;
    reader.at++;
    const next = reader.peek();
    const second = reader.peek(1);
    const isBehind = next === LESS && (second === EQUAL || second === EXCLAMATION);
    if (next === EQUAL || next === EXCLAMATION || isBehind) {
      const end = reader.at + (isBehind ? 2 : 1);
      reader.fail(start, end, 'look-around is not supported', 'only what stands at the match itself can be tested');
    }
    if (next === LESS || (next === 0x50 && second === LESS)) {
      reader.at += next === LESS ? 1 : 2;
      this.#groupName();
      return 'capturing';
    }
    return this.#flags(start);
  }

  #groupName(): void {
    const reader: RegexReader = this.#reader;
    const start = reader.at;
    while (isNameByte(reader.peek(), reader.at === start)) reader.at++;
    const name = reader.context.source.excerpt({ start, end: reader.at }, 100);
    if (reader.at === start || reader.peek() !== GREATER) {
      reader.fail(start, reader.at + 1, 'expected the name of a group and >');
    }
    this.#names ??= new Set();
    if (this.#names.has(name)) reader.fail(start, reader.at, `a group is already called ${name}`);
    this.#names.add(name);
    reader.at++;
  }

  #flags(start: number): 'group' | 'flags' {
    const reader: RegexReader = this.#reader;
    const seen = new Set<number>();
    let isOn = true;
    let last = 0;
    for (;;) {
      const flag = reader.peek();
      if (flag === COLON || flag === PAREN_CLOSE) break;
      if (flag < 0) reader.fail(start, reader.at, 'group is never closed');
      if (seen.has(flag)) reader.fail(reader.at, reader.at + 1, 'this flag stands here twice');
      seen.add(flag);
      if (flag === MINUS) isOn = false;
      else this.#setFlag(String.fromCharCode(flag), isOn);
      last = flag;
      reader.at++;
    }
    if (last === MINUS) reader.fail(reader.at - 1, reader.at, 'no flag follows the minus');
    const isGroup = reader.peek() === COLON;
    if (!isGroup && seen.size === 0)
      reader.fail(start, reader.at + 1, 'nothing stands here that ? could repeat', 'write \\?');
    reader.at++;
    return isGroup ? 'group' : 'flags';
  }

  #setFlag(flag: string, isOn: boolean): void {
    const reader: RegexReader = this.#reader;
    const span = { start: reader.at, end: reader.at + 1 };
    switch (flag) {
      case 'i':
        reader.ignoreCase = isOn;
        return;
      case 's':
        this.#dotAll = isOn;
        return;
      case 'U':
        this.#isSwapped = isOn;
        return;
      case 'm':
      case 'x':
      case 'u':
      case 'R':
        // None of them holds unless it is set, so to take one back changes nothing.
        if (!isOn) return;
        return reader.context.fail('E900', span, `flag ${flag} is not supported`, 'there are i, s and U');
      default:
        return reader.fail(span.start, span.end, 'unknown flag', 'there are i, s and U');
    }
  }

  #repeats(items: SequenceBuilder, atomStart: number, isRepeatable: boolean): void {
    const reader: RegexReader = this.#reader;
    for (;;) {
      const start = reader.at;
      const bounds = this.#repeatBounds();
      if (bounds === undefined) return;
      if (!isRepeatable) {
        reader.at = start;
        this.#nothingToRepeat();
      }
      if (++this.#deepest > MAX_REGEX_DEPTH) {
        reader.fail(start, reader.at, `repeats stand in each other more than ${MAX_REGEX_DEPTH} deep`);
      }
      const isLazy = reader.peek() === QUESTION;
      if (isLazy) reader.at++;
      const span = { start: atomStart, end: reader.at };
      this.#checkGreediness(!isLazy, span);
      const isGreedy = isLazy === this.#isSwapped;
      items.add({ kind: 'repeat', span, node: items.takeLast(), min: bounds.min, max: bounds.max, isGreedy });
    }
  }

  #repeatBounds(): Bounds | undefined {
    const reader: RegexReader = this.#reader;
    const byte = reader.peek();
    if (byte === BRACE_OPEN) {
      const bounds = this.#braces();
      if (bounds !== undefined) reader.at = bounds.end;
      return bounds;
    }
    if (byte !== STAR && byte !== PLUS && byte !== QUESTION) return undefined;
    reader.at++;
    return { min: byte === PLUS ? 1 : 0, max: byte === QUESTION ? 1 : undefined };
  }

  /** `{…}` as a repeat; undefined when it is none and the brace stands for itself. Does not step. */
  #braces(): (Bounds & { readonly end: number }) | undefined {
    const reader: RegexReader = this.#reader;
    const first = this.#number(reader.at + 1);
    let last = first;
    if (reader.bytes[first.end] === COMMA && first.end < reader.end) last = this.#number(first.end + 1);
    const isComplete = last.end < reader.end && reader.bytes[last.end] === BRACE_CLOSE;
    const isOne = last === first;
    if (!isComplete || (isOne && first.value === undefined)) return undefined;
    const end = last.end + 1;
    if (first.value === undefined && last.value === undefined) {
      reader.fail(reader.at, end, 'a repeat has at least one bound', 'write * for any number, \\{ for a brace');
    }
    const min = first.value ?? 0;
    if (min > MAX_REPEAT || (last.value ?? 0) > MAX_REPEAT) {
      reader.fail(reader.at, end, `a repeat has at most ${MAX_REPEAT} times`);
    }
    if (last.value !== undefined && min > last.value) {
      reader.fail(reader.at, end, `repeat {${min},${last.value}} ends before it starts`);
    }
    return { min, max: last.value, end };
  }

  /** Digits with white space on either side; `end` is behind both. */
  #number(from: number): { readonly value: number | undefined; readonly end: number } {
    const { bytes, end } = this.#reader;
    let at = from;
    while (at < end && isBlank(bytes[at]!)) at++;
    const digits = at;
    let value = 0;
    for (; at < end && (BYTE_CLASS[bytes[at]!]! & DIGIT) !== 0; at++) {
      // Beyond the bound the value only has to stay beyond it.
      value = Math.min(value * 10 + bytes[at]! - 0x30, 2 * MAX_REPEAT);
    }
    const hasDigits = at > digits;
    while (at < end && isBlank(bytes[at]!)) at++;
    return { value: hasDigits ? value : undefined, end: at };
  }

  #literalBrace(): void {
    const reader: RegexReader = this.#reader;
    const span = { start: reader.at, end: reader.at + 1 };
    reader.context.warning('regex_literal', span, '{ begins no repeat and is meant literally', 'write \\{');
  }

  #nothingToRepeat(): never {
    const reader: RegexReader = this.#reader;
    const character = String.fromCharCode(reader.peek());
    reader.fail(reader.at, reader.at + 1, `nothing stands before ${character} to repeat`, `write \\${character}`);
  }

  #checkGreediness(isGreedy: boolean, span: Span): void {
    this.#firstRepeat ??= { isGreedy, span };
    if (!this.#isPattern || this.#isMixed || this.#firstRepeat.isGreedy === isGreedy) return;
    this.#isMixed = true;
    const describe = (greedy: boolean): string => (greedy ? 'greedy' : 'lazy');
    const label = { span: this.#firstRepeat.span, message: `this repeat is ${describe(!isGreedy)}` };
    const message = `this repeat is ${describe(isGreedy)}; all repeats of a pattern are one or the other`;
    this.#reader.context.error('E015', span, message, undefined, [label]);
  }
}

interface Bounds {
  readonly min: number;
  readonly max: number | undefined;
}

const ASSERTIONS = { A: 'start', z: 'end', b: 'wordBoundary', B: 'notWordBoundary' } as const;

const SPECIAL_BOUNDARIES: ReadonlySet<string> = new Set(
  ['start', 'end', 'start-half', 'end-half'].map((name) => `\\b{${name}}`),
);

/** Gathers the items of a sequence; characters side by side become one literal. */
class SequenceBuilder {
  readonly #items: RegexNode[] = [];
  #bytes: number[] = [];
  #start = 0;
  #end = 0;
  #ignoreCase = false;
  /** Where the last character begins, in bytes and in the source: a repeat takes only this one. */
  #lastIndex = 0;
  #lastStart = 0;

  /** Announces a character; its bytes follow by `addByte`. */
  addCharacter(start: number, end: number, ignoreCase: boolean): void {
    if (this.#bytes.length > 0 && this.#ignoreCase !== ignoreCase) this.#flush();
    if (this.#bytes.length === 0) this.#start = start;
    this.#ignoreCase = ignoreCase;
    this.#lastIndex = this.#bytes.length;
    this.#lastStart = start;
    this.#end = end;
  }

  addByte(byte: number): void {
    this.#bytes.push(byte);
  }

  add(node: RegexNode): void {
    this.#flush();
    this.#items.push(node);
  }

  /** Takes out what a repeat stands behind. */
  takeLast(): RegexNode {
    if (this.#bytes.length === 0) return this.#items.pop()!;
    const bytes = new Uint8Array(this.#bytes.splice(this.#lastIndex));
    const span = { start: this.#lastStart, end: this.#end };
    this.#end = this.#lastStart;
    return { kind: 'literal', span, bytes, ignoreCase: this.#ignoreCase };
  }

  finish(span: Span): RegexNode {
    this.#flush();
    const items = this.#items;
    if (items.length === 0) return { kind: 'empty', span };
    return items.length === 1 ? items[0]! : { kind: 'sequence', span, items };
  }

  #flush(): void {
    if (this.#bytes.length === 0) return;
    const span = { start: this.#start, end: this.#end };
    this.#items.push({ kind: 'literal', span, bytes: new Uint8Array(this.#bytes), ignoreCase: this.#ignoreCase });
    this.#bytes = [];
  }
}

function addUtf8(items: SequenceBuilder, value: number): void {
  if (value < 0x80) {
    items.addByte(value);
    return;
  }
  for (const byte of new TextEncoder().encode(String.fromCodePoint(value))) items.addByte(byte);
}

function isNameByte(byte: number, isFirst: boolean): boolean {
  if (byte < 0) return false;
  if (isFirst) return (BYTE_CLASS[byte]! & NAME_START) !== 0;
  // Dots and brackets may stand in names too.
  return (BYTE_CLASS[byte]! & NAME_PART) !== 0 || byte === DOT || byte === BRACKET_OPEN || byte === 0x5d;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d && byte !== NEWLINE);
}

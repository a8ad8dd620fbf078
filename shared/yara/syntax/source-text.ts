/**
 * A source as bytes: where its lines are, and how a person sees them. Takes any bytes; nothing here throws. A leading
 * UTF-8 byte order mark is stepped over (`start`), so offsets count from the first byte of what was given.
 */
import type { Span } from './diagnostic.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Both from 1; a column is a character as decoded, and a byte that is not UTF-8 is one. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export class SourceText {
  readonly bytes: Uint8Array;
  /** What messages call it: the given name, or `<rules>`. */
  readonly name: string;
  /** Offset of the first byte after a byte order mark: 0 or 3. */
  readonly start: number;
  #lineStarts: Uint32Array | undefined;
  #characters: string | undefined;
  /** The last answer: errors come in order, and a very long line must not be counted again for each. */
  #known = { lineStart: -1, offset: 0, column: 1 };

  /** A string stands for its UTF-8 bytes. Bytes are not copied. */
  constructor(text: string | Uint8Array, name?: string) {
    // Subclasses (Node's Buffer) give themselves from subarray; what comes out of a source is plain arrays.
    this.bytes = typeof text === 'string' ? new TextEncoder().encode(text) : plainView(text);
    this.name = name ?? '<rules>';
    this.start = this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf ? 3 : 0;
  }

  /**
   * The bytes as a string, if all of them are ASCII. The whole source is turned into a string of one character for each
   * byte once, and the result is a slice of it: an order of magnitude cheaper than decoding each name.
   */
  ascii(start: number, end: number): string {
    this.#characters ??= decodeBytewise(this.bytes);
    return this.#characters.slice(start, end);
  }

  /** Offsets beyond the end are the end. O(log lines) and the length of the line, counted on from the last call. */
  positionOf(offset: number): Position {
    const { line, start } = this.lineAt(offset);
    const known = this.#known;
    const isOnward = known.lineStart === start && known.offset <= offset;
    let at = isOnward ? known.offset : start;
    let column = isOnward ? known.column : 1;
    const end = Math.min(offset, this.bytes.length);
    while (at < end) {
      const next = at + characterLength(this.bytes, at);
      if (next > end) break;
      at = next;
      column++;
    }
    this.#known = { lineStart: start, offset: at, column };
    return { line, column };
  }

  /** The line that holds `offset`, without its line end. `line` from 1, `start` and `end` in bytes. */
  lineAt(offset: number): { readonly line: number; readonly start: number; readonly end: number } {
    const starts = (this.#lineStarts ??= findLineStarts(this.bytes, this.start));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low]!;
    let end = low + 1 < starts.length ? starts[low + 1]! - 1 : this.bytes.length;
    if (end > start && this.bytes[end - 1] === RETURN) end--;
    return { line: low + 1, start, end };
  }

  /** The text of a span, for messages: at most `limit` characters, everything invisible made visible. */
  excerpt(span: Span, limit = 40): string {
    const cells = visibleCells(this.bytes, span.start, Math.min(span.end, span.start + 4 * limit + 4));
    const text = cells.slice(0, limit).map((cell) => cell.text);
    return cells.length > limit ? `${text.join('')}…` : text.join('');
  }
}

/** One character as a person sees it. `text` may be longer than one: `\xE9`, four spaces for a tab. */
export interface Cell {
  readonly start: number;
  readonly text: string;
}

/** The characters from `start` to `end`, each made visible: tabs as spaces, control characters and stray bytes written out. */
export function visibleCells(bytes: Uint8Array, start: number, end: number): Cell[] {
  const cells: Cell[] = [];
  for (let at = start; at < end;) {
    const length = characterLength(bytes, at);
    cells.push({ start: at, text: visible(bytes, at, length) });
    at += length;
  }
  return cells;
}

/** A string with everything invisible made visible: for names that come from outside. */
export function visibleText(text: string): string {
  return Array.from(text, (character) => visibleCodePoint(character.codePointAt(0)!)).join('');
}

/** Bytes of the character at `at`: 2 to 4 for well-formed UTF-8, else 1. */
export function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0xc2 || first > 0xf4) return 1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 1;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates and what lies beyond U+10FFFF are refused by the second byte alone.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 1;
  for (let index = 2; index < length; index++) {
    if ((bytes[at + index]! & 0xc0) !== 0x80) return 1;
  }
  return length;
}

/** The code point of a well-formed character of `length` bytes. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at]!;
  let value = bytes[at]! & (0x7f >> length);
  for (let index = 1; index < length; index++) value = (value << 6) | (bytes[at + index]! & 0x3f);
  return value;
}

function visible(bytes: Uint8Array, at: number, length: number): string {
  const first = bytes[at]!;
  if (length === 1 && first >= 0x80) return `\\x${first.toString(16).toUpperCase()}`;
  return visibleCodePoint(codePointAt(bytes, at, length));
}

function visibleCodePoint(value: number): string {
  if (value === 0x09) return '    ';
  if (value < 0x20) return String.fromCharCode(0x2400 + value);
  if (value === 0x7f) return '\u2421';
  if (isInvisible(value)) return `<U+${value.toString(16).toUpperCase().padStart(4, '0')}>`;
  return String.fromCodePoint(value);
}

/** C1 controls, what turns the direction of text, zero-width characters: they could make a line look like another. */
function isInvisible(value: number): boolean {
  if (value < 0x80) return false;
  return (
    value < 0xa0 ||
    value === 0xad ||
    value === 0x61c ||
    (value >= 0x200b && value <= 0x200f) ||
    (value >= 0x2028 && value <= 0x202e) ||
    (value >= 0x2060 && value <= 0x206f) ||
    value === 0xfeff ||
    (value >= 0xd800 && value <= 0xdfff) ||
    (value >= 0xe0000 && value <= 0xe007f)
  );
}

/** Decoding UTF-8 is several times faster than Latin-1, and the same where every character is one byte. */
function decodeBytewise(bytes: Uint8Array): string {
  const characters = new TextDecoder().decode(bytes);
  return characters.length === bytes.length ? characters : new TextDecoder('latin1').decode(bytes);
}

function plainView(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function findLineStarts(bytes: Uint8Array, start: number): Uint32Array {
  let count = 1;
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  const starts = new Uint32Array(count);
  starts[0] = start;
  let index = 1;
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) starts[index++] = at + 1;
  return starts;
}

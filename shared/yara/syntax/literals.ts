/**
 * Numbers and texts as they stand in a source, turned into values. The lexer has settled where they begin and end; here
 * escapes are applied and ranges checked, with an error at the exact place. Faulty parts get a stand-in value, because the
 * rule is marked broken anyway and reading goes on.
 */
import type { FloatLiteral, IntegerLiteral, TextLiteral } from './ast.ts';
import type { Span } from './diagnostic.ts';
import type { ParseContext } from './parse-context.ts';
import { characterLength } from './source-text.ts';
import { HEX_VALUE } from './tokens.ts';

export const MAX_INTEGER = 0x7fff_ffff_ffff_ffffn;

const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;
const QUOTE = 0x22;
/** Decimal digits that a double holds exactly. */
const SAFE_DIGITS = 15;
/** Significant digits of 2^63 in any base that is written; more are out of range whatever they are. */
const MAX_DIGITS = 22;

/** The current token, an integer of 0 … `max`; else `E027`. Steps over it. */
export function takeInteger(context: ParseContext, max = MAX_INTEGER): IntegerLiteral {
  const span = context.span();
  const value = integerValue(context.bytes, span);
  if (value === undefined || value > max) {
    context.error('E027', span, `${context.source.excerpt(span)} is out of range: 0 to ${max}`);
  }
  context.lexer.next();
  return { kind: 'integer', span, value: value === undefined || value > max ? 0n : value };
}

/** `0x…`, `0o…` or decimal with `KB` or `MB`, `_` anywhere; undefined when it is certainly beyond 2^63. */
function integerValue(bytes: Uint8Array, { start, end }: Span): bigint | undefined {
  const second = bytes[start + 1];
  if (bytes[start] === 0x30 && end - start > 2 && (second === 0x78 || second === 0x6f)) {
    return digitsValue(bytes, start + 2, end, second === 0x78 ? 16 : 8);
  }
  const suffix = bytes[end - 1] === 0x42 ? bytes[end - 2] : undefined;
  const value = digitsValue(bytes, start, suffix === undefined ? end : end - 2, 10);
  if (suffix === undefined) return value;
  return value === undefined ? undefined : value * (suffix === 0x4b ? 1024n : 1_048_576n);
}

function digitsValue(bytes: Uint8Array, start: number, end: number, base: number): bigint | undefined {
  let small = 0;
  let digits = 0;
  let at = start;
  for (; at < end && digits < (base === 10 ? SAFE_DIGITS : 8); at++) {
    const byte = bytes[at]!;
    if (byte === UNDERSCORE) continue;
    small = small * base + HEX_VALUE[byte]!;
    if (small > 0) digits++;
  }
  let value = BigInt(small);
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === UNDERSCORE) continue;
    value = value * BigInt(base) + BigInt(HEX_VALUE[byte]!);
    if (value > 0n) digits++;
    if (digits > MAX_DIGITS) return undefined;
  }
  return value;
}

/** The current token, a float. Steps over it. What is too large for a double is infinite, as in the reference. */
export function takeFloat(context: ParseContext): FloatLiteral {
  const { lexer, source } = context;
  const span = context.span();
  const digits = source.ascii(span.start, span.end).replaceAll('_', '');
  lexer.next();
  return { kind: 'float', span, value: Number(digits) };
}

/** The current token, a text: its bytes after escapes. Steps over it. */
export function takeText(context: ParseContext): TextLiteral {
  const span = context.span();
  const { start, end } = insideQuotes(context.bytes, span);
  const bytes = unescape(context, start, end);
  warnOfStrayBytes(context, span, bytes);
  context.lexer.next();
  return { kind: 'text', span, bytes };
}

/** The current token, a text in which backslashes are errors (`E031`): its bytes. Steps over it. */
export function takePlainText(context: ParseContext): TextLiteral {
  const span = context.span();
  const { start, end } = insideQuotes(context.bytes, span);
  const bytes = context.bytes.subarray(start, end);
  if (bytes.includes(BACKSLASH)) {
    context.error('E031', span, 'escape sequences are not allowed in this text', 'a path is written with slashes');
  }
  context.lexer.next();
  return { kind: 'text', span, bytes };
}

/** The current token, a text that names something: a string. Bytes that are not UTF-8 are `E032`. Steps over it. */
export function takeName(context: ParseContext): { readonly name: string; readonly span: Span } {
  const { span, bytes } = takePlainText(context);
  const stray = strayByte(bytes, 0, bytes.length);
  if (stray >= 0) context.error('E032', span, `byte ${hex(bytes[stray]!)} is not UTF-8`);
  return { name: new TextDecoder().decode(bytes), span };
}

/** Offset of the first byte that is not UTF-8; -1 if there is none. */
export function strayByte(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end;) {
    if (bytes[at]! < 0x80) {
      at++;
      continue;
    }
    const length = characterLength(bytes, at);
    if (length === 1) return at;
    at += length;
  }
  return -1;
}

function warnOfStrayBytes(context: ParseContext, span: Span, value: Uint8Array): void {
  // Escapes may well spell bytes that are not UTF-8; only what stands in the source as such is worth a word.
  if (strayByte(value, 0, value.length) < 0) return;
  const stray = strayByte(context.bytes, span.start, span.end);
  if (stray < 0) return;
  const at = { start: stray, end: stray + 1 };
  const byte = hex(context.bytes[stray]!);
  context.warning('invalid_utf8', at, `byte ${byte} is not UTF-8 and stands for itself`, `write it \\x${byte}`);
}

function insideQuotes(bytes: Uint8Array, { start, end }: Span): Span {
  const quotes = end - start >= 6 && bytes[start + 1] === QUOTE && bytes[start + 2] === QUOTE ? 3 : 1;
  return { start: start + quotes, end: end - quotes };
}

function unescape(context: ParseContext, start: number, end: number): Uint8Array {
  const { bytes } = context;
  const first = indexOfBackslash(bytes, start, end);
  if (first < 0) return bytes.subarray(start, end);
  const result = new Uint8Array(end - start);
  result.set(bytes.subarray(start, first));
  let length = first - start;
  for (let at = first; at < end;) {
    if (bytes[at] !== BACKSLASH) {
      result[length++] = bytes[at++]!;
      continue;
    }
    const simple = SIMPLE_ESCAPES[bytes[at + 1]!]!;
    if (simple >= 0) {
      result[length++] = simple;
      at += 2;
    } else if (bytes[at + 1] === 0x78) {
      const high = at + 2 < end ? HEX_VALUE[bytes[at + 2]!]! : 255;
      const low = at + 3 < end ? HEX_VALUE[bytes[at + 3]!]! : 255;
      if (high > 15 || low > 15) {
        context.error('E029', { start: at, end: at + 2 }, 'expected two hexadecimal digits after \\x');
        at += 2;
      } else {
        result[length++] = (high << 4) | low;
        at += 4;
      }
    } else {
      const span = { start: at, end: Math.min(end, at + 1 + characterLength(bytes, at + 1)) };
      context.error('E029', span, `unknown escape sequence ${context.source.excerpt(span)}`, ESCAPES);
      at = span.end;
    }
  }
  return result.subarray(0, length);
}

const ESCAPES = 'there are \\t \\n \\r \\" \\\\ \\0 and \\x with two digits; a backslash itself is written \\\\';

const SIMPLE_ESCAPES: Int16Array = (() => {
  const table = new Int16Array(256).fill(-1);
  const escapes: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, '"': QUOTE, '\\': BACKSLASH, '0': 0 };
  for (const [letter, byte] of Object.entries(escapes)) table[letter.charCodeAt(0)] = byte;
  return table;
})();

function indexOfBackslash(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) return at;
  }
  return -1;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

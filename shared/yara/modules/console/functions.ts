/**
 * Lines as the reference writes them. A text goes out as it is; a range of the object (two integers) is shown with escapes,
 * and a range that is not wholly within the object is not shown at all.
 */
import type { Integer } from '../../scan/integers.ts';
import { MAX_VIEW_BYTES, type CallContext, type Implementation } from '../module.ts';

export const consoleFunctions: Readonly<Record<string, Implementation>> = {
  ...overloads('log', ['boolean', 'float', 'integer', 'text'], (value) => show(value)),
  ...overloads('hex', ['integer'], (value) => `0x${BigInt.asUintN(64, BigInt(value as Integer)).toString(16)}`),
  'console.log(integer, integer)': (context, offset: Integer, length: Integer) => logRange(context, '', offset, length),
  'console.log(text, integer, integer)': (context, message: Uint8Array, offset: Integer, length: Integer) =>
    logRange(context, show(message), offset, length),
};

type Shown = boolean | Integer | Uint8Array;

/** With a message in front, and without. */
function overloads(
  name: string,
  types: readonly string[],
  format: (value: Shown) => string,
): Record<string, Implementation> {
  const functions: Record<string, Implementation> = {};
  for (const type of types) {
    functions[`console.${name}(${type})`] = (context, value: Shown) => log(context, format(value));
    functions[`console.${name}(text, ${type})`] = (context, message: Uint8Array, value: Shown) =>
      log(context, show(message) + format(value));
  }
  return functions;
}

function log(context: CallContext, line: string): true {
  context.log(line);
  return true;
}

function logRange(context: CallContext, message: string, offset: Integer, length: Integer): true {
  const { size } = context.object;
  if (offset < 0 || length < 0 || offset > size || length > size - Number(offset)) return true;
  const shown = Math.min(Number(length), MAX_VIEW_BYTES);
  const bytes = context.object.bytes(Number(offset), shown)!;
  return log(context, message + escaped(bytes) + (shown < length ? '…' : ''));
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

function show(value: Shown): string {
  if (value instanceof Uint8Array) return lenient.decode(value);
  if (typeof value !== 'number') return String(value);
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf';
  return plainDigits(value);
}

/** Without an exponent, however large or small. */
function plainDigits(value: number): string {
  const digits = String(value);
  const [mantissa = '', exponentText] = digits.split('e');
  if (exponentText === undefined) return digits;
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`;
  return sign + whole + fraction.padEnd(exponent, '0');
}

const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/** Text that is UTF-8 keeps its letters; any other is shown byte by byte. */
function escaped(bytes: Uint8Array): string {
  try {
    return Array.from(strict.decode(bytes), escapedCharacter).join('');
  } catch {
    return Array.from(bytes, (byte) => (byte === 0x27 ? "\\'" : escapedByte(byte))).join('');
  }
}

function escapedCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x80) return escapedByte(code);
  // The control characters beyond ASCII are two bytes of UTF-8.
  return code < 0xa0 ? `\\xc2${escapedByte(code)}` : character;
}

function escapedByte(byte: number): string {
  const short = SHORT_ESCAPES.get(byte);
  if (short !== undefined) return short;
  const isPrintable = byte >= 0x20 && byte < 0x7f;
  return isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

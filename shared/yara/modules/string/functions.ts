/** `to_int` takes a sign and digits of the base, nothing else; what is no such text, or beyond 64 bits, is undefined. */
import { toInteger, type Integer } from '../../scan/integers.ts';
import type { Implementation } from '../module.ts';

export const stringFunctions: Readonly<Record<string, Implementation>> = {
  'string.to_int(text)': (_context, text: Uint8Array) => parse(text, 10),
  'string.to_int(text, integer)': (_context, text: Uint8Array, base: Integer) =>
    base >= 2 && base <= 36 ? parse(text, Number(base)) : undefined,
  'string.length(text)': (_context, text: Uint8Array) => text.length,
};

const PLUS = 0x2b;
const MINUS = 0x2d;
const LIMIT = 2n ** 63n;

function parse(text: Uint8Array, base: number): Integer | undefined {
  const isNegative = text[0] === MINUS;
  const start = isNegative || text[0] === PLUS ? 1 : 0;
  if (start === text.length) return undefined;
  let value = 0n;
  for (let at = start; at < text.length; at++) {
    const digit = digitOf(text[at]!);
    if (digit >= base) return undefined;
    // Leading zeros may go on for ever; anything else that does is out of range.
    if (value <= LIMIT) value = value * BigInt(base) + BigInt(digit);
  }
  const signed = isNegative ? -value : value;
  return signed >= -LIMIT && signed < LIMIT ? toInteger(signed) : undefined;
}

/** Infinity for what is no digit of any base. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 26 ? letter + 10 : Infinity;
}

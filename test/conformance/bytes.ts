/**
 * Objects as they are written in case files.
 *
 * - a text: its UTF-8 bytes, with the escapes `\xHH \0 \n \r \t \\`;
 * - `{ hex: "4d 5a" }`: pairs of hex digits, blanks ignored;
 * - `{ wide: text }`: each byte of the text followed by a zero;
 * - `{ repeat: bytes, times: n }`;
 * - a list: its items one after the other.
 */
import { z } from 'zod';

export type BytesText =
  | string
  | { readonly hex: string }
  | { readonly wide: string }
  | { readonly repeat: BytesText; readonly times: number }
  | readonly BytesText[];

export const bytesSchema: z.ZodType<BytesText> = z.lazy(() =>
  z.union([
    z.string(),
    z.strictObject({ hex: z.string().regex(/^(\s*[0-9a-fA-F]{2})*\s*$/) }),
    z.strictObject({ wide: z.string() }),
    z.strictObject({ repeat: bytesSchema, times: z.number().int().min(0).max(5_000_000) }),
    z.array(bytesSchema),
  ]),
);

const simpleEscapes: Readonly<Record<string, string>> = { '0': '\0', n: '\n', r: '\r', t: '\t', '\\': '\\' };

export function readBytes(text: BytesText): Uint8Array {
  if (typeof text === 'string') return readEscapedText(text);
  if (Array.isArray(text)) return concatenate((text as readonly BytesText[]).map(readBytes));
  if ('hex' in text) return Uint8Array.from(text.hex.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
  if ('wide' in text) return Uint8Array.from([...readEscapedText(text.wide)].flatMap((byte) => [byte, 0]));
  if ('repeat' in text) {
    const unit = readBytes(text.repeat);
    const out = new Uint8Array(unit.length * text.times);
    for (let at = 0; at < out.length; at += unit.length) out.set(unit, at);
    return out;
  }
  throw new TypeError('not a form that bytes can be written in');
}

function readEscapedText(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [whole, hex, simple] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\([0nrt\\])|[^\\]+|\\/g)) {
    if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (simple !== undefined) parts.push(new TextEncoder().encode(simpleEscapes[simple]));
    else if (whole === '\\') throw new Error(`unknown escape in ${JSON.stringify(text)}`);
    else parts.push(new TextEncoder().encode(whole));
  }
  return concatenate(parts);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The shortest readable form, for names of cases and messages. */
export function showBytes(bytes: Uint8Array, most = 40): string {
  const shown = [...bytes.subarray(0, most)].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${shown.join('')}"${bytes.length > most ? `… (${bytes.length} bytes)` : ''}`;
}

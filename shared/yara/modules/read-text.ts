/** Text that ends at a zero byte, and text of an object as rules see it. */
import type { ObjectView } from './module.ts';

/** Longer texts are refused: what is made of them is undecided. */
export const MAX_TEXT_BYTES = 1 << 16;
const FIRST_READ = 64;

/** The bytes from `offset` up to a zero byte or `end`, whichever comes first. `end` lies within the object. */
export function readText(object: ObjectView, offset: number, end: number): Uint8Array {
  for (let length = FIRST_READ; ; length *= 2) {
    const available = Math.min(length, end - offset);
    const bytes = object.bytes(offset, available)!;
    const zero = bytes.indexOf(0);
    if (zero >= 0) return bytes.subarray(0, zero);
    if (available < length) return bytes;
    if (length >= MAX_TEXT_BYTES) return object.refuse('limit:textBytes');
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** The same text with every sequence that is not UTF-8 replaced by U+FFFD. */
export function lossyText(bytes: Uint8Array): Uint8Array {
  return bytes.every((byte) => byte < 0x80) ? bytes : encoder.encode(decoder.decode(bytes));
}

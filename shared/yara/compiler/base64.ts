/**
 * Base64 with any alphabet. A text inside encoded data begins at one of three alignments; its first and last characters
 * depend on its neighbours, so only those between can be searched for, and what surrounds them is decoded to be sure.
 */
const encoder = new TextEncoder();

export const STANDARD_ALPHABET = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Characters before the searched ones in their group of four, by the number of bytes before the text in its group of three. */
const DROPPED_IN_FRONT = [0, 2, 3] as const;

/** The characters that depend on the text alone. `padding`: bytes before the text in its first group of three. */
export function encodeBase64(text: Uint8Array, padding: number, alphabet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(padding + text.length);
  bytes.set(text, padding);
  const whole = Math.floor((bytes.length * 8) / 6);
  const found = new Uint8Array(Math.max(0, whole - droppedInFront(padding)));
  for (let at = 0; at < found.length; at++) found[at] = alphabet[sixBits(bytes, droppedInFront(padding) + at)]!;
  return found;
}

export function droppedInFront(padding: number): number {
  return DROPPED_IN_FRONT[padding]!;
}

function sixBits(bytes: Uint8Array, index: number): number {
  const bit = index * 6;
  const at = bit >>> 3;
  const pair = (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return (pair >>> (10 - (bit & 7))) & 0x3f;
}

/** Strict: no character outside the alphabet, no rest that is no byte, no bits left over. Undefined where it is not base64. */
export function decodeBase64(characters: Uint8Array, alphabet: Uint8Array): Uint8Array | undefined {
  if (characters.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((characters.length * 6) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of characters) {
    const value = alphabet.indexOf(character);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >>> held) & 0xff;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined;
}

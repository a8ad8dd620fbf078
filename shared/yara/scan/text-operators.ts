/** The operators on text. Text is bytes, zero bytes included; case is ASCII case. */

export function compareText(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Linear in both lengths: texts come from rules and from objects. */
export function contains(text: Uint8Array, part: Uint8Array): boolean {
  if (part.length > LONG_PART) return containsLong(text, part);
  for (let at = 0; at + part.length <= text.length; at++) {
    if (standsAt(text, part, at)) return true;
  }
  return false;
}

const LONG_PART = 16;

/** Knuth, Morris, Pratt: of what fits so far, the longest end that is also a beginning still fits after a mismatch. */
function containsLong(text: Uint8Array, part: Uint8Array): boolean {
  const borders = new Uint32Array(part.length);
  let fitting = 0;
  for (let at = 1; at < part.length; at++) {
    while (fitting > 0 && part[at] !== part[fitting]) fitting = borders[fitting - 1]!;
    if (part[at] === part[fitting]) fitting++;
    borders[at] = fitting;
  }
  fitting = 0;
  for (const byte of text) {
    while (fitting > 0 && byte !== part[fitting]) fitting = borders[fitting - 1]!;
    if (byte === part[fitting]) fitting++;
    if (fitting === part.length) return true;
  }
  return false;
}

export function startsWith(text: Uint8Array, part: Uint8Array): boolean {
  return part.length <= text.length && standsAt(text, part, 0);
}

export function endsWith(text: Uint8Array, part: Uint8Array): boolean {
  return part.length <= text.length && standsAt(text, part, text.length - part.length);
}

/** ASCII capitals in lower case. */
export function foldCase(text: Uint8Array): Uint8Array {
  return text.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));
}

function standsAt(text: Uint8Array, part: Uint8Array, offset: number): boolean {
  for (let at = 0; at < part.length; at++) {
    if (text[offset + at] !== part[at]) return false;
  }
  return true;
}

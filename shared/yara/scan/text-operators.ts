/** The operators on text. Text is bytes, zero bytes included; case is ASCII case. */

export function compareText(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function contains(text: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= text.length; at++) {
    if (standsAt(text, part, at)) return true;
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

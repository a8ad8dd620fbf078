/** Bytes that stand in the source as base64: the kernel, and tables too large to write out. */
const SYMBOLS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Uint8Array(128);
for (let value = 0; value < SYMBOLS.length; value++) values[SYMBOLS.charCodeAt(value)] = value;

/** The text is our own: standard alphabet, padded, nothing else in it. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let to = 0;
  for (let at = 0; at < text.length; at += 4) {
    const group =
      (values[text.charCodeAt(at)]! << 18) |
      (values[text.charCodeAt(at + 1)]! << 12) |
      (values[text.charCodeAt(at + 2)]! << 6) |
      values[text.charCodeAt(at + 3)]!;
    bytes[to++] = group >>> 16;
    bytes[to++] = group >>> 8;
    bytes[to++] = group;
  }
  return bytes;
}

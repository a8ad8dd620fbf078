/**
 * Bytes as text that is safe in a row, a terminal and a query: printable ASCII as it is, everything else and the backslash
 * itself as `\xNN`. The backslash is escaped so that the text says without doubt which bytes it stands for.
 */

/** O(bytes); at most four characters a byte. */
export function printableBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

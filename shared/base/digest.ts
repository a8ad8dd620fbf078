/**
 * SHA-256 over a list of parts, for ids. Every part is written with its kind and length in front, so that two different
 * lists never hash alike: `['ab', 'c']` is not `['a', 'bc']`, and no version is not an empty one.
 *
 *   per part:  kind (1 byte: 0 absent, 1 UTF-8 text, 2 bytes, 3 UTF-16LE text)  length (8 bytes, big endian)  content
 *
 * Ids are stored for years: this layout never changes.
 */
import { createHash } from 'node:crypto';

/** Text, bytes, or undefined for a part that does not apply. */
export type DigestPart = string | Uint8Array | undefined;

/** Lower-case hex, 64 characters. O(length of all parts). */
export function sha256Hex(parts: readonly DigestPart[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const [kind, content] = encodePart(part);
    const head = Buffer.alloc(9);
    head.writeUInt8(kind, 0);
    head.writeBigUInt64BE(BigInt(content.length), 1);
    hash.update(head).update(content);
  }
  return hash.digest('hex');
}

function encodePart(part: DigestPart): [kind: number, content: Uint8Array] {
  if (part === undefined) return [0, new Uint8Array()];
  if (typeof part !== 'string') return [2, part];
  // Lone surrogates all become U+FFFD in UTF-8, so text that holds one goes in as it is.
  return /\p{Cs}/u.test(part) ? [3, Buffer.from(part, 'utf16le')] : [1, Buffer.from(part, 'utf8')];
}

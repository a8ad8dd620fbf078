/**
 * Whether the content of a value is one of its type, as far as the reference looks: alphabets of texts, forms of times, and which
 * types may be made of others. What YARA-X 1.20 takes and refuses was asked of it tag by tag; X.690 would refuse more.
 */
import { isUtf8 } from '../../syntax/utf8.ts';
import type { Element } from './ber.ts';

/** Universal tags whose values are made of others, always and never. */
const CONSTRUCTED = new Set([16, 17]);
const PRIMITIVE = new Set([3, 7, 10, 12, 18, 19, 20, 21, 22, 25, 26, 27, 28, 30]);

/** By universal tag; of a class of its own, or without an entry, content is anything. O(length). */
export function isContentOf({ class: tagClass, isConstructed, tag, content }: Omit<Element, 'whole'>): boolean {
  if (tagClass !== 0) return true;
  if (isConstructed ? PRIMITIVE.has(tag) : CONSTRUCTED.has(tag)) return false;
  return CONTENTS.get(tag)?.(content) ?? true;
}

type Content = (bytes: Uint8Array) => boolean;

const ascii: Content = (bytes) => bytes.every((byte) => byte < 0x80);
const visible: Content = (bytes) => bytes.every((byte) => byte >= 0x20 && byte < 0x80);

const CONTENTS: ReadonlyMap<number, Content> = new Map<number, Content>([
  // Boolean, bit string.
  [1, (bytes) => bytes.length === 1],
  [3, (bytes) => bytes.length > 0],
  // Object descriptor, IA5, graphic and general string.
  ...[7, 22, 25, 27].map((tag): [number, Content] => [tag, ascii]),
  [12, isUtf8],
  [18, textOf(/^[0-9 ]*$/)],
  [19, textOf(/^[A-Za-z0-9 '()+,\-./:=?]*$/)],
  // Teletex, videotex and visible string.
  ...[20, 21, 26].map((tag): [number, Content] => [tag, visible]),
  [23, textOf(/^\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?:Z|[+-]\d{4})$/)],
  [24, textOf(/^\d{4}(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:[.,]\d+)?)?(?:Z|[+-]\d{4})$/)],
  [30, isUtf16],
]);

function textOf(form: RegExp): Content {
  return (bytes) => form.test(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}

/** Of big-endian pairs of bytes; each surrogate with its other half. */
function isUtf16(bytes: Uint8Array): boolean {
  if (bytes.length % 2 !== 0) return false;
  for (let at = 0; at < bytes.length; at += 2) {
    const kind = bytes[at]! & 0xfc;
    if (kind === 0xdc) return false;
    if (kind !== 0xd8) continue;
    at += 2;
    if (at >= bytes.length || (bytes[at]! & 0xfc) !== 0xdc) return false;
  }
  return true;
}

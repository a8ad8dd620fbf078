/** `fullword`: what stands beside a match must be neither letter nor digit. Indices into the window's bytes. */
import { USER_FLAG } from '../bundle/image.ts';
import type { Window } from './window.ts';

/** `flags` are `USER_FLAG`s; `key` is what the text and its neighbours are xored with. */
export function standsAlone(window: Window, start: number, end: number, flags: number, key: number): boolean {
  return isFreeOnLeft(window, start, flags, key) && isFreeOnRight(window, end, flags, key);
}

/** In wide text a neighbour is such a byte followed by a zero. */
export function isFreeOnLeft({ bytes, dataStart }: Window, start: number, flags: number, key: number): boolean {
  if ((flags & USER_FLAG.wide) === 0) return !(start - 1 >= dataStart && isAlphanumeric(bytes[start - 1]! ^ key));
  return !(start - 2 >= dataStart && bytes[start - 1] === key && isAlphanumeric(bytes[start - 2]! ^ key));
}

export function isFreeOnRight({ bytes, end: dataEnd }: Window, end: number, flags: number, key: number): boolean {
  if ((flags & USER_FLAG.wide) === 0) return !(end < dataEnd && isAlphanumeric(bytes[end]! ^ key));
  return !(end + 1 < dataEnd && bytes[end + 1] === key && isAlphanumeric(bytes[end]! ^ key));
}

function isAlphanumeric(byte: number): boolean {
  const folded = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (folded >= 0x61 && folded <= 0x7a);
}

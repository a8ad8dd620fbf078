/**
 * Names in a PE file: text at an address, up to its zero byte or the file's end. What is not UTF-8 is no name. Each is read
 * once; files whose names are longer in all than the bound below are refused by its name.
 */
import { readText } from '../read-text.ts';
import type { PeImage } from './image.ts';

/** Of all names that are asked for. */
const MAX_NAMES_BYTES = 1 << 24;

export class PeTexts {
  readonly #image: PeImage;
  readonly #byOffset = new Map<number, Uint8Array | undefined>();
  #bytes = 0;

  constructor(image: PeImage) {
    this.#image = image;
  }

  /** Undefined where the address is not in the file, or what stands there is not UTF-8. */
  at(rva: number): Uint8Array | undefined {
    const start = this.#image.extentAt(rva)?.start;
    return start === undefined ? undefined : this.atOffset(start);
  }

  /** `offset` lies within the file. */
  atOffset(offset: number): Uint8Array | undefined {
    if (this.#byOffset.has(offset)) return this.#byOffset.get(offset);
    const { object } = this.#image;
    const bytes = readText(object, offset, object.size);
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_NAMES_BYTES) object.refuse('limit:peNames');
    const text = isUtf8(bytes) ? bytes.slice() : undefined;
    this.#byOffset.set(offset, text);
    return text;
  }

  /** The same for the name of a library, in which a file name's forbidden characters do not occur. */
  libraryAt(rva: number): Uint8Array | undefined {
    const text = this.at(rva);
    return text === undefined || text.some(isForbidden) ? undefined : text;
  }
}

/** Names of imported functions have no other characters than printable ones of ASCII. */
export function isFunctionName(name: Uint8Array): boolean {
  return name.length > 0 && name.every((byte) => byte > 0x20 && byte < 0x7f);
}

/** Equal for names that differ in the case of ASCII letters only. */
export function caselessKey(name: Uint8Array): string {
  return latin1.decode(name).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function isSameText(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

const FORBIDDEN: ReadonlySet<number> = new Set(Array.from(' "*<>?|', (character) => character.charCodeAt(0)));

function isForbidden(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f || FORBIDDEN.has(byte);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

function isUtf8(bytes: Uint8Array): boolean {
  if (bytes.every((byte) => byte < 0x80)) return true;
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

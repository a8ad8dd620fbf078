/**
 * Reads ASN.1 values one by one, in their basic encoding (BER) or the distinguished one (DER). Nothing inside of a value is
 * looked at before it is asked for, which is why no library that makes trees is used: signatures in the wild are damaged
 * or carry what no schema knows, and what is never asked for must not matter.
 *
 * A value is: identifier (class, constructed or not, tag), length, content; of indefinite length up to a pair of zeros.
 * Never reads outside of its bytes. What cannot be read ends by a `Fault`; depth is bounded, and no read is longer than the
 * bytes given. Source: X.690, 8.1 and 10.
 */
import { isContentOf } from './ber-content.ts';
import { Bound, MAX_OID_BYTES } from './signature-bounds.ts';

export type Encoding = 'ber' | 'der';

export const TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  null: 5,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  printableString: 19,
  teletexString: 20,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
} as const;

export const CONTEXT_CLASS = 2;

export interface Element {
  readonly class: number;
  readonly isConstructed: boolean;
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly whole: Uint8Array;
}

/** Bytes that are no value: they end within its identifier or length (`isIncomplete`), or are not such as were asked for. Caught where it is told in words. */
export class Fault extends Error {
  readonly isIncomplete: boolean;

  constructor(isIncomplete: boolean) {
    super(isIncomplete ? 'the bytes end before the value begins' : 'the value is not of the form that was asked for');
    this.isIncomplete = isIncomplete;
  }
}

/** Values within values of indefinite length. */
const MAX_DEPTH = 50;
const MAX_LENGTH = 0xffffffff;
/** Bytes of a tag above 30, the first one with them. */
const MAX_TAG_BYTES = 6;

interface Header {
  readonly class: number;
  readonly isConstructed: boolean;
  readonly tag: number;
  /** Undefined: indefinite. */
  readonly length: number | undefined;
}

export class Reader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next value, whatever it is. */
  any(encoding: Encoding): Element {
    const start = this.at;
    const header = this.header(encoding);
    const from = this.at;
    if (header.length !== undefined) this.#skip(header.length);
    else this.#skipIndefinite(MAX_DEPTH);
    const to = header.length === undefined ? this.at - 2 : this.at;
    const { class: tagClass, isConstructed, tag } = header;
    const content = this.bytes.subarray(from, to);
    return { class: tagClass, isConstructed, tag, content, whole: this.bytes.subarray(start, this.at) };
  }

  /** The next value, which has this tag, of whatever class. */
  tagged(tag: number, encoding: Encoding): Element {
    const element = this.any(encoding);
    if (element.tag !== tag) throw new Fault(false);
    return element;
  }

  /** The same, not made of others where that is the distinguished encoding. */
  primitive(tag: number, encoding: Encoding): Element {
    const element = this.tagged(tag, encoding);
    if (element.isConstructed && encoding === 'der') throw new Fault(false);
    return element;
  }

  /** What is inside of the next value. */
  inside(tag: number, encoding: Encoding): Reader {
    return new Reader(this.tagged(tag, encoding).content);
  }

  /** The next value, whose content is of its type, and so is what is inside of it up to its end, and so on. */
  whole(encoding: Encoding, depth = MAX_DEPTH): Element {
    const element = this.any(encoding);
    if (element.class !== 0) return element;
    if (element.tag === TAG.sequence || element.tag === TAG.set) {
      if (depth === 0) throw new Fault(false);
      const inside = new Reader(element.content);
      while (!inside.isAtEnd) complete(() => inside.whole(encoding, depth - 1));
    }
    if (!isContentOf(element)) throw new Fault(false);
    return element;
  }

  /** What stands under `[tag]`, if that is what comes next. */
  optional(tag: number, encoding: Encoding): Element | undefined {
    if (this.isAtEnd) return undefined;
    const start = this.at;
    const element = this.any(encoding);
    if (element.tag !== tag) {
      this.at = start;
      return undefined;
    }
    if (element.class !== CONTEXT_CLASS) throw new Fault(false);
    return element;
  }

  /** Identifier and length of the next value. */
  header(encoding: Encoding): Header {
    const first = this.#byte();
    const tag = (first & 0x1f) === 0x1f ? this.#longTag() : first & 0x1f;
    const isConstructed = (first & 0x20) !== 0;
    return { class: first >> 6, isConstructed, tag, length: this.#length(isConstructed, encoding) };
  }

  #longTag(): number {
    let tag = 0;
    for (let count = 1; ; count++) {
      if (this.isAtEnd || count > MAX_TAG_BYTES - 1) throw new Fault(false);
      const byte = this.#byte();
      tag = ((tag << 7) | (byte & 0x7f)) >>> 0;
      if (byte < 0x80) return tag;
    }
  }

  #length(isConstructed: boolean, encoding: Encoding): number | undefined {
    const first = this.#byte();
    if (first < 0x80) return first;
    if (first === 0x80) {
      if (!isConstructed || encoding === 'der') throw new Fault(false);
      return undefined;
    }
    if (first === 0xff) throw new Fault(false);
    const bytes = this.#lengthBytes(first & 0x7f);
    let length = 0;
    for (const byte of bytes) {
      length = length * 0x100 + byte;
      if (length > MAX_LENGTH) throw new Fault(false);
    }
    return length;
  }

  #skipIndefinite(depth: number): void {
    if (depth === 0) throw new Fault(false);
    for (;;) {
      const { tag, length } = this.header('ber');
      if (length === undefined) this.#skipIndefinite(depth - 1);
      else if (length === 0 && tag === 0) return;
      else this.#skip(length);
    }
  }

  #byte(): number {
    if (this.isAtEnd) throw new Fault(true);
    return this.bytes[this.at++]!;
  }

  #lengthBytes(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) throw new Fault(true);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  #skip(length: number): void {
    if (this.at + length > this.bytes.length) throw new Fault(false);
    this.at += length;
  }
}

/** What `read` gives, or undefined where it ends by a fault. */
export function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** What `read` gives; a value that lacks bytes is as wrong as any other. */
export function complete<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof Fault ? new Fault(false) : error;
  }
}

/** An object identifier as text. */
export interface ObjectIdentifier {
  readonly dotted: string;
  /** No such identifier can have a name: too short or long, an arc that the reference does not take, or a root that does not exist. */
  readonly isNameless: boolean;
}

const MIN_NAMED_BYTES = 3;
const MAX_NAMED_BYTES = 39;
/** An arc has up to five bytes, the fifth less than this. */
const MAX_ARC_BYTES = 5;
const FIFTH_BYTE_BELOW = 0x10;
/** The roots are 0, 1 and 2, with up to 40 arcs each. */
const ROOT_ARCS = 40;
const ROOTS = 3;

/** Bytes that end within an arc have it as far as it goes. A `Bound` for one that is too long. Source: X.690, 8.19. */
export function objectIdentifier(content: Uint8Array): ObjectIdentifier {
  if (content.length > MAX_OID_BYTES) throw new Bound('limit:peOidBytes');
  const [first] = content;
  if (first === undefined) return { dotted: '', isNameless: true };
  const root = Math.floor(first / ROOT_ARCS);
  const arcs = [BigInt(root), BigInt(first % ROOT_ARCS)];
  let arc = 0n;
  let arcBytes = 0;
  let isTooLarge = false;
  for (const [at, byte] of content.subarray(1).entries()) {
    isTooLarge ||= ++arcBytes > MAX_ARC_BYTES || (arcBytes === MAX_ARC_BYTES && byte >= FIFTH_BYTE_BELOW);
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80 && at + 2 < content.length) continue;
    arcs.push(arc);
    arc = 0n;
    arcBytes = 0;
  }
  const isNameless =
    content.length < MIN_NAMED_BYTES ||
    content.length > MAX_NAMED_BYTES ||
    root >= ROOTS ||
    content.at(-1)! >= 0x80 ||
    isTooLarge;
  return { dotted: arcs.join('.'), isNameless };
}

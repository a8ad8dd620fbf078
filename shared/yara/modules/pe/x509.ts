/**
 * Reads a certificate: whose key it holds, who signed it, and for how long. Trust is nobody's question here, and extensions
 * are looked at for their outer form only. Ends by a `Fault` where the bytes are no certificate. Source: RFC 5280, 4.1.
 */
import { once } from '../structure-value.ts';
import { oidName } from './oids.ts';
import {
  complete,
  Fault,
  objectIdentifier,
  Reader,
  readable,
  TAG,
  type Element,
  type Encoding,
  type ObjectIdentifier,
} from './ber.ts';
import { generalizedTime, utcTime } from './asn1-times.ts';
import { digestOf } from './signature-digests.ts';

export interface Certificate {
  /** Of all of it. */
  readonly thumbprint: () => Uint8Array;
  /** What is signed. */
  readonly signedPart: Uint8Array;
  /** From 1. */
  readonly version: number;
  readonly serial: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: PublicKeyBytes;
  readonly algorithm: Algorithm;
  readonly signature: Uint8Array;
}

export interface Algorithm {
  /** Dotted. */
  readonly oid: string;
  /** The object identifier is too long to have a name. */
  readonly isNameless: boolean;
  readonly parameters: Element | undefined;
}

export interface PublicKeyBytes {
  readonly algorithm: Algorithm;
  readonly key: Uint8Array;
}

export interface Name {
  /** Identifier, length and what could be read, which names are compared by. */
  readonly read: Uint8Array;
  /** What stands inside, which the parts are read from when its text is asked for. */
  readonly content: Uint8Array;
}

/** Those of one set go together. */
type NamePart = readonly { readonly type: string; readonly value: Element }[];

export function readCertificate(reader: Reader): Certificate {
  const start = reader.at;
  const inside = reader.inside(TAG.sequence, 'der');
  const signedStart = inside.at;
  const signed = readSignedPart(inside);
  const signedPart = inside.bytes.subarray(signedStart, inside.at);
  const algorithm = readAlgorithm(inside, 'der');
  const signature = readBitString(inside);
  const whole = reader.bytes.subarray(start, reader.at);
  return { ...signed, signedPart, algorithm, signature, thumbprint: once(() => digestOf('sha1', whole)) };
}

type SignedPart = Omit<Certificate, 'thumbprint' | 'signedPart' | 'algorithm' | 'signature'>;

function readSignedPart(outer: Reader): SignedPart {
  const reader = outer.inside(TAG.sequence, 'der');
  const version = readVersion(reader);
  const serial = complete(() => reader.tagged(TAG.integer, 'ber')).content;
  readAlgorithm(reader, 'der');
  const issuer = readName(reader);
  const validity = reader.inside(TAG.sequence, 'der');
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  const subject = readName(reader);
  const publicKey = readPublicKey(reader);
  reader.optional(1, 'der');
  reader.optional(2, 'der');
  checkExtensions(reader);
  return { version, serial, issuer, notBefore, notAfter, subject, publicKey };
}

function readVersion(reader: Reader): number {
  const tagged = reader.optional(0, 'der');
  if (tagged === undefined) return 1;
  const { content } = new Reader(tagged.content).primitive(TAG.integer, 'der');
  const value = unsigned32(content);
  if (value === undefined) throw new Fault(false);
  return value + 1;
}

function unsigned32(content: Uint8Array): number | undefined {
  if (content.length === 0 || content[0]! >= 0x80) return undefined;
  const value = content.reduce((sum, byte) => sum * 0x100 + byte, 0);
  return value > 0xffffffff ? undefined : value;
}

export function readAlgorithm(outer: Reader, encoding: Encoding): Algorithm {
  return complete(() => {
    const reader = outer.inside(TAG.sequence, encoding);
    const { dotted, isNameless } = readOid(reader, encoding);
    return { oid: dotted, isNameless, parameters: reader.isAtEnd ? undefined : reader.any(encoding) };
  });
}

/** An identifier whatever its tag says. */
export function readOid(reader: Reader, encoding: Encoding): ObjectIdentifier {
  const element = reader.any(encoding);
  if (element.isConstructed && encoding === 'der') throw new Fault(false);
  return objectIdentifier(element.content);
}

function nameOf({ dotted, isNameless }: ObjectIdentifier): string {
  return isNameless ? 'invalid' : oidName(dotted);
}

export function algorithmName({ oid, isNameless }: Algorithm): string {
  return nameOf({ dotted: oid, isNameless });
}

function readPublicKey(outer: Reader): PublicKeyBytes {
  const reader = outer.inside(TAG.sequence, 'der');
  return { algorithm: readAlgorithm(reader, 'der'), key: readBitString(reader) };
}

function readBitString(reader: Reader): Uint8Array {
  return complete(() => {
    const { content } = reader.primitive(TAG.bitString, 'der');
    const [unused] = content;
    if (unused === undefined || unused > 7) throw new Fault(false);
    const bits = content.subarray(1);
    if ((bits.at(-1) ?? 0xff) & ((1 << unused) - 1)) throw new Fault(false);
    return bits;
  });
}

function readTime(reader: Reader): number {
  const { tag, content } = reader.any('der');
  const time =
    tag === TAG.utcTime ? utcTime(content) : tag === TAG.generalizedTime ? generalizedTime(content) : undefined;
  if (time === undefined) throw new Fault(false);
  return time;
}

function checkExtensions(reader: Reader): void {
  if (reader.isAtEnd) return;
  if (reader.header('der').tag !== 3) throw new Fault(false);
  const list = reader.inside(TAG.sequence, 'der');
  while (!list.isAtEnd) {
    const extension = list.inside(TAG.sequence, 'der');
    readOid(extension, 'der');
    const next = extension.any('der');
    const isCritical = next.tag === TAG.boolean;
    if (isCritical && (next.content.length !== 1 || next.isConstructed)) throw new Fault(false);
    const value = isCritical ? extension.any('der') : next;
    if (value.tag !== TAG.octetString || value.isConstructed) throw new Fault(false);
  }
}

// Names -------------------------------------------------------------------------------------------------------------------

export function readName(outer: Reader): Name {
  const start = outer.at;
  const reader = outer.inside(TAG.sequence, 'der');
  const content = reader.bytes;
  const contentAt = outer.at - content.length;
  for (;;) {
    const end = contentAt + reader.at;
    if (nextPart(reader) === undefined) return { read: outer.bytes.subarray(start, end), content };
  }
}

function nextPart(reader: Reader): NamePart | undefined {
  return reader.isAtEnd ? undefined : readable(() => readPart(reader));
}

function readPart(outer: Reader): NamePart {
  const set = outer.inside(TAG.set, 'der');
  const values: { type: string; value: Element }[] = [];
  for (;;) {
    const value = set.isAtEnd ? undefined : readable(() => readAttribute(set));
    if (value === undefined) break;
    values.push(value);
  }
  if (values.length === 0) throw new Fault(false);
  return values;
}

function readAttribute(set: Reader): { type: string; value: Element } {
  const reader = set.inside(TAG.sequence, 'der');
  const type = nameOf(readOid(reader, 'der'));
  return { type, value: reader.any('der') };
}

/** As OpenSSL writes it on one line: `/C=US/O=Example/CN=Name`. */
export function nameText({ content }: Name): string {
  const reader = new Reader(content);
  const texts: string[] = [];
  for (let part = nextPart(reader); part !== undefined; part = nextPart(reader)) {
    texts.push(`/${part.map(({ type, value }) => `${type}=${attributeText(value)}`).join('')}`);
  }
  return texts.join('');
}

function attributeText({ tag, content }: Element): string {
  const isValid = TEXTS[tag];
  if (isValid?.(content) === true) return decoder.decode(content);
  return `#${hex(content)}`;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** Texts by their tag, and what they may hold. */
const TEXTS: Readonly<Record<number, (content: Uint8Array) => boolean>> = {
  [TAG.printableString]: (content) => PRINTABLE.test(decoder.decode(content)),
  [TAG.utf8String]: (content) => {
    try {
      strict.decode(content);
      return true;
    } catch {
      return false;
    }
  },
  [TAG.ia5String]: (content) => content.every((byte) => byte < 0x80),
  [TAG.teletexString]: (content) => content.every((byte) => byte >= 0x20 && byte < 0x80),
};

const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef');

/** `between` is nothing or one character of ASCII. */
export function hex(bytes: Uint8Array, between = ''): string {
  const width = 2 + between.length;
  const text = new Uint8Array(Math.max(0, bytes.length * width - between.length));
  if (between !== '') text.fill(between.charCodeAt(0));
  bytes.forEach((byte, at) => {
    text[at * width] = HEX_DIGITS[byte >> 4]!;
    text[at * width + 1] = HEX_DIGITS[byte & 15]!;
  });
  return decoder.decode(text);
}

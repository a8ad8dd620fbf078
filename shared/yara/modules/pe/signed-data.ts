/**
 * Reads the parts of a PKCS#7 message that Authenticode is made of. What stands in them is not judged here; what is not read
 * may be anything. All end by a `Fault` where the bytes are not such a part, and lists count against the file's budget. Sources: RFC 5652, 5 and 11; RFC 3161, 2.4.2.
 *
 *     ContentInfo    type, [0] content
 *     SignedData     version, digest algorithms, ContentInfo, [0] certificates, [1] revocations, signers
 *     SignerInfo     version, issuer and serial, digest algorithm, [0] signed attributes, algorithm, signature,
 *                    [1] unsigned attributes
 *     Attribute      type, set of values
 */
import { Fault, Reader, TAG, complete, objectIdentifier, readable, type Element } from './ber.ts';
import type { SignatureBudget } from './signature-bounds.ts';
import { readAlgorithm, readCertificate, readName, type Algorithm, type Certificate, type Name } from './x509.ts';

export interface ContentInfo {
  /** Dotted. */
  readonly type: string;
  readonly content: Element;
}

export interface SignedData {
  readonly version: number;
  readonly digestAlgorithms: readonly Algorithm[];
  readonly contentInfo: ContentInfo;
  readonly certificates: readonly Certificate[];
  readonly signers: readonly SignerInfo[];
}

export interface SignerInfo {
  readonly issuer: Name;
  readonly serial: Uint8Array;
  readonly digestAlgorithm: Algorithm;
  readonly signedAttributes: readonly Attribute[];
  /** All of them, without identifier and length. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly unsignedAttributes: readonly Attribute[];
}

export interface Attribute {
  /** Dotted. */
  readonly type: string;
  readonly values: readonly Element[];
}

export interface MessageImprint {
  readonly algorithm: Algorithm;
  readonly digest: Uint8Array;
}

export function readContentInfo(outer: Reader): ContentInfo {
  return contentInfoIn(outer.inside(TAG.sequence, 'ber'));
}

export function contentInfoIn(reader: Reader): ContentInfo {
  const { dotted, isNameless } = objectIdentifier(reader.tagged(TAG.oid, 'ber').content);
  const explicit = reader.tagged(0, 'ber');
  // Of any class but the universal one, as for the reference.
  if (explicit.class === 0 || !explicit.isConstructed || isNameless) throw new Fault(false);
  return { type: dotted, content: new Reader(explicit.content).any('ber') };
}

export function signedDataIn(reader: Reader, budget: SignatureBudget): SignedData {
  const version = signed32(reader.tagged(TAG.integer, 'ber').content);
  const digestAlgorithms = setOf(reader, budget, (item) => readAlgorithm(item, 'ber'));
  const contentInfo = readContentInfo(reader);
  const certificates = reader.optional(0, 'ber');
  const read = certificates === undefined ? [] : readCertificates(new Reader(certificates.content), budget);
  const revocations = reader.optional(1, 'ber');
  if (revocations !== undefined) new Reader(revocations.content).whole('ber');
  const signers = setOf(reader, budget, (item) => signerInfoIn(item.inside(TAG.sequence, 'ber'), budget));
  return { version, digestAlgorithms, contentInfo, certificates: read, signers };
}

/** Up to what is none, such as an attribute certificate. */
function readCertificates(reader: Reader, budget: SignatureBudget): Certificate[] {
  const certificates: Certificate[] = [];
  for (;;) {
    const certificate = readable(() => readCertificate(reader));
    if (certificate === undefined) return certificates;
    budget.take('limit:peSignatureItems');
    certificates.push(certificate);
  }
}

function setOf<Item>(outer: Reader, budget: SignatureBudget, read: (reader: Reader) => Item): Item[] {
  const reader = outer.inside(TAG.set, 'ber');
  const items: Item[] = [];
  while (!reader.isAtEnd) {
    budget.take('limit:peSignatureItems');
    items.push(complete(() => read(reader)));
  }
  return items;
}

export function signerInfoIn(reader: Reader, budget: SignatureBudget): SignerInfo {
  signed32(reader.tagged(TAG.integer, 'ber').content);
  const identity = reader.inside(TAG.sequence, 'ber');
  const issuer = complete(() => readName(identity));
  const serial = identity.tagged(TAG.integer, 'ber').content;
  const digestAlgorithm = readAlgorithm(reader, 'ber');
  const signed = reader.optional(0, 'ber');
  const signedAttributes = attributesIn(signed, budget);
  readAlgorithm(reader, 'ber');
  const signature = reader.tagged(TAG.octetString, 'ber').content;
  const unsignedAttributes = attributesIn(reader.optional(1, 'ber'), budget);
  const signedBytes = signed?.content ?? new Uint8Array(0);
  return { issuer, serial, digestAlgorithm, signedAttributes, signedBytes, signature, unsignedAttributes };
}

/** What is cut off ends them and is no fault of theirs. */
function attributesIn(element: Element | undefined, budget: SignatureBudget): Attribute[] {
  const reader = new Reader(element?.content ?? new Uint8Array(0));
  const attributes: Attribute[] = [];
  for (;;) {
    try {
      attributes.push(readAttribute(reader, budget));
    } catch (error) {
      if (error instanceof Fault && error.isIncomplete) return attributes;
      throw error;
    }
  }
}

function readAttribute(outer: Reader, budget: SignatureBudget): Attribute {
  budget.take('limit:peSignatureItems');
  const reader = outer.inside(TAG.sequence, 'ber');
  const { dotted, isNameless } = objectIdentifier(reader.tagged(TAG.oid, 'ber').content);
  const values = setOf(reader, budget, (item) => item.any('ber'));
  if (isNameless) throw new Fault(false);
  return { type: dotted, values };
}

/** The first value of the first attribute of that type. */
export function attributeValue(attributes: readonly Attribute[], type: string): Element | undefined {
  return attributes.find((attribute) => attribute.type === type)?.values[0];
}

/** What Authenticode signs: a type that does not matter, and the digest of the file. */
export function indirectDigestIn(reader: Reader): MessageImprint {
  reader.whole('ber');
  const inside = reader.inside(TAG.sequence, 'ber');
  const algorithm = readAlgorithm(inside, 'ber');
  return { algorithm, digest: inside.tagged(TAG.octetString, 'ber').content };
}

/** What a time stamp of RFC 3161 is the stamp of. */
export function readStampedDigest(outer: Reader): MessageImprint {
  const reader = outer.inside(TAG.sequence, 'ber');
  reader.tagged(TAG.integer, 'ber');
  reader.whole('ber');
  const imprint = reader.inside(TAG.sequence, 'ber');
  const algorithm = readAlgorithm(imprint, 'ber');
  return { algorithm, digest: imprint.whole('ber').content };
}

/** What the signer says of the program, in UTF-8. */
export interface ProgramDescription {
  readonly name: Uint8Array | undefined;
  readonly link: Uint8Array | undefined;
}

/** `SpcSpOpusInfo`. A link that is none of text is as one that is not there, a name likewise makes it all void. */
export function programDescriptionIn(reader: Reader): ProgramDescription {
  const name = reader.optional(0, 'ber');
  const text = name === undefined ? undefined : programName(new Reader(name.content).any('ber'));
  const link = readable(() => {
    const more = reader.optional(1, 'ber');
    return more === undefined ? undefined : asciiText(new Reader(more.content).any('ber'), 0);
  });
  return { name: text, link };
}

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

function programName(element: Element): Uint8Array {
  if (element.tag !== 0) return asciiText(element, 1);
  const { content } = element;
  const swapped = Uint8Array.from(content, (_, at) => content[at ^ 1] ?? 0);
  try {
    if (content.length % 2 !== 0) throw new Fault(false);
    return encoder.encode(utf16.decode(swapped));
  } catch {
    throw new Fault(false);
  }
}

function asciiText({ tag, content }: Element, expected: number): Uint8Array {
  if (tag !== expected || content.some((byte) => byte >= 0x80)) throw new Fault(false);
  return content;
}

function signed32(content: Uint8Array): number {
  if (content.length === 0) throw new Fault(false);
  let value = content[0]! >= 0x80 ? -1n : 0n;
  for (const byte of content.subarray(0, 9)) value = (value << 8n) | BigInt(byte);
  if (content.length > 8 || BigInt.asIntN(32, value) !== value) throw new Fault(false);
  return Number(value);
}

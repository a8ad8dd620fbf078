/**
 * What a message in the table of certificates says: signatures, each with those that are nested in it behind it, their
 * certificates, and who stamped them with a time. Signatures are checked when that is asked for, chains as far as their
 * certificates are in the message: whether anybody trusts the last one is not asked.
 *
 * Nothing but a `Bound` is thrown. A message that is none gives no signatures. Sources: "Windows Authenticode Portable
 * Executable Signature Format" (Microsoft, 2008); RFC 5652; RFC 3161.
 */
import { once } from '../structure-value.ts';
import { Reader, readable, TAG, type Element } from './ber.ts';
import { isSignedBy } from './public-keys.ts';
import { CertificateList } from './certificate-list.ts';
import { Bound, MAX_NESTED, type SignatureBudget } from './signature-bounds.ts';
import { digestNamed, digestOf, digestOfSignature, type DigestName } from './signature-digests.ts';
import {
  attributeValue,
  contentInfoIn,
  indirectDigestIn,
  programDescriptionIn,
  readContentInfo,
  readStampedDigest,
  signedDataIn,
  signerInfoIn,
  type Attribute,
  type ContentInfo,
  type MessageImprint,
  type ProgramDescription,
  type SignedData,
  type SignerInfo,
} from './signed-data.ts';
import { utcTime } from './asn1-times.ts';
import { algorithmName, type Algorithm, type Certificate } from './x509.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const INDIRECT_DATA = '1.3.6.1.4.1.311.2.1.4';
const OPUS_INFO = '1.3.6.1.4.1.311.2.1.12';
const NESTED_SIGNATURE = '1.3.6.1.4.1.311.2.4.1';
const MICROSOFT_COUNTERSIGNATURE = '1.3.6.1.4.1.311.3.3.1';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const COUNTERSIGNATURE = '1.2.840.113549.1.9.6';

export interface Signature {
  /** Of the digest that the file has. */
  readonly digestName: DigestName;
  /** The digest that the file had when it was signed. */
  readonly signedDigest: MessageImprint;
  readonly signerDigest: Uint8Array;
  readonly signerDigestAlgorithm: string;
  readonly program: ProgramDescription | undefined;
  readonly certificates: readonly Certificate[];
  /** From the signer's up. */
  readonly chain: () => readonly Certificate[];
  readonly countersignatures: readonly Countersignature[];
  /** All but the file's digest. */
  readonly isGenuine: () => boolean;
}

export interface Countersignature {
  readonly digest: Uint8Array;
  readonly digestAlgorithm: string;
  /** Seconds since 1970. */
  readonly signingTime: number | undefined;
  readonly chain: () => readonly Certificate[];
  readonly isGenuine: () => boolean;
}

/** None where the message is no signature. */
export function readSignatures(message: Uint8Array, budget: SignatureBudget): readonly Signature[] {
  return readable(() => signaturesOf(readContentInfo(new Reader(message)), budget, 0)) ?? [];
}

/** Undefined as a whole where anything of the signature itself is missing; what is nested in it is lost with it. */
function signaturesOf({ type, content }: ContentInfo, budget: SignatureBudget, depth: number): readonly Signature[] {
  if (depth > MAX_NESTED) throw new Bound('limit:peNestedSignatures');
  const data = type === SIGNED_DATA ? signedDataOf(content, budget) : undefined;
  const [signer] = data?.signers ?? [];
  if (data === undefined || signer === undefined || !isOfAuthenticode(data)) return [];
  const { signedAttributes } = signer;
  const signerDigest = attributeValue(signedAttributes, MESSAGE_DIGEST)?.content;
  const digestName = digestNamed(signer.digestAlgorithm.oid);
  const signedDigest = indirectDigestOf(data.contentInfo.content);
  if (signerDigest === undefined || digestName === undefined || signedDigest === undefined) return [];
  if (attributeValue(signedAttributes, CONTENT_TYPE) === undefined) return [];
  const additions = readAdditions(signer, data.certificates, budget, depth);
  if (additions === undefined) return [];
  const { list, countersignatures, nested } = additions;
  const signature: Signature = {
    digestName,
    signedDigest,
    signerDigest,
    signerDigestAlgorithm: algorithmName(signer.digestAlgorithm),
    program: programOf(signedAttributes),
    certificates: list.certificates,
    chain: () => list.chain(({ issuer }) => isSame(issuer.read, signer.issuer.read)),
    countersignatures: countersignatures.map((countersignature) => ({
      ...countersignature,
      chain: () => list.chain(({ serial }) => isSameNumber(serial, countersignature.serial)),
    })),
    isGenuine: once(
      () =>
        isDigestOf(signer.digestAlgorithm, data.contentInfo.content.content, signerDigest, budget) &&
        isSignerGenuine(signer, { list, known: list.length }, budget),
    ),
  };
  return [signature, ...nested];
}

function signedDataOf(content: Element, budget: SignatureBudget): SignedData | undefined {
  return content.tag === TAG.sequence ? readable(() => signedDataIn(new Reader(content.content), budget)) : undefined;
}

function isOfAuthenticode({ version, digestAlgorithms, contentInfo, signers }: SignedData): boolean {
  return version === 1 && digestAlgorithms.length === 1 && contentInfo.type === INDIRECT_DATA && signers.length === 1;
}

function indirectDigestOf({ tag, content }: Element): MessageImprint | undefined {
  return tag === TAG.sequence ? readable(() => indirectDigestIn(new Reader(content))) : undefined;
}

function programOf(attributes: readonly Attribute[]): ProgramDescription | undefined {
  const value = attributeValue(attributes, OPUS_INFO);
  return value === undefined ? undefined : readable(() => programDescriptionIn(new Reader(value.content)));
}

// What was added to a signature -----------------------------------------------------------------------------------------

type Stamp = Omit<Countersignature, 'chain'> & { readonly serial: Uint8Array };

interface Additions {
  readonly list: CertificateList;
  readonly countersignatures: Stamp[];
  readonly nested: Signature[];
}

/** Undefined where a countersignature lacks a digest, which makes the whole signature none. */
function readAdditions(
  signer: SignerInfo,
  certificates: readonly Certificate[],
  budget: SignatureBudget,
  depth: number,
): Additions | undefined {
  const list = new CertificateList(certificates);
  const additions: Additions = { list, countersignatures: [], nested: [] };
  for (const { type, values } of signer.unsignedAttributes) {
    for (const value of values) {
      if (value.tag !== TAG.sequence) continue;
      if (type === NESTED_SIGNATURE) {
        const content = readable(() => contentInfoIn(new Reader(value.content)));
        if (content !== undefined) additions.nested.push(...signaturesOf(content, budget, depth + 1));
      } else if (type === MICROSOFT_COUNTERSIGNATURE) {
        if (!addTimeStamp(additions, signer, value, budget)) return undefined;
      } else if (type === COUNTERSIGNATURE) {
        if (!addCountersignature(additions, signer, value, budget)) return undefined;
      }
    }
  }
  return additions;
}

/** A message that stamps the signature; its certificates count from here on. False where it lacks a digest. */
function addTimeStamp(additions: Additions, signer: SignerInfo, value: Element, budget: SignatureBudget): boolean {
  const content = readable(() => contentInfoIn(new Reader(value.content)));
  const data = content === undefined ? undefined : signedDataOf(content.content, budget);
  if (data === undefined) return true;
  additions.list.add(data.certificates);
  const [stamper] = data.signers;
  if (stamper === undefined) return true;
  const { signedAttributes } = stamper;
  const signerDigest = attributeValue(signedAttributes, MESSAGE_DIGEST)?.content;
  if (signerDigest === undefined || lastValue(signedAttributes, MESSAGE_DIGEST) === undefined) return false;
  const stamped = data.contentInfo.content.content;
  const imprint = readable(() => readStampedDigest(new Reader(stamped)));
  if (imprint === undefined) return true;
  const known = { list: additions.list, known: additions.list.length };
  additions.countersignatures.push({
    digest: imprint.digest,
    digestAlgorithm: algorithmName(imprint.algorithm),
    signingTime: signingTimeOf(signedAttributes),
    serial: stamper.serial,
    isGenuine: once(
      () =>
        isDigestOf(imprint.algorithm, signer.signature, imprint.digest, budget) &&
        isDigestOf(stamper.digestAlgorithm, stamped, signerDigest, budget) &&
        isSignerGenuine(stamper, known, budget),
    ),
  });
  return true;
}

/** Whoever signed the signature, by a certificate of the message. False where it lacks a digest. */
function addCountersignature(
  additions: Additions,
  signer: SignerInfo,
  value: Element,
  budget: SignatureBudget,
): boolean {
  const stamper = readable(() => signerInfoIn(new Reader(value.content), budget));
  if (stamper === undefined) return true;
  const digest = lastValue(stamper.signedAttributes, MESSAGE_DIGEST)?.content;
  if (digest === undefined) return false;
  const known = { list: additions.list, known: additions.list.length };
  additions.countersignatures.push({
    digest,
    digestAlgorithm: algorithmName(stamper.digestAlgorithm),
    signingTime: signingTimeOf(stamper.signedAttributes),
    serial: stamper.serial,
    isGenuine: once(
      () =>
        isDigestOf(stamper.digestAlgorithm, signer.signature, digest, budget) &&
        isSignerGenuine(stamper, known, budget),
    ),
  });
  return true;
}

function signingTimeOf(attributes: readonly Attribute[]): number | undefined {
  const value = lastValue(attributes, SIGNING_TIME);
  return value?.tag === TAG.utcTime ? utcTime(value.content) : undefined;
}

/** The first value of the last attribute of that type. */
function lastValue(attributes: readonly Attribute[], type: string): Element | undefined {
  return attributes.findLast((attribute) => attribute.type === type)?.values[0];
}

// Checks ------------------------------------------------------------------------------------------------------------------

function isDigestOf({ oid }: Algorithm, message: Uint8Array, digest: Uint8Array, budget: SignatureBudget): boolean {
  const name = digestNamed(oid);
  if (name === undefined) return false;
  budget.take('limit:peSignatureDigests', message.length);
  return isSame(digestOf(name, message), digest);
}

/** The first `known` certificates of a list. */
interface Known {
  readonly list: CertificateList;
  readonly known: number;
}

/** Is the signer one whose certificate is known, is its chain in order, and did it sign its attributes? */
function isSignerGenuine(
  { serial, digestAlgorithm, signedBytes, signature }: SignerInfo,
  { list, known }: Known,
  budget: SignatureBudget,
): boolean {
  const chain = list.chain((certificate) => isSameNumber(certificate.serial, serial), known);
  const [own] = chain;
  const name = digestNamed(digestAlgorithm.oid);
  if (own === undefined || name === undefined) return false;
  for (const [at, signed] of chain.slice(0, -1).entries()) {
    if (!isCertificateGenuine(signed, chain[at + 1]!, budget)) return false;
  }
  budget.take('limit:peSignatureDigests', signedBytes.length);
  const digest = digestOf(name, setHeader(signedBytes.length), signedBytes);
  return isSignedBy(own.publicKey, { name, digest, signature }, budget);
}

function isCertificateGenuine(signed: Certificate, signer: Certificate, budget: SignatureBudget): boolean {
  const name = digestOfSignature(signed.algorithm.oid);
  if (name === undefined) return false;
  const { signedPart, signature } = signed;
  budget.take('limit:peSignatureDigests', signedPart.length);
  return isSignedBy(signer.publicKey, { name, digest: digestOf(name, signedPart), signature }, budget);
}

/** Attributes are signed as a set, though they stand under another tag. */
function setHeader(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(0x31, length);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 0x100)) bytes.unshift(left & 0xff);
  return Uint8Array.of(0x31, 0x80 | bytes.length, ...bytes);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Zeros in front do not count. */
function isSameNumber(a: Uint8Array, b: Uint8Array): boolean {
  return isSame(withoutZeros(a), withoutZeros(b));
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.subarray(0, 0) : bytes.subarray(first);
}

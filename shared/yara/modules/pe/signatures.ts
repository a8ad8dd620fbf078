/**
 * The signatures of a PE file as rules see them. The table of certificates, to which the directory points by an offset, is a
 * list of messages:
 *
 *     offset  size
 *     0       4      length of the entry, with these eight bytes; the next one stands at the next multiple of eight
 *     4       2      revision
 *     6       2      type
 *     8       …      message
 *
 * All messages are read when something of any signature is asked for, each once, in parts: a call that ended for want of bytes
 * goes on from there. The file's digest is computed when that or whether a signature is valid is asked for. What is beyond the
 * bounds in `signature-bounds.ts` is refused. Source: PE/COFF, "The Attribute Certificate Table".
 */
import { LongRead } from '../long-read.ts';
import type { ModuleValue, StructureValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import { fileDigest } from './authenticode-digest.ts';
import { readSignatures, type Countersignature, type Signature } from './authenticode.ts';
import { Reader, readable } from './ber.ts';
import type { PeImage } from './image.ts';
import { DIRECTORY } from './layout.ts';
import { Bound, MAX_ENTRIES, SignatureBudget } from './signature-bounds.ts';
import type { DigestName } from './signature-digests.ts';
import { algorithmName, hex, nameText, type Certificate } from './x509.ts';

type Fields = Readonly<Record<string, () => ModuleValue>>;

/** Of what is no PE file, no signatures and nothing else. */
export function signatureFields(image: PeImage): Fields {
  if (!image.isPe()) return { signatures: () => arrayOfItems([], signatureValue) };
  const table = new SignatureTable(image);
  const signatures = once(() => refusing(image, () => signaturesOf(image, table.signatures())));
  return {
    is_signed: () => signatures().some((signature) => signature.isValid()),
    number_of_signatures: () => signatures().length,
    signatures: () => arrayOfItems(signatures(), signatureValue),
  };
}

interface FileSignature {
  readonly signature: Signature;
  readonly fileDigest: () => Uint8Array;
  readonly isValid: () => boolean;
  readonly countersignatures: readonly Countersignature[];
}

function signaturesOf(image: PeImage, signatures: readonly Signature[]): readonly FileSignature[] {
  const digests = new Map<DigestName, () => Uint8Array>();
  const digestOfFile = (name: DigestName): (() => Uint8Array) => {
    const known = digests.get(name) ?? fileDigest(image, name);
    digests.set(name, known);
    return known;
  };
  return signatures.map((signature) => {
    const digest = digestOfFile(signature.digestName);
    const isValid = (): boolean =>
      hex(digest()) === hex(signature.signedDigest.digest) && refusing(image, signature.isGenuine);
    const countersignatures = signature.countersignatures.map((countersignature) => ({
      ...countersignature,
      isGenuine: () => refusing(image, countersignature.isGenuine),
    }));
    return { signature, fileDigest: digest, isValid, countersignatures };
  });
}

/** What meets a bound is undecided. */
function refusing<Value>({ object }: PeImage, compute: () => Value): Value {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Bound) return object.refuse(error.reason);
    throw error;
  }
}

// Messages ----------------------------------------------------------------------------------------------------------------

const ENTRY_HEADER_BYTES = 8;
const ENTRY_ALIGNMENT = 8;
/** Identifier and length of a message are not longer. */
const MESSAGE_HEADER_BYTES = 16;

/** The messages up to the first one that is no signature. */
class SignatureTable {
  readonly #image: PeImage;
  readonly #budget = new SignatureBudget();
  readonly #signatures: Signature[] = [];
  #message: LongRead | undefined;
  #entries = 0;
  /** Of the next entry, from the table's start. */
  #offset = 0;
  #isComplete = false;
  #bound: Bound | undefined;

  constructor(image: PeImage) {
    this.#image = image;
  }

  /** Throws a `Bound`, the same each time. */
  signatures(): readonly Signature[] {
    if (this.#bound !== undefined) throw this.#bound;
    try {
      while (!this.#isComplete) this.#readNext();
    } catch (error) {
      if (error instanceof Bound) this.#bound = error;
      throw error;
    }
    return this.#signatures;
  }

  #readNext(): void {
    const table = this.#image.directoryExtent(DIRECTORY.security, true);
    const at = (table?.start ?? 0) + this.#offset;
    const isInside = table !== undefined && at + ENTRY_HEADER_BYTES <= table.end;
    const length = isInside ? this.#image.object.unsigned(at, 4)! : 0;
    if (!isInside || length < ENTRY_HEADER_BYTES || at + length > table.end) {
      this.#isComplete = true;
      return;
    }
    if (this.#entries === MAX_ENTRIES) throw new Bound('limit:peSignatureEntries');
    const found = readSignatures(this.#messageIn(at + ENTRY_HEADER_BYTES, at + length), this.#budget);
    this.#message = undefined;
    this.#signatures.push(...found);
    this.#entries++;
    this.#offset += Math.ceil(length / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT;
    this.#isComplete = found.length === 0;
  }

  #messageIn(start: number, end: number): Uint8Array {
    if (this.#message === undefined) {
      const length = this.#lengthOf(start, end);
      this.#budget.take('limit:peSignatureBytes', length);
      this.#message = new LongRead(this.#image.object, start, length);
    }
    return this.#message.bytes();
  }

  /** What the message itself says, since anything may stand behind it. */
  #lengthOf(start: number, end: number): number {
    const first = this.#image.object.bytes(start, Math.min(MESSAGE_HEADER_BYTES, end - start))!;
    const reader = new Reader(first);
    const header = readable(() => reader.header('ber'));
    if (header === undefined) return first.length;
    return header.length === undefined ? end - start : Math.min(end - start, reader.at + header.length);
  }
}

// Values ------------------------------------------------------------------------------------------------------------------

function signatureValue({ signature, fileDigest: digest, isValid, countersignatures }: FileSignature): StructureValue {
  const { signedDigest, certificates, chain } = signature;
  const [first] = chain();
  return structureOf({
    ...(first === undefined ? {} : certificateFields(first)),
    verified: isValid,
    digest_alg: () => text(algorithmName(signedDigest.algorithm)),
    digest: () => text(hex(signedDigest.digest)),
    file_digest: () => text(hex(digest())),
    number_of_certificates: () => certificates.length,
    number_of_countersignatures: () => countersignatures.length,
    signer_info: () => signerValue(signature),
    certificates: () => arrayOfItems(certificates, certificateValue),
    countersignatures: () => arrayOfItems(countersignatures, countersignatureValue),
  });
}

function signerValue({ program, signerDigest, signerDigestAlgorithm, chain }: Signature): StructureValue {
  return structureOf({
    program_name: () => program?.name,
    more_info: () => program?.link,
    digest: () => text(hex(signerDigest)),
    digest_alg: () => text(signerDigestAlgorithm),
    chain: () => arrayOfItems(chain(), certificateValue),
  });
}

function countersignatureValue(countersignature: Countersignature): StructureValue {
  const { digest, digestAlgorithm, signingTime, chain, isGenuine } = countersignature;
  return structureOf({
    verified: isGenuine,
    sign_time: () => signingTime,
    digest: () => text(hex(digest)),
    digest_alg: () => text(digestAlgorithm),
    chain: () => arrayOfItems(chain(), certificateValue),
  });
}

function certificateValue(certificate: Certificate): StructureValue {
  return structureOf(certificateFields(certificate));
}

function certificateFields(certificate: Certificate): Fields {
  const { thumbprint, version, serial, issuer, subject, notBefore, notAfter, algorithm } = certificate;
  return {
    issuer: () => text(nameText(issuer)),
    subject: () => text(nameText(subject)),
    thumbprint: () => text(hex(thumbprint())),
    version: () => version,
    algorithm: () => text(algorithmName(algorithm)),
    algorithm_oid: () => text(algorithm.oid),
    serial: () => text(hex(serial, ':')),
    not_before: () => notBefore,
    not_after: () => notAfter,
  };
}

const encoder = new TextEncoder();

function text(value: string): Uint8Array {
  return encoder.encode(value);
}

/**
 * Makes PE files with signatures, by keys and certificates of its own: whatever Authenticode may be made of, right or wrong.
 * Keys are made once for all files of a run.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

// ASN.1 -------------------------------------------------------------------------------------------------------------------

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | bytes.length, ...bytes];
  return Buffer.concat([Buffer.from(header), content]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents);
export const octets = (content: Uint8Array): Buffer => der(0x04, content);
export const text = (value: string, tag = 0x13): Buffer => der(tag, Buffer.from(value, 'utf8'));
export const integer = (...bytes: readonly number[]): Buffer => der(0x02, Buffer.from(bytes));
const NULL = der(0x05);

export function oid(dotted: string): Buffer {
  const [first, second, ...arcs] = dotted.split('.').map(Number);
  const bytes = [first! * 40 + second!];
  for (const arc of arcs) {
    const digits = [arc & 0x7f];
    for (let left = Math.floor(arc / 0x80); left > 0; left = Math.floor(left / 0x80)) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

// Algorithms --------------------------------------------------------------------------------------------------------------

export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

export const DIGEST_OIDS: Readonly<Record<Digest, string>> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

const RSA_OIDS: Readonly<Record<Digest, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};

const OTHER_OIDS: Readonly<Record<string, string>> = {
  'dsa sha1': '1.2.840.10040.4.3',
  'dsa sha256': '2.16.840.1.101.3.4.3.2',
  'ec sha256': '1.2.840.10045.4.3.2',
  'ec sha384': '1.2.840.10045.4.3.3',
  'ec sha512': '1.2.840.10045.4.3.4',
};

export interface Key {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** One of each kind that the reference knows, and one that it does not. */
export const KEYS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  largeRsa: generateKeyPairSync('rsa', { modulusLength: 3072 }),
  dsa: generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
  largeDsa: generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
} as const satisfies Record<string, Key>;

export const algorithm = (dotted: string): Buffer => sequence(oid(dotted), NULL);

function signatureOid({ privateKey }: Key, digest: Digest): string {
  const kind = privateKey.asymmetricKeyType!;
  return kind === 'rsa' ? RSA_OIDS[digest] : (OTHER_OIDS[`${kind} ${digest}`] ?? RSA_OIDS[digest]);
}

export function hash(digest: Digest, bytes: Uint8Array): Buffer {
  return createHash(digest).update(bytes).digest();
}

// Certificates ------------------------------------------------------------------------------------------------------------

/** Each inner list is one part of a name: type and value. */
export type NameParts = readonly (readonly (readonly [type: string, value: Buffer])[])[];

export function name(...parts: NameParts): Buffer {
  return sequence(...parts.map((values) => set(...values.map(([type, value]) => sequence(oid(type), value)))));
}

export const commonName = (value: string): Buffer => name([['2.5.4.3', text(value)]]);

export interface CertificateOptions {
  readonly subject: Buffer;
  readonly issuer?: Buffer;
  readonly key: Key;
  /** Of the issuer; the certificate's own if there is none. */
  readonly signer?: Key;
  readonly digest?: Digest;
  readonly serial?: Buffer;
  readonly notBefore?: Buffer;
  readonly notAfter?: Buffer;
  /** As it stands there: 0 for the first version. */
  readonly version?: number;
  readonly extensions?: Buffer;
}

export function certificate(options: CertificateOptions): Buffer {
  const { subject, key, digest = 'sha256' } = options;
  const { issuer = subject, signer = key, serial = integer(1, 2, 3), version = 2, extensions } = options;
  const { notBefore = text('240101000000Z', 0x17), notAfter = text('20500101000000Z', 0x18) } = options;
  const signatureAlgorithm = algorithm(signatureOid(signer, digest));
  const signed = sequence(
    ...(version === 0 ? [] : [der(0xa0, integer(version))]),
    serial,
    signatureAlgorithm,
    issuer,
    sequence(notBefore, notAfter),
    subject,
    key.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions === undefined ? [] : [extensions]),
  );
  const signature = sign(digest, signed, signer.privateKey);
  return sequence(signed, signatureAlgorithm, der(0x03, Buffer.of(0), signature));
}

// Messages ----------------------------------------------------------------------------------------------------------------

export interface Signer {
  readonly issuer: Buffer;
  readonly serial?: Buffer;
  readonly key: Key;
  readonly digest: Digest;
}

export const attribute = (type: string, ...values: readonly Buffer[]): Buffer => sequence(oid(type), set(...values));

/** What `signer` says of `content`. `unsigned` is made of the signature. */
export function signerInfo(
  { issuer, serial = integer(1, 2, 3), key, digest }: Signer,
  content: Uint8Array,
  attributes: readonly Buffer[],
  unsigned: (signature: Buffer) => readonly Buffer[] = () => [],
): Buffer {
  const signed = Buffer.concat([...attributes, attribute('1.2.840.113549.1.9.4', octets(hash(digest, content)))]);
  const signature = sign(digest, set(signed), key.privateKey);
  const added = unsigned(signature);
  return sequence(
    integer(1),
    sequence(issuer, serial),
    algorithm(DIGEST_OIDS[digest]),
    der(0xa0, signed),
    algorithm(signatureOid(key, digest)),
    octets(signature),
    ...(added.length === 0 ? [] : [der(0xa1, ...added)]),
  );
}

export function signedData(
  digest: Digest,
  contentInfo: Buffer,
  certificates: readonly Buffer[],
  signers: readonly Buffer[],
): Buffer {
  const set0 = set(algorithm(DIGEST_OIDS[digest]));
  return contentOf(
    '1.2.840.113549.1.7.2',
    sequence(integer(1), set0, contentInfo, der(0xa0, ...certificates), set(...signers)),
  );
}

export const contentOf = (type: string, content: Buffer): Buffer => sequence(oid(type), der(0xa0, content));

export interface Authenticode extends Signer {
  readonly certificates: readonly Buffer[];
  readonly attributes?: readonly Buffer[];
  readonly unsigned?: (signature: Buffer) => readonly Buffer[];
  /** Instead of the file's own. */
  readonly fileDigest?: Buffer;
}

export const INDIRECT_DATA = '1.3.6.1.4.1.311.2.1.4';

/** A message that signs `image`. */
export function authenticode(image: Uint8Array, options: Authenticode): Buffer {
  const { digest, certificates, attributes = [], unsigned, fileDigest = hash(digest, digested(image)) } = options;
  const description = sequence(oid('1.3.6.1.4.1.311.2.1.15'), sequence(der(0x03, Buffer.of(0))));
  const body = Buffer.concat([description, sequence(algorithm(DIGEST_OIDS[digest]), octets(fileDigest))]);
  const signer = signerInfo(
    options,
    body,
    [attribute('1.2.840.113549.1.9.3', oid(INDIRECT_DATA)), ...attributes],
    unsigned,
  );
  return signedData(digest, contentOf(INDIRECT_DATA, sequence(body)), certificates, [signer]);
}

/** The countersignature of a message's signature that PKCS#9 has. */
export function countersignature(signer: Signer, signature: Uint8Array, time: Buffer): Buffer {
  return attribute('1.2.840.113549.1.9.6', signerInfo(signer, signature, [attribute('1.2.840.113549.1.9.5', time)]));
}

/** The time stamp of RFC 3161 as Microsoft adds it. */
export function timeStamp(signer: Signer, signature: Uint8Array, certificates: readonly Buffer[]): Buffer {
  const { digest } = signer;
  const imprint = sequence(algorithm(DIGEST_OIDS[digest]), octets(hash(digest, signature)));
  const info = sequence(integer(1), oid('1.2.3.4'), imprint, integer(7), text('20240101000000Z', 0x18));
  const content = contentOf('1.2.840.113549.1.9.16.1.4', octets(info));
  const time = attribute('1.2.840.113549.1.9.5', text('240102030405Z', 0x17));
  return attribute(
    '1.3.6.1.4.1.311.3.3.1',
    signedData(digest, content, certificates, [signerInfo(signer, info, [time])]),
  );
}

// Files -------------------------------------------------------------------------------------------------------------------

const PE_AT = 64;
const CHECKSUM_AT = PE_AT + 24 + 64;
const SECURITY_AT = PE_AT + 24 + 96 + 4 * 8;
const IMAGE_BYTES = 512;

/** A file of 32 bits without sections, and without certificates. */
export function unsignedImage(): Buffer {
  const image = Buffer.alloc(IMAGE_BYTES, 0x90);
  image.fill(0, 0, 400);
  image.write('MZ', 0, 'latin1');
  image.writeUInt32LE(PE_AT, 60);
  image.write('PE\0\0', PE_AT, 'latin1');
  image.writeUInt16LE(0x14c, PE_AT + 4);
  image.writeUInt16LE(224, PE_AT + 20);
  image.writeUInt16LE(0x10b, PE_AT + 24);
  image.writeUInt32LE(IMAGE_BYTES, PE_AT + 24 + 60);
  image.writeUInt32LE(16, PE_AT + 24 + 92);
  return image;
}

function digested(image: Uint8Array): Buffer {
  return Buffer.concat([
    image.subarray(0, CHECKSUM_AT),
    image.subarray(CHECKSUM_AT + 4, SECURITY_AT),
    image.subarray(SECURITY_AT + 8),
  ]);
}

/** The image with a table of these messages behind it. */
export function withSignatures(image: Uint8Array, ...messages: readonly Uint8Array[]): Buffer {
  const entries = messages.map((message) => {
    const entry = Buffer.alloc(Math.ceil((8 + message.length) / 8) * 8);
    entry.writeUInt32LE(8 + message.length, 0);
    entry.writeUInt16LE(0x200, 4);
    entry.writeUInt16LE(2, 6);
    entry.set(message, 8);
    return entry;
  });
  const file = Buffer.concat([image, ...entries]);
  file.writeUInt32LE(image.length, SECURITY_AT);
  file.writeUInt32LE(file.length - image.length, SECURITY_AT + 4);
  return file;
}

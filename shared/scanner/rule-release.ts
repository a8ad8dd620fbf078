/**
 * A release: compiled rules, the exclusions and the policies in one file, so that a scanner that takes up new ones while it runs
 * has all three or none. Little endian:
 *
 *   offset  size
 *   0       8     "SLRULES1"
 *   8       4     length of the rules (a bundle)
 *   12      4     length of the exclusions (JSON, UTF-8)
 *   16      4     length of the policies (JSON, UTF-8)
 *   20      …     rules, exclusions, policies
 *   then    64    Ed25519 signature over everything before it (RFC 8032), or nothing
 *
 * The digest is the SHA-256 of everything but the signature: signing a release does not change what pins it. Here is what the
 * bytes are and who vouches for them; whether the rules in them can be used is `rule-unit.ts`.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const MAGIC = 'SLRULES1';
const HEAD = 20;
const SIGNATURE = 64;

/** No release is larger. */
export const MAX_RELEASE_BYTES = 256 * 1024 * 1024;

export interface ReleaseParts {
  /** A bundle, as `encodeRules` gives it. */
  readonly rules: Uint8Array;
  readonly exclusions: string;
  readonly policies: string;
}

export interface RuleRelease extends ReleaseParts {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  /** What a signature is over. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/** The bytes are no release, or not the one that is wanted. The message says what is wrong. */
export class ReleaseFault extends Error {
  override readonly name = 'ReleaseFault';
}

/** Without a signature. The same parts give the same bytes. */
export function encodeRelease({ rules, exclusions, policies }: ReleaseParts): Uint8Array {
  const parts = [rules, Buffer.from(exclusions), Buffer.from(policies)];
  const head = Buffer.alloc(HEAD);
  head.write(MAGIC, 'latin1');
  for (const [index, part] of parts.entries()) head.writeUInt32LE(part.length, 8 + 4 * index);
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

/** Throws `ReleaseFault`. What it gives does not share memory with `bytes`, but for what the signature is over. */
export function decodeRelease(bytes: Uint8Array): RuleRelease {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEAD || buffer.toString('latin1', 0, 7) !== MAGIC.slice(0, 7)) {
    throw new ReleaseFault('it is no release of rules');
  }
  const version = buffer.toString('latin1', 7, 8);
  if (version !== MAGIC.at(-1)) throw new ReleaseFault(`its version is ${JSON.stringify(version)}, and 1 is known`);
  const lengths = [8, 12, 16].map((offset) => buffer.readUInt32LE(offset));
  const end = HEAD + lengths.reduce((sum, length) => sum + length, 0);
  const isSigned = buffer.length === end + SIGNATURE;
  if (buffer.length !== end && !isSigned) {
    throw new ReleaseFault(`it has ${buffer.length} bytes, and its head says ${end} or ${end + SIGNATURE}`);
  }
  const [rules, exclusions] = [lengths[0]!, lengths[1]!];
  return {
    // Into memory of its own, which is aligned.
    rules: new Uint8Array(buffer.subarray(HEAD, HEAD + rules)),
    exclusions: buffer.toString('utf8', HEAD + rules, HEAD + rules + exclusions),
    policies: buffer.toString('utf8', HEAD + rules + exclusions, end),
    digest: createHash('sha256').update(buffer.subarray(0, end)).digest('hex'),
    signedBytes: buffer.subarray(0, end),
    signature: isSigned ? new Uint8Array(buffer.subarray(end)) : undefined,
  };
}

/** The release with a signature, in place of one that it had. Throws `ReleaseFault`, and for a key that is not Ed25519. */
export function signRelease(bytes: Uint8Array, key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType !== 'ed25519') throw new ReleaseFault('the key is not an Ed25519 key');
  const { signedBytes } = decodeRelease(bytes);
  return new Uint8Array(Buffer.concat([signedBytes, sign(null, signedBytes, key)]));
}

/** Who must vouch for a release: its digest, a signature, or both. */
export interface ReleaseTrust {
  readonly digest: string | undefined;
  readonly publicKey: KeyObject | undefined;
}

/** Throws `ReleaseFault` unless everything that is asked for holds. */
export function requireTrust(release: RuleRelease, { digest, publicKey }: ReleaseTrust): void {
  if (digest !== undefined && release.digest !== digest) {
    throw new ReleaseFault(`its digest is ${release.digest}, and ${digest} is pinned`);
  }
  if (publicKey === undefined) return;
  if (release.signature === undefined) throw new ReleaseFault('it is not signed');
  if (!verify(null, release.signedBytes, publicKey, release.signature)) {
    throw new ReleaseFault('its signature is not of the key that is trusted');
  }
}

/** The private key in a PEM text. Throws `ReleaseFault`. */
export function readSigningKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's own words say nothing to a person, and may quote.
    throw new ReleaseFault('the key is no unencrypted private key in PEM');
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new ReleaseFault(`the key is ${key.asymmetricKeyType ?? 'of no kind'}, and not Ed25519`);
}

/** A public key as settings hold it: SPKI in base64, the middle line of its PEM. */
export function publicKeyText(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

/** The same the other way; the text has been checked. */
export function publicKeyOf(text: string): KeyObject {
  return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
}

/**
 * Checks a signature with the key of a certificate: RSA (PKCS#1 v1.5), DSA, ECDSA on P-256 and P-384. Any other key, and one
 * that is not well-formed, verifies nothing. `Bound` for a key that is larger, or one more, than what is calculated with.
 * Sources: RFC 8017, 8.2.2; FIPS 186-4, 4.7; RFC 5480.
 */
import { p256, p384 } from '@noble/curves/nist.js';
import { Fault, objectIdentifier, Reader, readable, TAG } from './ber.ts';
import { Bound, MAX_KEY_BITS, type SignatureBudget } from './signature-bounds.ts';
import type { DigestName } from './signature-digests.ts';
import type { PublicKeyBytes } from './x509.ts';

const RSA = '1.2.840.113549.1.1.1';
const DSA = '1.2.840.10040.4.1';
const ELLIPTIC_CURVE = '1.2.840.10045.2.1';

export interface SignedDigest {
  readonly name: DigestName;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

export function isSignedBy({ algorithm, key }: PublicKeyBytes, signed: SignedDigest, budget: SignatureBudget): boolean {
  const { oid, parameters } = algorithm;
  budget.take('limit:peKeyOperations');
  switch (oid) {
    case RSA:
      return isSignedByRsa(key, signed);
    case DSA:
      return parameters !== undefined && isSignedByDsa(parameters.content, key, signed, budget);
    case ELLIPTIC_CURVE: {
      const curve = parameters?.tag === TAG.oid ? CURVES[objectIdentifier(parameters.content).dotted] : undefined;
      return curve !== undefined && isSignedByCurve(curve, key, signed);
    }
    default:
      return false;
  }
}

// RSA ---------------------------------------------------------------------------------------------------------------------

const MAX_RSA_BITS = 4096;
const MAX_EXPONENT = (1n << 33n) - 1n;

/** What stands before a digest where it is signed; some signers leave it out. Source: RFC 8017, 9.2, note 1. */
const PREFIXES: Readonly<Record<DigestName, string>> = {
  md2: '3020300c06082a864886f70d020205000410',
  md5: '3020300c06082a864886f70d020505000410',
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

function isSignedByRsa(key: Uint8Array, { name, digest, signature }: SignedDigest): boolean {
  const numbers = readable(() => {
    const outer = new Reader(key);
    const reader = outer.inside(TAG.sequence, 'der');
    const read = [positive(reader), positive(reader)] as const;
    if (!reader.isAtEnd || !outer.isAtEnd) throw new Fault(false);
    return read;
  });
  if (numbers === undefined) return false;
  const [modulus, exponent] = numbers;
  if (bitsOf(modulus) > MAX_RSA_BITS || exponent > MAX_EXPONENT || exponent < 2n || exponent >= modulus) return false;
  if (modulus % 2n === 0n || exponent % 2n === 0n) return false;
  const length = Math.ceil(bitsOf(modulus) / 8);
  if (signature.length !== length || integerOf(signature) >= modulus) return false;
  const opened = power(integerOf(signature), exponent, modulus)
    .toString(16)
    .padStart(2 * length, '0');
  const digits = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [`${PREFIXES[name]}${digits}`, digits].some((message) => {
    const padding = length - 3 - message.length / 2;
    return padding >= 8 && opened === `0001${'ff'.repeat(padding)}00${message}`;
  });
}

// DSA ---------------------------------------------------------------------------------------------------------------------

/** What takes an exponent of `bits` and a modulus of `modulusBits`, where the usual key of 1,024 and 160 bits takes 1. */
function costOf(bits: number, modulusBits: number): number {
  return Math.ceil((bits / 160) * (modulusBits / 1024) ** 2);
}

function isSignedByDsa(
  parameters: Uint8Array,
  key: Uint8Array,
  { digest, signature }: SignedDigest,
  budget: SignatureBudget,
): boolean {
  const numbers = readable(() => {
    const reader = new Reader(parameters);
    const integer = (from: Reader): bigint => integerOf(from.tagged(TAG.integer, 'ber').content);
    const domain = [integer(reader), integer(reader), integer(reader)] as const;
    const signed = new Reader(signature).inside(TAG.sequence, 'der');
    return { domain, y: integer(new Reader(key)), r: positive(signed), s: positive(signed) };
  });
  if (numbers === undefined) return false;
  const { y, r, s } = numbers;
  const [p, q, g] = numbers.domain;
  if (bitsOf(p) > MAX_KEY_BITS || bitsOf(q) > MAX_KEY_BITS) throw new Bound('limit:peKeyBits');
  budget.take('limit:peKeyOperations', costOf(bitsOf(q), bitsOf(p)));
  if (p < 2n || q < 2n || g < 2n || g > p || y < 2n || y > p || power(y, q, p) !== 1n) return false;
  if (r <= 0n || s <= 0n || r >= q || s >= q) return false;
  const inverse = inverseOf(s, q);
  if (inverse === undefined) return false;
  const hashed = integerOf(digest.subarray(0, Math.min(digest.length, Math.floor(bitsOf(q) / 8))));
  const first = power(g, (hashed * inverse) % q, p);
  const second = power(y, (r * inverse) % q, p);
  return ((first * second) % p) % q === r;
}

// Elliptic curves ---------------------------------------------------------------------------------------------------------

interface Curve {
  readonly curve: typeof p256;
  readonly bytes: number;
}

const CURVES: Readonly<Record<string, Curve>> = {
  '1.2.840.10045.3.1.7': { curve: p256, bytes: 32 },
  '1.3.132.0.34': { curve: p384, bytes: 48 },
};

function isSignedByCurve({ curve, bytes }: Curve, key: Uint8Array, { digest, signature }: SignedDigest): boolean {
  if (digest.length < bytes / 2) return false;
  try {
    return curve.verify(signature, digest, key, { prehash: false, lowS: false, format: 'der' });
  } catch {
    // A key that is no point of the curve.
    return false;
  }
}

// Numbers -----------------------------------------------------------------------------------------------------------------

/** An integer that is not negative, in as few bytes as it needs. */
function positive(reader: Reader): bigint {
  const { content } = reader.primitive(TAG.integer, 'der');
  const isLonger = content.length > 1 && content[0] === 0 && content[1]! < 0x80;
  if (content.length === 0 || content[0]! >= 0x80 || isLonger) throw new Fault(false);
  return integerOf(content);
}

function integerOf(bytes: Uint8Array): bigint {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits === '' ? 0n : BigInt(`0x${digits}`);
}

function bitsOf(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverseOf(value: bigint, modulus: bigint): bigint | undefined {
  let [previous, current] = [modulus, value % modulus];
  let [before, now] = [0n, 1n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [before, now] = [now, before - quotient * now];
  }
  return previous === 1n ? ((before % modulus) + modulus) % modulus : undefined;
}

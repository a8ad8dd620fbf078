/** Digests by the names that certificates and signatures have for them. */
import { sha384, sha512 } from '@noble/hashes/sha2.js';
import { md5, sha1, sha256 } from '../digests.ts';
import type { Accumulator } from '../range-computations.ts';
import { md2 } from './md2.ts';

export type DigestName = 'md2' | 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** As algorithms of digests, and of RSA signatures of them. */
const BY_OID: Readonly<Record<string, DigestName>> = {
  '1.2.840.113549.2.2': 'md2',
  '1.2.840.113549.1.1.2': 'md2',
  '1.2.840.113549.2.5': 'md5',
  '1.2.840.113549.1.1.4': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '1.3.14.3.2.29': 'sha1',
  '1.2.840.113549.1.1.5': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '1.2.840.113549.1.1.11': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '1.2.840.113549.1.1.12': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.840.113549.1.1.13': 'sha512',
};

/** As algorithms of signatures by other keys. */
const OF_OTHER_KEYS: Readonly<Record<string, DigestName>> = {
  '1.2.840.10040.4.3': 'sha1',
  '2.16.840.1.101.3.4.3.2': 'sha256',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

export function digestNamed(oid: string): DigestName | undefined {
  return BY_OID[oid];
}

export function digestOfSignature(oid: string): DigestName | undefined {
  return BY_OID[oid] ?? OF_OTHER_KEYS[oid];
}

/** The digest of what `update` is given. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  finish(): Uint8Array;
}

export function runningDigest(name: DigestName): RunningDigest {
  switch (name) {
    case 'md2':
      return md2();
    case 'md5':
      return accumulated(md5());
    case 'sha1':
      return accumulated(sha1());
    case 'sha256':
      return accumulated(sha256());
    case 'sha384':
      return ofLibrary(sha384.create());
    case 'sha512':
      return ofLibrary(sha512.create());
  }
}

export function digestOf(name: DigestName, ...parts: readonly Uint8Array[]): Uint8Array {
  const digest = runningDigest(name);
  for (const part of parts) digest.update(part);
  return digest.finish();
}

function accumulated(accumulator: Accumulator<Uint8Array>): RunningDigest {
  return {
    update: (bytes) => {
      accumulator.update(bytes, 0, bytes.length);
    },
    finish: () => fromHex(accumulator.finish()),
  };
}

function ofLibrary(hash: { update(bytes: Uint8Array): unknown; digest(): Uint8Array }): RunningDigest {
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    finish: () => hash.digest(),
  };
}

function fromHex(hex: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(String.fromCharCode(hex[2 * at]!, hex[2 * at + 1]!), 16),
  );
}

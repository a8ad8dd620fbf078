/**
 * What is read of a file's signatures and calculated for them at most; a file with more has signatures that cannot be learnt.
 * The counts are of all its messages together and depend on their bytes alone.
 */

/** Messages in the table of certificates. */
export const MAX_ENTRIES = 256;
/** Signatures within signatures. */
export const MAX_NESTED = 16;
/** Of one object identifier; the longest that can have a name takes 39. */
export const MAX_OID_BYTES = 1024;
/** Bits of a modulus; the largest that keys of the reference may have where it has a bound. */
export const MAX_KEY_BITS = 8192;

const MOST = {
  /** Bytes of messages. */
  'limit:peSignatureBytes': 1 << 23,
  /** Certificates, signers, attributes and values of attributes. */
  'limit:peSignatureItems': 4096,
  /** Bytes of messages that digests are computed of. */
  'limit:peSignatureDigests': 1 << 26,
  /** Signatures checked with a key; one with a large DSA key counts as many. */
  'limit:peKeyOperations': 512,
} as const;

/** A bound was met; told to the object's view by its reason. */
export class Bound extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Counts for one file. */
export class SignatureBudget {
  readonly #taken = new Map<string, number>();

  /** Throws a `Bound` where that is more than is left. */
  take(bound: keyof typeof MOST, amount = 1): void {
    const taken = (this.#taken.get(bound) ?? 0) + amount;
    if (taken > MOST[bound]) throw new Bound(bound);
    this.#taken.set(bound, taken);
  }
}

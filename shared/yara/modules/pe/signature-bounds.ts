/** What is read of certificates at most; a file with more has signatures that cannot be learnt. */

/** Bytes of one message. */
export const MAX_SIGNATURE_BYTES = 1 << 22;
/** Messages in the table of certificates. */
export const MAX_ENTRIES = 256;
/** Certificates, attributes or values in one list. */
export const MAX_ITEMS = 1024;
/** Signatures within signatures. */
export const MAX_NESTED = 16;
/** Signatures checked with a key, for all of a file's values together. */
export const MAX_KEY_OPERATIONS = 2048;
/** Bits of a modulus; the largest that keys of the reference may have where it has a bound. */
export const MAX_KEY_BITS = 8192;

/** A bound was met; told to the object's view by its reason. */
export class Bound extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

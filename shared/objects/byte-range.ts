/** The arithmetic of offsets that all sources share. Offsets and lengths are bytes; a wrong one is a bug of the caller. */

/** How many of the bytes `offset … offset + length` exist in an object of `size` bytes. Throws `RangeError`. */
export function existingLength(offset: number, length: number, size: number): number {
  requireOffset('offset', offset);
  requireOffset('length', length);
  return Math.max(0, Math.min(length, size - offset));
}

/** Throws `RangeError` unless `value` is an integer from 0 to 2^53 - 1. */
export function requireOffset(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is not a byte offset: ${value}`);
}

/** Throws `RangeError` unless `value` is an integer from 1 to 2^53 - 1. */
export function requireSize(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} is not a positive integer: ${value}`);
}

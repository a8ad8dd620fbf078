/**
 * Signed 64-bit arithmetic. An integer is a number while that is exact and a bigint beyond ±(2^53 − 1), never both for one
 * value, so `===` compares integers and `<` works across the two. Results wrap at 64 bits.
 */
export type Integer = number | bigint;

const INT64_MIN = -(2n ** 63n);

/** The one form of that value. */
export function toInteger(value: bigint): Integer {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function wrap(value: bigint): Integer {
  return toInteger(BigInt.asIntN(64, value));
}

export function add(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return wrap(BigInt(a) + BigInt(b));
}

export function subtract(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return wrap(BigInt(a) - BigInt(b));
}

export function multiply(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return wrap(BigInt(a) * BigInt(b));
}

/** Toward zero; undefined for a zero divisor and where the quotient does not fit. */
export function divide(a: Integer, b: Integer): Integer | undefined {
  if (b === 0) return undefined;
  // The remainder is exact, and so is the division of what it leaves.
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  if (a === INT64_MIN && b === -1) return undefined;
  return toInteger(BigInt(a) / BigInt(b));
}

/** Takes the sign of the dividend; undefined for a zero divisor. */
export function remainder(a: Integer, b: Integer): Integer | undefined {
  if (b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return toInteger(BigInt(a) % BigInt(b));
}

export function negate(a: Integer): Integer {
  return typeof a === 'number' ? 0 - a : wrap(-a);
}

export function bitAnd(a: Integer, b: Integer): Integer {
  return isInt32(a) && isInt32(b) ? a & b : toInteger(BigInt(a) & BigInt(b));
}

export function bitOr(a: Integer, b: Integer): Integer {
  return isInt32(a) && isInt32(b) ? a | b : toInteger(BigInt(a) | BigInt(b));
}

export function bitXor(a: Integer, b: Integer): Integer {
  return isInt32(a) && isInt32(b) ? a ^ b : toInteger(BigInt(a) ^ BigInt(b));
}

export function bitNot(a: Integer): Integer {
  return typeof a === 'number' ? subtract(-1, a) : toInteger(~a);
}

/** A count of 64 or more leaves nothing; a negative one counts modulo 64. */
export function shiftLeft(a: Integer, count: Integer): Integer {
  const by = shiftCount(count);
  return by === undefined ? 0 : wrap(BigInt(a) << by);
}

/** Keeps the sign; counts as for `shiftLeft`. */
export function shiftRight(a: Integer, count: Integer): Integer {
  const by = shiftCount(count);
  return by === undefined ? 0 : wrap(BigInt(a) >> by);
}

function shiftCount(count: Integer): bigint | undefined {
  if (count >= 64) return undefined;
  return BigInt.asUintN(6, BigInt(count));
}

function isInt32(value: Integer): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

/** Arithmetic on integer constants: as at run time, but a sum or product that leaves 64 bits stays at the edge. */
import type { ArithmeticOperator } from '../syntax/ast.ts';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export interface Folded {
  readonly value: bigint;
  readonly overflows: boolean;
}

/** Undefined for division and remainder, which are left to run time. */
export function foldArithmetic(operator: ArithmeticOperator, operands: readonly bigint[]): Folded | undefined {
  const [first, ...rest] = operands;
  switch (operator) {
    case '+':
      return saturated(rest.reduce((sum, operand) => sum + operand, first!));
    case '-':
      return saturated(rest.reduce((difference, operand) => difference - operand, first!));
    case '*':
      return saturated(rest.reduce(product, first!));
    case '\\':
    case '%':
      return undefined;
    case '&':
      return exact(rest.reduce((bits, operand) => bits & operand, first!));
    case '|':
      return exact(rest.reduce((bits, operand) => bits | operand, first!));
    case '^':
      return exact(rest.reduce((bits, operand) => bits ^ operand, first!));
    case '<<':
      return exact(rest.reduce((bits, count) => (count >= 64n ? 0n : BigInt.asIntN(64, bits << count)), first!));
    case '>>':
      return exact(rest.reduce((bits, count) => (count >= 64n ? 0n : bits >> count), first!));
  }
}

/** The smallest integer has no opposite and stays itself. */
export function foldNegation(value: bigint): bigint {
  return BigInt.asIntN(64, -value);
}

/** Beyond this only the sign of a product matters, until a zero comes. */
const FAR = 2n ** 128n;

function product(left: bigint, right: bigint): bigint {
  const value = left * right;
  if (value > FAR) return FAR;
  return value < -FAR ? -FAR : value;
}

function saturated(value: bigint): Folded {
  if (value > INT64_MAX) return { value: INT64_MAX, overflows: true };
  if (value < INT64_MIN) return { value: INT64_MIN, overflows: true };
  return exact(value);
}

function exact(value: bigint): Folded {
  return { value, overflows: false };
}

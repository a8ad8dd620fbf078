/** Arithmetic on integer constants: as at run time, but what leaves 64 bits stays at the edge. */
import type { ArithmeticOperator } from '../syntax/ast.ts';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export interface Folded {
  readonly value: bigint;
  readonly overflows: boolean;
}

/** Undefined where the result is not defined, or left to run time. */
export function foldArithmetic(operator: ArithmeticOperator, left: bigint, right: bigint): Folded | undefined {
  switch (operator) {
    case '+':
      return saturated(left + right);
    case '-':
      return saturated(left - right);
    case '*':
      return saturated(left * right);
    case '\\':
      return right === 0n || (left === INT64_MIN && right === -1n) ? undefined : saturated(left / right);
    case '%':
      return right === 0n ? undefined : saturated(left % right);
    case '&':
      return saturated(left & right);
    case '|':
      return saturated(left | right);
    case '^':
      return saturated(left ^ right);
    case '<<':
      return right < 0n ? undefined : saturatedShift(right >= 64n ? 0n : BigInt.asIntN(64, left << right));
    case '>>':
      return right < 0n ? undefined : saturatedShift(right >= 64n ? 0n : left >> right);
  }
}

export function foldNegation(value: bigint): Folded {
  return saturated(-value);
}

function saturated(value: bigint): Folded {
  if (value > INT64_MAX) return { value: INT64_MAX, overflows: true };
  if (value < INT64_MIN) return { value: INT64_MIN, overflows: true };
  return { value, overflows: false };
}

function saturatedShift(value: bigint): Folded {
  return { value, overflows: false };
}

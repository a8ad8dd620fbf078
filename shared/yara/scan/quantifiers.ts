/** When does a quantifier hold? All of them ask only how many items of a set hold, so bounds on that number can decide. */
import { QUANTIFIER } from '../bundle/opcodes.ts';
import type { Integer } from './integers.ts';

export interface Quantifier {
  /** One of `QUANTIFIER`. */
  readonly kind: number;
  /** Of `number` and `percentage`. */
  readonly number: Integer;
  /** `0 of them` holds always, `0 of them in (0..9)` and `for 0 …` hold for exactly none. */
  readonly zeroIsNone: boolean;
}

/** Does it hold when `count` of `total` items hold? */
export function holds({ kind, number, zeroIsNone }: Quantifier, count: number, total: number): boolean {
  switch (kind) {
    case QUANTIFIER.all:
      return count === total;
    case QUANTIFIER.any:
      return count > 0;
    case QUANTIFIER.none:
      return count === 0;
    case QUANTIFIER.number:
      if (number > 0) return count >= number;
      if (!zeroIsNone) return true;
      return number === 0 ? count === 0 : count > 0;
    default:
      if (number <= 0) return count === 0;
      return (count / total) * 100 >= number;
  }
}

/**
 * Does it hold when at least `count` items hold, and at most `count + unknown`? Undefined when that is not enough to say.
 * What holds changes at most once as the count grows, so the two ends decide.
 */
export function holdsWithin(
  quantifier: Quantifier,
  count: number,
  unknown: number,
  total: number,
): boolean | undefined {
  const atLeast = holds(quantifier, count, total);
  return unknown === 0 || atLeast === holds(quantifier, count + unknown, total) ? atLeast : undefined;
}

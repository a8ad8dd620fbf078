/** Statistics are the reference's to the last bit. */
import { describe, expect, it } from 'vitest';
import { mathFunctions } from '../../../../../shared/yara/modules/math/functions.ts';
import type { CallContext } from '../../../../../shared/yara/modules/module.ts';
import { computeOver } from '../../../../../shared/yara/modules/range-computations.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';
import { askReference } from '../both-engines.ts';

const ROUNDS = 40;

describe(`statistics, seed ${seed}`, () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round))('are the reference’s in round %i', (round) => {
    const random = randomFor('statistics', String(round));
    const length = random.below(3000);
    const letters = 1 + random.below(256);
    const bytes = Uint8Array.from({ length }, () => random.below(letters));
    const offset = random.below(length + 1);
    const count = random.below(length + 1);
    const questions = [
      ['entropy', 'integer, integer', offset, count],
      ['mean', 'integer, integer', offset, count],
      ['deviation', 'integer, integer, float', offset, count, 64.5],
      ['serial_correlation', 'integer, integer', offset, count],
      ['monte_carlo_pi', 'integer, integer', offset, count],
      ['percentage', 'integer, integer, integer', letters - 1, offset, count],
    ] as const;
    for (const [name, types, ...args] of questions) {
      const value = mathFunctions[`math.${name}(${types})`]!(contextOver(bytes), ...args) as number | undefined;
      const call = `math.${name}(${args.join(', ')})`;
      const condition = value === undefined ? `not defined ${call}` : `${call} == ${exactly(value)}`;
      const rule = `import "math" rule r { condition: ${condition} }`;
      expect(askReference(rule, bytes).matches, `${condition}, seed ${seed}`).toEqual(['r']);
    }
  });
});

function contextOver(bytes: Uint8Array): CallContext {
  return {
    object: {
      size: bytes.length,
      unsigned: unasked,
      unsigned64: unasked,
      bytes: unasked,
      refuse: unasked,
    },
    now: 0,
    root: unasked,
    charge: unasked,
    log: unasked,
    range: (kind, offset, length) => computeOver(kind, bytes.subarray(offset, offset + length)),
  };
}

function unasked(): never {
  throw new Error('statistics ask for ranges only');
}

/** Digits that are read back as the same number, without an exponent. */
function exactly(value: number): string {
  const digits = value.toFixed(30);
  return Number(digits) === value ? digits : value.toPrecision(17);
}

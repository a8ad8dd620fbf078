/** Rules and objects by the grammar: both engines take or refuse the same rules, and answer the same about the same bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, RuleCompileError } from '../../shared/yara/index.ts';
import { compileByBoth } from '../differential/question.ts';
import { compileByReference } from '../differential/reference.ts';
import { runs } from '../conformance/seed.ts';
import { seedOfRun } from '../differential/random.ts';
import { describe as show } from '../differential/shrink.ts';
import { grammarCase, objectBytes } from './yara-grammar.ts';

/** `SLUICE_RUNS` times as long for a longer look. */
const MILLISECONDS = runs(20_000);
const seed = seedOfRun(process.env['SLUICE_SEED'] ?? '20260701');

/** Forms that ours takes as libyara does, and says so; and what ours does not do yet. */
const OTHERWISE: ReadonlySet<string> = new Set(['regex_matches_empty', 'zero_index', 'E900', 'E901']);

interface Compiled {
  readonly errors: readonly string[];
  readonly isOtherwise: boolean;
}

function compileHere(text: string): Compiled {
  const codes = (diagnostics: readonly { readonly code: string }[]): string[] => diagnostics.map(({ code }) => code);
  try {
    const { warnings } = compileRules([{ text }]);
    return { errors: [], isOtherwise: codes(warnings).some((code) => OTHERWISE.has(code)) };
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    const errors = codes(error.diagnostics.filter(({ severity }) => severity === 'error'));
    return { errors, isOtherwise: codes(error.diagnostics).some((code) => OTHERWISE.has(code)) };
  }
}

async function errorsOfReference(text: string): Promise<readonly string[]> {
  const answer = await compileByReference([{ namespace: 'n', text }], {});
  if ('errors' in answer) return answer.errors;
  answer.free();
  return [];
}

describe(`rules by the grammar, with seed ${seed}`, () => {
  it('mean the same in both engines', { timeout: 10 * MILLISECONDS }, async () => {
    let compared = 0;
    let matched = 0;
    const property = fc.asyncProperty(grammarCase, async ({ text, objects }) => {
      const here = compileHere(text);
      if (here.isOtherwise) return;
      const there = await errorsOfReference(text);
      if (here.errors.length > 0 !== there.length > 0) {
        throw new Error(
          `${text}\nours: ${here.errors.join(' ') || 'compiles'}\nreference: ${there.join('\n') || 'compiles'}`,
        );
      }
      const sources = [{ namespace: 'n', text }];
      const both = here.errors.length > 0 ? undefined : await compileByBoth(sources, {});
      if (both === undefined) return;
      try {
        for (const parts of objects) {
          const bytes = objectBytes(text, parts);
          const asked = await both.ask(bytes);
          compared++;
          matched += asked.reference.size;
          const question = { sources, bytes, externals: {} };
          if (asked.unexplained.length > 0) throw new Error(show({ question, asked }, seed));
        }
      } finally {
        both.free();
      }
    });
    await fc.assert(property, {
      seed,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: MILLISECONDS,
      markInterruptAsFailure: false,
    });
    console.log(`${compared} objects compared, ${matched} rules matched`);
    // Hundreds where nothing else runs; a machine that is busy gets to few.
    expect(compared).toBeGreaterThan(4);
    expect(matched).toBeGreaterThan(1);
  });
});

/**
 * Sources from anywhere: compiled, or refused with a RuleCompileError that names known codes; never another error, in bounded
 * time and memory. With `onInvalidRule: 'skip'` nothing is thrown, and what is left can be encoded and scanned with.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileRules,
  decodeRules,
  encodeRules,
  RuleCompileError,
  scanBytes,
  type CompiledRules,
} from '../../../../../shared/yara/index.ts';
import { ERROR_CODES, WARNING_CODES } from '../../../../../shared/yara/syntax/codes.ts';
import { seedOfRun } from '../../../../differential/random.ts';
import { grammarCases } from '../../../../unit/shared/yara/syntax/grammar-cases.ts';
import { grammarCase } from '../../../yara-grammar.ts';
import { damaged, damages } from '../damage.ts';

const seed = seedOfRun(process.env['SLUICE_SEED'] ?? '20260701');
const MILLISECONDS = 15_000;
/** One source of a few hundred bytes may take this long on a busy machine. */
const LONGEST = 10_000;
const MOST_MEMORY = 768 * 1024 * 1024;

const codes: ReadonlySet<string> = new Set([...Object.keys(ERROR_CODES), ...Object.keys(WARNING_CODES)]);
const object = new TextEncoder().encode('abc a1b xx abab \0b\0a YWJj AbcabcdE http://a.b/c?d=e ~ MZ'.repeat(3));

/** Rules by the grammar, those of the parser's tests, several of either in one source; mostly damaged. */
const source = fc
  .tuple(
    fc.array(
      fc.oneof(
        grammarCase.map(({ text }) => text),
        fc.constantFrom(...grammarCases().map((one) => one.source)),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.option(damages, { freq: 4, nil: undefined }),
  )
  .map(([texts, all]) => {
    const whole = new TextEncoder().encode(texts.join('\n'));
    return all === undefined ? whole : damaged(whole, all, 0);
  });

function compile(text: Uint8Array, onInvalidRule: 'throw' | 'skip'): CompiledRules | undefined {
  try {
    return compileRules([{ text, name: 'a.yar' }], { onInvalidRule });
  } catch (error) {
    if (!(error instanceof RuleCompileError) || onInvalidRule === 'skip') throw error;
    expect(error.diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
    for (const { code, rendered } of error.diagnostics) {
      expect(codes).toContain(code);
      expect(rendered).toContain(' --> a.yar:');
    }
    return undefined;
  }
}

describe(`compileRules, with seed ${seed}`, () => {
  it('takes or refuses any source, and what it takes can be used', { timeout: 8 * MILLISECONDS }, async () => {
    const outcomes = { taken: 0, refused: 0 };
    const property = fc.asyncProperty(source, async (text) => {
      const started = performance.now();
      const before = process.memoryUsage().rss;
      const rules = compile(text, 'throw');
      outcomes[rules === undefined ? 'refused' : 'taken']++;
      const sound = rules ?? compile(text, 'skip')!;
      if (rules === undefined) expect(sound.skipped.length).toBeGreaterThan(0);
      const decoded = decodeRules(encodeRules(sound));
      expect(decoded.rules).toEqual(sound.rules);
      await scanBytes(decoded, object, { limits: { evaluationSteps: 1_000_000 } });
      expect(performance.now() - started).toBeLessThan(LONGEST);
      expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY);
    });
    await fc.assert(property, {
      seed,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: MILLISECONDS,
      markInterruptAsFailure: false,
    });
    expect(outcomes.taken).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});

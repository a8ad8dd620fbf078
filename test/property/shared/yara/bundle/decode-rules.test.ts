/** Bundles from anywhere: refused with a BundleError or used without harm, in bounded time and memory. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BundleError,
  decodeRules,
  encodeRules,
  scanBytes,
  type CompiledRules,
} from '../../../../../shared/yara/index.ts';
import { seedOfRun } from '../../../../differential/random.ts';
import { damaged, damages, variedRules, withChecksum } from '../damage.ts';

const seed = seedOfRun(process.env['SLUICE_SEED'] ?? '20260701');
const MILLISECONDS = 10_000;
/** One decoding or one scan of a small object may take this long on a busy machine. */
const LONGEST = 5_000;
const MOST_MEMORY = 512 * 1024 * 1024;
const CHECKSUM_AT = 16;
const BODY_AT = 48;

const object = new TextEncoder().encode(
  'a needle n\0e\0e\0d\0l\0e\0 rbdsdu MZabc12 abababcdcd abdefabc xyzzy 0123z \x7fELF cab hidden aGlkZGVu ~'.repeat(6),
);

function decode(bytes: Uint8Array): CompiledRules | undefined {
  try {
    return decodeRules(bytes);
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

/** What takes too long or too much is a failure like any other. */
async function bounded(action: () => Promise<void> | void): Promise<void> {
  const started = performance.now();
  const before = process.memoryUsage().rss;
  await action();
  expect(performance.now() - started).toBeLessThan(LONGEST);
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY);
}

const options = { seed, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false };

describe(`decodeRules, with seed ${seed}`, () => {
  const bundle = encodeRules(variedRules());

  it('takes what encodeRules made, and nothing else is behind it', async () => {
    const rules = decodeRules(bundle);
    expect(encodeRules(rules)).toEqual(bundle);
    expect((await scanBytes(rules, object)).matches.length).toBeGreaterThan(0);
    expect(() => decodeRules(bundle.subarray(0, -1))).toThrow(BundleError);
    const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
    expect(decodeRules(bundle, { sha256 }).digest).toBe(rules.digest);
    expect(() => decodeRules(bundle, { sha256: (bytes) => sha256(bytes.subarray(1)) })).toThrow(BundleError);
  });

  it('refuses damaged bundles by their checksum', { timeout: 6 * MILLISECONDS }, async () => {
    const property = fc.asyncProperty(damages, (all) =>
      bounded(() => {
        const bytes = damaged(bundle, all, 0);
        if (Buffer.compare(bytes, bundle) !== 0) expect(decode(bytes)).toBeUndefined();
      }),
    );
    await fc.assert(property, { ...options, interruptAfterTimeLimit: MILLISECONDS / 4 });
  });

  it('refuses or survives bundles that were changed on purpose', { timeout: 6 * MILLISECONDS }, async () => {
    let accepted = 0;
    const property = fc.asyncProperty(damages, (all) =>
      bounded(async () => {
        const rules = decode(withChecksum(damaged(bundle, all, BODY_AT), CHECKSUM_AT));
        if (rules === undefined) return;
        accepted++;
        await scanBytes(rules, object, { limits: { evaluationSteps: 100_000 } });
      }),
    );
    await fc.assert(property, options);
    // Some changes do no harm (a name, a byte of a pattern); if none were accepted, nothing was tested.
    expect(accepted).toBeGreaterThan(0);
  });

  it('refuses bytes of any kind', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isHeaded) =>
      bounded(() => {
        const whole = isHeaded ? Buffer.concat([bundle.subarray(0, CHECKSUM_AT), bytes]) : bytes;
        expect(decode(isHeaded ? withChecksum(new Uint8Array(whole), CHECKSUM_AT) : whole)).toBeUndefined();
      }),
    );
    await fc.assert(property, { ...options, interruptAfterTimeLimit: MILLISECONDS / 4 });
  });
});

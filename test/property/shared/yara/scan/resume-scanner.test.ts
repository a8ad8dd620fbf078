/** Checkpoints from anywhere: refused with a CheckpointError or gone on from without harm, in bounded time and memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError, resumeScanner, StreamScanner, type ScanOptions } from '../../../../../shared/yara/index.ts';
import { seedOfRun } from '../../../../differential/random.ts';
import { damaged, damages, variedRules, withChecksum } from '../damage.ts';

const seed = seedOfRun(process.env['SLUICE_SEED'] ?? '20260701');
const MILLISECONDS = 10_000;
const LONGEST = 5_000;
const MOST_MEMORY = 512 * 1024 * 1024;
const CHECKSUM_AT = 8;
const BODY_AT = 40;

const object = new TextEncoder().encode(
  'a needle n\0e\0e\0d\0l\0e\0 rbdsdu MZabc12 abababcdcd abdefabc xyzzy 0123z \x7fELF cab hidden aGlkZGVu ~'.repeat(6),
);

const rules = variedRules();
const given: ScanOptions = { limits: { evaluationSteps: 100_000 } };

function checkpointAt(position: number): Uint8Array {
  const scanner = new StreamScanner(rules, given);
  scanner.write(object.subarray(0, position));
  return scanner.checkpoint();
}

function resume(checkpoint: Uint8Array): StreamScanner | undefined {
  try {
    return resumeScanner(rules, checkpoint, given);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

async function bounded(action: () => Promise<void> | void): Promise<void> {
  const started = performance.now();
  const before = process.memoryUsage().rss;
  await action();
  expect(performance.now() - started).toBeLessThan(LONGEST);
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY);
}

const options = { seed, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false };

describe(`resumeScanner, with seed ${seed}`, () => {
  const places = [0, 1, 40, 77, 200, object.length];
  const checkpoints = places.map(checkpointAt);

  it('goes on from what checkpoint gave, to the same answer', async () => {
    const whole = new StreamScanner(rules, given);
    whole.write(object);
    const { matches } = await whole.end();
    expect(matches.length).toBeGreaterThan(0);
    for (const [at, place] of places.entries()) {
      const scanner = resumeScanner(rules, checkpoints[at]!, given);
      expect(scanner.position).toBe(place);
      scanner.write(object.subarray(place));
      expect((await scanner.end()).matches).toEqual(matches);
    }
  });

  it('refuses damaged checkpoints by their checksum', { timeout: 6 * MILLISECONDS }, async () => {
    const property = fc.asyncProperty(fc.constantFrom(...checkpoints), damages, (checkpoint, all) =>
      bounded(() => {
        const bytes = damaged(checkpoint, all, 0);
        if (Buffer.compare(bytes, checkpoint) !== 0) expect(resume(bytes)).toBeUndefined();
      }),
    );
    await fc.assert(property, { ...options, interruptAfterTimeLimit: MILLISECONDS / 4 });
  });

  it('refuses or survives checkpoints that were changed on purpose', { timeout: 6 * MILLISECONDS }, async () => {
    let accepted = 0;
    const property = fc.asyncProperty(fc.constantFrom(...checkpoints), damages, (checkpoint, all) =>
      bounded(async () => {
        const scanner = resume(withChecksum(damaged(checkpoint, all, BODY_AT), CHECKSUM_AT));
        if (scanner === undefined) return;
        accepted++;
        scanner.write(object.subarray(0, 300));
        scanner.checkpoint();
        await scanner.end();
      }),
    );
    await fc.assert(property, options);
    expect(accepted).toBeGreaterThan(0);
  });
});

/**
 * The engine against the reference on real rules, for as long as a person waits: the corpus compiles, and a part of it, chosen
 * by a fixed seed, answers as the reference does. `npm run test:differential -- --minutes N` goes on longer.
 */
import { describe, expect, it } from 'vitest';
import { askBatch, prepare, Tally } from './campaign.ts';
import { compileCorpus, describeCompilation } from './compile-corpus.ts';
import { corpusRoot, readCorpus } from './corpus.ts';
import { Findings } from './findings.ts';
import { Random, seedOfRun } from './random.ts';
import { MOST_EXPLAINED } from './run-campaign.ts';

const seed = seedOfRun(process.env['SLUICE_SEED'] ?? '20260701');
const ASKING_MILLISECONDS = 45_000;
/** The largest files take as long to compile as all others together; `run.ts --compile` has them all. */
const LARGEST_FILE = 1024 * 1024;
/** Of the files that the reference compiles: without format modules, and all of them. */
const LEAST_SHARE = 0.995;
const LEAST_SHARE_OF_ALL = 0.998;

const title = corpusRoot === undefined ? 'the corpus (skipped: SLUICE_CORPUS is not set)' : 'the corpus';

describe.skipIf(corpusRoot === undefined)(title, () => {
  const files = corpusRoot === undefined ? [] : readCorpus(corpusRoot);

  it('compiles here where it compiles in the reference', { timeout: 240_000 }, async () => {
    const report = await compileCorpus(
      files.filter(({ bytes }) => bytes.length <= LARGEST_FILE),
      false,
    );
    console.log(describeCompilation(report));
    expect(report.crashes).toEqual([]);
    expect(report.plain.files).toBeGreaterThan(2500);
    expect(report.plain.filesHere / report.plain.files).toBeGreaterThanOrEqual(LEAST_SHARE);
    const { plain, withFormatModules } = report;
    const filesHere = plain.filesHere + withFormatModules.filesHere;
    expect(filesHere / (plain.files + withFormatModules.files)).toBeGreaterThanOrEqual(LEAST_SHARE_OF_ALL);
  });

  it(`answers as the reference does, with seed ${seed}`, { timeout: 240_000 }, async () => {
    const differences: string[] = [];
    const findings = new Findings((text) => differences.push(text), 3);
    const tally = new Tally();
    const { batches } = prepare(files);
    const deadline = performance.now() + ASKING_MILLISECONDS;
    for (const batch of new Random(seed, 'order').shuffle(batches)) {
      if (performance.now() > deadline) break;
      const listener = { at: () => undefined, found: findings.add.bind(findings) };
      await askBatch(batch, seed, 0, tally, listener);
    }
    console.log(
      `${tally.asked.size} rules asked, ${tally.matched.size} matched, ${tally.keptFromMatching.size} kept from matching, ` +
        `${tally.comparisons} comparisons, explained: ${JSON.stringify([...findings.explained])}`,
    );
    expect(differences.join('\n')).toBe('');
    expect(findings.unexplained).toBe(0);
    // Objects are worth nothing that match no rule.
    expect(tally.asked.size).toBeGreaterThan(100);
    expect(tally.matched.size / tally.asked.size).toBeGreaterThan(0.9);
    const meant = [...findings.explained.values()].reduce((sum, count) => sum + count, 0);
    expect(meant / tally.comparisons).toBeLessThanOrEqual(MOST_EXPLAINED);
  });
});

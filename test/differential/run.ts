/**
 * `npm run test:differential -- --minutes N`: the differential test for as long as one likes. The README beside this file
 * says what the options do. `SLUICE_CORPUS` says where the corpus is. Ends with 1 when a difference is not explained,
 * too many are, or anything hung.
 */
import { parseArgs } from 'node:util';
import { compileCorpus, describeCompilation } from './compile-corpus.ts';
import { corpusRoot, readCorpus } from './corpus.ts';
import { seedOfRun } from './random.ts';
import { describeCampaign, MOST_EXPLAINED, runCampaign, shareExplained } from './run-campaign.ts';

/** Of fewer a share says little. */
const LEAST_COMPARISONS = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    corpus: { type: 'string', default: '' },
    once: { type: 'boolean', default: false },
    results: { type: 'string' },
    unmatched: { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
    'only-compile': { type: 'boolean', default: false },
  },
});
if (corpusRoot === undefined) throw new Error('SLUICE_CORPUS must name the folder of the corpus');
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a positive number, not ${values.minutes}`);
const seed = seedOfRun(values.seed ?? process.env['SLUICE_SEED']);

let isClean = true;
if (values.compile || values['only-compile']) {
  const report = await compileCorpus(readCorpus(corpusRoot, values.corpus), true);
  console.log(describeCompilation(report));
  isClean = report.crashes.length === 0;
}
if (!values['only-compile']) {
  console.log(`seed ${seed}`);
  const result = await runCampaign({
    corpus: corpusRoot,
    collection: values.corpus,
    seed,
    milliseconds: minutes * 60_000,
    isOnce: values.once,
    ...(values.results !== undefined && { results: values.results }),
    print: (text) => {
      console.log(text);
    },
    progress: (text) => {
      console.error(text);
    },
  });
  const { asked, matched } = result.totals.tally;
  if (values.unmatched) for (const rule of asked.difference(matched)) console.log(`never matched: ${rule}`);
  console.log(`\n${describeCampaign(result)}`);
  isClean &&= result.totals.unexplained === 0 && result.hangs.length === 0;
  const isTelling = result.totals.tally.comparisons >= LEAST_COMPARISONS;
  isClean &&= !isTelling || shareExplained(result.totals) <= MOST_EXPLAINED;
}
process.exitCode = isClean ? 0 : 1;

/**
 * For writing cases: asks the reference every case whose chapter or name holds the given word (all without one) and prints
 * those that expect something else than it answers, with what it answers. `node test/conformance/ask-reference.ts [word]`.
 */
import { isDeepStrictEqual } from 'node:util';
import { allCases } from './all-cases.ts';
import type { Case } from './case.ts';
import { asExpected } from './compare.ts';
import { openReference } from './reference.ts';

const word = process.argv[2] ?? '';
const reference = await openReference();
let asked = 0;
let different = 0;
for (const example of allCases()) {
  if (example.unasked !== undefined || !`${example.chapter}/${example.name}`.includes(word)) continue;
  asked++;
  const answer = asExpected(reference.ask(example.sources, example.bytes, example), example.expected);
  if (isDeepStrictEqual(answer, example.expected)) continue;
  different++;
  console.log(`${example.chapter} / ${example.name}`);
  if (answer.kind === 'verdicts' && example.expected.kind === 'verdicts') {
    for (const [key, verdict] of Object.entries(answer.verdicts)) {
      if (verdict !== example.expected.verdicts[key]) console.log(`  reference says ${verdict}: ${key}`);
    }
  } else if (answer.kind === 'matches' && example.expected.kind === 'matches') {
    const rules = new Set([...Object.keys(answer.rules), ...Object.keys(example.expected.rules)]);
    for (const rule of rules) {
      const [ours, theirs] = [example.expected.rules[rule], answer.rules[rule]];
      if (isDeepStrictEqual(ours, theirs)) continue;
      console.log(`  ${rule}: expected ${JSON.stringify(ours)}, reference ${JSON.stringify(theirs)}`);
      console.log(
        `    ${new RegExp(`rule ${rule} \\{[^]*?condition`).exec(sourceText(example))?.[0].split('\n')[2]?.trim() ?? ''}`,
      );
    }
  } else {
    const expected = example.expected.kind === 'verdicts' ? 'verdicts' : JSON.stringify(example.expected);
    console.log(`  expected  ${expected}\n  reference ${JSON.stringify(answer)}`);
  }
}
console.log(`${asked} cases asked, ${different} different`);
process.exitCode = different === 0 ? 0 : 1;

function sourceText(example: Case): string {
  return example.sources.map(({ text }) => (typeof text === 'string' ? text : '')).join('\n');
}

/** Lengths of matches that begin close to each other are the reference's: one run of an automaton takes over from another. */
import { expect, it } from 'vitest';
import { askOurs, askReference } from '../both-engines.ts';

it.each([
  ['.a*\\wa|a', 'aaa_'],
  ['.a*.a|a', 'aaa_'],
  ['.a*.a|a', 'baaa__aaa_'],
  ['[ab]+c|a', 'aabaab_aac_a'],
])('/%s/ on %s', async (regex, object) => {
  const bytes = Buffer.from(object);
  const rules: string[] = [];
  for (let offset = 0; offset < bytes.length; offset++) {
    for (let length = 1; offset + length <= bytes.length; length++) {
      rules.push(
        `rule at_${offset}_${length} { strings: $a = /(${regex})/ ` +
          `condition: for any i in (1..#a) : (@a[i] == ${offset} and !a[i] == ${length}) }`,
      );
    }
  }
  const text = rules.join('\n');
  const { matches } = await askOurs(text, bytes);
  expect(matches.length).toBeGreaterThan(2);
  expect(matches).toEqual(askReference(text, bytes).matches);
});

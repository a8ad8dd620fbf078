/** A profile measures and changes nothing. */
import { expect, it } from 'vitest';
import { compileRules, scanBytes } from '../../../../../shared/yara/index.ts';

const text = `
rule r {
  strings:
    $text = "needle"
    $gap = { 41 42 [300-] 43 44 }
    $regex = /xy[0-9]{1,4}z/
  condition: any of them
}
rule s { strings: $text = "needle" condition: #text == 3 }`;

it('tells what each pattern and condition took, pieces of chains under their pattern', async () => {
  const object = Buffer.alloc(2_000, '.');
  for (const at of [10, 500, 900]) object.write('needle', at);
  object.write('AB', 100);
  object.write('CD', 1_000);
  object.write('xy12z', 1_500);
  object.write('xy12-', 1_600);
  const rules = compileRules([{ text }]);
  const { matches, stats } = await scanBytes(rules, object, { profile: true });
  expect(matches).toEqual((await scanBytes(rules, object)).matches);
  const counts = stats.profile!.rules.map(({ rule, evaluations, patterns }) => ({
    rule,
    evaluations,
    patterns: patterns.map(({ identifier, kind, candidates, verifications }) => [
      identifier,
      kind,
      candidates,
      verifications,
    ]),
  }));
  expect(counts).toEqual([
    {
      rule: 'r',
      evaluations: 1,
      patterns: [
        ['$text', 'text', 3, 3],
        ['$gap', 'hex', 2, 2],
        // The guard refuses the second place.
        ['$regex', 'regex', 2, 1],
      ],
    },
    { rule: 's', evaluations: 1, patterns: [['$text', 'text', 3, 3]] },
  ]);
  expect((await scanBytes(rules, object)).stats.profile).toBeUndefined();
});

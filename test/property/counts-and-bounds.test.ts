/** Counts stay exact and lists stay short when there are more matches than a scan keeps, however the object is cut. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRules, StreamScanner } from '../../shared/yara/index.ts';
import { runs, seed } from '../conformance/seed.ts';

it('a pattern with more matches than are kept is counted exactly and listed up to the bound', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ keep: fc.integer({ min: 1, max: 50 }), count: fc.integer({ min: 0, max: 400 }), cut: fc.nat(400) }),
      async ({ keep, count, cut }) => {
        const rules = compileRules([
          { text: `rule r { strings: $a = "a" $b = "b" condition: #a == ${count} and #b == 0 }` },
        ]);
        const scanner = new StreamScanner(rules, { limits: { matchesPerPattern: keep } });
        const object = new Uint8Array(count).fill(0x61);
        scanner.write(object.subarray(0, cut));
        scanner.write(object.subarray(cut));
        const { matches, undecided } = await scanner.end();
        expect(undecided).toEqual([]);
        expect(matches[0]?.patterns[0]).toEqual({
          identifier: '$a',
          kind: 'text',
          matches: Array.from({ length: Math.min(keep, count) }, (_, offset) => ({ offset, length: 1 })),
          count,
          countIsExact: true,
          isTruncated: count > keep,
        });
      },
    ),
    { seed, numRuns: runs(100) },
  );
});

it('a rule that needs a match which was not kept is undecided, and one that does not is decided', async () => {
  const rules = compileRules([
    {
      text: `
        rule kept { strings: $a = "a" condition: @a[3] == 2 }
        rule dropped { strings: $a = "a" condition: @a[30] == 29 }
        rule settled { strings: $a = "a" condition: @a[30] == 29 or filesize == 100 }
        rule counted { strings: $a = "a" condition: #a == 100 }
        rule beyond { strings: $a = "a" condition: @a[101] >= 0 }
      `,
    },
  ]);
  const scanner = new StreamScanner(rules, { limits: { matchesPerPattern: 10 } });
  scanner.write(new Uint8Array(100).fill(0x61));
  const { matches, undecided } = await scanner.end();
  expect(matches.map(({ rule }) => rule)).toEqual(['kept', 'settled', 'counted']);
  expect(undecided.map(({ rule, reason }) => ({ rule, reason }))).toEqual([
    { rule: 'dropped', reason: 'limit:matchesPerPattern' },
  ]);
});

/** The smallest rule sets are found by two of their bytes: all of their matches, and nothing else. */
import { expect, it } from 'vitest';
import { PASS, FILTER } from '../../../../../shared/yara/bundle/filter-layout.ts';
import { loaded } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { compileRules, scanBytes } from '../../../../../shared/yara/index.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

it(`finds one text, plain and wide, wherever it stands, seed ${seed}`, async () => {
  let probed = 0;
  for (let round = 0; round < 120; round++) {
    const random = randomFor('probes', String(round));
    const length = 2 + random.below(40);
    const text = Array.from({ length }, () => 'aeqzxj:7_'[random.below(9)]!).join('');
    const isWide = round % 2 === 0;
    const rules = compileRules([
      { text: `rule r { strings: $a = "${text}" ${isWide ? 'ascii wide' : ''} condition: $a }` },
    ]);
    const passes = loaded(rules).image.filterHeader[FILTER.passes]!;
    if ((passes & PASS.probes) !== 0) probed++;
    const object = Buffer.from(Array.from({ length: 20_000 }, () => 'aeqzxj:7_\0'.charCodeAt(random.below(10))));
    const forms = [Buffer.from(text), ...(isWide ? [Buffer.from(text, 'utf16le')] : [])];
    for (let count = 0; count < 40; count++) {
      const form = forms[random.below(forms.length)]!;
      form.copy(object, random.below(object.length));
    }
    forms[0]!.copy(object, 0);
    forms.at(-1)!.copy(object, object.length - forms.at(-1)!.length);
    const { matches } = await scanBytes(rules, object);
    const expected = new Set(forms.flatMap((form) => placesOf(object, form)));
    expect(
      matches[0]?.patterns[0]?.matches.map(({ offset }) => offset),
      text,
    ).toEqual([...expected].sort((a, b) => a - b));
  }
  expect(probed).toBeGreaterThan(60);
});

function placesOf(object: Buffer, needle: Buffer): number[] {
  const places: number[] = [];
  for (let at = object.indexOf(needle); at >= 0; at = object.indexOf(needle, at + 1)) places.push(at);
  return places;
}

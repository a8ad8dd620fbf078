/**
 * Filter tables from outside: whatever is changed in them, a bundle is either refused or scans without breaking. The
 * bundle's checksum is taken to fit, as whoever means harm would see to.
 */
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes } from '../../../../../shared/yara/index.ts';
import { checkFilter } from '../../../../../shared/yara/bundle/check-filter.ts';
import { checkImage } from '../../../../../shared/yara/bundle/check-image.ts';
import { FILTER, FILTER_FIELDS } from '../../../../../shared/yara/bundle/filter-layout.ts';
import type { RuleImage } from '../../../../../shared/yara/bundle/image.ts';
import { loaded, LoadedRules } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { randomFor, seed, type Random } from '../../../../conformance/seed.ts';

const one = compileRules([{ text: 'rule r { strings: $a = "needle7" condition: $a }' }]);
const few = compileRules([
  { text: 'rule r { strings: $a = "needle" $b = { 01 ?? 03 } $c = /hay[0-9]+x/ condition: any of them }' },
]);
const many = compileRules([
  {
    text: Array.from(
      { length: 40 },
      (_, at) => `rule r${at} { strings: $a = "text number ${at} wide" wide $b = "n${at}" $c = "name${at}" nocase
        $d = { ${at + 10} ?? 03 0? 05 } $e = /[a-c]${at}.{0,9}q/ condition: any of them }`,
    ).join('\n'),
  },
]);
const sparse = compileRules([
  {
    text: Array.from(
      { length: 150 },
      (_, at) =>
        `rule r${at} { strings: $a = { 8B ?? ?? ${(at + 16).toString(16)} ?? 0F 84 } $b = { 6${at % 10} 6? } condition: any of them }`,
    ).join('\n'),
  },
]);
const object = Buffer.from(
  `needle \x01\x02\x03 hay12x n7 name8 NAME9 a3..q ${Buffer.from('text number 5 wide', 'utf16le').toString('latin1')}\0 \x11\x00\x03\x04\x05 \x8b\x00\x00\x7a\x00\x0f\x84`.repeat(
    40,
  ),
  'latin1',
);

/** Bytes are changed in the image itself, so it must be a copy. */
function changed({ image }: LoadedRules, change: (image: RuleImage) => void): RuleImage {
  const copy = {
    ...image,
    filterHeader: image.filterHeader.slice(),
    filterTables: image.filterTables.slice(),
    filterStarts: image.filterStarts.slice(),
  };
  change(copy);
  return copy;
}

describe.each([
  ['one', one],
  ['few', few],
  ['many', many],
  ['many with few plain bytes', sparse],
])(`the tables of %s literals, seed ${seed}`, (name, rules) => {
  const own = loaded(rules);

  async function expectHarmless(image: RuleImage, label: string): Promise<boolean> {
    if (checkImage(image) !== undefined) return false;
    const result = await scanBytes(new LoadedRules(image, rules.digest), object);
    expect(Array.isArray(result.matches), label).toBe(true);
    return true;
  }

  it('are sound as the compiler writes them', () => {
    expect(checkFilter(own.image)).toBeUndefined();
  });

  it('with a changed header are refused or harmless', async () => {
    for (let round = 0; round < 300; round++) {
      const random = randomFor('header', name, String(round));
      const image = changed(own, ({ filterHeader }) => {
        filterHeader[random.below(FILTER_FIELDS)] = strangeNumber(random, own.image.filterTables.length);
      });
      await expectHarmless(image, `round ${round}`);
    }
  });

  it('with changed bytes are refused or harmless', async () => {
    let sound = 0;
    for (let round = 0; round < 300; round++) {
      const random = randomFor('tables', name, String(round));
      const image = changed(own, ({ filterTables }) => {
        for (let times = 0; times < 8; times++) filterTables[random.below(filterTables.length)] = random.below(256);
      });
      if (await expectHarmless(image, `round ${round}`)) sound++;
    }
    expect(sound).toBeGreaterThan(0);
  });

  it('with entries that do not exist, or lists that descend, are refused', () => {
    const words = (image: RuleImage): Uint32Array =>
      new Uint32Array(image.filterTables.buffer, image.filterTables.byteOffset, image.filterTables.length >> 2);
    const isFew = name !== 'many';
    const items = isFew ? FILTER.nibbleItems : FILTER.bucketItems;
    const starts = isFew ? FILTER.nibbleStarts : FILTER.bucketStarts;
    const strangeItem = changed(own, (image) => {
      words(image)[image.filterHeader[items]! / 4 + (isFew ? 0 : 1)] = 0x03ffffff;
    });
    expect(checkFilter(strangeItem)).toBe('its filter is broken');
    const descending = changed(own, (image) => {
      words(image)[image.filterHeader[starts]! / 4 + 1] = 0x7fffffff;
    });
    expect(checkFilter(descending)).toBe('its filter is broken');
    const cut = { ...own.image, filterTables: own.image.filterTables.subarray(0, own.image.filterTables.length - 16) };
    expect(checkFilter(cut)).toBe('its filter is broken');
  });
});

function strangeNumber(random: Random, size: number): number {
  return [0, 1, 4, -4, 2 ** 31 - 1, -(2 ** 31), size - 4, size, random.below(size), random.below(32)][
    random.below(10)
  ]!;
}

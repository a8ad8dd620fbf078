/**
 * A filter of some of the entries finds of those what the filter of all finds, at the same places: nothing else of literals, and
 * of atoms now and then a place more, since their sets of bytes are known to it as masks only.
 */
import { describe, expect, it } from 'vitest';
import { FILTER, PASS } from '../../../../../shared/yara/bundle/filter-layout.ts';
import { LITERAL_FIELDS } from '../../../../../shared/yara/bundle/image.ts';
import { loaded } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { narrowFilter } from '../../../../../shared/yara/compiler/narrow-filter.ts';
import { compileRules, decodeRules, encodeRules, StreamScanner } from '../../../../../shared/yara/index.ts';
import type { FilterTables } from '../../../../../shared/yara/bundle/filter-layout.ts';
import { BLOCK_BYTES } from '../../../../../shared/yara/scan/kernel.ts';
import { hitsOf } from '../kernel-hits.ts';
import { randomFor, seed, type Random } from '../../../../conformance/seed.ts';

/** Texts, hex patterns with masks and gaps, xor: entries of every kind of look, in more than a nibble's worth of rules. */
function manyRules(random: Random, count = 150): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz_0123456789';
  const word = (length: number): string =>
    Array.from({ length }, () => letters[random.below(letters.length)]!).join('');
  const hex = (): string => random.below(256).toString(16).padStart(2, '0');
  return Array.from({ length: count }, (_, at) => {
    const strings = [
      `$a = "${word(4 + random.below(24))}" ${['', 'nocase', 'wide', 'ascii wide nocase'][random.below(4)]!}`,
      `$b = { ${hex()} ${hex()} ${hex()} ${hex()} ?${random.below(16).toString(16)} ${hex()} }`,
      `$c = { ${hex()} ${hex()} ?? ${hex()} [2-4] ${hex()} ${hex()} ${hex()} }`,
      `$d = /${word(3 + random.below(6))}[0-9a-f]{2,4}x/`,
      ...(at % 40 === 0 ? [`$e = "${word(9)}" xor`] : []),
    ];
    return `rule r${at} { strings: ${strings.join('\n')} condition: any of them }`;
  }).join('\n');
}

/** Random bytes with what entries begin with in between, also across the ends of blocks. */
function objectFor(image: ReturnType<typeof loaded>['image'], random: Random): Uint8Array {
  const object = Uint8Array.from({ length: 6 * BLOCK_BYTES }, () => random.below(256));
  const records = image.filterHeader[FILTER.records]!;
  for (let entry = 0; entry < image.filterStarts.length; entry++) {
    for (let times = 0; times < 3; times++) {
      const row = records + entry * 32;
      const mask = image.filterTables.subarray(row + 16, row + 32);
      const at =
        times === 0 ? (1 + random.below(5)) * BLOCK_BYTES - random.below(16) : random.below(object.length - 16);
      image.filterTables.subarray(row, row + 16).forEach((byte, place) => {
        object[at + place] = (object[at + place]! & ~mask[place]!) | byte;
      });
    }
  }
  return object;
}

function hitsIn(object: Uint8Array, tables: FilterTables): string[] {
  return hitsOf(object, tables)
    .map(({ entry, compared }) => `${entry} ${compared}`)
    .sort();
}

describe(`a filter of some entries, seed ${seed}`, () => {
  it('finds them where the filter of all does', () => {
    for (let round = 0; round < 4; round++) {
      const random = randomFor('narrow-filter', String(round));
      // Few entries without four plain bytes are told apart by groups, many by pivots.
      const short = round < 2 ? PASS.groups : PASS.pivots;
      const rules = compileRules([{ text: manyRules(random, short === PASS.groups ? 60 : 150) }]);
      const { image } = loaded(round % 2 === 0 ? rules : decodeRules(encodeRules(rules)));
      expect(image.filterHeader[FILTER.passes]! & ~PASS.runs).toBe(PASS.eight | PASS.six | PASS.four | short);
      const object = objectFor(image, random);
      const all = hitsIn(object, image);
      for (const part of [0, 0.05, 0.5, 1]) {
        const live = Uint8Array.from(image.filterStarts, () => (random.below(1000) < part * 1000 ? 1 : 0));
        const found = hitsIn(object, narrowFilter(image, live)!);
        const expected = all.filter((hit) => live[parseInt(hit)] === 1);
        const isLiteral = (hit: string): boolean => parseInt(hit) < image.literals.length / LITERAL_FIELDS;
        expect(found.filter(isLiteral)).toEqual(expected.filter(isLiteral));
        const places = new Set(found);
        expect(expected.filter((hit) => !places.has(hit))).toEqual([]);
        expect(found.length).toBeLessThanOrEqual(expected.length * 1.2);
        if (part > 0) expect(found.length).toBeGreaterThan((image.filterStarts.length * part) / 2);
      }
    }
  });

  it('is not written where few entries are looked for anyway', () => {
    const { image } = loaded(
      compileRules([{ text: 'rule r { strings: $a = "needle" $b = "other" condition: $a or $b }' }]),
    );
    expect(narrowFilter(image, new Uint8Array(2).fill(1))).toBeUndefined();
  });
});

describe('a scan', () => {
  const random = randomFor('narrow-filter', 'scan');
  const gated = manyRules(random).replaceAll('condition:', 'condition: uint8(0) == 1 and');
  const open = manyRules(random).replaceAll('rule r', 'rule o').split('\nrule ').slice(0, 20).join('\nrule ');
  const rules = compileRules([{ text: `${gated}\n${open}` }]);
  // Enough for a narrower filter to be written at once.
  const size = 13 << 20;
  const object = new Uint8Array(size);
  const planted = objectFor(loaded(rules).image, random);
  // On both sides of where rules are settled, and at the end.
  for (const at of [0, (1 << 16) - planted.length / 2, 2 << 20, size - planted.length]) object.set(planted, at);

  async function scan(isGated: boolean, chunk: number): Promise<unknown> {
    object[0] = isGated ? 2 : 1;
    const scanner = new StreamScanner(rules, { size, report: 'all' });
    for (let at = 0; at < size; at += chunk) scanner.write(object.subarray(at, at + chunk));
    const { matches, stats } = await scanner.end();
    return { matches: matches.filter(({ rule }) => rule.startsWith('o')), total: matches.length, stats };
  }

  it('that looks for less finds the same of what is left', async () => {
    const whole = (await scan(false, 1 << 20)) as { matches: unknown[]; total: number; stats: { candidates: number } };
    expect(whole.matches.length).toBeGreaterThan(10);
    expect(whole.total).toBeGreaterThan(100);
    for (const chunk of [1 << 20, 10_007]) {
      const narrow = (await scan(true, chunk)) as typeof whole;
      expect(narrow.matches).toEqual(whole.matches);
      expect(narrow.total).toBe(whole.matches.length);
      expect(narrow.stats.candidates).toBeLessThan(whole.stats.candidates / 2);
    }
  });
});

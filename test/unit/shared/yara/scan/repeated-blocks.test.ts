/** Data that is one byte over and over, with other bytes here and there: found as anywhere else, and looked at once. */
import { expect, it } from 'vitest';
import { compileRules, StreamScanner, type ScanResult } from '../../../../../shared/yara/index.ts';
import type { TakeHits } from '../../../../../shared/yara/scan/filter.ts';
import { BLOCK_BYTES } from '../../../../../shared/yara/scan/kernel.ts';
import { RepeatedBlocks } from '../../../../../shared/yara/scan/repeated-blocks.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

const SIZE = 240_000;
const texts = ['aa', 'aab', 'baa', 'abab', 'aaaaaaaaaaaaaaaaab', `b${'a'.repeat(40)}`, 'a'.repeat(70)];
const rules = compileRules([
  {
    text: `rule r { strings: ${texts.map((text, at) => `$t${at} = "${text}"`).join('\n')}
      $alone = "aba" fullword $regex = /ba{5}[a-b]{3}/ condition: any of them }`,
  },
]);

async function scan(object: Buffer, report: 'all' | 'evidence', nextLength: () => number): Promise<ScanResult> {
  const scanner = new StreamScanner(rules, { size: object.length, report });
  for (let at = 0; at < object.length;) {
    const chunk = object.subarray(at, at + nextLength());
    scanner.write(chunk);
    at += chunk.length;
  }
  return scanner.end();
}

const parts = { a: 'a', ab: 'ab', aaab: 'aaab', 'a block of a': 'a'.repeat(BLOCK_BYTES - 1) + 'b' };

it.each(Object.entries(parts))(`finds everything in %s over and over, seed ${seed}`, async (name, part) => {
  const random = randomFor('repeated blocks', name);
  const object = Buffer.alloc(SIZE, part);
  for (let count = 0; count < 30; count++) {
    const block = random.below(SIZE / BLOCK_BYTES) * BLOCK_BYTES;
    const at = random.below(2) === 0 ? random.below(SIZE) : Math.max(0, block + random.below(200) - 100);
    object[at] = 'abc '.charCodeAt(random.below(4));
  }
  const whole = await scan(object, 'all', () => SIZE);
  const small = await scan(object, 'all', () => 4096);
  const mixed = await scan(object, 'all', () => 1 + random.below(200_000));
  expect(told(whole)).toEqual(told(small));
  expect(told(mixed)).toEqual(told(small));
  texts.forEach((text, at) => {
    const { matches, count } = whole.matches[0]!.patterns[at]!;
    const places = placesOf(object, text);
    expect(count, text).toBe(places.length);
    expect(matches.map(({ offset }) => offset).join(), text).toBe(places.join());
  });
  const evidence = await scan(object, 'evidence', () => 1 + random.below(200_000));
  evidence.matches[0]!.patterns.forEach(({ matches }, at) => {
    expect(matches).toEqual(whole.matches[0]!.patterns[at]!.matches.slice(0, 16));
  });
});

/** As texts, since there are a million. */
function told({ matches }: ScanResult): string[] {
  return matches[0]!.patterns.map((pattern) =>
    [pattern.count, ...pattern.matches.map(({ offset, length }) => `${offset}+${length}`)].join(),
  );
}

function placesOf(object: Buffer, needle: string): number[] {
  const places: number[] = [];
  for (let at = object.indexOf(needle); at >= 0; at = object.indexOf(needle, at + 1)) places.push(at);
  return places;
}

/** A filter that has hits at every place of a block, in several calls, and counts the blocks it looks at. */
class CountingFilter {
  looks = 0;

  look(_buffer: Uint8Array, from: number, to: number, take: TakeHits): number {
    this.looks++;
    const end = Math.min(to, from + BLOCK_BYTES);
    for (let at = 0; at < end - from; at += 4096) take(Int32Array.of(at, this.looks), 1, from);
    return end;
  }
}

it('gives the hits of a block again where the same bytes stand around the same bytes', () => {
  const filter = new CountingFilter();
  const blocks = new RepeatedBlocks();
  const buffer = new Uint8Array(BLOCK_BYTES * 6 + 200).fill(7);
  const hits: number[] = [];
  const look = (at: number): void => {
    const take: TakeHits = (found, count, origin) => {
      for (let hit = 0; hit < count; hit++) hits.push(origin + found[hit * 2]!, found[hit * 2 + 1]!);
    };
    expect(blocks.look(filter, buffer, at, at + BLOCK_BYTES, take)).toBe(at + BLOCK_BYTES);
  };
  look(100);
  look(100 + BLOCK_BYTES);
  expect(filter.looks).toBe(2);
  hits.length = 0;
  look(100 + 2 * BLOCK_BYTES);
  expect(filter.looks).toBe(2);
  expect(hits).toEqual([0, 4096, 8192, 12_288].flatMap((at) => [100 + 2 * BLOCK_BYTES + at, 2]));
  // Another byte just behind the block, just before it, in it.
  for (const at of [BLOCK_BYTES * 4 + 100, BLOCK_BYTES * 3 + 99, BLOCK_BYTES * 3 + 5000]) {
    buffer[at] = 8;
    const { looks } = filter;
    look(100 + 3 * BLOCK_BYTES);
    expect(filter.looks).toBe(looks + 1);
    buffer[at] = 7;
  }
});

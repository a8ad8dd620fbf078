/**
 * The filter meets the atoms of one look in the order of its tables, not of the object. What is run around them must not miss
 * what an earlier atom asks for because a later one was met first, nor look at it twice.
 */
import { expect, it } from 'vitest';
import { compileRules, StreamScanner } from '../../../../../shared/yara/index.ts';
import { randomFor } from '../../../../conformance/seed.ts';

/** So many that the filter looks for bytes at even and at odd places one after the other. */
const COMPANY = Array.from({ length: 400 }, (_, number) => `"word${number * 7919}"`);

const BLOCK = 4096;

it('finds regexes without a longest match in every block', async () => {
  const random = randomFor('atoms out of order');
  const asked = '/(ab1[0-9]*|imp[a-z]+ ctypes)/';
  const text = [asked, ...COMPANY]
    .map((value, number) => `rule r${number} { strings: $a = ${value}\ncondition: $a }`)
    .join('\n');
  const scanner = new StreamScanner(compileRules([{ text }]));
  for (let round = 0; round < 40; round++) {
    const object = Uint8Array.from({ length: 12 * BLOCK }, () => 0x80 + random.below(0x40));
    const planted: number[] = [];
    for (let block = 0; block < 12; block++) {
      if (random.below(3) === 0) continue;
      const offset = block * BLOCK + random.below(BLOCK - 20);
      object.set(Buffer.from('import ctypes'), offset);
      planted.push(offset);
    }
    scanner.reset();
    scanner.write(object);
    const { matches } = await scanner.end();
    const found = matches.find(({ rule }) => rule === 'r0')?.patterns[0]?.matches ?? [];
    expect(found).toEqual(planted.map((offset) => ({ offset, length: 13 })));
  }
});

it('counts each head of a chain once', async () => {
  const asked = '/(ab1[0-9]{0,300}|[x-z]{1,300}imp[a-z]{1,9} ctypes).{300,}END/s';
  const object = new Uint8Array(16 * 1024).fill(0x90);
  for (let at = 250; at < 12_000; at += 400) {
    // At even and at odd places.
    object.set(Buffer.from(`${'y'.repeat(60)}import ctypes`), at + ((at / 50) % 7));
  }
  object.set(Buffer.from('END'), 15_000);
  const counts = [[], COMPANY].map(async (company) => {
    const rules = [asked, ...company].map(
      (value, number) => `rule r${number} { strings: $a = ${value}\ncondition: #a > 0 }`,
    );
    const scanner = new StreamScanner(compileRules([{ text: rules.join('\n') }]), { limits: { matchesPerPattern: 5 } });
    scanner.write(object);
    const { matches } = await scanner.end();
    return matches[0]?.patterns[0]?.count;
  });
  expect(await Promise.all(counts)).toEqual([30 * 60, 30 * 60]);
});

/** Chunks large enough to be looked at where they lie: what stands across their edges is found as anywhere else. */
import { expect, it } from 'vitest';
import { compileRules, resumeScanner, StreamScanner, type ScanResult } from '../../../../../shared/yara/index.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

const SIZE = 1_500_000;
const NEEDLE = 'needle of stone';
const WIDE = Buffer.from(NEEDLE, 'utf16le');
const rules = compileRules([
  {
    text: `rule r { strings: $text = "${NEEDLE}" ascii wide $regex = /stone[0-9]{1,9}x/ $far = { 73 74 6f 6e 65 [20000-70000] 6e 65 65 64 6c 65 }
      condition: #text + #regex + #far > 0 }`,
  },
]);
const one = compileRules([{ text: `rule r { strings: $text = "${NEEDLE}" condition: $text }` }]);

async function scan(theRules: typeof rules, object: Buffer, nextLength: () => number): Promise<ScanResult> {
  const scanner = new StreamScanner(theRules, { size: object.length });
  for (let at = 0; at < object.length;) {
    const chunk = object.subarray(at, at + nextLength());
    // What was written may change as soon as write has returned.
    const given = Buffer.from(chunk);
    scanner.write(given);
    given.fill(0x78);
    at += chunk.length;
  }
  return scanner.end();
}

it.each([1, 2, 3, 4, 5, 6])(`finds everything in large chunks, seed ${seed}, round %i`, async (round) => {
  const random = randomFor('large chunks', String(round));
  const object = Buffer.alloc(SIZE, ' lorem ipsum 12x');
  const lengths = [1, 4_000, 70_000, 131_072, 300_000, 400_000].map((length) => length + random.below(5));
  const edges = [65_536, 131_072, 1 << 20, ...lengths, SIZE];
  for (let count = 0; count < 60; count++) {
    const edge = edges[random.below(edges.length)]!;
    const at = Math.min(SIZE - WIDE.length, Math.max(0, edge - random.below(80)));
    if (random.below(2) === 0) WIDE.copy(object, at);
    else object.write(`${NEEDLE}${random.below(99)}x`, at, 'latin1');
  }
  for (const theRules of [rules, one]) {
    const small = await scan(theRules, object, () => 4096);
    const large = await scan(theRules, object, () => lengths[random.below(lengths.length)]!);
    const whole = await scan(theRules, object, () => SIZE);
    expect({ ...large, stats: undefined }).toEqual({ ...small, stats: undefined });
    expect({ ...whole, stats: undefined }).toEqual({ ...small, stats: undefined });
    const offsets = whole.matches[0]!.patterns[0]!.matches.map(({ offset }) => offset);
    const expected = [NEEDLE, ...(theRules === rules ? [WIDE] : [])].flatMap((needle) => placesOf(object, needle));
    expect(offsets).toEqual(expected.sort((a, b) => a - b));
  }
});

function placesOf(object: Buffer, needle: string | Buffer): number[] {
  const places: number[] = [];
  for (let at = object.indexOf(needle); at >= 0; at = object.indexOf(needle, at + 1)) places.push(at);
  return places;
}

it('goes on from a checkpoint between large chunks, and after a reset', async () => {
  const object = Buffer.alloc(300_000, '.');
  object.write(NEEDLE, 199_990, 'latin1');
  const scanner = new StreamScanner(one, { size: object.length });
  scanner.write(object.subarray(0, 200_000));
  scanner.reset({ size: object.length });
  scanner.write(object.subarray(0, 200_000));
  const resumed = resumeScanner(one, scanner.checkpoint(), { size: object.length });
  for (const half of [scanner, resumed]) {
    half.write(object.subarray(200_000));
    const { matches } = await half.end();
    expect(matches[0]?.patterns[0]?.matches.map(({ offset }) => offset)).toEqual([199_990]);
  }
});

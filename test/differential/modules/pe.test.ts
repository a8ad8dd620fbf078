/**
 * Everything `pe` says of real files and of damaged copies is what YARA-X says, but for the entries in `pe-dialect.ts`.
 * `SLUICE_RUNS=100` takes a hundred times as many damaged copies. How many were asked is printed at the end.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { peModule } from '../../../shared/yara/modules/pe/pe.ts';
import { randomFor, runs, seed, type Random } from '../../conformance/seed.ts';
import { CopyAsker, notHolding } from './ask.ts';
import { dump } from './dump.ts';
import { Refused } from './memory-view.ts';
import { mutated } from './mutate.ts';
import { distinct, packageFiles } from './package-files.ts';
import { expectedOf } from './pe-dialect.ts';
import { callsOf, partsOf } from './pe-parts.ts';

const files = distinct(packageFiles(Buffer.from('MZ')));
/** Damaged copies are made of files up to this length only: each copy is asked whole. */
const MAX_DAMAGED_BYTES = 120_000;
const damageable = files.filter(({ bytes }) => bytes.length <= MAX_DAMAGED_BYTES);
const donors = damageable.map(({ bytes }) => ({ bytes, parts: partsOf(bytes) }));

/** Of a copy every field is asked, but fewer items of arrays and some of the calls, others each time. */
const COPY_ITEMS = 6;
const COPY_CALLS = 40;
const asked = { whole: 0, damaged: 0, refused: 0, explained: 0 };

/** None where a bound refuses an answer: that is undecided, not another answer. */
function conditionsOf(bytes: Uint8Array, random?: Random): string[] {
  try {
    if (random === undefined) return dump(peModule, bytes, callsOf(bytes));
    const calls = callsOf(bytes);
    const drawn = Array.from({ length: COPY_CALLS }, () => calls[random.below(calls.length)]!);
    return dump(peModule, bytes, [...new Set(drawn)], COPY_ITEMS);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    asked.refused++;
    return [];
  }
}

/** Differences that no entry explains. */
async function differences(bytes: Uint8Array, copy?: { asker: CopyAsker; random: Random }): Promise<string[]> {
  const conditions = conditionsOf(bytes, copy?.random);
  const expected = conditions.map((condition) => ({ condition, ...expectedOf(condition, bytes) }));
  const wanted = expected.map((one) => one.asked);
  const failing = new Set(await (copy?.asker.notHolding(wanted, bytes) ?? notHolding('pe', wanted, bytes)));
  const other = expected.filter((one) => failing.has(one.asked));
  const unexplained = other.filter(({ entry }) => entry === undefined).map(({ condition }) => condition);
  const again = other.filter(({ entry }) => entry !== undefined).map(({ condition }) => condition);
  if (expected.some((one) => one.entry !== undefined && !failing.has(one.asked))) asked.explained++;
  return [...unexplained, ...(await notHolding('pe', again, bytes))];
}

describe.skipIf(files.length === 0)(`pe on files of packages, seed ${seed}`, () => {
  it.each(files.map(({ name, bytes }) => [name, bytes] as const))('%s, whole', async (_, bytes) => {
    asked.whole++;
    expect(await differences(bytes)).toEqual([]);
  });

  it.each(damageable.map(({ name, bytes }) => [name, bytes] as const))(
    '%s, damaged',
    async (name, bytes) => {
      const random = randomFor('pe', name);
      const parts = partsOf(bytes);
      const asker = new CopyAsker('pe', dump(peModule, bytes, [], COPY_ITEMS));
      for (let copy = 0; copy < runs(2); copy++) {
        const damaged = mutated(bytes, random, parts, donors[random.below(donors.length)]);
        asked.damaged++;
        expect.soft(await differences(damaged, { asker, random }), `copy ${copy}, seed ${seed}`).toEqual([]);
      }
      asker.free();
    },
    runs(60_000),
  );

  afterAll(() => {
    console.log(`pe, seed ${seed}: ${JSON.stringify(asked)}`);
  });
});

describe('what is no PE file', () => {
  const stub = (length: number): Buffer =>
    Buffer.from('MZ'.padEnd(60, '\0') + '\x40'.padEnd(length - 60, '\0'), 'latin1');
  it.each([
    ['nothing', new Uint8Array(0)],
    ['the magic alone', Buffer.from('MZ')],
    ['a DOS header alone', stub(64)],
    ['a PE header that is cut off', Buffer.concat([stub(64), Buffer.from('PE\0\0\x4c\x01\x01\0')])],
    ['a PE header and nothing else', Buffer.concat([stub(64), Buffer.from('PE\0\0\x4c\x01\x01\0'.padEnd(24, '\0'))])],
    ['another magic', Buffer.concat([stub(64), Buffer.from('NE'.padEnd(200, '\0'))])],
    ['text', Buffer.from('neither one nor the other')],
  ])('%s', async (_, bytes) => {
    expect(await differences(bytes)).toEqual([]);
  });
});

/**
 * Everything `pe` says of real files and of damaged copies is what YARA-X says, but for the entries in `pe-dialect.ts`. `SLUICE_RUNS=100` takes a hundred times as
 * many damaged copies.
 */
import { describe, expect, it } from 'vitest';
import { peModule } from '../../../shared/yara/modules/pe/pe.ts';
import { randomFor, runs, seed } from '../../conformance/seed.ts';
import { notHolding } from './ask.ts';
import { dump } from './dump.ts';
import { Refused } from './memory-view.ts';
import { mutated } from './mutate.ts';
import { packageFiles } from './package-files.ts';
import { explanation } from './pe-dialect.ts';
import { callsOf, partsOf } from './pe-parts.ts';

const files = packageFiles(Buffer.from('MZ'));
/** Damaged copies are made of files up to this length only: each copy is asked whole. */
const MAX_DAMAGED_BYTES = 120_000;
const damageable = files.filter(({ bytes }) => bytes.length <= MAX_DAMAGED_BYTES);

/** None where a bound refuses an answer: that is undecided, not another answer. */
function conditionsOf(bytes: Uint8Array): string[] {
  try {
    return dump(peModule, bytes, callsOf(bytes));
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}

/** Differences that no entry explains. */
async function differences(bytes: Uint8Array): Promise<string[]> {
  const conditions = conditionsOf(bytes);
  const failing = await notHolding('pe', conditions, bytes);
  const explained = await Promise.all(failing.map((condition) => explanation(condition, bytes)));
  return failing.filter((_, at) => explained[at] === undefined);
}

describe.skipIf(files.length === 0)(`pe on files of packages, seed ${seed}`, () => {
  it.each(files.map(({ name, bytes }) => [name, bytes] as const))('%s, whole', async (_, bytes) => {
    expect(await differences(bytes)).toEqual([]);
  });

  it.each(damageable.map(({ name, bytes }) => [name, bytes] as const))('%s, damaged', async (name, bytes) => {
    const random = randomFor('pe', name);
    const parts = partsOf(bytes);
    for (let copy = 0; copy < runs(2); copy++) {
      const damaged = mutated(bytes, random, parts);
      expect(await differences(damaged), `copy ${copy}, seed ${seed}`).toEqual([]);
    }
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

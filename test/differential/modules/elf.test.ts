/**
 * Everything `elf` says of real files and of damaged copies is what YARA-X says, but for the entries in `elf-dialect.ts`.
 * `SLUICE_RUNS=100` takes a hundred times as many damaged copies, `SLUICE_ELF_FILES=200` as many files. How many were asked
 * is printed at the end.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { telfhashText } from '../../../shared/yara/modules/elf/functions.ts';
import { elfModule } from '../../../shared/yara/modules/elf/elf.ts';
import { tlsh } from '../../../shared/yara/modules/elf/tlsh.ts';
import { randomFor, runs, seed } from '../../conformance/seed.ts';
import { CopyAsker, notHolding } from './ask.ts';
import { dump, quoted } from './dump.ts';
import { namesOffsetBeyond32Bits, referenceTelfhash } from './elf-dialect.ts';
import { memoryView, Refused } from './memory-view.ts';
import { mutated, type Part } from './mutate.ts';
import { distinct } from './package-files.ts';
import { elfFiles } from './real-files.ts';

const FILES = Number(process.env.SLUICE_ELF_FILES ?? 10);
const files = distinct(elfFiles(FILES));

/** Damaged copies are made of so many of the files, and of those up to this length only: each copy is asked whole. */
const DAMAGED_FILES = 40;
const MAX_DAMAGED_BYTES = 250_000;
const damageable = files.filter(({ bytes }) => bytes.length <= MAX_DAMAGED_BYTES).slice(0, DAMAGED_FILES);
/** Of a copy fewer items of arrays are asked. */
const COPY_ITEMS = 6;
const donors = damageable.map(({ bytes }) => ({ bytes, parts: tables(bytes) }));
const asked = { whole: 0, damaged: 0, refused: 0, 'offset-32-bit': 0, 'telfhash-quartiles': 0 };

/** None where a bound refuses an answer: that is undecided, not another answer. */
function conditionsOf(bytes: Uint8Array, isCopy: boolean): string[] {
  try {
    return dump(elfModule, bytes, [], isCopy ? COPY_ITEMS : undefined);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    asked.refused++;
    return [];
  }
}

/** Differences that no entry explains. */
async function differences(bytes: Uint8Array, asker?: CopyAsker): Promise<string[]> {
  const conditions = conditionsOf(bytes, asker !== undefined);
  const failing = await (asker?.notHolding(conditions, bytes) ?? notHolding('elf', conditions, bytes));
  if (failing.length > 0 && namesOffsetBeyond32Bits(bytes)) {
    asked['offset-32-bit']++;
    return [];
  }
  const unexplained = [];
  for (const condition of failing) {
    if (condition.includes('telfhash') && (await isQuartileDefect(bytes))) asked['telfhash-quartiles']++;
    else unexplained.push(condition);
  }
  return unexplained;
}

async function isQuartileDefect(bytes: Uint8Array): Promise<boolean> {
  const digest = referenceTelfhash(telfhashNames(bytes));
  const condition = digest === undefined ? 'not defined elf.telfhash()' : `elf.telfhash() == ${quoted(digest)}`;
  return (await notHolding('elf', [condition], bytes)).length === 0;
}

function telfhashNames(bytes: Uint8Array): Uint8Array {
  const object = memoryView(bytes);
  const root = elfModule.open!(object);
  const unasked = (): never => {
    throw new Error('not asked for');
  };
  return telfhashText({ object, root: () => root, now: 0, range: unasked, charge: unasked, log: unasked });
}

/** The header, the program headers and the first section headers of a little-endian file. */
function tables(bytes: Uint8Array): Part[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = bytes[4] === 2 ? Number(view.getBigUint64(40, true)) : view.getUint32(32, true);
  return [
    { offset: 0, length: 64 },
    { offset: 64, length: 600 },
    { offset: Math.min(sections, bytes.length), length: 2560 },
  ];
}

describe.skipIf(files.length < FILES)(`elf on this machine's files, seed ${seed}`, () => {
  it.each(files.map(({ name, bytes }) => [name, bytes] as const))('%s, whole', async (_, bytes) => {
    asked.whole++;
    expect(await differences(bytes)).toEqual([]);
  });

  it.each(damageable.map(({ name, bytes }) => [name, bytes] as const))(
    '%s, damaged',
    async (name, bytes) => {
      const random = randomFor('elf', name);
      const asker = new CopyAsker('elf', conditionsOf(bytes, true));
      for (let copy = 0; copy < runs(3); copy++) {
        const damaged = mutated(bytes, random, tables(bytes), donors[random.below(donors.length)]);
        asked.damaged++;
        expect.soft(await differences(damaged, asker), `copy ${copy}, seed ${seed}`).toEqual([]);
      }
      asker.free();
    },
    runs(60_000),
  );

  afterAll(() => {
    console.log(`elf, seed ${seed}: ${JSON.stringify(asked)}`);
  });
});

describe('what is no ELF file', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['the magic alone', Buffer.from('\x7fELF')],
    ['a class that does not exist', Buffer.from('\x7fELF\x03\x01\x01'.padEnd(80, '\0'), 'latin1')],
    ['an encoding that does not exist', Buffer.from('\x7fELF\x02\x03\x01'.padEnd(80, '\0'), 'latin1')],
    ['a header that is cut off', Buffer.from('\x7fELF\x02\x01\x01'.padEnd(63, '\0'), 'latin1')],
    ['a header and nothing else', Buffer.from('\x7fELF\x02\x01\x01'.padEnd(64, '\0'), 'latin1')],
    ['a big-endian header of 32 bits', Buffer.from('\x7fELF\x01\x02\x01'.padEnd(52, '\x01'), 'latin1')],
    ['text', Buffer.from('neither one nor the other')],
  ])('%s', async (_, bytes) => {
    expect(await differences(bytes)).toEqual([]);
  });
});

describe('dialect', () => {
  it('telfhash-quartiles: where the reference finds all quartiles, both digests are one', () => {
    const plain = Buffer.from(Array.from({ length: 400 }, (_, at) => `name${(at * 7919) % 1000}`).join(','));
    const differing = Array.from({ length: 300 }, (_, at) => plain.subarray(0, 60 + at)).filter(
      (text) => !Buffer.from(tlsh(text) ?? []).equals(referenceTelfhash(text) ?? new Uint8Array(0)),
    );
    expect(differing.length).toBeGreaterThan(0);
    expect(differing.length).toBeLessThan(150);
  });

  it('offset-32-bit: an offset of 4 GiB − 1 is outside of it', () => {
    const header = new Uint8Array(64);
    header.set(Buffer.from('\x7fELF\x02\x01'), 0);
    const view = new DataView(header.buffer);
    view.setBigUint64(40, (1n << 32n) - 1n, true);
    expect(namesOffsetBeyond32Bits(header)).toBe(false);
    view.setBigUint64(40, 1n << 32n, true);
    expect(namesOffsetBeyond32Bits(header)).toBe(true);
  });
});

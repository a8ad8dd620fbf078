/**
 * Everything `elf` says of real files and of damaged copies is what YARA-X says, but for the entries in `elf-dialect.ts`.
 * `SLUICE_RUNS=100` takes a hundred times as many damaged copies.
 */
import { describe, expect, it } from 'vitest';
import { telfhashText } from '../../../shared/yara/modules/elf/functions.ts';
import { elfModule } from '../../../shared/yara/modules/elf/elf.ts';
import { tlsh } from '../../../shared/yara/modules/elf/tlsh.ts';
import { randomFor, runs, seed } from '../../conformance/seed.ts';
import { notHolding } from './ask.ts';
import { dump, quoted } from './dump.ts';
import { namesOffsetBeyond32Bits, referenceTelfhash } from './elf-dialect.ts';
import { memoryView } from './memory-view.ts';
import { mutated } from './mutate.ts';
import { elfFiles } from './real-files.ts';

const FILES = 10;
const files = elfFiles(FILES);

/** Differences that no entry explains, and how many an entry does. */
async function differences(
  bytes: Uint8Array,
): Promise<{ readonly unexplained: string[]; readonly explained: string[] }> {
  const failing = await notHolding('elf', dump(elfModule, bytes), bytes);
  const explained: string[] = [];
  if (failing.length > 0 && namesOffsetBeyond32Bits(bytes)) return { unexplained: [], explained: ['offset-32-bit'] };
  const unexplained = [];
  for (const condition of failing) {
    if (condition.includes('telfhash') && (await isQuartileDefect(bytes))) explained.push('telfhash-quartiles');
    else unexplained.push(condition);
  }
  return { unexplained, explained };
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
  return telfhashText({ object, root: () => root, now: 0, range: unasked, log: unasked });
}

/** The header, the program headers and the first section headers of a little-endian file. */
function tables(bytes: Uint8Array): { offset: number; length: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = bytes[4] === 2 ? Number(view.getBigUint64(40, true)) : view.getUint32(32, true);
  return [
    { offset: 0, length: 64 },
    { offset: 64, length: 600 },
    { offset: Math.min(sections, bytes.length), length: 2560 },
  ];
}

describe.skipIf(files.length < FILES)(`elf on this machine's files, seed ${seed}`, () => {
  for (const { name, bytes } of files) {
    it(`${name}, whole`, async () => {
      expect((await differences(bytes)).unexplained).toEqual([]);
    });

    it(`${name}, damaged`, async () => {
      const random = randomFor('elf', name);
      for (let copy = 0; copy < runs(3); copy++) {
        const damaged = mutated(bytes, random, tables(bytes));
        expect((await differences(damaged)).unexplained, `copy ${copy}, seed ${seed}`).toEqual([]);
      }
    });
  }
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
    expect((await differences(bytes)).unexplained).toEqual([]);
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

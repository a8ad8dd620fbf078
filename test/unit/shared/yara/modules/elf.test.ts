/** `elf` reads what it needs, where it is, and gives the same answers however the object comes. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import { elfModule } from '../../../../../shared/yara/modules/elf/elf.ts';
import { elfFunctions } from '../../../../../shared/yara/modules/elf/functions.ts';
import type { ArrayValue, CallContext, ObjectView, StructureValue } from '../../../../../shared/yara/modules/module.ts';
import { PAGE_BYTES } from '../../../../../shared/yara/scan/pages.ts';
import { randomFor, runs, seed } from '../../../../conformance/seed.ts';
import { PagedObject } from './paged-object.ts';
import { outcome, readEach } from './read-all.ts';
import { scanInPieces } from './scan-in-pieces.ts';

interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A 64-bit little-endian shared object with `.dynsym` at the end; zeros wherever nothing is written. */
function elfParts(end: number, names: readonly string[]): Part[] {
  const text = Buffer.from(`\0.shstrtab\0${names.join('\0')}\0`, 'latin1');
  const symbols = Buffer.alloc(24 * names.length);
  names.forEach((name, at) => {
    symbols.writeUInt32LE(text.indexOf(name), at * 24);
    symbols.writeUInt8(0x12, at * 24 + 4);
  });
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(1, 62);
  const textAt = end - 192 - symbols.length - text.length;
  header.writeBigUInt64LE(BigInt(end - 192), 40);
  const sections = Buffer.alloc(192);
  const put = (index: number, type: number, offset: number, length: number, link: number): void => {
    sections.writeUInt32LE(1, index * 64);
    sections.writeUInt32LE(type, index * 64 + 4);
    sections.writeBigUInt64LE(BigInt(offset), index * 64 + 24);
    sections.writeBigUInt64LE(BigInt(length), index * 64 + 32);
    sections.writeUInt32LE(link, index * 64 + 40);
  };
  put(1, 3, textAt, text.length, 0);
  put(2, 11, textAt + text.length, symbols.length, 1);
  return [
    { offset: 0, bytes: header },
    { offset: textAt, bytes: text },
    { offset: textAt + text.length, bytes: symbols },
    { offset: end - 192, bytes: sections },
  ];
}

function read(parts: readonly Part[], size: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(length, size - offset));
  for (const part of parts) {
    const from = Math.max(offset, part.offset);
    const to = Math.min(offset + bytes.length, part.offset + part.bytes.length);
    if (from < to) bytes.set(part.bytes.subarray(from - part.offset, to - part.offset), from - offset);
  }
  return bytes;
}

/** An object of which only the pages are counted that are asked for. */
function pagedView(parts: readonly Part[], size: number): { readonly view: ObjectView; readonly pages: Set<number> } {
  const pages = new Set<number>();
  const bytes = (offset: number, length: number): Uint8Array | undefined => {
    if (offset < 0 || offset + length > size) return undefined;
    for (let at = offset; at < offset + length; at++) pages.add(Math.floor(at / PAGE_BYTES));
    return read(parts, size, offset, length);
  };
  const number = (offset: number, length: number, isBigEndian: boolean): bigint | undefined => {
    const found = bytes(offset, length);
    return found && BigInt(`0x${Buffer.from(isBigEndian ? found : found.reverse()).toString('hex')}`);
  };
  return {
    pages,
    view: {
      size,
      bytes,
      unsigned: (offset, length, isBigEndian = false) => {
        const value = number(offset, length, isBigEndian);
        return value === undefined ? undefined : Number(value);
      },
      unsigned64: (offset, isBigEndian = false) => number(offset, 8, isBigEndian),
      refuse: (reason) => {
        throw new Error(reason);
      },
    },
  };
}

const names = Array.from({ length: 5000 }, (_, at) => `function_${at}_of_many`);
const rule = `import "elf" rule r { condition:
  elf.dynsym_entries == 5000 and elf.dynsym[4999].name == "function_4999_of_many" and elf.sections[1].name == ".shstrtab"
  and elf.import_md5() != "d41d8cd98f00b204e9800998ecf8427e" and defined elf.telfhash() }`;

describe('elf', () => {
  it('tables at the end of 32 TiB are read in few pages', () => {
    const size = 2 ** 45;
    const { view, pages } = pagedView(elfParts(size, names), size);
    const root = elfModule.open!(view);
    const context = { object: view, root: () => root } as unknown as CallContext;
    const symbols = root.field('dynsym') as ArrayValue;
    expect(symbols.length).toBe(5000);
    expect((symbols.item(4999) as StructureValue).field('name')).toEqual(
      new TextEncoder().encode('function_4999_of_many'),
    );
    const digest = createHash('md5')
      .update([...names].sort().join(','))
      .digest('hex');
    expect(elfFunctions['elf.import_md5()']!(context)).toEqual(new TextEncoder().encode(digest));
    expect(pages.size).toBeLessThanOrEqual(8);
  });

  it(`answers do not depend on pieces or on going on from a checkpoint, seed ${seed}`, async () => {
    const size = 700_000;
    const parts = elfParts(size, names);
    const bytes = read(parts, size, 0, size);
    const rules = compileRules([{ text: rule }]);
    const whole = await scanBytes(rules, bytes);
    expect(whole.matches).toHaveLength(1);
    const { matches, undecided } = await scanInPieces(rules, bytes, randomFor('elf pieces'));
    expect({ matches, undecided }).toEqual({ matches: whole.matches, undecided: whole.undecided });
  });

  it('where nothing can be read again, what is held answers and the rest is undecided', async () => {
    const size = 8_000_000;
    const parts = elfParts(size, names);
    const scanner = new StreamScanner(compileRules([{ text: rule }]), { limits: { retainedBytes: 1000 } });
    scanner.write(read(parts, size, 0, size));
    const { matches, undecided } = await scanner.end();
    expect(matches).toEqual([]);
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'unseekable' }]);
  });

  it('a file that says it has more symbols than are read is undecided, not wrong', async () => {
    const size = 60_000_000;
    const parts = elfParts(size, ['one']);
    const sections = parts[3]!.bytes as Buffer;
    sections.writeBigUInt64LE(0n, 2 * 64 + 24);
    sections.writeBigUInt64LE(BigInt(size), 2 * 64 + 32);
    const rules = compileRules([
      { text: 'import "elf" rule r { condition: elf.import_md5() == "x" or elf.type == 4 }' },
    ]);
    const { undecided } = await scanBytes(rules, read(parts, size, 0, size));
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'limit:elfSymbols' }]);
  });
});

describe('files that are made to be read over and over, or to take long', () => {
  const SIZE = 0x1000000;

  function paged(parts: readonly Part[], size = SIZE): PagedObject {
    return new PagedObject(size, (offset, length) => read(parts, size, offset, length));
  }

  function hash(object: PagedObject, root: StructureValue, link: string): string {
    const context = { object: object.view, root: () => root } as unknown as CallContext;
    return outcome(() => object.ask(() => elfFunctions[link]!(context)));
  }

  /** A file of these sections and segments, which have their types and places, and nothing else. */
  function elf(
    sections: readonly (readonly [type: number, offset: number, length: number])[],
    segments: number,
  ): Part[] {
    const header = Buffer.alloc(64);
    header.write('\x7fELF\x02\x01\x01', 'latin1');
    header.writeBigUInt64LE(64n, 32);
    header.writeBigUInt64LE(BigInt(64 + segments * 56), 40);
    header.writeUInt16LE(segments, 56);
    header.writeUInt16LE(sections.length, 60);
    const programs = Buffer.alloc(segments * 56);
    for (let at = 0; at < segments; at++) {
      programs.writeUInt32LE(2, at * 56);
      programs.writeBigUInt64LE(0x800000n, at * 56 + 8);
      programs.writeBigUInt64LE(0x800000n, at * 56 + 32);
    }
    const table = Buffer.alloc(sections.length * 64);
    for (const [at, [type, offset, length]] of sections.entries()) {
      table.writeUInt32LE(type, at * 64 + 4);
      table.writeBigUInt64LE(BigInt(offset), at * 64 + 24);
      table.writeBigUInt64LE(BigInt(length), at * 64 + 32);
    }
    return [
      { offset: 0, bytes: header },
      { offset: 64, bytes: programs },
      { offset: 64 + programs.length, bytes: table },
    ];
  }

  it('a dynamic table of 8 MiB', () => {
    const entries = Buffer.alloc(0x800000, 1);
    entries.fill(0, entries.length - 16);
    const object = paged([...elf([], 1), { offset: 0x800000, bytes: entries }]);
    const root = elfModule.open!(object.view);
    expect(object.ask(() => root.field('dynamic_section_entries'))).toBe(0x80000 - 1);
    expect(object.reads).toBeLessThan(0x800000 / PAGE_BYTES + 4);
  });

  it('dynamic tables without end', () => {
    const object = paged([...elf([], 3), { offset: 0x800000, bytes: Buffer.alloc(0x800000, 1) }]);
    const root = elfModule.open!(object.view);
    expect(outcome(() => object.ask(() => root.field('dynamic_section_entries')))).toBe('limit:elfDynamicEntries');
  });

  it('as many section headers as there may be', () => {
    const sections = Array.from({ length: 0xfeff }, (_, at) => [at === 0xfefe ? 11 : 1, 0x800000, 48] as const);
    const object = paged(elf(sections, 1000));
    const root = elfModule.open!(object.view);
    expect(object.ask(() => root.field('dynsym_entries'))).toBe(2);
    expect(object.reads).toBeLessThan(70);
  });

  it('long names that do not count', () => {
    const count = 2000;
    const names = Buffer.alloc(0x10000, '_').fill(0, 0xffff);
    const sections = [
      [3, 0x600000, names.length],
      [11, 0x700000, count * 24],
    ] as const;
    const symbols = Buffer.alloc(count * 24);
    for (let at = 0; at < count; at++) symbols[at * 24 + 4] = 0x12;
    const object = paged([
      ...elf(sections, 0),
      { offset: 0x600000, bytes: names.subarray(0, 0xfff0) },
      { offset: 0x700000, bytes: symbols },
    ]);
    const root = elfModule.open!(object.view);
    expect(hash(object, root, 'elf.telfhash()')).toBe('limit:elfNames');
  });

  it(`whatever it is given, nothing is thrown but refusals, in few ranges, seed ${seed}`, () => {
    const size = 0x4000;
    const dynamic = Buffer.alloc(64, 1);
    const parts = [
      ...elfParts(size, names.slice(0, 50)),
      { offset: 32, bytes: Buffer.of(64) },
      { offset: 56, bytes: Buffer.of(1) },
      { offset: 64, bytes: elf([], 1)[1]!.bytes },
      { offset: 64 + 9, bytes: Buffer.of(1, 0) },
      { offset: 64 + 33, bytes: Buffer.of(0, 0) },
      { offset: 64 + 32, bytes: Buffer.of(64) },
      { offset: 0x100, bytes: dynamic },
    ];
    const original = read(parts, size, 0, size);
    const random = randomFor('elf fuzz');
    for (let copy = 0; copy < runs(300); copy++) {
      const bytes = Uint8Array.from(original);
      for (let changes = copy === 0 ? 0 : random.below(8); changes > 0; changes--) {
        const at = [0, 64, 0x100, size - 192][random.below(4)]! + random.below(64);
        bytes[at] = [0, 1, 2, 11, 0x7f, 0xff, random.below(256)][random.below(7)]!;
      }
      const length = copy > 0 && random.below(8) === 0 ? random.below(size) : size;
      const object = paged([{ offset: 0, bytes: bytes.subarray(0, length) }], length);
      const root = elfModule.open!(object.view);
      const found = readEach(object, elfModule.schema, root);
      const hashes = ['elf.import_md5()', 'elf.telfhash()'].map((link) => hash(object, root, link));
      if (copy === 0) {
        expect({ hashes, refused: found.refused }).toEqual({ hashes: ['object', 'object'], refused: [] });
        expect(found.defined).toBeGreaterThan(350);
      }
      expect(found.refused.filter((reason) => !/^limit:(?:elf|text)/.test(reason))).toEqual([]);
      expect(object.reads).toBeLessThanOrEqual(1);
    }
  });
});

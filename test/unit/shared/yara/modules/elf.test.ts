/** `elf` reads what it needs, where it is, and gives the same answers however the object comes. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import { elfModule } from '../../../../../shared/yara/modules/elf/elf.ts';
import { elfFunctions } from '../../../../../shared/yara/modules/elf/functions.ts';
import type { ArrayValue, CallContext, ObjectView, StructureValue } from '../../../../../shared/yara/modules/module.ts';
import { PAGE_BYTES } from '../../../../../shared/yara/scan/pages.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';
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

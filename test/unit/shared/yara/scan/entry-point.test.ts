/** `entrypoint`: where PE and ELF files begin to run, as libyara 4.2 answers, and undefined elsewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import { scanInPieces } from '../both-engines.ts';

async function holds(condition: string, bytes: Uint8Array): Promise<boolean> {
  const rules = compileRules([{ text: `rule r { condition: ${condition} }` }]);
  const whole = await scanBytes(rules, bytes);
  const inPieces = await scanInPieces(rules, bytes, 97);
  expect(inPieces.matches).toEqual(whole.matches);
  return whole.matches.length === 1;
}

interface Section {
  readonly address: number;
  readonly offset: number;
}

/** A PE file of 4096 bytes: header at 0x80, an optional header of 224 bytes, sections of 40. */
function peFile(entryPoint: number, sections: readonly Section[], machine = 0x14c): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, 0x80, true);
  view.setUint32(0x80, 0x4550, true);
  view.setUint16(0x84, machine, true);
  view.setUint16(0x86, sections.length, true);
  view.setUint16(0x94, 224, true);
  view.setUint32(0x98 + 16, entryPoint, true);
  sections.forEach(({ address, offset }, number) => {
    const at = 0x98 + 224 + number * 40;
    view.setUint32(at + 12, address, true);
    view.setUint32(at + 20, offset, true);
  });
  return bytes;
}

describe('PE', () => {
  const sections = [
    { address: 0x1000, offset: 0x400 },
    { address: 0x2000, offset: 0x800 },
  ];

  it.each([
    ['in the first section', peFile(0x1010, sections), 0x410],
    ['in the last section', peFile(0x2fff, sections), 0x17ff],
    ['before every section it is the address itself', peFile(0x20, sections), 0x20],
    ['without sections it is the address itself', peFile(0x20, []), 0x20],
    ['sections may stand in any order', peFile(0x1010, [...sections].reverse()), 0x410],
    ['of 64 bits', peFile(0x1010, sections, 0x8664), 0x410],
  ])('%s', async (_, bytes, offset) => {
    expect(await holds(`entrypoint == ${offset}`, bytes)).toBe(true);
  });

  it.each([
    ['for a machine that libyara does not know', peFile(0x1010, sections, 0xaa64)],
    ['without the header’s letters', peFile(0x1010, sections).fill(0, 0x80, 0x84)],
    ['for a file that is cut within its headers', peFile(0x1010, sections).subarray(0, 0x100)],
    ['for the two letters alone', Buffer.from('MZ')],
  ])('is undefined %s', async (_, bytes) => {
    expect(await holds('not defined entrypoint', bytes)).toBe(true);
  });

  it('is 0 where the section table is cut', async () => {
    expect(await holds('entrypoint == 0', peFile(0x1010, sections).subarray(0, 0x180))).toBe(true);
  });

  it('a table that claims more sections than there are is read to its bound', async () => {
    const bytes = peFile(0x1010, sections);
    new DataView(bytes.buffer).setUint16(0x86, 0xffff, true);
    expect(await holds('entrypoint == 0x410', bytes)).toBe(true);
  });
});

interface ElfParts {
  readonly type: number;
  readonly entryPoint: number;
  readonly address: number;
  readonly offset: number;
  readonly length: number;
}

/** An ELF file of 64 bits with one program header at 64 and one section header at 128. */
function elf64({ type, entryPoint, address, offset, length }: ElfParts): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number): void => {
    view.setBigUint64(at, BigInt(value), true);
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  word(24, entryPoint);
  word(32, 64);
  word(40, 128);
  view.setUint16(56, 1, true);
  view.setUint16(60, 1, true);
  word(64 + 8, offset);
  word(64 + 16, address);
  word(64 + 40, length);
  view.setUint32(128 + 4, 1, true);
  word(128 + 16, address);
  word(128 + 24, offset);
  word(128 + 32, length);
  return bytes;
}

/** The same in 32 bits, headers at 52 and 84. */
function elf32({ type, entryPoint, address, offset, length }: ElfParts): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint32(24, entryPoint, true);
  view.setUint32(28, 52, true);
  view.setUint32(32, 84, true);
  view.setUint16(44, 1, true);
  view.setUint16(48, 1, true);
  view.setUint32(52 + 4, offset, true);
  view.setUint32(52 + 8, address, true);
  view.setUint32(52 + 20, length, true);
  view.setUint32(84 + 4, 1, true);
  view.setUint32(84 + 12, address, true);
  view.setUint32(84 + 16, offset, true);
  view.setUint32(84 + 20, length, true);
  return bytes;
}

describe.each([
  ['32 bits', elf32],
  ['64 bits', elf64],
] as const)('ELF of %s', (_, make) => {
  const mapped = { entryPoint: 0x401010, address: 0x401000, offset: 0x200, length: 0x100 };

  it.each([
    ['an executable by its segments', make({ type: 2, ...mapped }), 0x210],
    ['a shared object by its sections', make({ type: 3, ...mapped }), 0x210],
    ['the last byte of a segment', make({ type: 2, ...mapped, entryPoint: 0x4010ff }), 0x2ff],
    ['behind a segment it is 0', make({ type: 2, ...mapped, entryPoint: 0x401100 }), 0],
    ['before a segment it is 0', make({ type: 2, ...mapped, entryPoint: 0x400fff }), 0],
    ['behind a section it is 0', make({ type: 3, ...mapped, entryPoint: 0x401100 }), 0],
  ])('%s', async (_name, bytes, offset) => {
    expect(await holds(`entrypoint == ${offset}`, bytes)).toBe(true);
  });

  it('is undefined where the header is cut', async () => {
    expect(await holds('not defined entrypoint', make({ type: 2, ...mapped }).subarray(0, 40))).toBe(true);
  });

  it('is 0 where the table is beyond the end', async () => {
    expect(await holds('entrypoint == 0', make({ type: 2, ...mapped }).subarray(0, 80))).toBe(true);
  });
});

describe('other objects', () => {
  it.each([
    ['an empty object', new Uint8Array(0)],
    ['one byte', Uint8Array.of(0x4d)],
    ['a text', Buffer.from('entrypoint')],
    ['an ELF file of no class', Buffer.from('\x7fELF\x03' + '\0'.repeat(100), 'latin1')],
  ])('%s has none', async (_, bytes) => {
    expect(await holds('not defined entrypoint', bytes)).toBe(true);
    expect(await holds('entrypoint == 0', bytes)).toBe(false);
  });

  it('a pattern may be asked at the entry point', async () => {
    const bytes = peFile(0x1010, [{ address: 0x1000, offset: 0x400 }]);
    bytes.set(Buffer.from('start'), 0x410);
    const rules = compileRules([{ text: 'rule r { strings: $a = "start" condition: $a at entrypoint }' }]);
    expect((await scanBytes(rules, bytes)).matches).toHaveLength(1);
    expect(rules.warnings.map(({ code }) => code)).toEqual(['entrypoint']);
  });
});

it.skipIf(process.arch !== 'x64' || !existsSync('/bin/true'))(
  'is where this machine’s programs begin: the section headers are at the end and are fetched',
  async () => {
    const bytes = readFileSync('/bin/true');
    let reads = 0;
    const rules = compileRules([
      // _start clears rbp first, behind endbr64 where the compiler marks targets of jumps.
      { text: 'rule r { condition: uint16be(entrypoint) == 0x31ed or uint32be(entrypoint) == 0xf30f1efa }' },
    ]);
    const scanner = new StreamScanner(rules, {
      size: bytes.length,
      readAt: (offset, length) => {
        reads++;
        return Promise.resolve(bytes.subarray(offset, offset + length));
      },
    });
    scanner.write(bytes);
    expect((await scanner.end()).matches).toHaveLength(1);
    expect(reads).toBeLessThan(4);
  },
);

/**
 * `entrypoint`: the file offset at which a PE or ELF file begins to run. The reference dropped it for fields of modules;
 * thousands of public rules use it, so it answers as libyara 4.2 does: from the object's first bytes alone, with the same
 * conditions on what is such a file, and 0 where a file of one of these kinds maps the address nowhere.
 *
 * ```
 * PE     0x3c  4  offset of the header `PE\0\0`, then +4 machine, +6 sections, +20 size of the optional header,
 *                 +24 optional header: +16 entry point's address
 *        section (40 bytes): +12 address, +20 offset in the file
 * ELF    as in `modules/elf/layout.ts`: program headers of executables, sections of others
 * ```
 * Sources: PE/COFF §2–4, System V ABI chapters 4 and 5.
 */
import { ELF_LAYOUTS, ELF_MAGIC, type ElfLayout } from '../modules/elf/layout.ts';
import type { ObjectView } from '../modules/module.ts';
import { toInteger, type Integer } from './integers.ts';

/** Undefined for what is neither. */
export function entryPointOf(object: ObjectView): Integer | undefined {
  const magic = object.unsigned(0, 2);
  if (magic === 0x5a4d) {
    const header = peHeader(object);
    return header === undefined ? undefined : peOffset(object, header);
  }
  return object.unsigned(0, 4) === ELF_MAGIC ? elfOffset(object) : undefined;
}

const DOS_HEADER_BYTES = 64;
const PE_HEADERS_BYTES = 4 + 20 + 224;
const MACHINES: ReadonlySet<number | undefined> = new Set([0x14c, 0x8664]);

function peHeader(object: ObjectView): number | undefined {
  if (object.size < DOS_HEADER_BYTES) return undefined;
  const header = object.unsigned(0x3c, 4)!;
  const isPe =
    header < 2 ** 31 &&
    object.size > header + PE_HEADERS_BYTES &&
    object.unsigned(header, 4) === 0x4550 &&
    MACHINES.has(object.unsigned(header + 4, 2));
  return isPe ? header : undefined;
}

const MAX_PE_SECTIONS = 60;
const PE_SECTION_BYTES = 40;

/** From the section with the highest address that is not above the entry point's. */
function peOffset(object: ObjectView, header: number): number {
  const address = object.unsigned(header + 40, 4)!;
  const count = Math.min(object.unsigned(header + 6, 2)!, MAX_PE_SECTIONS);
  let section = header + 24 + object.unsigned(header + 20, 2)!;
  let sectionAddress = 0;
  let sectionOffset = 0;
  for (let number = 0; number < count; number++, section += PE_SECTION_BYTES) {
    if (section + PE_SECTION_BYTES >= object.size) return 0;
    const start = object.unsigned(section + 12, 4)!;
    if (address < start || sectionAddress > start) continue;
    sectionAddress = start;
    sectionOffset = object.unsigned(section + 20, 4)!;
  }
  return sectionOffset + (address - sectionAddress);
}

/** Entries of segments or sections, and where in each their fields stand. `start` and `count` are of the header. */
interface ElfTable {
  readonly start: number;
  readonly count: number;
  readonly entryBytes: number;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly length: number;
}

function segmentsOf({ word, counts, segment }: ElfLayout): ElfTable {
  const { size: entryBytes, virtual: address, offset, memory: length } = segment;
  return { start: 24 + word, count: counts + 2, entryBytes, type: 0, address, offset, length };
}

function sectionsOf({ word, counts, section }: ElfLayout): ElfTable {
  const { size: entryBytes, type, address, offset, length } = section;
  return { start: 24 + 2 * word, count: counts + 6, entryBytes, type, address, offset, length };
}

const EXECUTABLE = 2;
const SECTION_WITHOUT_BYTES: ReadonlySet<number | undefined> = new Set([0, 8]);

function elfOffset(object: ObjectView): Integer | undefined {
  const layout = ELF_LAYOUTS[object.unsigned(4, 1) ?? 0];
  if (layout === undefined || object.size < layout.headerBytes) return undefined;
  const isExecutable = object.unsigned(16, 2) === EXECUTABLE;
  const table = isExecutable ? segmentsOf(layout) : sectionsOf(layout);
  const { start: startOf, count, entryBytes, type, address, offset, length } = table;
  const word = (at: number): bigint => (layout.word === 8 ? object.unsigned64(at)! : BigInt(object.unsigned(at, 4)!));
  const entryPoint = word(24);
  const entries = object.unsigned(count, 2)!;
  const first = word(startOf);
  if (first === 0n || entries === 0 || first + BigInt(entries * entryBytes) > BigInt(object.size)) return 0;
  for (let number = 0; number < entries; number++) {
    const entry = Number(first) + number * entryBytes;
    if (!isExecutable && SECTION_WITHOUT_BYTES.has(object.unsigned(entry + type, 4))) continue;
    const start = word(entry + address);
    if (entryPoint < start || entryPoint >= wrapped(start + word(entry + length), layout.word)) continue;
    return toInteger(BigInt.asIntN(64, word(entry + offset) + (entryPoint - start)));
  }
  return 0;
}

/** Ends of segments wrap as the words they are computed in. */
function wrapped(value: bigint, bytes: number): bigint {
  return BigInt.asUintN(bytes * 8, value);
}

/**
 * Reads an ELF file through ranged pages, each table entry when it is asked for. Where fields stand is in `layout.ts`.
 *
 * A table that does not lie wholly in the file is no table: its entries are none. Text is UTF-8, what is not is replaced.
 * Never throws but as `ObjectView` says; what exceeds a bound below is refused by its name, and so undecided.
 * Sources: System V ABI, chapters 4 and 5.
 */
import { toInteger, type Integer } from '../../scan/integers.ts';
import type { ModuleValue, ObjectView, StructureValue } from '../module.ts';
import { lossyText, readText } from '../read-text.ts';
import { arrayOf, arrayOfItems, found, once, structureOf } from '../structure-value.ts';
import { ELF_LAYOUTS, ELF_MAGIC, type ElfLayout } from './layout.ts';

const BIG_ENDIAN = 2;
/** Executables and shared objects. */
const LOADED_TYPES: ReadonlySet<number> = new Set([2, 3]);
const SECTION_NULL = 0;
const SECTION_SYMBOLS = 2;
const SECTION_WITHOUT_BYTES = 8;
const SECTION_DYNAMIC_SYMBOLS = 11;
const SEGMENT_DYNAMIC = 2;
/** A header that says it has this many sections or more is taken as damaged. */
const TOO_MANY_SECTIONS = 0xff00;

/** Entries of dynamic tables that are read; a file with more has no known number of them. */
const MAX_DYNAMIC_ENTRIES = 1 << 20;

/** Entries of one size, one behind the other, all of them in the file. */
interface Table {
  readonly start: number;
  readonly count: number;
}

/** A symbol as the functions of the module need it. */
export interface ElfSymbol {
  readonly name: Uint8Array | undefined;
  readonly type: number;
  readonly bind: number;
  readonly visibility: number;
  readonly section: number;
}

interface SymbolTable extends Table {
  /** Offset of the table's names; undefined where it has none. */
  readonly names: number | undefined;
}

const NO_SYMBOLS: SymbolTable = { start: 0, count: 0, names: undefined };

export class ElfFile implements StructureValue {
  readonly #object: ObjectView;
  readonly #value = once(() => this.#open());
  /** How far dynamic tables have been read, so that a call that ended for want of bytes goes on from there. */
  readonly #readDynamic = { segment: 0, next: undefined as number | undefined, entries: [] as number[] };
  #layout: ElfLayout = ELF_LAYOUTS[1]!;
  #isBigEndian = false;

  constructor(object: ObjectView) {
    this.#object = object;
  }

  field(name: string): ModuleValue {
    return this.#value().field(name);
  }

  /** The dynamic symbols, or where there are none the static ones. */
  importSymbols(): { readonly count: number; readonly symbol: (index: number) => ElfSymbol } {
    if (!this.#isElf()) return { count: 0, symbol: () => this.#symbol(NO_SYMBOLS, 0) };
    const dynamic = this.#dynamicSymbols();
    const table = dynamic.count > 0 ? dynamic : this.#staticSymbols();
    return { count: table.count, symbol: (index) => this.#symbol(table, index) };
  }

  readonly #isElf = once((): boolean => {
    const object = this.#object;
    const layout = ELF_LAYOUTS[object.unsigned(4, 1) ?? 0];
    const encoding = object.unsigned(5, 1) ?? 0;
    if (object.unsigned(0, 4) !== ELF_MAGIC || layout === undefined || encoding < 1 || encoding > 2) return false;
    this.#layout = layout;
    this.#isBigEndian = encoding === BIG_ENDIAN;
    return object.size >= layout.headerBytes;
  });

  #open(): StructureValue {
    if (!this.#isElf()) {
      const none = (): ModuleValue => arrayOf(0, () => undefined);
      return structureOf({ sections: none, segments: none, symtab: none, dynsym: none, dynamic: none });
    }
    const { word, counts } = this.#layout;
    const hasSections = (value: () => ModuleValue) => (): ModuleValue =>
      this.#isDamaged() || this.#sections() === undefined ? undefined : value();
    const dynamic = once(() => this.#dynamicEntries());
    return structureOf({
      type: () => this.#type(),
      machine: () => this.#half(18),
      osabi: () => this.#object.unsigned(7, 1),
      entry_point: () => (this.#isDamaged() ? undefined : this.#entryPoint()),
      ph_offset: () => this.#value64(24 + word),
      sh_offset: () => this.#value64(24 + 2 * word),
      ph_entry_size: () => this.#half(counts),
      number_of_segments: () => this.#half(counts + 2),
      sh_entry_size: () => this.#half(counts + 4),
      number_of_sections: () => this.#half(counts + 6),
      segments: () => this.#segmentValues(),
      sections: () => this.#sectionValues(),
      symtab: () => this.#symbolValues(this.#staticSymbols()),
      dynsym: () => this.#symbolValues(this.#dynamicSymbols()),
      symtab_entries: hasSections(() => this.#staticSymbols().count),
      dynsym_entries: hasSections(() => this.#dynamicSymbols().count),
      dynamic: () => arrayOfItems(dynamic(), (at) => this.#dynamicEntry(at)),
      dynamic_section_entries: () => dynamic().length,
    });
  }

  // Header and tables ----------------------------------------------------------------------------------------------------

  #type(): number {
    return this.#half(16);
  }

  #isDamaged(): boolean {
    return this.#half(this.#layout.counts + 6) >= TOO_MANY_SECTIONS;
  }

  readonly #segments = once(() => {
    const { word, counts, segment } = this.#layout;
    return this.#table(this.#number64(24 + word), this.#half(counts + 2), segment.size);
  });

  readonly #sections = once(() => {
    const { word, counts, section } = this.#layout;
    return this.#table(this.#number64(24 + 2 * word), this.#half(counts + 6), section.size);
  });

  #table(start: bigint, count: number, entryBytes: number): Table | undefined {
    const isInside = start + BigInt(count * entryBytes) <= BigInt(this.#object.size);
    return isInside ? { start: Number(start), count } : undefined;
  }

  #sectionAt(index: number): number | undefined {
    const sections = this.#sections();
    if (sections === undefined || index >= sections.count) return undefined;
    return sections.start + index * this.#layout.section.size;
  }

  /** Of what is loaded by segments, of all others by sections; the first one that holds the address has it. */
  #entryPoint(): Integer | undefined {
    const address = this.#number64(24);
    if (address === 0n) return undefined;
    const { segment, section } = this.#layout;
    return LOADED_TYPES.has(this.#type())
      ? this.#mapped(address, this.#segments(), segment.size, [segment.virtual, segment.memory, segment.offset])
      : this.#mapped(
          address,
          this.#sections(),
          section.size,
          [section.address, section.length, section.offset],
          (at) => {
            const type = this.#word32(at + section.type);
            return type !== SECTION_WITHOUT_BYTES && type !== SECTION_NULL;
          },
        );
  }

  #mapped(
    address: bigint,
    table: Table | undefined,
    entryBytes: number,
    [startField, lengthField, offsetField]: readonly [number, number, number],
    counts: (at: number) => boolean = () => true,
  ): Integer | undefined {
    for (let index = 0; index < (table?.count ?? 0); index++) {
      const at = table!.start + index * entryBytes;
      if (!counts(at)) continue;
      const start = this.#number64(at + startField);
      const end = start + this.#number64(at + lengthField);
      if (end >= 1n << 64n) return undefined;
      if (address < start || address >= end) continue;
      const offset = this.#number64(at + offsetField) + (address - start);
      return offset >= 1n << 64n ? undefined : toInteger(BigInt.asIntN(64, offset));
    }
    return undefined;
  }

  // Segments, sections, symbols -------------------------------------------------------------------------------------------

  #segmentValues(): ModuleValue {
    const { size, ...field } = this.#layout.segment;
    const { start, count } = this.#segments() ?? { start: 0, count: 0 };
    return arrayOf(count, (index) => {
      const at = start + index * size;
      return structureOf({
        type: () => this.#word32(at) | 0,
        flags: () => this.#word32(at + field.flags),
        offset: () => this.#value64(at + field.offset),
        virtual_address: () => this.#value64(at + field.virtual),
        physical_address: () => this.#value64(at + field.physical),
        file_size: () => this.#value64(at + field.fileSize),
        memory_size: () => this.#value64(at + field.memory),
        alignment: () => this.#value64(at + field.align),
      });
    });
  }

  #sectionValues(): ModuleValue {
    const { size, ...field } = this.#layout.section;
    const { start, count } = (this.#isDamaged() ? undefined : this.#sections()) ?? { start: 0, count: 0 };
    return arrayOf(count, (index) => {
      const at = start + index * size;
      return structureOf({
        name: () => this.#name(this.#namesAt(this.#half(this.#layout.counts + 8)), this.#word32(at)),
        type: () => this.#word32(at + field.type) | 0,
        flags: () => this.#value64(at + field.flags),
        address: () => this.#value64(at + field.address),
        offset: () => this.#value64(at + field.offset),
        size: () => this.#value64(at + field.length),
      });
    });
  }

  readonly #staticSection = this.#sectionOf(SECTION_SYMBOLS);
  readonly #dynamicSection = this.#sectionOf(SECTION_DYNAMIC_SYMBOLS);
  readonly #staticSymbols = once(() => this.#symbolTable(this.#staticSection()[0]));
  readonly #dynamicSymbols = once(() => this.#symbolTable(this.#dynamicSection()[0]));

  /** Where the first section of that type is described. */
  #sectionOf(type: number): () => readonly number[] {
    return found(
      () => (this.#isDamaged() ? 0 : (this.#sections()?.count ?? 0)),
      (index) => {
        const at = this.#sectionAt(index)!;
        return this.#word32(at + this.#layout.section.type) === type ? at : undefined;
      },
      1,
    );
  }

  /** Its names stand in the section that it links to. */
  #symbolTable(at: number | undefined): SymbolTable {
    if (at === undefined) return NO_SYMBOLS;
    const { section, symbol } = this.#layout;
    const start = this.#number64(at + section.offset);
    const length = this.#number64(at + section.length);
    if (start + length > BigInt(this.#object.size)) return NO_SYMBOLS;
    const names = this.#namesAt(this.#word32(at + section.link));
    return { start: Number(start), count: Math.floor(Number(length) / symbol.size), names };
  }

  #symbol({ start, names }: SymbolTable, index: number): ElfSymbol {
    const { size, info, other, section } = this.#layout.symbol;
    const at = start + index * size;
    const bits = this.#object.unsigned(at + info, 1)!;
    return {
      name: this.#name(names, this.#word32(at)),
      type: bits & 15,
      bind: bits >> 4,
      visibility: this.#object.unsigned(at + other, 1)! & 3,
      section: this.#half(at + section),
    };
  }

  #symbolValues(table: SymbolTable): ModuleValue {
    const { size, ...field } = this.#layout.symbol;
    return arrayOf(table.count, (index) => {
      const at = table.start + index * size;
      return structureOf({
        name: () => this.#name(table.names, this.#word32(at)),
        value: () => this.#value64(at + field.value),
        size: () => this.#value64(at + field.length),
        type: () => this.#object.unsigned(at + field.info, 1)! & 15,
        bind: () => this.#object.unsigned(at + field.info, 1)! >> 4,
        shndx: () => this.#half(at + field.section),
        visibility: () => this.#object.unsigned(at + field.other, 1)! & 3,
      });
    });
  }

  // Dynamic table ---------------------------------------------------------------------------------------------------------

  /** Offsets of the entries of every dynamic segment, each table up to its null entry. */
  #dynamicEntries(): readonly number[] {
    const { segment, word } = this.#layout;
    const { start, count } = this.#segments() ?? { start: 0, count: 0 };
    const read = this.#readDynamic;
    for (; read.segment < count; read.segment++, read.next = undefined) {
      const at = start + read.segment * segment.size;
      if (this.#word32(at) !== SEGMENT_DYNAMIC) continue;
      const first = this.#number64(at + segment.offset);
      const end = first + this.#number64(at + segment.fileSize);
      if (end > BigInt(this.#object.size)) continue;
      for (let entry = read.next ?? Number(first); entry + 2 * word <= Number(end); entry += 2 * word) {
        read.next = entry;
        if (this.#number64(entry) === 0n) break;
        if (read.entries.length >= MAX_DYNAMIC_ENTRIES) return this.#object.refuse('limit:elfDynamicEntries');
        read.entries.push(entry);
      }
    }
    return read.entries;
  }

  #dynamicEntry(at: number): ModuleValue {
    return structureOf({
      type: () => Number(BigInt.asIntN(32, this.#number64(at))),
      val: () => this.#value64(at + this.#layout.word),
    });
  }

  // Reading ---------------------------------------------------------------------------------------------------------------

  #namesAt(section: number): number | undefined {
    const at = this.#sectionAt(section);
    if (at === undefined) return undefined;
    const offset = this.#number64(at + this.#layout.section.offset);
    return offset <= BigInt(this.#object.size) ? Number(offset) : undefined;
  }

  /** Up to its zero or the file's end: the length that a section says its names have is often wrong. */
  #name(names: number | undefined, at: number): Uint8Array | undefined {
    if (names === undefined || names + at > this.#object.size) return undefined;
    return lossyText(readText(this.#object, names + at, this.#object.size));
  }

  #half(at: number): number {
    return this.#object.unsigned(at, 2, this.#isBigEndian)!;
  }

  #word32(at: number): number {
    return this.#object.unsigned(at, 4, this.#isBigEndian)!;
  }

  #number64(at: number): bigint {
    if (this.#layout.word === 4) return BigInt(this.#word32(at));
    return this.#object.unsigned64(at, this.#isBigEndian)!;
  }

  #value64(at: number): Integer {
    return this.#layout.word === 4 ? this.#word32(at) : toInteger(BigInt.asIntN(64, this.#number64(at)));
  }
}

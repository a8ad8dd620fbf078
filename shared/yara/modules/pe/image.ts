/**
 * A PE file as the parts of this module and other modules read it: its headers, sections and data directories, and what
 * stands at an address. To get at it: `new PeImage(object)`, or in a function of this module `peFileOf(context).image`.
 *
 * Each is read when it is asked for, through ranged pages. An object is a PE file where its DOS header, the PE header that
 * this one points to and their magics are there; an optional header that is cut off is as one of zeros without directories.
 * Never throws but as `ObjectView` says. Source: PE/COFF, "MS-DOS Stub" to "Section Table".
 */
import type { ObjectView } from '../module.ts';
import { once } from '../structure-value.ts';
import {
  DIRECTORY,
  DIRECTORY_BYTES,
  DOS_HEADER_BYTES,
  DOS_MAGIC,
  FIELDS_32,
  FIELDS_64,
  FILE_FIELDS,
  MAGIC_64,
  MAX_DIRECTORIES,
  MAX_SECTIONS,
  OPTIONAL_BYTES_32,
  OPTIONAL_BYTES_64,
  PE_HEADER_BYTES,
  PE_MAGIC,
  PE_OFFSET_AT,
  SECTION_BYTES,
  SECTION_FIELDS,
  type Field,
  type OptionalField,
} from './layout.ts';
import { rvaToOffset, type Alignments, type MappedSection } from './rva.ts';

export interface PeSection extends MappedSection {
  /** Offset of its entry in the section table. */
  readonly at: number;
}

export interface DataDirectory {
  /** Offset of the entry itself. */
  readonly at: number;
  readonly rva: number;
  readonly size: number;
}

/** Bytes of the file, all of which exist. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

interface Headers {
  /** Offset of the PE header. */
  readonly pe: number;
  /** Offset of the optional header; undefined where it is cut off. */
  readonly optional: number | undefined;
  readonly is64Bit: boolean;
}

export class PeImage {
  readonly object: ObjectView;

  constructor(object: ObjectView) {
    this.object = object;
  }

  isPe(): boolean {
    return this.#headers() !== undefined;
  }

  /** Offset of the PE header, which is the length of the DOS header and its stub; undefined of what is no PE file. */
  get headerOffset(): number | undefined {
    return this.#headers()?.pe;
  }

  /** Offset of the optional header; undefined where it is cut off or the object is no PE file. */
  get optionalHeaderOffset(): number | undefined {
    return this.#headers()?.optional;
  }

  /** Anything but the magic of 64 bits is 32 bits. */
  get is64Bit(): boolean {
    return this.#headers()?.is64Bit === true;
  }

  /** A field of the file header. Asked of PE files only, as are all below. */
  fileField(name: keyof typeof FILE_FIELDS): number {
    return Number(this.#number(this.#headers()!.pe, FILE_FIELDS[name]));
  }

  /** A field of the optional header, zero where that is cut off. Not for those that may have 64 bits. */
  optionalField(name: OptionalField): number {
    return Number(this.optionalInteger(name) ?? 0n);
  }

  /** Undefined where the header has no such field. */
  optionalInteger(name: OptionalField): bigint | undefined {
    const { optional, is64Bit } = this.#headers()!;
    const field = (is64Bit ? FIELDS_64 : FIELDS_32)[name];
    if (optional === undefined) return name === 'base_of_data' ? undefined : 0n;
    return field === undefined ? undefined : this.#number(optional, field);
  }

  /** As many as the section table has room for, at most `MAX_SECTIONS`. */
  readonly sections = once((): readonly PeSection[] => {
    const { pe } = this.#headers() ?? {};
    if (pe === undefined) return [];
    const table = pe + PE_HEADER_BYTES + this.fileField('size_of_optional_header');
    const count = Math.min(this.fileField('number_of_sections'), MAX_SECTIONS);
    const sections: PeSection[] = [];
    for (let at = table; sections.length < count && at + SECTION_BYTES <= this.object.size; at += SECTION_BYTES) {
      const number = ([offset]: Field): number => this.object.unsigned(at + offset, 4)!;
      sections.push({
        at,
        virtualAddress: number(SECTION_FIELDS.virtual_address),
        virtualSize: number(SECTION_FIELDS.virtual_size),
        rawOffset: number(SECTION_FIELDS.raw_data_offset),
        rawSize: number(SECTION_FIELDS.raw_data_size),
      });
    }
    return sections;
  });

  rvaToOffset(rva: number): number | undefined {
    return rvaToOffset(this.sections(), this.#alignments(), rva);
  }

  /** From the address to the file's end, or undefined where that is not in the file. */
  extentAt(rva: number): Extent | undefined {
    return this.#extent(this.rvaToOffset(rva));
  }

  /** All of the directories that the header counts, or none where they do not all fit. */
  directories(): readonly DataDirectory[] {
    if (!this.isPe()) return [];
    const count = Math.min(this.optionalField('number_of_rva_and_sizes'), MAX_DIRECTORIES);
    const directories = Array.from({ length: count }, (_, index) => this.directory(index));
    return directories.every((directory) => directory !== undefined) ? directories : [];
  }

  /** Also where the header counts fewer: loaders do not mind. Undefined where it is not in the file. */
  directory(index: number): DataDirectory | undefined {
    const { optional, is64Bit } = this.#headers() ?? {};
    if (optional === undefined) return undefined;
    const at = optional + (is64Bit === true ? OPTIONAL_BYTES_64 : OPTIONAL_BYTES_32) + index * DIRECTORY_BYTES;
    const size = this.object.unsigned(at + 4, 4);
    return size === undefined ? undefined : { at, rva: this.object.unsigned(at, 4)!, size };
  }

  /**
   * What the directory points to, up to the size it says where that `isStrict`, and to the file's end. The directory of
   * certificates has an offset where all others have an address.
   */
  directoryExtent(index: number, isStrict: boolean): (Extent & DataDirectory) | undefined {
    const directory = this.directory(index);
    if (directory === undefined) return undefined;
    const extent = this.#extent(index === DIRECTORY.security ? directory.rva : this.rvaToOffset(directory.rva));
    if (extent === undefined) return undefined;
    const end = isStrict ? Math.min(extent.end, extent.start + directory.size) : extent.end;
    return { ...directory, start: extent.start, end };
  }

  readonly #headers = once((): Headers | undefined => {
    const { object } = this;
    if (object.size < DOS_HEADER_BYTES || object.unsigned(0, 2) !== DOS_MAGIC) return undefined;
    const pe = object.unsigned(PE_OFFSET_AT, 4)!;
    if (pe + PE_HEADER_BYTES > object.size || object.unsigned(pe, 4) !== PE_MAGIC) return undefined;
    const optional = pe + PE_HEADER_BYTES;
    const is64Bit = object.unsigned(optional, 2) === MAGIC_64;
    const isWhole = optional + (is64Bit ? OPTIONAL_BYTES_64 : OPTIONAL_BYTES_32) <= object.size;
    return isWhole ? { pe, optional, is64Bit } : { pe, optional: undefined, is64Bit: false };
  });

  readonly #alignments = once((): Alignments => {
    if (!this.isPe()) return { file: 0, section: 0 };
    return { file: this.optionalField('file_alignment'), section: this.optionalField('section_alignment') };
  });

  #extent(start: number | undefined): Extent | undefined {
    return start === undefined || start > this.object.size ? undefined : { start, end: this.object.size };
  }

  #number(from: number, [offset, width]: Field): bigint {
    return width === 8 ? this.object.unsigned64(from + offset)! : BigInt(this.object.unsigned(from + offset, width)!);
  }
}

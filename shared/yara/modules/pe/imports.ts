/**
 * What a PE file imports: libraries, and of each the functions by name or by ordinal.
 *
 * ```
 * import descriptor, 20 bytes        0 name table · 12 library's name · 16 address table
 * delayed descriptor, 32 bytes       0 attributes · 4 library's name · 12 address table · 16 name table
 * name table: a word (4 or 8 bytes) per function, the last one zero: top bit set, the ordinal in the lower 16 bits;
 *             else the address of 2 bytes of hint and the name
 * ```
 * Delayed descriptors without bit 0 of their attributes hold addresses from the image's base on. A descriptor whose library
 * has no proper name, and a function without name and ordinal, is left out; so is a library that is left with none. The list
 * is read on from where it was when bytes were missing. Source: PE/COFF, "The .idata Section", "Delay-Load Import Tables".
 */
import type { ModuleValue } from '../module.ts';
import { arrayOfItems, structureOf } from '../structure-value.ts';
import type { Extent, PeImage } from './image.ts';
import { DIRECTORY } from './layout.ts';
import { nameOfOrdinal } from './ordinals.ts';
import { caselessKey, isFunctionName, type PeTexts } from './texts.ts';

export interface ImportedFunction {
  readonly name: Uint8Array | undefined;
  /** `caselessKey` of the name. */
  readonly key: string | undefined;
  readonly ordinal: number | undefined;
  readonly rva: number;
}

export interface ImportedLibrary {
  readonly name: Uint8Array;
  readonly key: string;
  readonly functions: readonly ImportedFunction[];
}

/** Of descriptors, of libraries, and of functions of one library; those behind are not looked at, as by the reference. */
const MAX_IMPORTS = 16384;
/** Entries of name tables in all; a file with more has no known imports. */
const MAX_ENTRIES = 1 << 17;
const MOST = 0xffffffff;

/** A library whose name table is being read. */
interface Pending {
  readonly name: Uint8Array;
  readonly table: Extent;
  readonly addresses: number;
  /** What addresses in the table count from. */
  readonly base: bigint;
  readonly functions: ImportedFunction[];
  next: number;
}

export class ImportList {
  readonly #image: PeImage;
  readonly #texts: PeTexts;
  readonly #isDelayed: boolean;
  readonly #libraries: ImportedLibrary[] = [];
  #pending: Pending | undefined;
  #descriptor = 0;
  #entries = 0;
  #isComplete = false;

  constructor(image: PeImage, texts: PeTexts, isDelayed: boolean) {
    this.#image = image;
    this.#texts = texts;
    this.#isDelayed = isDelayed;
  }

  libraries(): readonly ImportedLibrary[] {
    while (!this.#isComplete) {
      if (this.#pending === undefined) this.#openNext();
      else this.#readTable(this.#pending);
    }
    return this.#libraries;
  }

  #openNext(): void {
    const descriptor = this.#descriptorAt(this.#descriptor);
    if (descriptor === undefined || this.#libraries.length >= MAX_IMPORTS) {
      this.#isComplete = true;
      return;
    }
    this.#pending = this.#opened(descriptor);
    this.#descriptor++;
  }

  #descriptorAt(index: number): readonly number[] | undefined {
    const { object } = this.#image;
    const isDelayed = this.#isDelayed;
    const directory = this.#image.directoryExtent(isDelayed ? DIRECTORY.delayImport : DIRECTORY.import, isDelayed);
    const bytes = isDelayed ? 32 : 20;
    if (directory === undefined || directory.rva === 0 || index >= MAX_IMPORTS) return undefined;
    const at = directory.start + index * bytes;
    if (at + bytes > directory.end) return undefined;
    const fields = (isDelayed ? [4, 16, 12, 0] : [12, 0, 16]).map((offset) => object.unsigned(at + offset, 4)!);
    const [library, names, addresses] = fields;
    return library === 0 || (names === 0 && addresses === 0) ? undefined : fields;
  }

  #opened([library = 0, names = 0, addresses = 0, attributes = 1]: readonly number[]): Pending | undefined {
    const image = this.#image;
    const base = (attributes & 1) === 0 ? image.optionalInteger('image_base')! : 0n;
    if (base > MOST) return undefined;
    const relative = (address: number): number => Math.max(0, address - Number(base));
    const name = this.#texts.libraryAt(relative(library));
    const namesAt = relative(names);
    const table = (namesAt > 0 ? image.extentAt(namesAt) : undefined) ?? image.extentAt(relative(addresses));
    if (name === undefined || table === undefined) return undefined;
    return { name, table, addresses: relative(addresses), base, functions: [], next: 0 };
  }

  #readTable(pending: Pending): void {
    const { object, is64Bit } = this.#image;
    const width = is64Bit ? 8 : 4;
    const topBit = is64Bit ? 1n << 63n : 1n << 31n;
    for (; pending.next < MAX_IMPORTS; pending.next++) {
      const at = pending.table.start + pending.next * width;
      const word = is64Bit ? object.unsigned64(at) : object.unsigned(at, 4);
      if (word === undefined || BigInt(word) === 0n) break;
      const entry = BigInt(word);
      if (this.#entries >= MAX_ENTRIES) object.refuse('limit:peImports');
      const rva = Math.min(MOST, pending.addresses + pending.next * width);
      if (entry <= topBit + 0xffffn) {
        const imported =
          entry >= topBit
            ? byOrdinal(pending.name, Number(entry & 0xffffn), rva)
            : this.#byName(entry, pending.base, rva);
        if (imported !== undefined) pending.functions.push(imported);
      }
      this.#entries++;
    }
    const { name, functions } = pending;
    if (functions.length > 0) this.#libraries.push({ name, key: caselessKey(name), functions });
    this.#pending = undefined;
  }

  #byName(entry: bigint, base: bigint, rva: number): ImportedFunction | undefined {
    const address = entry > base ? entry - base : 0n;
    const extent = address > MOST ? undefined : this.#image.extentAt(Number(address));
    if (extent === undefined || extent.end - extent.start < HINT_BYTES) return undefined;
    const name = this.#texts.atOffset(extent.start + HINT_BYTES);
    return name === undefined || !isFunctionName(name)
      ? undefined
      : { name, key: caselessKey(name), ordinal: undefined, rva };
  }
}

const HINT_BYTES = 2;

function byOrdinal(library: Uint8Array, ordinal: number, rva: number): ImportedFunction {
  const name = nameOfOrdinal(caselessKey(library), ordinal);
  return { name: encoder.encode(name), key: name.toLowerCase(), ordinal, rva };
}

const encoder = new TextEncoder();

export function importValues(list: ImportList): ModuleValue {
  return arrayOfItems(list.libraries(), ({ name, functions }) =>
    structureOf({
      library_name: () => name,
      number_of_functions: () => functions.length,
      functions: () => arrayOfItems(functions, functionValue),
    }),
  );
}

export function countFunctions(list: ImportList): number {
  return list.libraries().reduce((count, { functions }) => count + functions.length, 0);
}

function functionValue({ name, ordinal, rva }: ImportedFunction): ModuleValue {
  return structureOf({ name: () => name, ordinal: () => ordinal, rva: () => rva });
}

/**
 * The resources of a PE file: a tree of three levels (type, name, language), listed level by level.
 *
 * ```
 * directory, 16 bytes    0 zero · 4 timestamp · 8 version, 2 + 2 · 12 number of named entries · 14 of the others
 * entry, 8 bytes         0 id; top bit set: offset of a name · 4 offset; top bit set: of a directory, else of a leaf
 * leaf, 16 bytes         0 address · 4 length
 * name                   0 length in characters of two bytes, then these
 * ```
 * Offsets count from the root directory. An entry that points outside is skipped, a directory that is damaged has no entries,
 * and what an entry for a directory points to may be a leaf besides. The list is read on from where it was when bytes were
 * missing. Source: PE/COFF, "The .rsrc Section".
 */
import type { ModuleValue, StructureValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import type { PeImage } from './image.ts';
import { DIRECTORY } from './layout.ts';

export interface Resource {
  /** As they stand in the entries; undefined where the tree ends before. */
  readonly type: number | undefined;
  readonly name: number | undefined;
  readonly language: number | undefined;
  readonly rva: number;
  readonly length: number;
}

interface Directory {
  readonly at: number;
  /** Ids of the entries that lead there; as many as the level says. */
  readonly path: readonly number[];
  entries: number | undefined;
}

const TOP_BIT = 0x80000000;
const DIRECTORY_BYTES = 16;
const ENTRY_BYTES = 8;
const LEAF_BYTES = 16;
const LEVELS = 3;
/** A directory that says it has more entries of one kind is damaged. */
const MAX_ENTRIES_OF_KIND = 32768;
const MAX_LANGUAGE = 0xfffff;
const MAX_LENGTH = 0x3ffffffe;
const MAX_NAME_CHARACTERS = 999;
/** Those behind are not looked at, as by the reference. */
const MAX_RESOURCES = 65536;
/** Entries in all; a file with more has no known resources. */
const MAX_ENTRIES = 1 << 18;

export class ResourceList {
  readonly #image: PeImage;
  readonly #found: Resource[] = [];
  readonly #directories: Directory[] = [];
  #directory = 0;
  #entry = 0;
  #visited = 0;
  #isComplete = false;

  constructor(image: PeImage) {
    this.#image = image;
  }

  resources(): readonly Resource[] {
    const root = this.#root();
    if (root === undefined) return [];
    if (this.#directories.length === 0) this.#directories.push({ at: root.start, path: [], entries: undefined });
    while (!this.#isComplete && this.#directory < this.#directories.length) {
      this.#read(this.#directories[this.#directory]!);
      this.#directory++;
      this.#entry = 0;
    }
    return this.#found;
  }

  /** Of the root directory; undefined where there are no resources. */
  timestamp(): number | undefined {
    return this.resources().length === 0 ? undefined : this.#image.object.unsigned(this.#root()!.start + 4, 4);
  }

  version(): StructureValue {
    const part = (offset: number) => (): ModuleValue =>
      this.resources().length === 0 ? undefined : this.#image.object.unsigned(this.#root()!.start + offset, 2);
    return structureOf({ major: part(8), minor: part(10) });
  }

  values(): ModuleValue {
    return arrayOfItems(this.resources(), ({ type, name, language, rva, length }) =>
      structureOf({
        rva: () => rva,
        length: () => length,
        offset: () => this.#image.rvaToOffset(rva),
        type: () => idOf(type),
        id: () => idOf(name),
        language: () => idOf(language),
        type_string: () => this.#nameOf(type),
        name_string: () => this.#nameOf(name),
        language_string: () => this.#nameOf(language),
      }),
    );
  }

  readonly #root = once(() => this.#image.directoryExtent(DIRECTORY.resource, false));

  #read(directory: Directory): void {
    const { object } = this.#image;
    const { start, end } = this.#root()!;
    directory.entries ??= this.#entriesAt(directory.at);
    for (; this.#entry < directory.entries; this.#entry++) {
      const at = directory.at + DIRECTORY_BYTES + this.#entry * ENTRY_BYTES;
      if (at + ENTRY_BYTES > end) return;
      if (this.#visited >= MAX_ENTRIES) object.refuse('limit:peResources');
      const id = object.unsigned(at, 4)!;
      const target = object.unsigned(at + 4, 4)!;
      const offset = target & ~TOP_BIT;
      const isOutside = offset === 0 || start + offset >= end;
      const isNoLanguage = directory.path.length === LEVELS - 1 && id > MAX_LANGUAGE && id < TOP_BIT;
      if (!isOutside && !isNoLanguage) this.#follow(start + offset, [...directory.path, id], target >= TOP_BIT);
      this.#visited++;
      if (this.#isComplete) return;
    }
  }

  #follow(at: number, path: readonly number[], isDirectory: boolean): void {
    const { object } = this.#image;
    const rva = object.unsigned(at, 4);
    const length = object.unsigned(at + 4, 4);
    if (isDirectory && path.length < LEVELS) this.#directories.push({ at, path, entries: undefined });
    if (at + LEAF_BYTES > object.size || rva === 0 || length === 0 || length! > MAX_LENGTH) return;
    const [type, name, language] = path;
    this.#found.push({ type, name, language, rva: rva!, length: length! });
    this.#isComplete = this.#found.length === MAX_RESOURCES;
  }

  #entriesAt(at: number): number {
    const { object } = this.#image;
    if (at + DIRECTORY_BYTES > object.size || object.unsigned(at, 4) !== 0) return 0;
    const named = object.unsigned(at + 12, 2)!;
    const others = object.unsigned(at + 14, 2)!;
    return named > MAX_ENTRIES_OF_KIND || others > MAX_ENTRIES_OF_KIND ? 0 : named + others;
  }

  #nameOf(id: number | undefined): Uint8Array | undefined {
    if (id === undefined || id < TOP_BIT) return undefined;
    const { object } = this.#image;
    const at = this.#root()!.start + (id - TOP_BIT);
    const characters = object.unsigned(at, 2);
    return characters === undefined || characters > MAX_NAME_CHARACTERS
      ? undefined
      : object.bytes(at + 2, characters * 2);
  }
}

/** The number that an entry has instead of a name. */
export function idOf(id: number | undefined): number | undefined {
  return id === undefined || id >= TOP_BIT ? undefined : id;
}

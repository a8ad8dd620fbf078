/**
 * The fields of `dotnet`, each made from the metadata when it is asked for. Of what is no .NET file all but `is_dotnet` are
 * undefined, and arrays empty. What exceeds a bound is refused by its name, and so undecided. Source: ECMA-335, II.22.
 */
import type { ModuleValue, ObjectView, StructureValue } from '../module.ts';
import { arrayOf, arrayOfItems, found, once, structureOf } from '../structure-value.ts';
import { DotnetClasses } from './classes.ts';
import { isUtf8, Metadata, type Stream } from './metadata.ts';
import { TABLE } from './tables.ts';

const MAX_GUIDS = 16;
const GUID_BYTES = 16;
/** A file with more has user strings that cannot be learnt. */
const MAX_USER_STRINGS = 1 << 18;
/** Two bytes for a character, and one that says something of them. */
const MIN_USER_STRING_BYTES = 3;
const MAX_USER_STRING_BYTES = 1 << 16;
const STRING_TYPE = 0x0e;
const MOST = 0xffffffff;

type Fields = Readonly<Record<string, () => ModuleValue>>;

/** Bytes of the file. */
interface Place {
  readonly start: number;
  readonly length: number;
}

export class DotnetFile implements StructureValue {
  readonly #metadata: Metadata;
  /** How far user strings have been read. */
  readonly #readStrings = { places: [] as Place[], next: 0, isComplete: false };
  readonly #fields = once(() => structureOf(this.#open()));

  constructor(object: ObjectView) {
    this.#metadata = new Metadata(object);
  }

  field(name: string): ModuleValue {
    return this.#fields().field(name);
  }

  #open(): Fields {
    const metadata = this.#metadata;
    const root = metadata.root();
    const streams = root?.streams ?? [];
    const guids = once(() => this.#guids());
    const resources = (): number => metadata.table(TABLE.manifestResource).length;
    const references = (): number => metadata.table(TABLE.assemblyRef).length;
    const classes = new DotnetClasses(metadata);
    const moduleRef = (row: number): Uint8Array | undefined =>
      metadata.text(metadata.table(TABLE.moduleRef).number(row, 0));
    const moduleRefs = this.#found(TABLE.moduleRef, (row) => {
      const name = moduleRef(row);
      metadata.keep(name?.length ?? 0);
      return name === undefined ? undefined : row;
    });
    const constants = this.#found(TABLE.constant, (row) => {
      const table = metadata.table(TABLE.constant);
      const isThere = table.number(row, 0) === STRING_TYPE && metadata.blobExtent(table.number(row, 3)) !== undefined;
      return isThere ? row : undefined;
    });
    const fieldOffsets = this.#found(TABLE.fieldRva, (row) =>
      metadata.image.rvaToOffset(metadata.table(TABLE.fieldRva).number(row, 0)),
    );
    const userStrings = (): readonly Place[] => this.#userStrings();
    const scalars: Fields = {
      module_name: () => this.#moduleName(),
      version: () => root?.version,
      number_of_streams: () => streams.length,
      number_of_guids: () => guids().length,
      number_of_resources: resources,
      number_of_classes: () => classes.rows().length,
      number_of_assembly_refs: references,
      number_of_modulerefs: () => moduleRefs().length,
      number_of_user_strings: () => userStrings().length,
      number_of_constants: () => constants().length,
      number_of_field_offsets: () => fieldOffsets().length,
      typelib: () => this.#typelib()[0]?.(),
      assembly: () => this.#assembly(),
    };
    return {
      ...(root === undefined ? {} : scalars),
      is_dotnet: () => root !== undefined,
      streams: () => arrayOfItems(streams, streamValue),
      guids: () => arrayOfItems(guids(), (guid) => guid),
      constants: () => arrayOfItems(constants(), (row) => this.#constant(row)),
      assembly_refs: () => arrayOf(references(), (row) => this.#assemblyRef(row)),
      resources: () => arrayOf(resources(), (row) => this.#resource(row)),
      classes: () => arrayOfItems(classes.rows(), (row) => classes.value(row)),
      field_offsets: () => arrayOfItems(fieldOffsets(), (offset) => offset),
      user_strings: () => arrayOfItems(userStrings(), (place) => this.#userString(place)),
      modulerefs: () => arrayOfItems(moduleRefs(), moduleRef),
    };
  }

  #found<Item>(table: number, read: (row: number) => Item | undefined): () => readonly Item[] {
    return found(() => this.#metadata.table(table).length, read);
  }

  #moduleName(): ModuleValue {
    const table = this.#metadata.table(TABLE.module);
    return table.length === 0 ? undefined : this.#metadata.text(table.number(0, 1));
  }

  /** The first three parts are numbers, little-endian. */
  #guids(): Uint8Array[] {
    const { object } = this.#metadata;
    const { start, end } = this.#metadata.guids() ?? { start: 0, end: 0 };
    const count = Math.min(MAX_GUIDS, Math.floor((end - start) / GUID_BYTES));
    return Array.from({ length: count }, (_, index) => {
      const bytes = object.bytes(start + index * GUID_BYTES, GUID_BYTES)!;
      const digits = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        .map((at) => bytes[at]!.toString(16).padStart(2, '0'))
        .join('');
      return encoder.encode(digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
    });
  }

  /** Of the first `GuidAttribute` of the assembly, what gives its text. */
  readonly #typelib = found(
    () => this.#metadata.table(TABLE.customAttribute).length,
    (row) => (this.#isGuidOfAssembly(row) ? (): ModuleValue => this.#guidText(row) : undefined),
    1,
  );

  #isGuidOfAssembly(row: number): boolean {
    const metadata = this.#metadata;
    const attributes = metadata.table(TABLE.customAttribute);
    const members = metadata.table(TABLE.memberRef);
    const types = metadata.table(TABLE.typeRef);
    const member = attributes.coded(row, 1);
    if (attributes.coded(row, 0).table !== TABLE.assembly || member.table !== TABLE.memberRef) return false;
    const type = member.row < members.length ? members.coded(member.row, 0) : undefined;
    if (type?.table !== TABLE.typeRef || type.row >= types.length) return false;
    return metadata.isText(types.number(type.row, 1), 'GuidAttribute');
  }

  #guidText(row: number): ModuleValue {
    const value = this.#metadata.blob(this.#metadata.table(TABLE.customAttribute).number(row, 2));
    const length = value?.[2];
    const text = length === undefined ? undefined : value!.subarray(3, 3 + length);
    return text?.length === length && text !== undefined && isUtf8(text) ? text : undefined;
  }

  #assembly(): ModuleValue {
    const metadata = this.#metadata;
    const table = metadata.table(TABLE.assembly);
    if (table.length === 0) return undefined;
    return structureOf({
      name: () => metadata.text(table.number(0, 7)),
      culture: () => unlessEmpty(metadata.text(table.number(0, 8))),
      version: () => versionValue((part) => table.number(0, 1 + part)),
    });
  }

  #assemblyRef(row: number): ModuleValue {
    const metadata = this.#metadata;
    const table = metadata.table(TABLE.assemblyRef);
    return structureOf({
      name: () => metadata.text(table.number(row, 6)),
      public_key_or_token: () => unlessEmpty(metadata.blob(table.number(row, 5))),
      version: () => versionValue((part) => table.number(row, part)),
    });
  }

  /** One that is in this file begins with its length. */
  #resource(row: number): ModuleValue {
    const metadata = this.#metadata;
    const table = metadata.table(TABLE.manifestResource);
    const place = once(() => {
      const { resources } = metadata.root()!;
      const { table: holder, row: held } = table.coded(row, 3);
      if (resources === undefined || holder !== TABLE.file || held !== 0) return undefined;
      const offset = table.number(row, 0);
      const at = resources.start + offset;
      const length = at + 4 > resources.end ? undefined : metadata.object.unsigned(at, 4);
      if (length === undefined) return undefined;
      const isWhole = at + 4 + length <= resources.end;
      return { offset: Math.min(MOST, at + 4), length: isWhole ? length : undefined };
    });
    return structureOf({
      offset: () => place()?.offset,
      length: () => place()?.length,
      name: () => metadata.text(table.number(row, 2)),
    });
  }

  #constant(row: number): ModuleValue {
    return this.#metadata.blob(this.#metadata.table(TABLE.constant).number(row, 3));
  }

  /** Up to a length that is none. Where one is longer than the stream, there are no strings at all, as for the reference. */
  #userStrings(): readonly Place[] {
    const metadata = this.#metadata;
    const { start, end } = metadata.userStrings() ?? { start: 0, end: 0 };
    const read = this.#readStrings;
    while (!read.isComplete) {
      const at = start + read.next;
      const length = metadata.packedLength(at, end);
      const behind = length === undefined ? at : at + length.bytes + length.value;
      if (length === undefined || behind > end) {
        if (length !== undefined) read.places.length = 0;
        read.isComplete = true;
        break;
      }
      if (read.places.length === MAX_USER_STRINGS) return metadata.object.refuse('limit:dotnetUserStrings');
      const place = { start: at + length.bytes, length: length.value - 1 };
      if (length.value >= MIN_USER_STRING_BYTES) read.places.push(place);
      read.next = behind - start;
    }
    return read.places;
  }

  #userString({ start, length }: Place): ModuleValue {
    const { object } = this.#metadata;
    return length > MAX_USER_STRING_BYTES ? object.refuse('limit:dotnetUserStringBytes') : object.bytes(start, length);
  }
}

const encoder = new TextEncoder();

function streamValue({ name, offset, size }: Stream): StructureValue {
  return structureOf({ name: () => (isUtf8(name) ? name : undefined), offset: () => offset, size: () => size });
}

function versionValue(part: (index: number) => number): StructureValue {
  return structureOf({
    major: () => part(0),
    minor: () => part(1),
    build_number: () => part(2),
    revision_number: () => part(3),
  });
}

function unlessEmpty(value: Uint8Array | undefined): Uint8Array | undefined {
  return value?.length === 0 ? undefined : value;
}

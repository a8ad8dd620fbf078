/**
 * Writes types as text, the way C# would: `System.Collections.Generic.List<int>[]`. A type is a run of bytes that may name
 * others, by row or within itself; what is wrong anywhere in it leaves it without a name.
 *
 * Types that refer to types grow without end where a file wants them to, so depth, elements of all types of a file, and the
 * length of a name are bounded; the first bound is that of the reference, the others are refused.
 * Source: ECMA-335, II.23.2.12 and II.23.1.16.
 */
import type { Metadata } from './metadata.ts';
import { Recent } from './recent.ts';
import { codedIndex, TABLE, TYPE_DEF_OR_REF, type CodedIndex } from './tables.ts';

const MAX_DEPTH = 16;
const MAX_PARAMETERS = 1000;
const MAX_DIMENSIONS = 50;
/** For all names of a file together, and for those of one signature. */
const MAX_ELEMENTS = 1 << 20;
const MAX_ELEMENTS_OF_ONE = 1 << 13;
const MAX_NAME_LENGTH = 1 << 16;

/** Names of what stands for itself, by its byte. */
const PLAIN: Readonly<Record<number, string>> = {
  0x01: 'void',
  0x02: 'bool',
  0x03: 'char',
  0x04: 'sbyte',
  0x05: 'byte',
  0x06: 'short',
  0x07: 'ushort',
  0x08: 'int',
  0x09: 'uint',
  0x0a: 'long',
  0x0b: 'ulong',
  0x0c: 'float',
  0x0d: 'double',
  0x0e: 'string',
  0x16: 'TypedReference',
  0x18: 'IntPtr',
  0x19: 'UintPtr',
  0x1c: 'object',
};

const POINTER = 0x0f;
const REFERENCE = 0x10;
const VALUE_TYPE = 0x11;
const CLASS = 0x12;
const CLASS_PARAMETER = 0x13;
const ARRAY = 0x14;
const GENERIC = 0x15;
const FUNCTION_POINTER = 0x1b;
const VECTOR = 0x1d;
const METHOD_PARAMETER = 0x1e;
const REQUIRED_MODIFIER = 0x1f;
const OPTIONAL_MODIFIER = 0x20;

/** Names of generic parameters that a type may refer to by their place. */
export interface GenericNames {
  readonly ofClass: readonly string[];
  readonly ofMethod: readonly string[];
}

/** The type has no name. */
class NoType extends Error {}

/** Bytes of a signature, taken one after the other. Not enough of them is a `NoType`. */
export class SignatureReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new NoType();
    return byte;
  }

  /** A number of one, two or four bytes. */
  packed(): number {
    return this.#packed().value;
  }

  /** The same with its sign in the lowest bit. */
  signed(): number {
    const { value, bits } = this.#packed();
    const half = value >> 1;
    return (value & 1) === 0 ? half : half - 2 ** (bits - 1);
  }

  #packed(): { readonly value: number; readonly bits: number } {
    const first = this.byte();
    if (first < 0x80) return { value: first, bits: 7 };
    if (first < 0xc0) return { value: ((first & 0x3f) << 8) | this.byte(), bits: 14 };
    if (first >= 0xe0) throw new NoType();
    return { value: ((first & 0x1f) << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte(), bits: 29 };
  }
}

export class TypeNames {
  readonly #metadata: Metadata;
  /** The full name of a row of the type definitions. */
  readonly #nameOfDefinition: (row: number) => string | undefined;
  readonly #definitions = new Recent<string>();
  readonly #references = new Recent<string>();
  readonly #specifications = new Recent<Uint8Array>();
  #elements = 0;
  /** How many there were before the signature that is being read. */
  #first: number | undefined;

  constructor(metadata: Metadata, nameOfDefinition: (row: number) => string | undefined) {
    this.#metadata = metadata;
    this.#nameOfDefinition = nameOfDefinition;
  }

  /**
   * What `read` gives, or undefined where it comes to a type without a name. Types count when all of it could be read, so that
   * the bound does not depend on how often bytes were missing.
   */
  named<Value>(read: () => Value): Value | undefined {
    const before = this.#elements;
    const isInner = this.#first !== undefined;
    this.#first ??= before;
    try {
      return read();
    } catch (error) {
      if (error instanceof NoType) return undefined;
      this.#elements = before;
      throw error;
    } finally {
      if (!isInner) this.#first = undefined;
    }
  }

  /** The name of a row of any table of types; undefined where it has none. */
  ofRow(index: CodedIndex, names: GenericNames, depth = 0): string | undefined {
    const { table, row } = index;
    if (table === TABLE.typeDef) return this.#definitions.get(row, () => this.#nameOfDefinition(row));
    if (table === TABLE.typeRef) return this.#references.get(row, () => this.#ofReference(row));
    return this.#ofSpecification(row, names, depth);
  }

  /** The next type of a signature, within `named`. */
  next(reader: SignatureReader, names: GenericNames, depth = 0): string {
    if (depth === MAX_DEPTH) throw new NoType();
    this.#elements++;
    if (this.#elements > MAX_ELEMENTS || this.#elements - (this.#first ?? 0) > MAX_ELEMENTS_OF_ONE) {
      return this.#metadata.object.refuse('limit:dotnetTypes');
    }
    const name = this.#next(reader, names, depth + 1);
    return name.length > MAX_NAME_LENGTH ? this.#metadata.object.refuse('limit:dotnetTypeName') : name;
  }

  #next(reader: SignatureReader, names: GenericNames, depth: number): string {
    const type = reader.byte();
    const plain = PLAIN[type];
    if (plain !== undefined) return plain;
    const inner = (): string => this.next(reader, names, depth);
    switch (type) {
      case POINTER:
        return `Ptr<${inner()}>`;
      case REFERENCE:
        return `ref ${inner()}`;
      case VALUE_TYPE:
      case CLASS: {
        const index = codedIndex(TYPE_DEF_OR_REF, reader.packed());
        return known(index === undefined ? undefined : this.ofRow(index, names, depth));
      }
      case CLASS_PARAMETER:
        return known(names.ofClass[reader.packed()]);
      case METHOD_PARAMETER:
        return known(names.ofMethod[reader.packed()]);
      case VECTOR:
        return `${inner()}[]`;
      case ARRAY:
        return `${inner()}[${dimensions(reader)}]`;
      case GENERIC: {
        const generic = inner();
        return `${generic}<${list(atMost(reader, MAX_PARAMETERS - 1), inner, ',')}>`;
      }
      case FUNCTION_POINTER: {
        reader.byte();
        const count = atMost(reader, MAX_PARAMETERS - 1);
        const result = inner();
        return `FnPtr<${result}(${list(count, inner, ', ')})>`;
      }
      case REQUIRED_MODIFIER:
      case OPTIONAL_MODIFIER:
        reader.packed();
        return inner();
      default:
        throw new NoType();
    }
  }

  #ofReference(row: number): string | undefined {
    const table = this.#metadata.table(TABLE.typeRef);
    if (row >= table.length) return undefined;
    const name = this.#metadata.text(table.number(row, 1));
    const namespace = this.#metadata.text(table.number(row, 2));
    if (name === undefined) return undefined;
    const plain = plainName(decoder.decode(name));
    return namespace === undefined ? plain : `${decoder.decode(namespace)}.${plain}`;
  }

  #ofSpecification(row: number, names: GenericNames, depth: number): string | undefined {
    const table = this.#metadata.table(TABLE.typeSpec);
    const blob = this.#specifications.get(row, () =>
      row < table.length ? this.#metadata.blob(table.number(row, 0)) : undefined,
    );
    return blob === undefined ? undefined : this.named(() => this.next(new SignatureReader(blob), names, depth));
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Without the number of generic parameters: `List` for ``List`1``. */
export function plainName(name: string): string {
  const tick = name.lastIndexOf('`');
  return tick < 0 ? name : name.slice(0, tick);
}

function known(name: string | undefined): string {
  if (name === undefined) throw new NoType();
  return name;
}

function atMost(reader: SignatureReader, most: number): number {
  const count = reader.packed();
  if (count > most) throw new NoType();
  return count;
}

function list(count: number, item: () => string, between: string): string {
  return Array.from({ length: count }, item).join(between);
}

function dimensions(reader: SignatureReader): string {
  const rank = atMost(reader, MAX_DIMENSIONS);
  const sizes = Array.from({ length: atMost(reader, MAX_DIMENSIONS) }, () => reader.packed());
  const bounds = Array.from({ length: atMost(reader, MAX_DIMENSIONS) }, () => reader.signed());
  return Array.from({ length: rank }, (_, at) => dimension(bounds[at], sizes[at])).join(',');
}

function dimension(bound: number | undefined, size: number | undefined): string {
  if (size === undefined) return bound === undefined ? '' : `${bound}...`;
  if (bound === undefined || bound === 0) return String(size);
  return size >= 1 ? `${bound}...${(bound + size - 1) | 0}` : '';
}

/**
 * The tables of .NET metadata, as the `#~` stream holds them:
 *
 *     offset  size   what
 *     6       1      sizes of indexes into the heaps: 1 strings, 2 GUIDs, 4 blobs have four bytes
 *     8       8      a bit for each table that is there
 *     24      4 × n  rows of each table that is there
 *     …              the tables, one behind the other
 *
 * Rows have no length of their own; it follows from their columns. So a table is found only if all before it are well-formed,
 * and one that is cut off, or has an index into a table that its column cannot name, is the end of all.  Source: ECMA-335, II.22 and II.24.2.6.
 */
import type { ObjectView } from '../module.ts';

export const TABLE = {
  module: 0,
  typeRef: 1,
  typeDef: 2,
  field: 4,
  methodDef: 6,
  param: 8,
  interfaceImpl: 9,
  memberRef: 10,
  constant: 11,
  customAttribute: 12,
  standaloneSignature: 17,
  event: 20,
  property: 23,
  moduleRef: 26,
  typeSpec: 27,
  fieldRva: 29,
  assembly: 32,
  assemblyRef: 35,
  file: 38,
  exportedType: 39,
  manifestResource: 40,
  nestedClass: 41,
  genericParam: 42,
  methodSpec: 43,
  genericParamConstraint: 44,
  none: 255,
} as const;

/** An index into one of several tables; its lowest bits say which. */
type CodedColumn = readonly number[];
/** An index into one table. */
interface RowColumn {
  readonly table: number;
}
/** Bytes of a number, an index into a heap, or one into tables. */
type Column = 1 | 2 | 4 | 'string' | 'guid' | 'blob' | RowColumn | CodedColumn;

const RESOLUTION_SCOPE: CodedColumn = [TABLE.module, TABLE.moduleRef, TABLE.assemblyRef, TABLE.typeRef];
export const TYPE_DEF_OR_REF: CodedColumn = [TABLE.typeDef, TABLE.typeRef, TABLE.typeSpec];
const METHOD_DEF_OR_REF: CodedColumn = [TABLE.methodDef, TABLE.memberRef];
const TYPE_OR_METHOD_DEF: CodedColumn = [TABLE.typeDef, TABLE.methodDef];
const MEMBER_REF_PARENT: CodedColumn = [TABLE.typeDef, TABLE.typeRef, TABLE.moduleRef, TABLE.methodDef, TABLE.typeSpec];
const HAS_CONSTANT: CodedColumn = [TABLE.field, TABLE.param, TABLE.property];
const CUSTOM_ATTRIBUTE_TYPE: CodedColumn = [TABLE.none, TABLE.none, TABLE.methodDef, TABLE.memberRef, TABLE.none];
const HAS_CUSTOM_ATTRIBUTE: CodedColumn = [
  TABLE.methodDef,
  TABLE.field,
  TABLE.typeRef,
  TABLE.typeDef,
  TABLE.param,
  TABLE.interfaceImpl,
  TABLE.memberRef,
  TABLE.module,
  TABLE.none,
  TABLE.property,
  TABLE.event,
  TABLE.standaloneSignature,
  TABLE.moduleRef,
  TABLE.typeSpec,
  TABLE.assembly,
  TABLE.assemblyRef,
  TABLE.file,
  TABLE.exportedType,
  TABLE.manifestResource,
  TABLE.genericParam,
  TABLE.genericParamConstraint,
  TABLE.methodSpec,
];

const rowOf = (table: number): RowColumn => ({ table });

/** By number. */
const COLUMNS: readonly (readonly Column[])[] = [
  [2, 'string', 'guid', 'guid', 'guid'],
  [RESOLUTION_SCOPE, 'string', 'string'],
  [4, 'string', 'string', TYPE_DEF_OR_REF, rowOf(TABLE.field), rowOf(TABLE.methodDef)],
  [rowOf(TABLE.field)],
  [2, 'string', 'blob'],
  [rowOf(TABLE.methodDef)],
  [4, 2, 2, 'string', 'blob', rowOf(TABLE.param)],
  [rowOf(TABLE.param)],
  [2, 2, 'string'],
  [rowOf(TABLE.typeDef), TYPE_DEF_OR_REF],
  [MEMBER_REF_PARENT, 'string', 'blob'],
  [1, 1, HAS_CONSTANT, 'blob'],
  [HAS_CUSTOM_ATTRIBUTE, CUSTOM_ATTRIBUTE_TYPE, 'blob'],
  [[TABLE.field, TABLE.param], 'blob'],
  [2, [TABLE.typeDef, TABLE.methodDef, TABLE.assembly], 'blob'],
  [2, 4, rowOf(TABLE.typeDef)],
  [4, rowOf(TABLE.field)],
  ['blob'],
  [rowOf(TABLE.typeDef), rowOf(TABLE.event)],
  [rowOf(TABLE.event)],
  [2, 'string', TYPE_DEF_OR_REF],
  [rowOf(TABLE.typeDef), rowOf(TABLE.property)],
  [rowOf(TABLE.property)],
  [2, 'string', 'blob'],
  [2, rowOf(TABLE.methodDef), [TABLE.event, TABLE.property]],
  [rowOf(TABLE.typeDef), METHOD_DEF_OR_REF, METHOD_DEF_OR_REF],
  ['string'],
  ['blob'],
  [2, [TABLE.field, TABLE.methodDef], 'string', rowOf(TABLE.moduleRef)],
  [4, rowOf(TABLE.field)],
  [4, 4],
  [4],
  [4, 2, 2, 2, 2, 4, 'blob', 'string', 'string'],
  [4],
  [4, 4, 4],
  [2, 2, 2, 2, 4, 'blob', 'string', 'string', 'blob'],
  [4, rowOf(TABLE.assemblyRef)],
  [4, 4, 4, rowOf(TABLE.assemblyRef)],
  [4, 'string', 'blob'],
  [4, 4, 'string', 'string', [TABLE.file, TABLE.assemblyRef, TABLE.exportedType]],
  [4, 4, 'string', [TABLE.file, TABLE.assemblyRef, TABLE.none]],
  [rowOf(TABLE.typeDef), rowOf(TABLE.typeDef)],
  [2, 2, TYPE_OR_METHOD_DEF, 'string'],
  [METHOD_DEF_OR_REF, 'blob'],
  [rowOf(TABLE.genericParam), TYPE_DEF_OR_REF],
];

/** More rows in one table, or longer tables, are refused. */
const MAX_ROWS = 1 << 19;
const MAX_TABLES_BYTES = 1 << 24;
const MAX_SHORT_ROWS = 0xffff;
const HEADER_BYTES = 24;
const HEAP_SIZES_AT = 6;
const VALID_AT = 8;

export interface CodedIndex {
  readonly table: number;
  /** From 0. An index of none is taken as the first. */
  readonly row: number;
}

export class Table {
  readonly length: number;
  readonly #view: DataView;
  readonly #start: number;
  readonly #rowBytes: number;
  readonly #columns: readonly Column[];
  readonly #offsets: readonly number[];
  readonly #widths: readonly number[];

  constructor(view: DataView, start: number, length: number, columns: readonly Column[], widths: readonly number[]) {
    this.#view = view;
    this.#start = start;
    this.length = length;
    this.#columns = columns;
    this.#widths = widths;
    this.#rowBytes = widths.reduce((sum, width) => sum + width, 0);
    this.#offsets = widths.map((_, column) => widths.slice(0, column).reduce((sum, width) => sum + width, 0));
  }

  /** A number or an index as it stands there. */
  number(row: number, column: number): number {
    const at = this.#start + row * this.#rowBytes + this.#offsets[column]!;
    switch (this.#widths[column]) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at, true);
      default:
        return this.#view.getUint32(at, true);
    }
  }

  /** The row of another table, from 0; an index of none is taken as the first. */
  row(row: number, column: number): number {
    return Math.max(0, this.number(row, column) - 1);
  }

  coded(row: number, column: number): CodedIndex {
    return codedIndex(this.#columns[column] as CodedColumn, this.number(row, column))!;
  }

  /** Does every index into several tables name one of them? */
  isSound(): boolean {
    const coded = this.#columns.flatMap((column, at) =>
      Array.isArray(column) ? [{ column: column as CodedColumn, at }] : [],
    );
    for (let row = 0; row < this.length; row++) {
      if (coded.some(({ column, at }) => codedIndex(column, this.number(row, at)) === undefined)) return false;
    }
    return true;
  }
}

/** Undefined where the lowest bits name no table. */
export function codedIndex(tables: CodedColumn, value: number): CodedIndex | undefined {
  const bits = Math.ceil(Math.log2(tables.length));
  const table = tables[value & ((1 << bits) - 1)];
  return table === undefined ? undefined : { table, row: Math.max(0, (value >>> bits) - 1) };
}

export type Tables = (number: number) => Table;

/** `readLong` gives bytes of the object, however many; `isSound` says of a table whether its numbers are such as it may have. */
export function readTables(
  object: ObjectView,
  start: number,
  end: number,
  readLong: (offset: number, length: number) => Uint8Array,
  isSound: (number: number, table: Table) => boolean,
): Tables {
  const found: Table[] = [];
  const none = new Table(new DataView(new ArrayBuffer(0)), 0, 0, [], []);
  const valid = start + HEADER_BYTES <= end ? object.unsigned64(start + VALID_AT)! : 0n;
  const present = Array.from({ length: 64 }, (_, number) => ((valid >> BigInt(number)) & 1n) === 1n);
  const countsAt = start + HEADER_BYTES;
  const first = countsAt + 4 * present.filter(Boolean).length;
  if (valid === 0n || first > end) return () => none;
  let counted = 0;
  const rows = present.map((isThere) => (isThere ? object.unsigned(countsAt + 4 * counted++, 4)! : 0));
  const widths = columnWidths(object.unsigned(start + HEAP_SIZES_AT, 1)!, rows);
  const lengths = COLUMNS.map((columns, number) => rows[number]! * columns.reduce((sum, c) => sum + widths(c), 0));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const length = Math.min(total, end - first);
  if (length > MAX_TABLES_BYTES) return object.refuse('limit:dotnetTables');
  const bytes = readLong(first, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let at = 0;
  for (const [number, columns] of COLUMNS.entries()) {
    if (at + lengths[number]! > view.byteLength) break;
    if (rows[number]! > MAX_ROWS) return object.refuse('limit:dotnetRows');
    const table = new Table(view, at, rows[number]!, columns, columns.map(widths));
    if (!table.isSound() || !isSound(number, table)) break;
    found.push(table);
    at += lengths[number]!;
  }
  return (number) => found[number] ?? none;
}

function columnWidths(heapSizes: number, rows: readonly number[]): (column: Column) => number {
  const heap = (bit: number): number => ((heapSizes & bit) === 0 ? 2 : 4);
  return (column) => {
    if (typeof column === 'number') return column;
    if (typeof column === 'object' && 'table' in column) return rows[column.table]! > MAX_SHORT_ROWS ? 4 : 2;
    switch (column) {
      case 'string':
        return heap(1);
      case 'guid':
        return heap(2);
      case 'blob':
        return heap(4);
      default: {
        const bits = Math.ceil(Math.log2(column.length));
        return Math.max(...column.map((table) => rows[table] ?? 0)) <= 1 << (16 - bits) ? 2 : 4;
      }
    }
  };
}

/**
 * A .NET file of any size: headers and tables at its start, the heaps behind them, zeros but for what is put there. Indexes into
 * heaps have four bytes, those into tables two unless a table is long. Source: ECMA-335, II.22 and II.24.2.
 */
import { readParts, type Part } from './sparse-pe.ts';

/** Rows of tables by number. */
export type Rows = Readonly<Record<number, readonly Buffer[]>>;

export interface Heap {
  readonly size: number;
  /** At offsets within the heap. */
  readonly parts: readonly Part[];
}

export interface DotnetParts {
  readonly parts: readonly Part[];
  readonly size: number;
}

const CLI_AT = 0x400;
const ROOT_AT = 0x500;
/** Of addresses, from offsets in the file. */
const DISTANCE = 0xc00;

export function dotnetParts(rows: Rows, heaps: Readonly<Record<string, Heap>>): DotnetParts {
  const tables = tableStream(rows);
  const streams = [
    ['#~', { size: tables.length, parts: [{ offset: 0, bytes: tables }] }],
    ...Object.entries(heaps),
  ] as [string, Heap][];
  const names = streams.map(([name]) => Buffer.from(name.padEnd(Math.ceil((name.length + 1) / 4) * 4, '\0'), 'latin1'));
  const root = Buffer.concat([
    numbers([4, 0x424a5342], [4, 0x00010001], [4, 0], [4, 12]),
    Buffer.from('v4.0.30319\0\0', 'latin1'),
    numbers([2, 0], [2, streams.length]),
    ...names.flatMap((name) => [Buffer.alloc(8), name]),
  ]);
  const parts: Part[] = [
    { offset: 0, bytes: headers() },
    { offset: ROOT_AT, bytes: root },
  ];
  let at = Math.ceil((ROOT_AT + root.length) / 4) * 4;
  let entry = 32;
  for (const [index, [, heap]] of streams.entries()) {
    root.writeUInt32LE(at - ROOT_AT, entry);
    root.writeUInt32LE(heap.size, entry + 4);
    const start = at;
    parts.push(...heap.parts.map(({ offset, bytes }) => ({ offset: start + offset, bytes })));
    at += Math.ceil(heap.size / 4) * 4;
    entry += 8 + names[index]!.length;
  }
  return { parts, size: at + 16 };
}

/** Little-endian. */
export function numbers(...fields: readonly (readonly [bytes: 1 | 2 | 4, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

function headers(): Buffer {
  const bytes = Buffer.alloc(ROOT_AT);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(0x80, 60);
  bytes.write('PE\0\0', 0x80, 'latin1');
  bytes.writeUInt16LE(0x14c, 0x84);
  bytes.writeUInt16LE(1, 0x86);
  bytes.writeUInt16LE(224, 0x94);
  const optional = 0x98;
  bytes.writeUInt16LE(0x10b, optional);
  bytes.writeUInt32LE(0x1000, optional + 32);
  bytes.writeUInt32LE(0x200, optional + 36);
  bytes.writeUInt32LE(16, optional + 92);
  bytes.writeUInt32LE(CLI_AT + DISTANCE, optional + 96 + 14 * 8);
  bytes.writeUInt32LE(72, optional + 100 + 14 * 8);
  [0x7ffff000, CLI_AT + DISTANCE, 0x7ffff000, CLI_AT].forEach((word, at) =>
    bytes.writeUInt32LE(word, optional + 224 + 8 + at * 4),
  );
  [72, 0x00050002, ROOT_AT + DISTANCE, 0x7fff0000, 1, 0, CLI_AT + DISTANCE, 0x100].forEach((word, at) =>
    bytes.writeUInt32LE(word, CLI_AT + at * 4),
  );
  return bytes;
}

function tableStream(rows: Rows): Buffer {
  const present = Object.keys(rows).map(Number);
  const valid = present.reduce((bits, table) => bits | (1n << BigInt(table)), 0n);
  const header = Buffer.alloc(24);
  header[4] = 2;
  header[6] = 7;
  header.writeBigUInt64LE(valid, 8);
  const counts = present.map((table) => numbers([4, rows[table]!.length]));
  return Buffer.concat([header, ...counts, ...present.flatMap((table) => rows[table]!)]);
}

/** Texts at these offsets of a heap that is as long as `size`. */
export function heapOf(size: number, texts: Readonly<Record<number, string | Buffer>>): Heap {
  const parts = Object.entries(texts).map(([offset, text]) => ({
    offset: Number(offset),
    bytes: typeof text === 'string' ? Buffer.from(`${text}\0`, 'latin1') : text,
  }));
  return { size, parts };
}

export const CLASS = 2;
export const METHOD = 6;
export const PARAMETER = 8;
export const GENERIC_PARAMETER = 42;
export const TYPE_REFERENCE = 1;
export const TYPE_SPECIFICATION = 27;

export function classRow(name: number, firstMethod = 1, width: 2 | 4 = 2): Buffer {
  return numbers([4, 1], [4, name], [4, 0], [width, 0], [2, 1], [2, firstMethod]);
}

export function methodRow(name: number, signature: number, firstParameter = 1): Buffer {
  return numbers([4, 0], [2, 0], [2, 6], [4, name], [4, signature], [2, firstParameter]);
}

export function many<Item>(count: number, item: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => item(index));
}

/** One of everything, in a page. */
export function smallDotnet(): Uint8Array {
  const strings: string[] = [];
  const text = (value: string): number => {
    const at = strings.reduce((sum, one) => sum + one.length + 1, 1);
    strings.push(value);
    return at;
  };
  const blobs: number[] = [];
  const blob = (...bytes: readonly number[]): number => {
    blobs.push(bytes.length, ...bytes);
    return blobs.length - bytes.length;
  };
  const rows: Rows = {
    0: [numbers([2, 0], [4, text('small.dll')], [4, 1], [4, 0], [4, 0])],
    [TYPE_REFERENCE]: [
      numbers([2, 6], [4, text('Object')], [4, text('System')]),
      numbers([2, 6], [4, text('GuidAttribute')], [4, 0]),
    ],
    [CLASS]: [
      numbers([4, 0], [4, text('<Module>')], [4, 0], [2, 0], [2, 1], [2, 1]),
      numbers([4, 0x81], [4, text('Outer`1')], [4, text('Name.Space')], [2, 5], [2, 1], [2, 1]),
      numbers([4, 2], [4, text('Inner')], [4, 0], [2, 5], [2, 1], [2, 2]),
    ],
    [METHOD]: [
      methodRow(text('First'), blob(0x10, 1, 2, 8, 0x1e, 0, 0x13, 0)),
      methodRow(text('Second'), blob(0, 1, 1, 0x15, 0x12, 5, 1, 0x1d, 0x0e), 3),
    ],
    [PARAMETER]: ['a', 'b', 'c'].map((name) => numbers([2, 0], [2, 1], [4, text(name)])),
    9: [numbers([2, 2], [2, 6])],
    10: [numbers([2, (2 << 3) | 1], [4, text('.ctor')], [4, blob(0, 0, 1)])],
    11: [numbers([1, 0x0e], [1, 0], [2, 4], [4, blob(...Buffer.from('constant', 'utf16le'))])],
    12: [numbers([2, (1 << 5) | 14], [2, (1 << 3) | 3], [4, blob(1, 0, 3, 0x61, 0x62, 0x63)])],
    26: [numbers([4, text('kernel32.dll')])],
    [TYPE_SPECIFICATION]: [numbers([4, blob(0x14, 8, 2, 1, 3, 0)])],
    29: [numbers([4, 0x1000], [2, 1])],
    32: [numbers([4, 0x8004], [2, 1], [2, 2], [2, 3], [2, 4], [4, 0], [4, 0], [4, text('small')], [4, text('de')])],
    35: [numbers([2, 4], [2, 0], [2, 0], [2, 0], [4, 0], [4, blob(1, 2, 3)], [4, text('mscorlib')], [4, 0], [4, 0])],
    40: [numbers([4, 0], [4, 1], [4, text('resource')], [2, 0])],
    41: [numbers([2, 3], [2, 2])],
    [GENERIC_PARAMETER]: [
      numbers([2, 0], [2, 0], [2, 4], [4, text('T')]),
      numbers([2, 0], [2, 0], [2, 3], [4, text('U')]),
    ],
  };
  const { parts, size } = dotnetParts(rows, {
    '#Strings': heapOf(1000, { 1: Buffer.from(`${strings.join('\0')}\0`, 'latin1') }),
    '#Blob': heapOf(1000, { 0: Buffer.from([0, ...blobs].slice(0, 1000)) }),
    '#US': heapOf(100, { 1: Buffer.from([5, 0x61, 0, 0x62, 0, 0]) }),
    '#GUID': heapOf(32, { 0: Buffer.alloc(32, 7) }),
  });
  return readParts(parts, size, 0, size);
}

/**
 * A PE file of any size that is zeros but for the parts given here: headers at its start, exports in its middle, resources
 * near its end.
 */
export interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export const IMPORTED = Array.from({ length: 300 }, (_, at) => `ImportedFunction${at}`);
export const EXPORTED = Array.from({ length: 2000 }, (_, at) => `export${at}`);
export const RESOURCES = 501;

/** The bytes there, as many as exist. */
export function readParts(parts: readonly Part[], size: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
  for (const part of parts) {
    const from = Math.max(offset, part.offset);
    const to = Math.min(offset + bytes.length, part.offset + part.bytes.length);
    if (from < to) bytes.set(part.bytes.subarray(from - part.offset, to - part.offset), from - offset);
  }
  return bytes;
}

/** `exportsAt` and `resourcesAt` are offsets in the file, multiples of 512. */
export function peParts(exportsAt: number, resourcesAt: number): Part[] {
  return [
    { offset: 0, bytes: headers(exportsAt, resourcesAt) },
    { offset: 0x400, bytes: imports() },
    { offset: exportsAt, bytes: exports() },
    { offset: resourcesAt, bytes: resources() },
  ];
}

const IMPORTS = 0x1000;
const EXPORTS = 0x100000;
const RESOURCES_AT = 0x200000;
const VERSION_AT = 0x10000;
const SECTION_BYTES = 0x20000;

function headers(exportsAt: number, resourcesAt: number): Buffer {
  const bytes = Buffer.alloc(0x400);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(0x100, 60);
  const key = 0x01020304;
  [0x536e6144, 0, 0, 0, 0x00010002, 7].forEach((word, at) => bytes.writeUInt32LE((word ^ key) >>> 0, 0x80 + at * 4));
  bytes.write('Rich', 0x98, 'latin1');
  bytes.writeUInt32LE(key, 0x9c);
  bytes.write('PE\0\0', 0x100, 'latin1');
  bytes.writeUInt16LE(0x8664, 0x104);
  bytes.writeUInt16LE(3, 0x106);
  bytes.writeUInt16LE(240, 0x114);
  const optional = 0x118;
  bytes.writeUInt16LE(0x20b, optional);
  bytes.writeUInt32LE(IMPORTS, optional + 16);
  bytes.writeUInt32LE(0x1000, optional + 32);
  bytes.writeUInt32LE(0x200, optional + 36);
  bytes.writeUInt32LE(16, optional + 108);
  const directory = (index: number, address: number, length: number): void => {
    bytes.writeUInt32LE(address, optional + 112 + index * 8);
    bytes.writeUInt32LE(length, optional + 116 + index * 8);
  };
  directory(0, EXPORTS, 0x1000);
  directory(1, IMPORTS, 40);
  directory(2, RESOURCES_AT, 0x1000);
  directory(6, IMPORTS + 0x200, 28);
  directory(13, IMPORTS + 0x80, 64);
  const sections = [
    ['.idata', IMPORTS, 0x400],
    ['.edata', EXPORTS, exportsAt],
    ['.rsrc', RESOURCES_AT, resourcesAt],
  ] as const;
  sections.forEach(([name, address, offset], index) => {
    const at = 0x208 + index * 40;
    bytes.write(name, at, 'latin1');
    [SECTION_BYTES, address, SECTION_BYTES, offset].forEach((word, field) =>
      bytes.writeUInt32LE(word, at + 8 + field * 4),
    );
  });
  return bytes;
}

function imports(): Buffer {
  const bytes = Buffer.alloc(0x8000);
  const put = (at: number, ...words: readonly number[]): void => {
    words.forEach((word, index) => bytes.writeUInt32LE(word, at + index * 4));
  };
  put(0, IMPORTS + 0x1000, 0, 0, IMPORTS + 0x100, IMPORTS + 0x2000);
  put(0x80, 1, IMPORTS + 0x110, 0, IMPORTS + 0x2000, IMPORTS + 0x1000);
  bytes.write('KERNEL32.dll\0\0\0\0USER32.dll\0', 0x100, 'latin1');
  put(0x200, 0, 0, 0, 2, 0, IMPORTS + 0x300, 0);
  bytes.write(`RSDS${'\0'.repeat(20)}C:\\build\\a.pdb\0`, 0x300, 'latin1');
  IMPORTED.forEach((name, index) => {
    put(0x1000 + index * 8, IMPORTS + 0x3000 + index * 32);
    bytes.write(`${name}\0`, 0x3000 + index * 32 + 2, 'latin1');
  });
  return bytes;
}

function exports(): Buffer {
  const bytes = Buffer.alloc(0x18000);
  const count = EXPORTED.length;
  [0, 1234, 0, EXPORTS + 0x40, 1, count, count, EXPORTS + 0x2000, EXPORTS + 0x6000, EXPORTS + 0xa000].forEach(
    (word, at) => bytes.writeUInt32LE(word, at * 4),
  );
  bytes.write('library.dll\0', 0x40, 'latin1');
  EXPORTED.forEach((name, index) => {
    bytes.writeUInt32LE(IMPORTS + index, 0x2000 + index * 4);
    bytes.writeUInt32LE(EXPORTS + 0xc000 + index * 16, 0x6000 + index * 4);
    bytes.writeUInt16LE(index, 0xa000 + index * 2);
    bytes.write(`${name}\0`, 0xc000 + index * 16, 'latin1');
  });
  return bytes;
}

function resources(): Buffer {
  const bytes = Buffer.alloc(SECTION_BYTES);
  const directory = (at: number, ids: readonly number[], targets: readonly number[]): void => {
    bytes.writeUInt32LE(99, at + 4);
    bytes.writeUInt16LE(ids.length, at + 14);
    ids.forEach((id, index) => {
      bytes.writeUInt32LE(id, at + 16 + index * 8);
      bytes.writeUInt32LE(targets[index]!, at + 20 + index * 8);
    });
  };
  const icons = Array.from({ length: RESOURCES - 1 }, (_, at) => at + 1);
  directory(0, [3, 16], [0x80000020, 0x80001800]);
  directory(
    0x20,
    icons,
    icons.map((icon) => 0x2000 + icon * 16),
  );
  directory(0x1800, [1], [0x80001900]);
  directory(0x1900, [1033], [0x6000]);
  for (const icon of icons) {
    bytes.writeUInt32LE(RESOURCES_AT + VERSION_AT, 0x2000 + icon * 16);
    bytes.writeUInt32LE(icon, 0x2004 + icon * 16);
  }
  const version = node('VS_VERSION_INFO', Buffer.alloc(52), [
    node('StringFileInfo', Buffer.alloc(0), [
      node('040904b0', Buffer.alloc(0), [
        node('CompanyName', utf16('Example'), []),
        node('ProductName', utf16('Twice'), []),
        node('ProductName', utf16('Sparse'), []),
      ]),
    ]),
  ]);
  bytes.writeUInt32LE(RESOURCES_AT + VERSION_AT, 0x6000);
  bytes.writeUInt32LE(version.length, 0x6004);
  version.copy(bytes, VERSION_AT);
  return bytes;
}

function utf16(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

function node(key: string, value: Buffer, children: readonly Buffer[]): Buffer {
  const start = padded(Buffer.concat([Buffer.alloc(6), utf16(key)]));
  const whole = padded(Buffer.concat([start, padded(value), ...children]));
  whole.writeUInt16LE(whole.length, 0);
  whole.writeUInt16LE(value.length, 2);
  return whole;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/**
 * Finds the metadata of a .NET file and reads its streams: texts, blobs, GUIDs, and tables.
 *
 *     CLI header (at directory 14)        metadata root
 *     0   4  its size, 72                 0   4  "BSJB"
 *     8   8  metadata: RVA, size          12  4  length of the version, at most 255
 *     24  8  resources: RVA, size         16  …  version in UTF-8, up to a zero
 *                                         …   2  flags, then the number of streams, at most 256 (2 bytes)
 *                                         …      streams: offset, size (4 bytes each), name, zeros up to a multiple of 4
 *
 * A file in which any of it is missing is no .NET file. Of streams with the same name the last one counts.
 * Source: ECMA-335, II.24.2 and II.25.3.3.
 */
import { LongRead } from '../long-read.ts';
import type { ObjectView } from '../module.ts';
import { PeImage, type Extent } from '../pe/image.ts';
import { DIRECTORY } from '../pe/layout.ts';
import { MAX_TEXT_BYTES, readText } from '../read-text.ts';
import { once } from '../structure-value.ts';
import { readTables, TABLE, type Table, type Tables } from './tables.ts';

const HEADER_BYTES = 72;
/** What is read of the header. */
const READ_HEADER_BYTES = 40;
const MAGIC = 0x424a5342;
const MAX_VERSION_BYTES = 255;
const MAX_STREAMS = 256;
const MAX_KEPT_BYTES = 1 << 26;
const MOST = 0xffffffff;

export interface Stream {
  readonly name: Uint8Array;
  /** From the file's start. */
  readonly offset: number;
  readonly size: number;
}

export interface MetadataRoot {
  readonly version: Uint8Array;
  readonly streams: readonly Stream[];
  /** Undefined where they are not in the file. */
  readonly resources: Extent | undefined;
}

export class Metadata {
  readonly image: PeImage;
  readonly object: ObjectView;
  #tableBytes: LongRead | undefined;
  /** Those that have been read so far, and where what follows them stands. */
  readonly #streams: (Stream & { readonly behind: number })[] = [];
  #keptBytes = 0;

  constructor(object: ObjectView) {
    this.object = object;
    this.image = new PeImage(object);
  }

  /** Undefined of what is no .NET file. */
  readonly root = once((): MetadataRoot | undefined => {
    const { image, object } = this;
    const header = image.isPe() ? image.directoryExtent(DIRECTORY.comDescriptor, false) : undefined;
    if (header === undefined || header.start + READ_HEADER_BYTES > header.end) return undefined;
    if (object.unsigned(header.start, 4) !== HEADER_BYTES) return undefined;
    const metadata = this.#extent(header.start + 8);
    const read = metadata === undefined ? undefined : this.#readRoot(metadata);
    return read === undefined ? undefined : { ...read, resources: this.#extent(header.start + 24) };
  });

  readonly tables: () => Tables = once((): Tables => {
    const stream = this.#stream('#~') ?? { start: 0, end: 0 };
    const readLong = (offset: number, length: number): Uint8Array =>
      (this.#tableBytes ??= new LongRead(this.object, offset, length)).bytes();
    return readTables(this.object, stream.start, stream.end, readLong, isSound);
  });

  table(number: number): Table {
    return this.tables()(number);
  }

  /** Undefined where there is no such text, or it is not UTF-8. */
  text(index: number): Uint8Array | undefined {
    const stream = this.#stream('#Strings');
    if (stream === undefined || stream.start + index >= stream.end) return undefined;
    const text = readText(this.object, stream.start + index, stream.end);
    return stream.start + index + text.length < stream.end && isUtf8(text) ? text : undefined;
  }

  /** Is the text at this index this one, which is of ASCII? */
  isText(index: number, text: string): boolean {
    const stream = this.#stream('#Strings');
    if (stream === undefined || stream.start + index + text.length >= stream.end) return false;
    const bytes = this.object.bytes(stream.start + index, text.length + 1)!;
    return bytes.at(-1) === 0 && decoder.decode(bytes.subarray(0, -1)) === text;
  }

  /** Texts of a file that are looked through or kept count here, by their bytes or characters, when they have been read. */
  keep(length: number): void {
    if (this.#keptBytes + length > MAX_KEPT_BYTES) this.object.refuse('limit:dotnetNames');
    this.#keptBytes += length;
  }

  blob(index: number): Uint8Array | undefined {
    const extent = this.blobExtent(index);
    if (extent === undefined) return undefined;
    const length = extent.end - extent.start;
    return length > MAX_TEXT_BYTES
      ? this.object.refuse('limit:dotnetBlobBytes')
      : this.object.bytes(extent.start, length);
  }

  /** Undefined where there is no such blob. */
  blobExtent(index: number): Extent | undefined {
    const stream = this.#stream('#Blob');
    const length = stream === undefined ? undefined : this.packedLength(stream.start + index, stream.end);
    if (stream === undefined || length === undefined) return undefined;
    const start = stream.start + index + length.bytes;
    return start + length.value > stream.end ? undefined : { start, end: start + length.value };
  }

  /** A length of one, two or four bytes at an offset of the file. */
  packedLength(at: number, end: number): { readonly value: number; readonly bytes: number } | undefined {
    if (at >= end) return undefined;
    const first = this.object.unsigned(at, 1)!;
    if (first < 0x80) return { value: first, bytes: 1 };
    if (first < 0xc0)
      return at + 2 > end ? undefined : { value: this.object.unsigned(at, 2, true)! & 0x3fff, bytes: 2 };
    if (first >= 0xe0 || at + 4 > end) return undefined;
    return { value: this.object.unsigned(at, 4, true)! & 0x1fffffff, bytes: 4 };
  }

  userStrings(): Extent | undefined {
    return this.#stream('#US');
  }

  guids(): Extent | undefined {
    return this.#stream('#GUID');
  }

  /** Undefined where it is not, or not wholly, in the file. */
  #stream(name: string): Extent | undefined {
    const found = this.#named().get(name);
    if (found === undefined || found.offset + found.size > this.object.size) return undefined;
    return { start: found.offset, end: found.offset + found.size };
  }

  readonly #named = once((): ReadonlyMap<string, Stream> => {
    const streams = this.root()?.streams ?? [];
    return new Map(
      streams.map((stream) => {
        const name = decoder.decode(stream.name);
        return [name === '#-' ? '#~' : name, stream];
      }),
    );
  });

  #extent(at: number): Extent | undefined {
    const extent = this.image.extentAt(this.object.unsigned(at, 4)!);
    if (extent === undefined) return undefined;
    return { start: extent.start, end: Math.min(extent.end, extent.start + this.object.unsigned(at + 4, 4)!) };
  }

  #readRoot({ start, end }: Extent): Omit<MetadataRoot, 'resources'> | undefined {
    const { object } = this;
    if (start + 16 > end || object.unsigned(start, 4) !== MAGIC) return undefined;
    const length = object.unsigned(start + 12, 4)!;
    const behind = start + 16 + length;
    if (length > MAX_VERSION_BYTES || behind + 4 > end) return undefined;
    const count = object.unsigned(behind + 2, 2)!;
    const streams = count > MAX_STREAMS ? undefined : this.#readStreams(start, behind + 4, end, count);
    const version = readText(object, start + 16, behind);
    return streams === undefined || !isUtf8(version) ? undefined : { version, streams };
  }

  #readStreams(root: number, from: number, end: number, count: number): readonly Stream[] | undefined {
    while (this.#streams.length < count) {
      const at = this.#streams.at(-1)?.behind ?? from;
      if (at + 8 > end) return undefined;
      const name = readText(this.object, at + 8, end);
      const behind = at + 8 + Math.ceil((name.length + 1) / 4) * 4;
      if (behind > end) return undefined;
      const offset = Math.min(MOST, root + this.object.unsigned(at, 4)!);
      this.#streams.push({ name, offset, size: this.object.unsigned(at + 4, 4)!, behind });
    }
    return this.#streams;
  }
}

/** Kinds of elements that a constant may say it has. Source: ECMA-335, II.23.1.16. */
const ELEMENT_TYPES: ReadonlySet<number> = new Set([
  ...Array.from({ length: 0x17 }, (_, type) => type),
  ...[0x18, 0x19, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x40, 0x41, 0x45],
]);

function isSound(number: number, table: Table): boolean {
  if (number !== TABLE.constant) return true;
  for (let row = 0; row < table.length; row++) if (!ELEMENT_TYPES.has(table.number(row, 0))) return false;
  return true;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

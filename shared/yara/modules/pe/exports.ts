/**
 * What a PE file exports.
 *
 * ```
 * export directory, 40 bytes   4 timestamp · 12 library's name · 16 first ordinal · 20 number of addresses · 24 of names ·
 *                              28 addresses · 32 names' addresses · 36 ordinals of the names, two bytes each
 * ```
 * A directory without addresses exports nothing. An address within the directory's own extent is that of a text: where the function is forwarded to. The table of names
 * counts only where all of it is in the file, the other two as far as they are. Source: PE/COFF, "The .edata Section".
 */
import type { ModuleValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import type { PeImage } from './image.ts';
import { DIRECTORY } from './layout.ts';
import { caselessKey, type PeTexts } from './texts.ts';

export interface ExportedFunction {
  readonly ordinal: number;
  readonly rva: number;
  /** Read when asked for, as is `key`, its `caselessKey`. */
  readonly name: () => Uint8Array | undefined;
  readonly key: () => string | undefined;
}

interface Directory {
  readonly start: number;
  readonly firstRva: number;
  readonly endRva: number;
}

const DIRECTORY_BYTES = 40;
/** Of functions and of names; those behind are not looked at, as by the reference. */
const MAX_EXPORTS = 16384;
const MOST = 0xffffffff;

export class ExportList {
  readonly #image: PeImage;
  readonly #texts: PeTexts;

  constructor(image: PeImage, texts: PeTexts) {
    this.#image = image;
    this.#texts = texts;
  }

  timestamp(): number | undefined {
    return this.#number(4);
  }

  libraryName(): Uint8Array | undefined {
    const rva = this.#number(12);
    return rva === undefined ? undefined : this.#texts.libraryAt(rva);
  }

  readonly functions = once((): readonly ExportedFunction[] => {
    if (this.#directory() === undefined || this.#number(28) === 0) return [];
    const base = this.#number(16)!;
    const names = this.#names();
    return this.#table(this.#number(28)!, this.#number(20)!, 4)
      .map((rva, index) => ({ rva, ordinal: base + index, nameRva: names.get(index) }))
      .filter(({ ordinal }) => ordinal <= MOST)
      .map(({ rva, ordinal, nameRva }) => {
        const name = once(() => (nameRva === undefined ? undefined : this.#texts.at(nameRva)));
        const key = once(() => {
          const text = name();
          return text && caselessKey(text);
        });
        return { rva, ordinal, name, key };
      });
  });

  values(): ModuleValue {
    return arrayOfItems(this.functions(), ({ rva, ordinal, name }) => {
      const isForwarded = rva >= this.#directory()!.firstRva && rva < this.#directory()!.endRva;
      return structureOf({
        name,
        ordinal: () => ordinal,
        rva: () => rva,
        offset: () => (isForwarded ? undefined : this.#image.rvaToOffset(rva)),
        forward_name: () => (isForwarded ? this.#texts.at(rva) : undefined),
      });
    });
  }

  readonly #directory = once((): Directory | undefined => {
    const extent = this.#image.directoryExtent(DIRECTORY.export, true);
    if (extent === undefined || extent.rva === 0 || extent.end - extent.start < DIRECTORY_BYTES) return undefined;
    return { start: extent.start, firstRva: extent.rva, endRva: Math.min(MOST, extent.rva + extent.size) };
  });

  #number(offset: number): number | undefined {
    const directory = this.#directory();
    return directory && this.#image.object.unsigned(directory.start + offset, 4);
  }

  /** Addresses of names, by the place of the function they name. */
  #names(): ReadonlyMap<number, number> {
    const count = Math.min(this.#number(24)!, MAX_EXPORTS);
    const addresses = this.#table(this.#number(32)!, count, 4);
    const names = new Map<number, number>();
    if (addresses.length < count) return names;
    this.#table(this.#number(36)!, count, 2).forEach((place, index) => {
      if (!names.has(place)) names.set(place, addresses[index]!);
    });
    return names;
  }

  /** As many numbers as are in the file, at most `MAX_EXPORTS`. */
  #table(rva: number, count: number, width: 2 | 4): number[] {
    const { object } = this.#image;
    const { start = 0, end = 0 } = this.#image.extentAt(rva) ?? {};
    const length = Math.min(count, MAX_EXPORTS, Math.floor((end - start) / width));
    const bytes = object.bytes(start, length * width)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length }, (_, at) =>
      width === 2 ? view.getUint16(at * 2, true) : view.getUint32(at * 4, true),
    );
  }
}

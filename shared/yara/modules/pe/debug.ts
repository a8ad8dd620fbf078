/**
 * The path of the file with debug information that a PE file names.
 *
 * ```
 * debug directory, 28 bytes per entry    12 type, 2 is CodeView · 20 address · 24 offset
 * CodeView    `RSDS`, 20 bytes, path     `NB10`, 12 bytes, path     `MTOC`, 16 bytes, path
 * ```
 * The address counts where it leads into the file, else the offset. Source: PE/COFF, ".debug Section".
 */
import { readText } from '../read-text.ts';
import type { PeImage } from './image.ts';
import { DIRECTORY } from './layout.ts';

const ENTRY_BYTES = 28;
const TYPE_CODEVIEW = 2;
/** A directory with more has no known path, unless one of these names it. */
const MAX_ENTRIES = 1 << 16;

/** Bytes between magic and path, by magic. */
const SKIPPED: ReadonlyMap<number | undefined, number> = new Map([
  [0x53445352, 20],
  [0x3031424e, 12],
  [0x434f544d, 16],
]);

export function pdbPath(image: PeImage): Uint8Array | undefined {
  const { object } = image;
  const { start = 0, end = 0 } = image.directoryExtent(DIRECTORY.debug, true) ?? {};
  for (let index = 0; start + (index + 1) * ENTRY_BYTES <= end; index++) {
    if (index >= MAX_ENTRIES) return object.refuse('limit:peDebugEntries');
    const entry = start + index * ENTRY_BYTES;
    if (object.unsigned(entry + 12, 4) !== TYPE_CODEVIEW) continue;
    const rva = object.unsigned(entry + 20, 4)!;
    const at = (rva === 0 ? undefined : image.rvaToOffset(rva)) ?? object.unsigned(entry + 24, 4)!;
    const skipped = at === 0 ? undefined : SKIPPED.get(object.unsigned(at, 4));
    if (skipped === undefined || at + 4 + skipped > object.size) continue;
    return readText(object, at + 4 + skipped, object.size);
  }
  return undefined;
}

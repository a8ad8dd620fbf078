/**
 * From an address relative to the image's base (RVA) to the offset in the file, by the section table. All numbers have 32
 * bits; sums stay at the edge.
 *
 * Loaders round a section's offset down: to the file alignment, of which no more than 512 counts, and where pages are whole
 * (a section alignment of 4,096 or more) to 512 in any case. Source: PE/COFF, "Optional Header Windows-Specific Fields".
 */
export interface MappedSection {
  readonly virtualAddress: number;
  readonly virtualSize: number;
  readonly rawOffset: number;
  readonly rawSize: number;
}

export interface Alignments {
  readonly file: number;
  readonly section: number;
}

const SECTOR_BYTES = 0x200;
const PAGE_BYTES = 0x1000;
const MOST = 0xffffffff;

/** Addresses below all sections stand for themselves; of sections that overlap the highest, then the last one, counts. */
export function rvaToOffset(
  sections: readonly MappedSection[],
  alignments: Alignments,
  rva: number,
): number | undefined {
  if (sections.length > 0 && sections.every(({ virtualAddress }) => rva < virtualAddress)) return rva;
  let start = 0;
  let offset = 0;
  let size = 0;
  for (const { virtualAddress, virtualSize, rawOffset, rawSize } of sections) {
    const end = Math.min(MOST, virtualAddress + Math.max(virtualSize, rawSize));
    if (virtualAddress < start || rva < virtualAddress || rva >= end) continue;
    start = virtualAddress;
    offset = alignedOffset(rawOffset, alignments);
    size = rawSize;
  }
  return rva - start >= size ? undefined : Math.min(MOST, offset + (rva - start));
}

function alignedOffset(offset: number, { file, section }: Alignments): number {
  const step = Math.min(file, SECTOR_BYTES);
  const aligned = step === 0 ? offset : offset - (offset % step);
  return section >= PAGE_BYTES ? aligned - (aligned % SECTOR_BYTES) : aligned;
}

/**
 * Where the fields of ELF structures stand, in both sizes; offsets in bytes from the structure's start.
 *
 * ```
 * 0   4  magic 7F 45 4C 46      5  1  encoding: 1 little-endian, 2 big-endian
 * 4   1  class: 1 32-bit, 2 64-bit      7  1  ABI
 * 16  2  type · 18 2 machine · 24 entry point, program headers, section headers (a word each, 4 or 8 bytes), then
 *        4 flags, 2 header's size, 2 + 2 size and number of program headers, 2 + 2 of section headers, 2 name section
 * ```
 * Sources: System V ABI, chapters 4 and 5.
 */
export interface ElfLayout {
  /** Of addresses, offsets and lengths. */
  readonly word: 4 | 8;
  readonly headerBytes: number;
  /** Offset of the program headers' size, behind which the other sizes and numbers stand, two bytes each. */
  readonly counts: number;
  /** Their type stands first. */
  readonly segment: Record<
    'size' | 'flags' | 'offset' | 'virtual' | 'physical' | 'fileSize' | 'memory' | 'align',
    number
  >;
  /** Their name stands first, then their type. */
  readonly section: Record<'size' | 'type' | 'flags' | 'address' | 'offset' | 'length' | 'link', number>;
  /** Their name stands first. */
  readonly symbol: Record<'size' | 'value' | 'length' | 'info' | 'other' | 'section', number>;
}

export const ELF_MAGIC = 0x464c457f;

/** By class. */
export const ELF_LAYOUTS: readonly (ElfLayout | undefined)[] = [
  undefined,
  {
    word: 4,
    headerBytes: 52,
    counts: 42,
    segment: { size: 32, offset: 4, virtual: 8, physical: 12, fileSize: 16, memory: 20, flags: 24, align: 28 },
    section: { size: 40, type: 4, flags: 8, address: 12, offset: 16, length: 20, link: 24 },
    symbol: { size: 16, value: 4, length: 8, info: 12, other: 13, section: 14 },
  },
  {
    word: 8,
    headerBytes: 64,
    counts: 54,
    segment: { size: 56, flags: 4, offset: 8, virtual: 16, physical: 24, fileSize: 32, memory: 40, align: 48 },
    section: { size: 64, type: 4, flags: 8, address: 16, offset: 24, length: 32, link: 40 },
    symbol: { size: 24, info: 4, other: 5, section: 6, value: 8, length: 16 },
  },
];

/**
 * Where the fields of PE structures stand: offset in bytes from the structure's start, and width. All are little-endian.
 *
 * ```
 * 0    2  magic `MZ`                    60  4  offset of the PE header
 * PE header: 4 magic `PE\0\0` and 20 of file header, then the optional header, the data directories and, where the file
 * header says the optional header ends, the section table
 * ```
 * Source: PE/COFF, "MS-DOS Stub" to "Section Table".
 */
export type Width = 1 | 2 | 4 | 8;
export type Field = readonly [offset: number, width: Width];

export const DOS_MAGIC = 0x5a4d;
export const DOS_HEADER_BYTES = 64;
export const PE_OFFSET_AT = 60;
export const PE_MAGIC = 0x4550;
/** Magic and file header. */
export const PE_HEADER_BYTES = 24;

/** From the PE header's magic on. */
export const FILE_FIELDS = {
  machine: [4, 2],
  number_of_sections: [6, 2],
  timestamp: [8, 4],
  pointer_to_symbol_table: [12, 4],
  number_of_symbols: [16, 4],
  size_of_optional_header: [20, 2],
  characteristics: [22, 2],
} as const satisfies Record<string, Field>;

export const MAGIC_32 = 0x10b;
/** Any other is taken for 32 bits. */
export const MAGIC_64 = 0x20b;

/** From the optional header's start on, those that stand at one place in both sizes. */
const COMMON_FIELDS = {
  opthdr_magic: [0, 2],
  major_linker_version: [2, 1],
  minor_linker_version: [3, 1],
  size_of_code: [4, 4],
  size_of_initialized_data: [8, 4],
  size_of_uninitialized_data: [12, 4],
  entry_point_raw: [16, 4],
  base_of_code: [20, 4],
  section_alignment: [32, 4],
  file_alignment: [36, 4],
  major_os_version: [40, 2],
  minor_os_version: [42, 2],
  major_image_version: [44, 2],
  minor_image_version: [46, 2],
  major_subsystem_version: [48, 2],
  minor_subsystem_version: [50, 2],
  win32_version_value: [52, 4],
  size_of_image: [56, 4],
  size_of_headers: [60, 4],
  checksum: [64, 4],
  subsystem: [68, 2],
  dll_characteristics: [70, 2],
} as const satisfies Record<string, Field>;

export const FIELDS_32 = {
  ...COMMON_FIELDS,
  base_of_data: [24, 4],
  image_base: [28, 4],
  size_of_stack_reserve: [72, 4],
  size_of_stack_commit: [76, 4],
  size_of_heap_reserve: [80, 4],
  size_of_heap_commit: [84, 4],
  loader_flags: [88, 4],
  number_of_rva_and_sizes: [92, 4],
} as const satisfies Record<string, Field>;

export type OptionalField = keyof typeof FIELDS_32;

export const FIELDS_64: Readonly<Record<OptionalField, Field | undefined>> = {
  ...COMMON_FIELDS,
  base_of_data: undefined,
  image_base: [24, 8],
  size_of_stack_reserve: [72, 8],
  size_of_stack_commit: [80, 8],
  size_of_heap_reserve: [88, 8],
  size_of_heap_commit: [96, 8],
  loader_flags: [104, 4],
  number_of_rva_and_sizes: [108, 4],
};

/** Lengths of the optional header; the data directories begin behind it. */
export const OPTIONAL_BYTES_32 = 96;
export const OPTIONAL_BYTES_64 = 112;

export const DIRECTORY_BYTES = 8;
export const MAX_DIRECTORIES = 16;

/** Places in the data directories. */
export const DIRECTORY = {
  export: 0,
  import: 1,
  resource: 2,
  security: 4,
  debug: 6,
  delayImport: 13,
  comDescriptor: 14,
} as const;

export const SECTION_BYTES = 40;
export const SECTION_NAME_BYTES = 8;
export const MAX_SECTIONS = 96;

/** Behind the name. */
export const SECTION_FIELDS = {
  virtual_size: [8, 4],
  virtual_address: [12, 4],
  raw_data_size: [16, 4],
  raw_data_offset: [20, 4],
  pointer_to_relocations: [24, 4],
  pointer_to_line_numbers: [28, 4],
  number_of_relocations: [32, 2],
  number_of_line_numbers: [34, 2],
  characteristics: [36, 4],
} as const satisfies Record<string, Field>;

export const SYMBOL_BYTES = 18;

/**
 * `pe`: what rules may ask of a PE file. Source of names: the documentation of YARA-X, "pe".
 */
import type { FieldSchema, FunctionSchema, ParameterSchema, StructureSchema, TypeSchema } from '../schema.ts';
import { peConstants } from './constants.ts';
import { signaturesSchema } from './signatures-schema.ts';

const integer: FieldSchema = { type: 'integer' };
const boolean: FieldSchema = { type: 'boolean' };

const version: FieldSchema = { type: structure('pe.Version', { major: 'integer', minor: 'integer' }) };

const section = structure('pe.Section', {
  name: 'text',
  full_name: 'text',
  characteristics: 'integer',
  raw_data_size: 'integer',
  raw_data_offset: 'integer',
  virtual_address: 'integer',
  virtual_size: 'integer',
  pointer_to_relocations: 'integer',
  pointer_to_line_numbers: 'integer',
  number_of_relocations: 'integer',
  number_of_line_numbers: 'integer',
});

const directory = structure('pe.DirEntry', { virtual_address: 'integer', size: 'integer' });
const overlay = structure('pe.Overlay', { offset: 'integer', size: 'integer' });

export const peSchema: StructureSchema = {
  kind: 'structure',
  name: 'pe',
  fields: {
    is_pe: boolean,
    machine: integer,
    subsystem: integer,
    os_version: version,
    subsystem_version: version,
    image_version: version,
    linker_version: version,
    opthdr_magic: integer,
    characteristics: integer,
    dll_characteristics: integer,
    timestamp: integer,
    image_base: integer,
    checksum: integer,
    base_of_code: integer,
    base_of_data: integer,
    entry_point: integer,
    entry_point_raw: integer,
    section_alignment: integer,
    file_alignment: integer,
    loader_flags: integer,
    size_of_optional_header: integer,
    size_of_code: integer,
    size_of_initialized_data: integer,
    size_of_uninitialized_data: integer,
    size_of_image: integer,
    size_of_headers: integer,
    size_of_stack_reserve: integer,
    size_of_stack_commit: integer,
    size_of_heap_reserve: integer,
    size_of_heap_commit: integer,
    pointer_to_symbol_table: integer,
    win32_version_value: integer,
    number_of_symbols: integer,
    number_of_rva_and_sizes: integer,
    number_of_sections: { type: 'integer', deprecated: 'use `pe.sections.len()` instead' },
    sections: { type: { kind: 'array', item: section } },
    data_directories: { type: { kind: 'array', item: directory } },
    overlay: { type: overlay },
    ...signaturesSchema,
  },
  functions: {
    is_32bit: [reads('boolean')],
    is_64bit: [reads('boolean')],
    is_dll: [reads('boolean')],
    rva_to_offset: [reads('integer', 'integer')],
    section_index: [reads('integer', 'text'), reads('integer', 'integer')],
  },
  constants: peConstants,
};

function structure(name: string, fields: Readonly<Record<string, TypeSchema>>): StructureSchema {
  const typed = Object.entries(fields).map(([field, type]) => [field, { type }] as const);
  return { kind: 'structure', name, fields: Object.fromEntries(typed) };
}

function reads(result: TypeSchema, ...parameters: readonly ParameterSchema[]): FunctionSchema {
  return { parameters, result, readsObject: true };
}

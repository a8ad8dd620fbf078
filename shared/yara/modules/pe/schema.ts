/**
 * `pe`: what rules may ask of a PE file. Source of names: the documentation of YARA-X, "pe".
 */
import type { FieldSchema, FunctionSchema, ParameterSchema, StructureSchema, TypeSchema } from '../schema.ts';
import { peConstants } from './constants.ts';
import { signaturesSchema } from './signatures-schema.ts';

const integer: FieldSchema = { type: 'integer' };
const boolean: FieldSchema = { type: 'boolean' };
const text: FieldSchema = { type: 'text' };

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

const importedFunction = structure('pe.Function', { name: 'text', ordinal: 'integer', rva: 'integer' });

const imported = structure('pe.Import', {
  library_name: 'text',
  number_of_functions: 'integer',
  functions: { kind: 'array', item: importedFunction },
});

const exported = structure('pe.Export', {
  name: 'text',
  ordinal: 'integer',
  rva: 'integer',
  offset: 'integer',
  forward_name: 'text',
});

const resource = structure('pe.Resource', {
  length: 'integer',
  rva: 'integer',
  offset: 'integer',
  type: 'integer',
  id: 'integer',
  language: 'integer',
  type_string: 'text',
  name_string: 'text',
  language_string: 'text',
});

const richTool = structure('pe.RichTool', { toolid: 'integer', version: 'integer', times: 'integer' });

const richSignature: StructureSchema = {
  ...structure('pe.RichSignature', {
    offset: 'integer',
    length: 'integer',
    key: 'integer',
    raw_data: 'text',
    clear_data: 'text',
    tools: { kind: 'array', item: richTool },
  }),
  functions: {
    toolid: [reads('integer', 'integer'), reads('integer', 'integer', 'integer')],
    version: [reads('integer', 'integer'), reads('integer', 'integer', 'integer')],
  },
};

const versionText = structure('pe.KeyValue', { key: 'text', value: 'text' });

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
    rich_signature: { type: richSignature },
    pdb_path: text,
    number_of_imports: integer,
    number_of_imported_functions: integer,
    import_details: { type: { kind: 'array', item: imported } },
    number_of_delayed_imports: integer,
    number_of_delayed_imported_functions: integer,
    delayed_import_details: { type: { kind: 'array', item: imported } },
    number_of_exports: integer,
    dll_name: text,
    export_timestamp: integer,
    export_details: { type: { kind: 'array', item: exported } },
    number_of_resources: { type: 'integer', deprecated: 'use `pe.resources.len()` instead' },
    resource_timestamp: integer,
    resource_version: version,
    resources: { type: { kind: 'array', item: resource } },
    number_of_version_infos: integer,
    version_info: { type: { kind: 'dictionary', key: 'text', value: 'text' } },
    version_info_list: { type: { kind: 'array', item: versionText } },
    ...signaturesSchema,
  },
  functions: {
    is_32bit: [reads('boolean')],
    is_64bit: [reads('boolean')],
    is_dll: [reads('boolean')],
    rva_to_offset: [reads('integer', 'integer')],
    section_index: [reads('integer', 'text'), reads('integer', 'integer')],
    calculate_checksum: [{ ...reads('integer'), range: { kind: 'wordSum', part: 'whole' } }],
    imphash: [{ ...reads('text'), constraint: { isLowerCase: true, length: 32 } }],
    imports: [
      reads('integer', 'text'),
      reads('boolean', 'text', 'text'),
      reads('integer', 'text', 'integer'),
      reads('integer', 'regex', 'regex'),
      reads('integer', 'integer', 'text'),
      reads('boolean', 'integer', 'text', 'text'),
      reads('boolean', 'integer', 'text', 'integer'),
      reads('integer', 'integer', 'regex', 'regex'),
    ],
    import_rva: [reads('integer', 'text', 'text'), reads('integer', 'text', 'integer')],
    delayed_import_rva: [reads('integer', 'text', 'text'), reads('integer', 'text', 'integer')],
    exports: [reads('boolean', 'text'), reads('boolean', 'integer'), reads('boolean', 'regex')],
    exports_index: [reads('integer', 'text'), reads('integer', 'integer'), reads('integer', 'regex')],
    locale: [reads('boolean', 'integer')],
    language: [reads('boolean', 'integer')],
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

/** `dotnet`: what rules may ask of a .NET file. Source of names: the documentation of YARA-X, "dotnet". */
import type { ScalarSchema, StructureSchema, TypeSchema } from '../schema.ts';

const version = structure('dotnet.Version', {
  major: 'integer',
  minor: 'integer',
  build_number: 'integer',
  revision_number: 'integer',
});

const parameter = structure('dotnet.Param', { name: 'text', type: 'text' });

const method = structure('dotnet.Method', {
  name: 'text',
  visibility: 'text',
  abstract: 'boolean',
  static: 'boolean',
  virtual: 'boolean',
  final: 'boolean',
  return_type: 'text',
  number_of_generic_parameters: 'integer',
  number_of_parameters: 'integer',
  generic_parameters: arrayOf('text'),
  parameters: arrayOf(parameter),
});

const classOf = structure('dotnet.Class', {
  fullname: 'text',
  name: 'text',
  namespace: 'text',
  visibility: 'text',
  type: 'text',
  abstract: 'boolean',
  sealed: 'boolean',
  number_of_base_types: 'integer',
  number_of_generic_parameters: 'integer',
  number_of_methods: 'integer',
  base_types: arrayOf('text'),
  generic_parameters: arrayOf('text'),
  methods: arrayOf(method),
});

export const dotnetSchema: StructureSchema = structure('dotnet', {
  is_dotnet: 'boolean',
  module_name: 'text',
  version: 'text',
  number_of_streams: 'integer',
  number_of_guids: 'integer',
  number_of_resources: 'integer',
  number_of_generic_parameters: 'integer',
  number_of_classes: 'integer',
  number_of_assembly_refs: 'integer',
  number_of_modulerefs: 'integer',
  number_of_user_strings: 'integer',
  number_of_constants: 'integer',
  number_of_field_offsets: 'integer',
  typelib: 'text',
  streams: arrayOf(structure('dotnet.Stream', { name: 'text', offset: 'integer', size: 'integer' })),
  guids: arrayOf('text'),
  constants: arrayOf('text'),
  assembly: structure('dotnet.Assembly', { name: 'text', culture: 'text', version }),
  assembly_refs: arrayOf(structure('dotnet.AssemblyRef', { name: 'text', public_key_or_token: 'text', version })),
  resources: arrayOf(structure('dotnet.Resource', { offset: 'integer', length: 'integer', name: 'text' })),
  classes: arrayOf(classOf),
  field_offsets: arrayOf('integer'),
  user_strings: arrayOf('text'),
  modulerefs: arrayOf('text'),
});

/** A number of what an array holds as well is deprecated. */
function structure(name: string, fields: Readonly<Record<string, TypeSchema>>): StructureSchema {
  const typed = Object.entries(fields).map(([field, type]) => {
    const counted = field.replace(/^number_of_/, '');
    const isCounted = counted !== field && counted in fields;
    return [field, isCounted ? { type, deprecated: `use \`${counted}.len()\` instead` } : { type }] as const;
  });
  return { kind: 'structure', name, fields: Object.fromEntries(typed) };
}

function arrayOf(item: ScalarSchema | StructureSchema): TypeSchema {
  return { kind: 'array', item };
}

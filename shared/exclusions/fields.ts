/**
 * What an exclusion can ask about: each field's type, whom its value comes from, and which column of a table holds it.
 *
 *   measured   the scanner or the storage service says it: where the object is, which bytes it has
 *   neutral    true of the finding or the object, but nobody's word for it: which rule matched, how large the object is
 *   claimed    whoever uploaded the object wrote it: its name, metadata, index tags, and what the metadata says of a process
 *
 * `metadata.*` and `tags.*` stand for any name behind the dot.
 */

export type FieldType = 'text' | 'number' | 'list';
export type FieldOrigin = 'measured' | 'neutral' | 'claimed';

export interface Field {
  readonly type: FieldType;
  readonly origin: FieldOrigin;
  readonly meaning: string;
}

/** A table that clauses are printed for. */
export type KqlTable = 'SluiceFindings' | 'DeviceNetworkEvents';

export const kqlTables: readonly KqlTable[] = ['SluiceFindings', 'DeviceNetworkEvents'];

/** Fields with a fixed name, in the order in which they are told. */
export const fields: Readonly<Record<string, Field>> = {
  'blob.account': { type: 'text', origin: 'measured', meaning: 'name of the storage account' },
  'blob.container': { type: 'text', origin: 'measured', meaning: 'name of the container' },
  'object.sha256': { type: 'text', origin: 'measured', meaning: 'SHA-256 of the object, in hex' },
  'object.size': { type: 'number', origin: 'neutral', meaning: 'size of the object in bytes' },
  'rule.name': { type: 'text', origin: 'neutral', meaning: 'name of the rule that matched' },
  'rule.namespace': { type: 'text', origin: 'neutral', meaning: 'namespace of that rule' },
  'rule.severity': { type: 'text', origin: 'neutral', meaning: 'severity of the finding' },
  'rule.tags': {
    type: 'list',
    origin: 'neutral',
    meaning: 'tags of that rule; a comparison asks whether one of them fits',
  },
  'blob.name': { type: 'text', origin: 'claimed', meaning: 'name of the object in its container' },
  'process.name': { type: 'text', origin: 'claimed', meaning: 'file name of the process; metadata process_name' },
  'process.path': { type: 'text', origin: 'claimed', meaning: 'its path; metadata process_path' },
  'process.command_line': {
    type: 'text',
    origin: 'claimed',
    meaning: 'how it was called; metadata process_command_line',
  },
  'process.parent_process.name': {
    type: 'text',
    origin: 'claimed',
    meaning: 'file name of the process that started it; metadata process_parent_name',
  },
};

/** The metadata keys that process fields are filled from; a key must be an identifier, so it cannot hold a dot. */
export const processMetadata: Readonly<Record<string, string>> = {
  'process.name': 'process_name',
  'process.path': 'process_path',
  'process.command_line': 'process_command_line',
  'process.parent_process.name': 'process_parent_name',
};

/** Families of fields whose last part is chosen by whoever writes the object. */
export const fieldFamilies = ['metadata', 'tags'] as const;
export type FieldFamily = (typeof fieldFamilies)[number];

/** The family of `metadata.x` or `tags.x`. */
export function familyOf(name: string): FieldFamily | undefined {
  return fieldFamilies.find((family) => name.startsWith(`${family}.`) && name.length > family.length + 1);
}

/** Undefined for a name that is no field. */
export function fieldOf(name: string): Field | undefined {
  if (Object.hasOwn(fields, name)) return fields[name];
  const family = familyOf(name);
  if (family === undefined) return undefined;
  const what = family === 'metadata' ? 'metadata entry' : 'index tag';
  return { type: 'text', origin: 'claimed', meaning: `${what} ${name.slice(family.length + 1)}` };
}

/** How a process is named in the tables of Microsoft Defender for Endpoint. */
const deviceColumns: Readonly<Record<string, string>> = {
  'process.name': 'InitiatingProcessFileName',
  'process.path': 'InitiatingProcessFolderPath',
  'process.command_line': 'InitiatingProcessCommandLine',
  'process.parent_process.name': 'InitiatingProcessParentFileName',
};

const findingColumns: Readonly<Record<string, string>> = {
  'blob.account': 'Account',
  'blob.container': 'Container',
  'blob.name': 'ObjectName',
  'object.sha256': 'Sha256',
  'object.size': 'SizeInBytes',
  'rule.name': 'Rule',
  'rule.namespace': 'Namespace',
  'rule.severity': 'Severity',
  'rule.tags': 'Tags',
};

/** The KQL expression for a field; undefined where the table has nothing of the kind, so that the field is missing there. */
export function columnOf(name: string, table: KqlTable): string | undefined {
  if (table === 'DeviceNetworkEvents') return deviceColumns[name];
  if (Object.hasOwn(findingColumns, name)) return findingColumns[name];
  return fieldOf(name) === undefined ? undefined : `tostring(Claims[${JSON.stringify(name)}])`;
}

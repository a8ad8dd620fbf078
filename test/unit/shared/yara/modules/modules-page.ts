/** What a module offers as a page says it: a row for every field and every function, with the path that a condition writes. */
import { moduleNamed } from '../../../../../shared/yara/modules/links.ts';
import type { FunctionSchema, StructureSchema, TypeSchema } from '../../../../../shared/yara/modules/schema.ts';

/** The tables of these modules, one behind the other. */
export function tablesOf(names: readonly string[]): string {
  return names
    .map((name) => {
      const rows = rowsOf(name, moduleNamed(name)!.schema);
      return [`## \`${name}\``, '', '| in a condition | type | |', '|---|---|---|', ...rows].join('\n');
    })
    .join('\n\n');
}

function rowsOf(path: string, { fields, functions }: StructureSchema): string[] {
  const ofFields = Object.entries(fields ?? {}).flatMap(([name, { type, deprecated, refused }]) => {
    const notes = refused ?? (deprecated === undefined ? 'supported' : `supported, deprecated: ${deprecated}`);
    return rowsOfType(`${path}.${name}`, type, notes);
  });
  const ofFunctions = Object.entries(functions ?? {}).flatMap(([name, overloads]) =>
    overloads.map((overload) => row(`${path}.${name}(${parametersOf(overload)})`, overload.result, 'supported')),
  );
  return [...ofFields, ...ofFunctions];
}

function parametersOf({ parameters }: FunctionSchema): string {
  return parameters.join(', ');
}

function rowsOfType(path: string, type: TypeSchema, notes: string): string[] {
  if (typeof type === 'string') return [row(path, type, notes)];
  switch (type.kind) {
    case 'structure':
      return rowsOf(path, type);
    case 'array':
      return rowsOfType(`${path}[i]`, type.item, notes);
    case 'dictionary':
      return rowsOfType(`${path}[${type.key}]`, type.value, notes);
  }
}

function row(path: string, type: TypeSchema, notes: string): string {
  return `| \`${path}\` | ${typeof type === 'string' ? type : type.kind} | ${notes} |`;
}

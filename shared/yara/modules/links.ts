/** Finds modules and functions by the names that rules and bundles use. */
import type { Implementation, Module } from './module.ts';
import { foreignModules, modules, refusedModules } from './registry.ts';
import { functionLink, type FunctionSchema, type StructureSchema, type TypeSchema } from './schema.ts';

/** What is called: its schema, and what does it. */
export interface LinkedFunction {
  readonly structure: StructureSchema;
  readonly schema: FunctionSchema;
  readonly call: Implementation;
}

export type ModuleStanding = 'present' | 'refused' | 'foreign' | 'unknown';

export function standingOf(name: string): ModuleStanding {
  if (byName.has(name)) return 'present';
  if (refusedModules.has(name)) return 'refused';
  return foreignModules.has(name) ? 'foreign' : 'unknown';
}

export function moduleNamed(name: string): Module | undefined {
  return byName.get(name);
}

export function moduleNames(): readonly string[] {
  return [...byName.keys()];
}

/** The function that byte code names by `functionLink`. */
export function linkedFunction(link: string): LinkedFunction | undefined {
  return byLink.get(link);
}

/** A structure and all that its fields and functions lead to, each once. */
export function structuresIn(root: StructureSchema): ReadonlySet<StructureSchema> {
  const found = new Set<StructureSchema>();
  const visit = (type: TypeSchema): void => {
    if (typeof type === 'string') return;
    if (type.kind === 'array') visit(type.item);
    else if (type.kind === 'dictionary') visit(type.value);
    else if (!found.has(type)) {
      found.add(type);
      for (const field of Object.values(type.fields ?? {})) visit(field.type);
      for (const overloads of Object.values(type.functions ?? {})) for (const { result } of overloads) visit(result);
    }
  };
  visit(root);
  return found;
}

const byName: ReadonlyMap<string, Module> = new Map(modules.map((module) => [module.schema.name, module]));
const byLink: ReadonlyMap<string, LinkedFunction> = linkFunctions();

function linkFunctions(): Map<string, LinkedFunction> {
  const links = new Map<string, LinkedFunction>();
  for (const { schema: root, functions } of modules) {
    for (const structure of structuresIn(root)) {
      for (const [name, overloads] of Object.entries(structure.functions ?? {})) {
        for (const schema of overloads) {
          const link = functionLink(structure, name, schema);
          const call = functions[link];
          if (call === undefined) throw new Error(`bug: module ${root.name} does not implement ${link}`);
          links.set(link, { structure, schema, call });
        }
      }
    }
  }
  return links;
}

/** Asks a module for every field there is of a paged object, page by page as a scan would. */
import type {
  ArrayValue,
  DictionaryValue,
  ModuleValue,
  StructureValue,
} from '../../../../../shared/yara/modules/module.ts';
import type { StructureSchema, TypeSchema } from '../../../../../shared/yara/modules/schema.ts';
import { Refusal, type PagedObject } from './paged-object.ts';

/** Gives how many values were defined. Ends by the first refusal. */
export function readAll(object: PagedObject, schema: StructureSchema, value: StructureValue): number {
  return Object.entries(schema.fields ?? {}).reduce((count, [name, { type }]) => {
    return count + readValue(object, type, () => value.field(name));
  }, 0);
}

export function readValue(object: PagedObject, type: TypeSchema, ask: () => ModuleValue): number {
  const value = object.ask(ask);
  if (value === undefined) return 0;
  if (typeof type === 'string') return 1;
  if (type.kind === 'structure') return readAll(object, type, value as StructureValue);
  const { length } = value as ArrayValue | DictionaryValue;
  let count = 0;
  for (let index = 0; index < length; index++) {
    count +=
      type.kind === 'array'
        ? readValue(object, type.item, () => (value as ArrayValue).item(index))
        : readValue(object, type.value, () => (value as DictionaryValue).value(index));
  }
  return count;
}

/** The type of what the call gives, or the reason it was refused for. Anything else that is thrown is a fault. */
export function outcome(call: () => unknown): string {
  try {
    return typeof call();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

/** Every field by itself, so that a refusal hides no other: the reasons met, each once, and how many values were defined. */
export function readEach(
  object: PagedObject,
  schema: StructureSchema,
  value: StructureValue,
): { readonly defined: number; readonly refused: readonly string[] } {
  let defined = 0;
  const refused = new Set<string>();
  for (const [name, { type }] of Object.entries(schema.fields ?? {})) {
    const reason = outcome(() => {
      defined += readValue(object, type, () => value.field(name));
    });
    if (reason !== 'undefined') refused.add(reason);
  }
  return { defined, refused: [...refused] };
}

/**
 * Values of modules made of functions: what a field or an item is, is computed when it is asked for. A computation that ends
 * by the reader's exception leaves nothing behind and is made again when it is asked for again.
 */
import type { ArrayValue, ModuleValue, StructureValue } from './module.ts';

/** A field that is not named here is undefined. */
export function structureOf(fields: Readonly<Record<string, () => ModuleValue>>): StructureValue {
  return { field: (name) => (Object.hasOwn(fields, name) ? fields[name]!() : undefined) };
}

export function arrayOf(length: number, item: (index: number) => ModuleValue): ArrayValue {
  return { length, item };
}

export function arrayOfItems<Item>(items: readonly Item[], value: (item: Item) => ModuleValue): ArrayValue {
  return arrayOf(items.length, (index) => value(items[index]!));
}

/** What `compute` gives, computed once it can be. */
export function once<Value>(compute: () => Value): () => Value {
  let computed: { readonly value: Value } | undefined;
  return () => (computed ??= { value: compute() }).value;
}

/**
 * Values of modules made of functions: what a field or an item is, is computed when it is asked for. A computation that ends
 * by the reader's exception leaves nothing behind and is made again when it is asked for again; one that goes through a list
 * goes on from where it was.
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

/**
 * What is found going through `0 … count - 1`, in order; undefined is left out. An index for which `read` ended by an exception
 * is read again by the next call, those before it are not. `count` is asked again by each call and must give the same.
 */
export function found<Item>(
  count: () => number,
  read: (index: number) => Item | undefined,
  most = Infinity,
): () => readonly Item[] {
  const items: Item[] = [];
  let next = 0;
  return () => {
    for (const length = count(); next < length && items.length < most; next++) {
      const item = read(next);
      if (item !== undefined) items.push(item);
    }
    return items;
  };
}

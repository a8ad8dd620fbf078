/**
 * Everything a module says of an object, as conditions that hold where the reference says the same: one for each field, each
 * item of an array up to a bound, each function without arguments, and each call that is asked for besides.
 */
import { linkedFunction } from '../../../shared/yara/modules/links.ts';
import type {
  ArrayValue,
  CallContext,
  DictionaryValue,
  Module,
  ModuleValue,
  RegexValue,
  StructureValue,
} from '../../../shared/yara/modules/module.ts';
import { computeOver } from '../../../shared/yara/modules/range-computations.ts';
import { functionLink, type StructureSchema, type TypeSchema } from '../../../shared/yara/modules/schema.ts';
import { memoryView } from './memory-view.ts';

/** Items of a longer array are asked at its start, at its end, and evenly between: so many, if nothing else is said. */
const MAX_ITEMS = 24;

export interface Call {
  /** As written in a condition: `pe.imports("a.dll", 5)`. */
  readonly text: string;
  /** As `functionLink` names it. */
  readonly link: string;
  readonly arguments: readonly (boolean | number | bigint | string | RegexValue)[];
}

interface DumpContext extends CallContext {
  readonly maxItems: number;
}

export function dump(module: Module, bytes: Uint8Array, calls: readonly Call[] = [], maxItems = MAX_ITEMS): string[] {
  const { schema, open } = module;
  const object = memoryView(bytes);
  const root = open!(object);
  const context: DumpContext = {
    maxItems,
    object,
    now: 0,
    root: () => root,
    range: (kind, offset, length) => computeOver(kind, bytes.subarray(offset, offset + length)),
    charge: () => undefined,
    log: () => undefined,
  };
  const conditions: string[] = [];
  dumpStructure(conditions, schema.name, schema, root, context);
  for (const { text, link, arguments: given } of calls) {
    const { call, schema: signature } = linkedFunction(link)!;
    const values = given.map((value) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : value));
    dumpValue(conditions, text, signature.result, call(context, ...values), context);
  }
  return conditions;
}

function dumpStructure(
  conditions: string[],
  path: string,
  schema: StructureSchema,
  value: StructureValue,
  context: DumpContext,
): void {
  for (const [name, { type, refused }] of Object.entries(schema.fields ?? {})) {
    if (refused === undefined) dumpValue(conditions, `${path}.${name}`, type, value.field(name), context);
  }
  for (const [name, overloads] of Object.entries(schema.functions ?? {})) {
    for (const signature of overloads) {
      if (signature.parameters.length > 0 || signature.isMethod === true) continue;
      const { call } = linkedFunction(functionLink(schema, name, signature))!;
      dumpValue(conditions, `${path}.${name}()`, signature.result, call(context), context);
    }
  }
}

function dumpValue(
  conditions: string[],
  path: string,
  type: TypeSchema,
  value: ModuleValue,
  context: DumpContext,
): void {
  if (typeof type === 'string') {
    conditions.push(scalarCondition(path, value));
    return;
  }
  switch (type.kind) {
    case 'structure':
      if (value !== undefined) dumpStructure(conditions, path, type, value as StructureValue, context);
      else
        for (const [name, field] of Object.entries(type.fields ?? {})) {
          if (typeof field.type === 'string') conditions.push(`not defined ${path}.${name}`);
        }
      return;
    case 'array': {
      if (value === undefined) {
        conditions.push(`not defined ${path}.len()`);
        return;
      }
      const array = value as ArrayValue;
      const { length } = array;
      conditions.push(`${path}.len() == ${length}`);
      for (const index of chosen(length, context.maxItems)) {
        dumpValue(conditions, `${path}[${index}]`, type.item, array.item(index), context);
      }
      return;
    }
    case 'dictionary': {
      const dictionary = value as DictionaryValue;
      conditions.push(`${path}.len() == ${dictionary.length}`);
      for (const index of chosen(dictionary.length, context.maxItems)) {
        const key = dictionary.key(index);
        const written = key instanceof Uint8Array ? quoted(key) : String(key);
        dumpValue(conditions, `${path}[${written}]`, type.value, dictionary.value(index), context);
      }
    }
  }
}

function chosen(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, index) => index);
  const indices = Array.from({ length: most }, (_, at) => Math.floor((at * (length - 1)) / (most - 1)));
  return [...new Set([0, 1, 2, ...indices])];
}

function scalarCondition(path: string, value: ModuleValue): string {
  if (value === undefined) return `not defined ${path}`;
  if (typeof value === 'boolean') return value ? path : `defined ${path} and not ${path}`;
  if (value instanceof Uint8Array) return `${path} == ${quoted(value)}`;
  if (value === -(2n ** 63n)) return `${path} == -9223372036854775807 - 1`;
  if (typeof value === 'object') throw new Error(`bug: ${path} is no scalar`);
  return `${path} == ${value}`;
}

export function quoted(text: Uint8Array): string {
  const escaped = Array.from(text, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${escaped.join('')}"`;
}

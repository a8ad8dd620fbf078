/**
 * A module with fields of every kind, as the reference's own test module `test_proto2` has them, so that structures, arrays
 * and dictionaries can be asked of both engines before a module that has any is there. It shows what a module is made of.
 */
import type {
  ArrayValue,
  DictionaryValue,
  Module,
  ModuleValue,
  RegexValue,
  StructureValue,
} from '../../../../../shared/yara/modules/module.ts';
import type { StructureSchema, TypeSchema } from '../../../../../shared/yara/modules/schema.ts';

const nested: StructureSchema = {
  kind: 'structure',
  name: 'test_proto2.nested',
  fields: {
    nested_int32_zero: { type: 'integer' },
    nested_int64_zero: { type: 'integer' },
    nested_int32_one: { type: 'integer' },
    nested_int64_one: { type: 'integer' },
    nested_bool: { type: 'boolean' },
    nested_string: { type: 'text' },
    nested_array_int64: { type: { kind: 'array', item: 'integer' } },
  },
  functions: {
    nested_func: [{ parameters: [], result: 'boolean' }],
    nested_method: [{ parameters: [], result: 'boolean', isMethod: true }],
  },
};

function array(item: TypeSchema): { readonly type: TypeSchema } {
  return { type: { kind: 'array', item } };
}

function dictionary(key: 'integer' | 'text', value: TypeSchema): { readonly type: TypeSchema } {
  return { type: { kind: 'dictionary', key, value } };
}

export const testSchema: StructureSchema = {
  kind: 'structure',
  name: 'test_proto2',
  constants: {
    INLINE_0x1000: 0x1000n,
    Enumeration: {
      kind: 'structure',
      name: 'test_proto2.Enumeration',
      constants: { ITEM_0: 0n, ITEM_1: 1n, ITEM_2: 0x7fffffffffffn, ITEM_3: -1n },
    },
    items: { kind: 'structure', name: 'test_proto2.items', constants: { ITEM_4: 0n, ITEM_5: 1n } },
  },
  fields: {
    int32_zero: { type: 'integer' },
    int32_one: { type: 'integer' },
    int32_undef: { type: 'integer' },
    float_one: { type: 'float' },
    float_undef: { type: 'float' },
    string_foo: { type: 'text' },
    string_undef: { type: 'text' },
    bool_yara: { type: 'boolean' },
    file_size: { type: 'integer' },
    requires_foo_and_bar: { type: 'integer', refused: 'foo is required' },
    old: { type: 'integer', deprecated: 'write int32_one' },
    nested: { type: nested },
    array_int64: array('integer'),
    array_float: array('float'),
    array_bool: array('boolean'),
    array_string: array('text'),
    array_struct: array(nested),
    array_undef: array('integer'),
    map_string_struct: dictionary('text', nested),
    map_string_int64: dictionary('text', 'integer'),
    map_string_bool: dictionary('text', 'boolean'),
    map_int64_int64: dictionary('integer', 'integer'),
    map_int64_string: dictionary('integer', 'text'),
  },
  functions: {
    add: [
      { parameters: ['integer', 'integer'], result: 'integer' },
      { parameters: ['float', 'float'], result: 'float' },
    ],
    uppercase: [{ parameters: ['text'], result: 'text' }],
    undef_i64: [{ parameters: [], result: 'integer' }],
    head: [{ parameters: ['integer'], result: 'text', readsObject: true }],
    fits: [{ parameters: ['text', 'regex'], result: 'boolean' }],
    /** The structure that begins with the byte at an offset: its fields are read from the object when asked for. */
    far: [{ parameters: ['integer'], result: { kind: 'array', item: 'integer' }, readsObject: true }],
  },
};

const encoder = new TextEncoder();

function structure(fields: Readonly<Record<string, ModuleValue>>): StructureValue {
  return { field: (name) => fields[name] };
}

function arrayOf(items: readonly ModuleValue[]): ArrayValue {
  return { length: items.length, item: (index) => items[index] };
}

function dictionaryOf(entries: readonly (readonly [string | number, ModuleValue])[]): DictionaryValue {
  const keyAt = (index: number): Uint8Array | number => {
    const [key] = entries[index]!;
    return typeof key === 'string' ? encoder.encode(key) : key;
  };
  return {
    length: entries.length,
    key: keyAt,
    value: (index) => entries[index]![1],
    get: (key) => {
      const wanted = key instanceof Uint8Array ? new TextDecoder().decode(key) : key;
      return entries.find(([known]) => known === wanted)?.[1];
    },
  };
}

function nestedWith(isTrue: boolean): StructureValue {
  return structure({
    nested_int32_zero: 0,
    nested_int64_zero: 0,
    nested_int32_one: 1,
    nested_int64_one: 1,
    nested_bool: isTrue,
    nested_array_int64: arrayOf([1, 10, 100]),
  });
}

export const testModule: Module = {
  schema: testSchema,
  open: (object) => ({
    field: (name) => {
      switch (name) {
        case 'file_size':
          return object.size;
        default:
          return fields[name];
      }
    },
  }),
  functions: {
    'test_proto2.add(integer, integer)': (_context, a: number, b: number) => a + b,
    'test_proto2.add(float, float)': (_context, a: number, b: number) => a + b,
    'test_proto2.uppercase(text)': (_context, text: Uint8Array) =>
      encoder.encode(new TextDecoder().decode(text).toUpperCase()),
    'test_proto2.undef_i64()': () => undefined,
    'test_proto2.head(integer)': (context, length: number) => context.object.bytes(0, length),
    'test_proto2.fits(text, regex)': (_context, text: Uint8Array, regex: RegexValue) => regex.ask(text).isMatch,
    'test_proto2.far(integer)': (context, offset: number): ArrayValue => ({
      get length() {
        return context.object.unsigned(offset, 1) ?? 0;
      },
      item: (index) => context.object.unsigned(offset + 1 + index * 100_000, 1),
    }),
    'test_proto2.nested.nested_func()': () => true,
    'test_proto2.nested.nested_method()': (_context, self: StructureValue) => self.field('nested_bool'),
  },
};

const fields: Readonly<Record<string, ModuleValue>> = {
  int32_zero: 0,
  int32_one: 1,
  float_one: 1,
  string_foo: encoder.encode('foo'),
  bool_yara: true,
  old: 1,
  nested: nestedWith(false),
  array_int64: arrayOf([1, 10, 100]),
  array_float: arrayOf([1, 10, 100]),
  array_bool: arrayOf([false, true]),
  array_string: arrayOf(['foo', 'bar', 'baz'].map((text) => encoder.encode(text))),
  array_struct: arrayOf([nestedWith(false), nestedWith(true)]),
  map_string_struct: dictionaryOf([['foo', nestedWith(false)]]),
  map_string_int64: dictionaryOf([['one', 1]]),
  map_string_bool: dictionaryOf([['foo', true]]),
  map_int64_int64: dictionaryOf([[100, 1000]]),
  map_int64_string: dictionaryOf([[100, encoder.encode('one thousand')]]),
};

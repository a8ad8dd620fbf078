/**
 * The classes that a .NET file defines, their base types and their methods. A class without a name, `<Module>`, and a method
 * whose signature names a type that is none are left out, as the reference has it. Source: ECMA-335, II.22.26 and II.22.37.
 */
import type { ModuleValue } from '../module.ts';
import { arrayOfItems, found, once, structureOf } from '../structure-value.ts';
import type { Metadata } from './metadata.ts';
import { TABLE, type CodedIndex } from './tables.ts';
import { plainName, SignatureReader, TypeNames, type GenericNames } from './type-names.ts';

/** Names of classes within classes. */
const MAX_NAME_PARTS = 16;
/** Methods of all classes that were asked for; a method may be counted among those of many. */
const MAX_METHODS = 1 << 17;
/** Of one method, and the characters of their names and types. */
const MAX_PARAMETERS = 1 << 12;
const MAX_PARAMETERS_LENGTH = 1 << 20;
const MODULE_CLASS = '<Module>';
const HAS_GENERIC_PARAMETERS = 0x10;
const INTERFACE = 0x20;
const ABSTRACT = 0x80;
const SEALED = 0x100;
const METHOD_STATIC = 0x10;
const METHOD_FINAL = 0x20;
const METHOD_VIRTUAL = 0x40;
const METHOD_ABSTRACT = 0x400;
const VISIBILITY_BITS = 7;
/** From here on a class stands within another. */
const NESTED_VISIBILITY = 2;

const CLASS_VISIBILITY = [
  'internal',
  'public',
  'public',
  'private',
  'protected',
  'internal',
  'private protected',
  'protected internal',
];
const METHOD_VISIBILITY = [
  'private',
  'private',
  'private protected',
  'internal',
  'protected',
  'protected internal',
  'public',
  'private',
];
/** What they give is not told. */
const CONSTRUCTORS: ReadonlySet<string> = new Set(['.ctor', '.cctor']);

interface Parameter {
  readonly name: string;
  readonly type: string;
}

interface Method {
  readonly row: number;
  readonly name: string;
  readonly result: string;
  readonly genericNames: readonly string[];
  readonly parameters: readonly Parameter[];
}

export class DotnetClasses {
  readonly #metadata: Metadata;
  readonly #typeNames: TypeNames;
  /** Of rows that were asked for theirs. Nothing else is kept of a class: a file may have half a million. */
  readonly #baseTypesOf = new Map<number, () => readonly string[]>();
  readonly #methodsOf = new Map<number, () => readonly Method[]>();
  #methods = 0;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
    this.#typeNames = new TypeNames(metadata, (row) => this.#fullName(row));
  }

  /** Rows of the type definitions that are classes. */
  readonly rows = found(
    () => this.#metadata.table(TABLE.typeDef).length,
    (row) => {
      const name = this.#text(TABLE.typeDef, row, 1);
      this.#metadata.keep(name?.length ?? 0);
      return name !== undefined && name !== '' && name !== MODULE_CLASS ? row : undefined;
    },
  );

  value(row: number): ModuleValue {
    const flags = this.#metadata.table(TABLE.typeDef).number(row, 0);
    const genericNames = this.#genericNames().ofClass.get(row) ?? [];
    const fullName = (): string | undefined => this.#fullName(row);
    const baseTypes = (): readonly string[] =>
      keptFor(this.#baseTypesOf, row, () => this.#findBaseTypes(row, genericNames))();
    const methods = (): readonly Method[] =>
      keptFor(this.#methodsOf, row, () => this.#findMethods(row, genericNames))();
    return structureOf({
      fullname: () => text(fullName()),
      name: () => text(lastPart(fullName())),
      namespace: () => text(namespaceOf(fullName())),
      visibility: () => text(CLASS_VISIBILITY[flags & VISIBILITY_BITS]),
      type: () => text((flags & INTERFACE) === 0 ? 'class' : 'interface'),
      abstract: () => (flags & ABSTRACT) !== 0,
      sealed: () => (flags & SEALED) !== 0,
      number_of_base_types: () => baseTypes().length,
      number_of_generic_parameters: () => genericNames.length,
      number_of_methods: () => methods().length,
      base_types: () => arrayOfItems(baseTypes(), text),
      generic_parameters: () => arrayOfItems(genericNames, text),
      methods: () => arrayOfItems(methods(), (method) => this.#methodValue(method)),
    });
  }

  #methodValue({ row, name, result, genericNames, parameters }: Method): ModuleValue {
    const flags = this.#metadata.table(TABLE.methodDef).number(row, 2);
    return structureOf({
      name: () => text(name),
      visibility: () => text(METHOD_VISIBILITY[flags & VISIBILITY_BITS]),
      abstract: () => (flags & METHOD_ABSTRACT) !== 0,
      static: () => (flags & METHOD_STATIC) !== 0,
      virtual: () => (flags & METHOD_VIRTUAL) !== 0,
      final: () => (flags & METHOD_FINAL) !== 0,
      return_type: () => (CONSTRUCTORS.has(name) ? undefined : text(result)),
      number_of_generic_parameters: () => genericNames.length,
      number_of_parameters: () => parameters.length,
      generic_parameters: () => arrayOfItems(genericNames, text),
      parameters: () =>
        arrayOfItems(parameters, (parameter) =>
          structureOf({ name: () => text(parameter.name), type: () => text(parameter.type) }),
        ),
    });
  }

  // Names -----------------------------------------------------------------------------------------------------------------

  /** With its namespace, and the classes it stands in before it. */
  #fullName(row: number): string | undefined {
    const table = this.#metadata.table(TABLE.typeDef);
    const parts: string[] = [];
    for (let at: number | undefined = row; at !== undefined;) {
      if (at >= table.length || parts.length >= MAX_NAME_PARTS) return undefined;
      const name = this.#text(TABLE.typeDef, at, 1);
      if (name === undefined || name === '') return undefined;
      const namespace = this.#text(TABLE.typeDef, at, 2);
      parts.unshift(...(namespace === undefined || namespace === '' ? [] : [namespace]), plainName(name));
      const isNested: boolean = (table.number(at, 0) & VISIBILITY_BITS) >= NESTED_VISIBILITY;
      at = isNested ? this.#enclosing().get(at) : undefined;
    }
    return parts.join('.');
  }

  /** By row, the row of the class it stands in: the first that is named, if that is not itself. */
  readonly #enclosing = once((): ReadonlyMap<number, number> => {
    const table = this.#metadata.table(TABLE.nestedClass);
    const enclosing = new Map<number, number>();
    for (let row = 0; row < table.length; row++) {
      const [inner, outer] = [table.row(row, 0), table.row(row, 1)];
      if (inner !== outer && !enclosing.has(inner)) enclosing.set(inner, outer);
    }
    return enclosing;
  });

  readonly #genericRows = found(
    () => this.#metadata.table(TABLE.genericParam).length,
    (row) => {
      const name = this.#text(TABLE.genericParam, row, 3);
      if (name === undefined) return undefined;
      this.#metadata.keep(name.length);
      return { owner: this.#metadata.table(TABLE.genericParam).coded(row, 2), name };
    },
  );

  readonly #genericNames = once(() => {
    const ofClass = new Map<number, string[]>();
    const ofMethod = new Map<number, string[]>();
    for (const { owner, name } of this.#genericRows()) {
      const names = owner.table === TABLE.typeDef ? ofClass : ofMethod;
      const known = names.get(owner.row);
      if (known === undefined) names.set(owner.row, [name]);
      else known.push(name);
    }
    return { ofClass, ofMethod };
  });

  /** What it extends, then what it implements, as far as they have names. */
  #findBaseTypes(row: number, ofClass: readonly string[]): () => readonly string[] {
    const names = { ofClass, ofMethod: [] };
    const implemented = (): readonly number[] => this.#interfaces().get(row) ?? [];
    const indexAt = (at: number): CodedIndex =>
      at === 0
        ? this.#metadata.table(TABLE.typeDef).coded(row, 3)
        : this.#metadata.table(TABLE.interfaceImpl).coded(implemented()[at - 1]!, 1);
    return found(
      () => 1 + implemented().length,
      (at) => {
        const name = this.#typeNames.named(() => this.#typeNames.ofRow(indexAt(at), names));
        this.#metadata.keep(name?.length ?? 0);
        return name;
      },
    );
  }

  readonly #interfaces = once((): ReadonlyMap<number, readonly number[]> => {
    const table = this.#metadata.table(TABLE.interfaceImpl);
    const interfaces = new Map<number, number[]>();
    for (let row = 0; row < table.length; row++) {
      const owner = table.row(row, 0);
      const rows = interfaces.get(owner);
      if (rows === undefined) interfaces.set(owner, [row]);
      else rows.push(row);
    }
    return interfaces;
  });

  // Methods ---------------------------------------------------------------------------------------------------------------

  /** From the first one of the class up to that of the next class; none where these are the wrong way round. */
  #findMethods(row: number, ofClass: readonly string[]): () => readonly Method[] {
    const classes = this.#metadata.table(TABLE.typeDef);
    const { length } = this.#metadata.table(TABLE.methodDef);
    const from = classes.row(row, 5);
    const to = row + 1 < classes.length ? classes.row(row + 1, 5) : length;
    return found(
      () => (to > length ? 0 : Math.max(0, to - from)),
      (at) => {
        if (this.#methods === MAX_METHODS) return this.#metadata.object.refuse('limit:dotnetMethods');
        const method = this.#method(from + at, ofClass);
        if (method !== undefined) this.#metadata.keep(lengthOf(method));
        this.#methods++;
        return method;
      },
    );
  }

  #method(row: number, ofClass: readonly string[]): Method | undefined {
    const table = this.#metadata.table(TABLE.methodDef);
    const signature = this.#metadata.blob(table.number(row, 4));
    const name = this.#text(TABLE.methodDef, row, 3);
    if (signature === undefined || name === undefined) return undefined;
    const names: GenericNames = { ofClass, ofMethod: this.#genericNames().ofMethod.get(row) ?? [] };
    return this.#typeNames.named(() => {
      const reader = new SignatureReader(signature);
      if ((reader.byte() & HAS_GENERIC_PARAMETERS) !== 0) reader.packed();
      const count = reader.packed();
      const result = this.#typeNames.next(reader, names);
      const first = table.row(row, 5);
      const parameters: Parameter[] = [];
      let length = 0;
      for (let at = 0; at < count; at++) {
        if (at === MAX_PARAMETERS) return this.#metadata.object.refuse('limit:dotnetParameters');
        const type = this.#typeNames.next(reader, names);
        const parameter = { name: this.#text(TABLE.param, first + at, 2) ?? `P_${at}`, type };
        length += parameter.name.length + type.length;
        if (length > MAX_PARAMETERS_LENGTH) return this.#metadata.object.refuse('limit:dotnetParameters');
        parameters.push(parameter);
      }
      return { row, name, result, genericNames: names.ofMethod, parameters };
    });
  }

  #text(number: number, row: number, column: number): string | undefined {
    const table = this.#metadata.table(number);
    const bytes = row < table.length ? this.#metadata.text(table.number(row, column)) : undefined;
    return bytes === undefined ? undefined : decoder.decode(bytes);
  }
}

function keptFor<Value>(kept: Map<number, Value>, row: number, make: () => Value): Value {
  const value = kept.get(row) ?? make();
  kept.set(row, value);
  return value;
}

/** Characters that are kept of it. */
function lengthOf({ name, result, parameters }: Method): number {
  return (
    parameters.reduce((sum, parameter) => sum + parameter.name.length + parameter.type.length, 0) +
    name.length +
    result.length
  );
}

function lastPart(fullName: string | undefined): string | undefined {
  return fullName?.slice(fullName.lastIndexOf('.') + 1);
}

function namespaceOf(fullName: string | undefined): string | undefined {
  const dot = fullName?.lastIndexOf('.') ?? -1;
  return dot < 0 ? undefined : fullName!.slice(0, dot);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function text(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : encoder.encode(value);
}

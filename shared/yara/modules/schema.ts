/**
 * What a module offers to conditions, as plain data: its fields with their types, its functions with their overloads. The
 * checker reads it to type conditions, the check of bundles to judge byte code, and both name things the same way: a field
 * by its name within a type, a function by `functionLink`.
 *
 * A structure's `name` is unique among all modules; the root structure of a module has the module's name.
 */
export type ScalarSchema = 'boolean' | 'integer' | 'float' | 'text';

export type TypeSchema = ScalarSchema | StructureSchema | ArraySchema | DictionarySchema;

export interface StructureSchema {
  readonly kind: 'structure';
  readonly name: string;
  readonly fields?: Readonly<Record<string, FieldSchema>>;
  /** A bigint is an integer, a number a float; they are known at compile time. */
  readonly constants?: Readonly<Record<string, bigint | number | StructureSchema>>;
  readonly functions?: Readonly<Record<string, readonly FunctionSchema[]>>;
}

export interface ArraySchema {
  readonly kind: 'array';
  readonly item: TypeSchema;
}

export interface DictionarySchema {
  readonly kind: 'dictionary';
  readonly key: 'integer' | 'text';
  readonly value: TypeSchema;
}

export interface FieldSchema {
  readonly type: TypeSchema;
  /** What to use instead, shown with a warning. */
  readonly deprecated?: string;
  /** Why it cannot be used here, shown as an error. */
  readonly refused?: string;
}

export type ParameterSchema = ScalarSchema | 'regex';

/** What is known of every value that a function gives; comparing it with anything else is never true. */
export interface ResultConstraint {
  /** Of text: no capitals. */
  readonly isLowerCase?: boolean;
  /** Of text, in bytes. */
  readonly length?: number;
  /** Of an integer, both inclusive. */
  readonly range?: readonly [bigint, bigint];
}

export interface FunctionSchema {
  readonly parameters: readonly ParameterSchema[];
  readonly result: TypeSchema;
  readonly constraint?: ResultConstraint;
  /** Takes the structure it stands in as its first argument, ahead of `parameters`. */
  readonly isMethod?: boolean;
  /** Does something besides giving a value, so it is called where the condition says, and only there. */
  readonly hasEffect?: boolean;
  /**
   * Computed over a part of the object. Where the part is certain to be the whole (`(0, filesize)`, or no part named at
   * all) it is computed while the object streams by.
   */
  readonly range?: {
    readonly kind: RangeKind;
    readonly part: 'whole' | { readonly offset: number; readonly size: number };
  };
  /** Reads the object at places that are not known beforehand. */
  readonly readsObject?: boolean;
}

/** What can be computed over a range of bytes; the order is that of the bits in a rule's flags. */
export const RANGE_KINDS = [
  'md5',
  'sha1',
  'sha256',
  'crc32',
  'distribution',
  'serialCorrelation',
  'monteCarlo',
  'wordSum',
] as const;
export type RangeKind = (typeof RANGE_KINDS)[number];

export function functionLink(structure: StructureSchema, name: string, { parameters }: FunctionSchema): string {
  return `${structure.name}.${name}(${parameters.join(', ')})`;
}

/** One text for equal types. */
export function typeKey(type: TypeSchema): string {
  if (typeof type === 'string') return type;
  switch (type.kind) {
    case 'structure':
      return type.name;
    case 'array':
      return `[${typeKey(type.item)}]`;
    case 'dictionary':
      return `{${type.key}: ${typeKey(type.value)}}`;
  }
}

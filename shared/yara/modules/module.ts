/**
 * What a module is to the engine: a schema, functions, and, where it has fields, a way to read them from the object. All of
 * it is synchronous. Bytes that are not held make the call end by an exception of the reader's own, which no module catches;
 * the scanner fetches them, and the call is made again. So functions must be pure up to there, and fields best be read one
 * by one.
 */
import type { Integer } from '../scan/integers.ts';
import type { RangeResults } from './range-computations.ts';
import type { DictionarySchema, RangeKind, StructureSchema } from './schema.ts';

/** A value of a module: undefined is undefined as in the language. */
export type ModuleValue = boolean | Integer | Uint8Array | StructureValue | ArrayValue | DictionaryValue | undefined;

export interface StructureValue {
  /** The field's value, of the type that the schema says. Called with names of the schema only. */
  field(name: string): ModuleValue;
}

export interface ArrayValue {
  readonly length: number;
  /** `index` from 0, below `length`. */
  item(index: number): ModuleValue;
}

export interface DictionaryValue {
  readonly length: number;
  key(index: number): Integer | Uint8Array;
  value(index: number): ModuleValue;
  /** Undefined where there is no such key. */
  get(key: Integer | Uint8Array): ModuleValue;
}

/** The object as a module sees it. Every read may end by an exception; see above. */
export interface ObjectView {
  /** In bytes. */
  readonly size: number;
  /** Undefined where the object has no byte there. Little-endian unless `isBigEndian`. */
  unsigned(offset: number, bytes: 1 | 2 | 4, isBigEndian?: boolean): number | undefined;
  unsigned64(offset: number, isBigEndian?: boolean): bigint | undefined;
  /** A copy; undefined unless all of it exists. At most `MAX_VIEW_BYTES`. */
  bytes(offset: number, length: number): Uint8Array | undefined;
  /** Ends the call for good: what it would give cannot be learnt, because of a bound such as `limit:textBytes`. */
  refuse(reason: string): never;
}

export const MAX_VIEW_BYTES = 1 << 20;

/** A regex given as an argument. */
export interface RegexValue {
  /** Does it match anywhere in the text? `cost` says what that took, in places of the text and states of the regex. */
  ask(text: Uint8Array): { readonly isMatch: boolean; readonly cost: number };
}

export interface CallContext {
  readonly object: ObjectView;
  /** The fields of a module that has any. */
  root(module: string): StructureValue;
  /** Seconds since 1970 when the scan began. */
  readonly now: number;
  /** The computation over `offset … offset + length`, which lies within the object. */
  range<Kind extends RangeKind>(kind: Kind, offset: number, length: number): RangeResults[Kind];
  /**
   * Counts work that a file makes long, such as going through its lists, as steps of conditions. Called once all of it is done,
   * or given up for good: not for what is done again because bytes were missing.
   */
  charge(steps: number): void;
  /** A line for whoever listens to the scan. */
  log(line: string): void;
}

export type Argument = boolean | Integer | Uint8Array | RegexValue | StructureValue;

/** Arguments are of the types that the schema says, and none is undefined. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each implementation names the types of its own schema; a test compares both
export type Implementation = (context: CallContext, ...args: any[]) => ModuleValue;

export interface Module {
  readonly schema: StructureSchema;
  /** By `functionLink`. */
  readonly functions: Readonly<Record<string, Implementation>>;
  /** The module's own fields; absent where it has none. */
  readonly open?: (object: ObjectView) => StructureValue;
}

export type { DictionarySchema };

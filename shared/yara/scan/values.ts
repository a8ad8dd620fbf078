/** What stands on the evaluator's stack. */
import type { ArrayValue, DictionaryValue, RegexValue, StructureValue } from '../modules/module.ts';
import type { Integer } from './integers.ts';

/** Stands for what could not be learnt, which is not the same as undefined. */
export const UNDECIDED = Symbol('undecided');

/** What a step gives that must wait for bytes: it changed nothing, and is done again when they are held. */
export const WAITING = Symbol('waiting');

export type Value =
  | boolean
  | Integer
  | Uint8Array
  | StructureValue
  | ArrayValue
  | DictionaryValue
  | RegexValue
  | undefined
  | typeof UNDECIDED;

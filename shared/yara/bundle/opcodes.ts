/**
 * The byte code of conditions: a stack machine. An instruction is its number followed by its operands, all in `code`; jumps
 * are absolute indices into `code` and go forward, but for the one at the end of a loop.
 *
 * Where an operand names a pattern, a value below zero means the loop variable `~value` (the current pattern of a
 * `for … of`).
 */

/** Number and operand count of every instruction; in comments what it takes from the stack and puts there. */
const instructions = {
  // Constants and what is known from outside.
  /** → true */
  true: 0,
  /** → false */
  false: 0,
  /** [value] → integer */
  small: 1,
  /** [index into `integers`] → integer */
  integer: 1,
  /** [index into `floats`] → float */
  float: 1,
  /** [string id] → text */
  text: 1,
  /** → integer */
  filesize: 0,
  /** [external] → its value */
  external: 1,
  /** [rule] → boolean */
  rule: 1,

  // Patterns.
  /** [pattern] → boolean */
  has: 1,
  /** [pattern] offset → boolean */
  hasAt: 1,
  /** [pattern] lower upper → boolean */
  hasIn: 1,
  /** [pattern] → integer */
  count: 1,
  /** [pattern] lower upper → integer */
  countIn: 1,
  /** [pattern] index → integer */
  offset: 1,
  /** [pattern] index → integer */
  length: 1,
  /** [quantifier, first, count] (number) → boolean */
  of: 3,
  /** [quantifier, first, count] (number) offset → boolean */
  ofAt: 3,
  /** [quantifier, first, count] (number) lower upper → boolean */
  ofIn: 3,

  // Logic. Operands are booleans, undefined or undecided.
  /** [target] boolean: jumps with false when it is false or undefined */
  andSkip: 1,
  /** left right → boolean */
  and: 0,
  /** [target] boolean: jumps with true when it is true */
  orSkip: 1,
  /** left right → boolean */
  or: 0,
  /** boolean → boolean */
  not: 0,
  /** value → boolean */
  defined: 0,
  /** integer or float → boolean */
  truth: 0,
  /** text → boolean */
  textTruth: 0,

  // Numbers.
  /** boolean → integer */
  toInteger: 0,
  /** integer → float */
  toFloat: 0,
  add: 0,
  subtract: 0,
  multiply: 0,
  divide: 0,
  remainder: 0,
  negate: 0,
  bitAnd: 0,
  bitOr: 0,
  bitXor: 0,
  bitNot: 0,
  shiftLeft: 0,
  shiftRight: 0,
  addFloat: 0,
  subtractFloat: 0,
  multiplyFloat: 0,
  divideFloat: 0,
  negateFloat: 0,
  /** Numbers of one kind, or mixed as they are. */
  equal: 0,
  notEqual: 0,
  less: 0,
  lessOrEqual: 0,
  greater: 0,
  greaterOrEqual: 0,

  // Text.
  textEqual: 0,
  textNotEqual: 0,
  textLess: 0,
  textLessOrEqual: 0,
  textGreater: 0,
  textGreaterOrEqual: 0,
  contains: 0,
  icontains: 0,
  startswith: 0,
  istartswith: 0,
  endswith: 0,
  iendswith: 0,
  iequals: 0,
  /** text regex → boolean */
  matches: 0,

  // The object.
  /** [index into `readers`] offset → number */
  read: 1,
  /** → integer */
  entrypoint: 0,

  // Modules. What they name is a number of `links`.
  /** [module] → its root structure */
  module: 1,
  /** [field] structure → value */
  field: 1,
  /** array index → value */
  item: 0,
  /** dictionary key → value */
  lookup: 0,
  /** text, array or dictionary → how many bytes or items it has */
  lengthOf: 0,
  /** [function] argument… → value; the structure of a method is the first argument */
  call: 1,
  /** [regex] → regex */
  regex: 1,

  // Variables and loops. A loop leaves a boolean and goes on behind `next`.
  /** [variable] → value */
  variable: 1,
  /** [variable] value: kept */
  keep: 1,
  /** [quantifier, variable, behind] (number) lower upper: the body follows */
  forRange: 3,
  /** [quantifier, variable, behind, count] (number) value…: the body follows */
  forList: 4,
  /** [quantifier, variable, behind, first, count] (number): over patterns; the body follows */
  forSet: 5,
  /** [quantifier, variable, behind] (number) array: the body follows */
  forArray: 3,
  /** [quantifier, key variable, value variable, behind] (number) dictionary: the body follows */
  forDictionary: 4,
  /** [body] boolean: the body's value */
  next: 1,
  /** [quantifier, behind, count] (number): as many items follow, each with `ofNext` behind it */
  ofValues: 3,
  /** [behind] boolean: an item's value; goes on behind the last one, with a boolean, as soon as it is certain */
  ofNext: 1,
} as const;

export type Instruction = keyof typeof instructions;

const names = Object.keys(instructions) as Instruction[];

/** Each instruction's number. */
export const OP = Object.freeze(Object.fromEntries(names.map((name, number) => [name, number]))) as Readonly<
  Record<Instruction, number>
>;

/** How many operands follow instruction `n`; undefined for a number that is none. */
export const operandCounts: readonly number[] = names.map((name) => instructions[name]);

/** `number` and `percentage` take their number from the stack. */
export const QUANTIFIER = { all: 0, any: 1, none: 2, number: 3, percentage: 4 } as const;

export interface Reader {
  readonly name: string;
  readonly size: number;
  readonly type: 'integer' | 'float';
  readonly read: (view: DataView) => number;
}

/** The functions that read the object, little-endian unless their name ends in `be`. */
export const readers: readonly Reader[] = [
  { name: 'int8', size: 1, type: 'integer', read: (view) => view.getInt8(0) },
  { name: 'uint8', size: 1, type: 'integer', read: (view) => view.getUint8(0) },
  { name: 'int8be', size: 1, type: 'integer', read: (view) => view.getInt8(0) },
  { name: 'uint8be', size: 1, type: 'integer', read: (view) => view.getUint8(0) },
  { name: 'int16', size: 2, type: 'integer', read: (view) => view.getInt16(0, true) },
  { name: 'uint16', size: 2, type: 'integer', read: (view) => view.getUint16(0, true) },
  { name: 'int16be', size: 2, type: 'integer', read: (view) => view.getInt16(0) },
  { name: 'uint16be', size: 2, type: 'integer', read: (view) => view.getUint16(0) },
  { name: 'int32', size: 4, type: 'integer', read: (view) => view.getInt32(0, true) },
  { name: 'uint32', size: 4, type: 'integer', read: (view) => view.getUint32(0, true) },
  { name: 'int32be', size: 4, type: 'integer', read: (view) => view.getInt32(0) },
  { name: 'uint32be', size: 4, type: 'integer', read: (view) => view.getUint32(0) },
  { name: 'float32', size: 4, type: 'float', read: (view) => view.getFloat32(0, true) },
  { name: 'float32be', size: 4, type: 'float', read: (view) => view.getFloat32(0) },
  { name: 'float64', size: 8, type: 'float', read: (view) => view.getFloat64(0, true) },
  { name: 'float64be', size: 8, type: 'float', read: (view) => view.getFloat64(0) },
];

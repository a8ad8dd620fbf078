/**
 * What each instruction of the byte code does. Code was checked when its image was loaded, so operands have the types that
 * `opcodes.ts` says, or are undefined or undecided. An instruction that must wait for bytes leaves the stack as it found it
 * and is run again.
 */
import { EXTERNAL, EXTERNAL_FIELDS, EXTERNAL_TYPE, stringBytesOf } from '../bundle/image.ts';
import { OP, readers, type Instruction } from '../bundle/opcodes.ts';
import type { ArrayValue, DictionaryValue, RegexValue, StructureValue } from '../modules/module.ts';
import { STATE, type Evaluator, type Frame } from './evaluator.ts';
import * as integers from './integers.ts';
import type { Integer } from './integers.ts';
import { compareText, contains, endsWith, foldCase, startsWith } from './text-operators.ts';
import { UNDECIDED, WAITING, type Value } from './values.ts';

type Machine = Evaluator;

/** A loop over more items than this can only end by its bound on steps; counts beyond are not needed to be exact. */
const MAX_LOOP_ITEMS = 2 ** 50;

// Sets and loops ----------------------------------------------------------------------------------------------------------

function anchored(machine: Machine, zeroIsNone: boolean, value: (member: number) => Value): void {
  const kind = machine.operand();
  const first = machine.operand();
  const count = machine.operand();
  const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, zeroIsNone);
  if (quantifier === undefined || quantifier === UNDECIDED) machine.push(quantifier);
  else machine.push(machine.decide(quantifier, first, count, value));
}

/** A match at an offset that may be unusable: none there. */
function hasAtOffset(machine: Machine, pattern: number, offset: Value): Value {
  if (offset === undefined || offset === UNDECIDED) return offset;
  return (offset as Integer) < 0 ? false : machine.hasIn(pattern, offset as Integer, offset as Integer);
}

function hasInRange(machine: Machine, pattern: number, lower: Value, upper: Value): Value {
  if (lower === undefined || upper === undefined) return undefined;
  if (lower === UNDECIDED || upper === UNDECIDED) return UNDECIDED;
  return machine.hasIn(pattern, lower as Integer, upper as Integer);
}

interface LoopStart {
  readonly kind: number;
  readonly behind: number;
  /** Values on the stack besides the quantifier's number, which stands below them. */
  readonly taken: number;
}

/**
 * Begins a loop at its first item, or leaves its value and goes on behind it where there is none to begin with. `items` is
 * the loop's length, or undefined or undecided as the loop is then; an empty loop is false.
 */
function beginLoop(
  machine: Machine,
  { kind, behind, taken }: LoopStart,
  items: number | undefined | typeof UNDECIDED,
  assign: Frame['assign'],
): void {
  const numbers = machine.takesNumber(kind) ? 1 : 0;
  const quantifier = machine.quantifier(kind, machine.peek(taken), true);
  let value: Value;
  if (quantifier === undefined || quantifier === UNDECIDED) value = quantifier;
  else if (items === undefined || items === UNDECIDED) value = items;
  else if (items === 0) value = false;
  else {
    if (!assign(0)) return;
    machine.drop(taken + numbers);
    machine.begin(quantifier, items, assign);
    return;
  }
  machine.replace(taken + numbers, value);
  machine.jump(behind);
}

/** Keeps what `learn` gives as a variable; false when it must wait. */
function keepLearnt(machine: Machine, variable: number, read: () => Value): boolean {
  const value = machine.learn(read);
  if (value === WAITING) return false;
  machine.keep(variable, value);
  return true;
}

/** The length of a module's array or dictionary, undefined where that is. */
function lengthOf(machine: Machine, value: Value): number | undefined | typeof UNDECIDED | typeof WAITING {
  if (value === undefined || value === UNDECIDED) return value;
  return machine.learn(() => (value as ArrayValue | DictionaryValue).length) as number | typeof WAITING;
}

/** Both ends included; 0 where an end is undefined, or the upper one is below the lower. */
function rangeLength(lower: Value, upper: Value): number | typeof UNDECIDED {
  if (lower === undefined || upper === undefined) return 0;
  if (lower === UNDECIDED || upper === UNDECIDED) return UNDECIDED;
  if ((lower as Integer) > (upper as Integer)) return 0;
  const total = Number(integers.subtract(upper as Integer, lower as Integer)) + 1;
  // The distance of two 64-bit numbers may wrap.
  return total < 1 ? MAX_LOOP_ITEMS : Math.min(MAX_LOOP_ITEMS, total);
}

// Text --------------------------------------------------------------------------------------------------------------------

/** Bytes of text that cost as much as one step. */
const BYTES_PER_STEP = 16;

function text(machine: Machine, operate: (left: Uint8Array, right: Uint8Array) => boolean): void {
  machine.binary<Uint8Array>((left, right) => {
    machine.charge((left.length + right.length) / BYTES_PER_STEP);
    return operate(left, right);
  });
}

function foldedText(machine: Machine, operate: (left: Uint8Array, right: Uint8Array) => boolean): void {
  text(machine, (left, right) => operate(foldCase(left), foldCase(right)));
}

const byInstruction: Record<Instruction, (machine: Machine) => void> = {
  true: (machine) => {
    machine.push(true);
  },
  false: (machine) => {
    machine.push(false);
  },
  small: (machine) => {
    machine.push(machine.operand());
  },
  integer: (machine) => {
    machine.push(integers.toInteger(machine.image.integers[machine.operand()]!));
  },
  float: (machine) => {
    machine.push(machine.image.floats[machine.operand()]);
  },
  text: (machine) => {
    machine.push(stringBytesOf(machine.image, machine.operand()));
  },
  filesize: (machine) => {
    machine.push(machine.evidence.size ?? machine.undecided(''));
  },
  external: (machine) => {
    machine.push(externalValue(machine, machine.operand()));
  },
  rule: (machine) => {
    const state = machine.evidence.ruleStates[machine.operand()];
    if (state === STATE.true) machine.push(true);
    else if (state === STATE.false) machine.push(false);
    else machine.push(machine.undecided('rule'));
  },

  has: (machine) => {
    machine.push(machine.has(machine.pattern()));
  },
  hasAt: (machine) => {
    const pattern = machine.pattern();
    machine.push(hasAtOffset(machine, pattern, machine.pop()));
  },
  hasIn: (machine) => {
    const pattern = machine.pattern();
    const upper = machine.pop();
    const lower = machine.pop();
    machine.push(hasInRange(machine, pattern, lower, upper));
  },
  count: (machine) => {
    machine.push(machine.count(machine.pattern()));
  },
  countIn: (machine) => {
    const pattern = machine.pattern();
    machine.binary<Integer>((lower, upper) => machine.countIn(pattern, lower, upper));
  },
  offset: (machine) => {
    const pattern = machine.pattern();
    machine.unary<Integer>((index) => machine.nth(pattern, index, 'offset'));
  },
  length: (machine) => {
    const pattern = machine.pattern();
    machine.unary<Integer>((index) => machine.nth(pattern, index, 'length'));
  },
  of: (machine) => {
    anchored(machine, false, (pattern) => machine.has(pattern));
  },
  ofAt: (machine) => {
    const offset = machine.pop();
    anchored(machine, true, (pattern) => hasAtOffset(machine, pattern, offset));
  },
  ofIn: (machine) => {
    const upper = machine.pop();
    const lower = machine.pop();
    anchored(machine, true, (pattern) => hasInRange(machine, pattern, lower, upper));
  },

  andSkip: (machine) => {
    const target = machine.operand();
    const value = machine.pop();
    const isFalse = value === false || value === undefined;
    machine.push(isFalse ? false : value);
    if (isFalse) machine.jump(target);
  },
  and: (machine) => {
    const right = machine.pop();
    const left = machine.pop();
    if (right === false || right === undefined) machine.push(false);
    else machine.push(left === UNDECIDED || right === UNDECIDED ? UNDECIDED : true);
  },
  orSkip: (machine) => {
    const target = machine.operand();
    const value = machine.pop();
    machine.push(value ?? false);
    if (value === true) machine.jump(target);
  },
  or: (machine) => {
    const right = machine.pop();
    const left = machine.pop();
    if (right === true) machine.push(true);
    else machine.push(left === UNDECIDED || right === UNDECIDED ? UNDECIDED : false);
  },
  not: (machine) => {
    machine.unary<boolean>((operand) => !operand);
  },
  defined: (machine) => {
    const value = machine.pop();
    machine.push(value === UNDECIDED ? UNDECIDED : value !== undefined);
  },
  truth: (machine) => {
    machine.unary<Integer>((operand) => operand != 0);
  },
  textTruth: (machine) => {
    machine.unary<Uint8Array>((operand) => operand.length > 0);
  },

  toInteger: (machine) => {
    machine.unary<boolean>((operand) => (operand ? 1 : 0));
  },
  toFloat: (machine) => {
    machine.unary<Integer>((operand) => Number(operand));
  },
  add: (machine) => {
    machine.binary(integers.add);
  },
  subtract: (machine) => {
    machine.binary(integers.subtract);
  },
  multiply: (machine) => {
    machine.binary(integers.multiply);
  },
  divide: (machine) => {
    machine.binary(integers.divide);
  },
  remainder: (machine) => {
    machine.binary(integers.remainder);
  },
  negate: (machine) => {
    machine.unary(integers.negate);
  },
  bitAnd: (machine) => {
    machine.binary(integers.bitAnd);
  },
  bitOr: (machine) => {
    machine.binary(integers.bitOr);
  },
  bitXor: (machine) => {
    machine.binary(integers.bitXor);
  },
  bitNot: (machine) => {
    machine.unary(integers.bitNot);
  },
  shiftLeft: (machine) => {
    machine.binary(integers.shiftLeft);
  },
  shiftRight: (machine) => {
    machine.binary(integers.shiftRight);
  },
  addFloat: (machine) => {
    machine.binary<number>((left, right) => left + right);
  },
  subtractFloat: (machine) => {
    machine.binary<number>((left, right) => left - right);
  },
  multiplyFloat: (machine) => {
    machine.binary<number>((left, right) => left * right);
  },
  divideFloat: (machine) => {
    machine.binary<number>((left, right) => left / right);
  },
  negateFloat: (machine) => {
    machine.unary<number>((operand) => -operand);
  },
  equal: (machine) => {
    machine.binary<Integer>((left, right) => left === right);
  },
  notEqual: (machine) => {
    machine.binary<Integer>((left, right) => left !== right);
  },
  less: (machine) => {
    machine.binary<Integer>((left, right) => left < right);
  },
  lessOrEqual: (machine) => {
    machine.binary<Integer>((left, right) => left <= right);
  },
  greater: (machine) => {
    machine.binary<Integer>((left, right) => left > right);
  },
  greaterOrEqual: (machine) => {
    machine.binary<Integer>((left, right) => left >= right);
  },

  textEqual: (machine) => {
    text(machine, (left, right) => compareText(left, right) === 0);
  },
  textNotEqual: (machine) => {
    text(machine, (left, right) => compareText(left, right) !== 0);
  },
  textLess: (machine) => {
    text(machine, (left, right) => compareText(left, right) < 0);
  },
  textLessOrEqual: (machine) => {
    text(machine, (left, right) => compareText(left, right) <= 0);
  },
  textGreater: (machine) => {
    text(machine, (left, right) => compareText(left, right) > 0);
  },
  textGreaterOrEqual: (machine) => {
    text(machine, (left, right) => compareText(left, right) >= 0);
  },
  contains: (machine) => {
    text(machine, contains);
  },
  icontains: (machine) => {
    foldedText(machine, contains);
  },
  startswith: (machine) => {
    text(machine, startsWith);
  },
  istartswith: (machine) => {
    foldedText(machine, startsWith);
  },
  endswith: (machine) => {
    text(machine, endsWith);
  },
  iendswith: (machine) => {
    foldedText(machine, endsWith);
  },
  iequals: (machine) => {
    foldedText(machine, (left, right) => compareText(left, right) === 0);
  },
  matches: (machine) => {
    const regex = machine.pop() as RegexValue;
    machine.unary<Uint8Array>((operand) => {
      const { isMatch, cost } = regex.ask(operand);
      machine.charge(cost / BYTES_PER_STEP);
      return isMatch;
    });
  },

  read: (machine) => {
    const reader = readers[machine.operand()]!;
    const offset = machine.peek();
    if (offset !== undefined && offset !== UNDECIDED) machine.replace(1, machine.read(offset as Integer, reader));
  },
  entrypoint: (machine) => {
    machine.replace(
      0,
      machine.learn(() => machine.entryPoint()),
    );
  },

  module: (machine) => {
    const name = machine.links.names[machine.operand()]!;
    machine.replace(
      0,
      machine.learn(() => machine.root(name)),
    );
  },
  field: (machine) => {
    const name = machine.links.names[machine.operand()]!;
    machine.apply(1, ([structure]) => (structure as StructureValue).field(name));
  },
  item: (machine) => {
    machine.apply(2, ([value, index]) => {
      const array = value as ArrayValue;
      const at = index as Integer;
      return at < 0 || at >= array.length ? undefined : array.item(Number(at));
    });
  },
  lookup: (machine) => {
    machine.apply(2, ([dictionary, key]) => (dictionary as DictionaryValue).get(key as Integer | Uint8Array));
  },
  lengthOf: (machine) => {
    machine.apply(1, ([value]) => (value as Uint8Array | ArrayValue | DictionaryValue).length);
  },
  call: (machine) => {
    const { schema, call } = machine.links.functions[machine.operand()]!;
    const count = schema.parameters.length + (schema.isMethod === true ? 1 : 0);
    machine.apply(count, (operands) => call(machine, ...operands));
  },
  regex: (machine) => {
    machine.push(machine.links.regexes[machine.operand()]);
  },

  variable: (machine) => {
    machine.push(machine.variable(machine.operand()));
  },
  keep: (machine) => {
    const index = machine.operand();
    machine.keep(index, machine.pop());
  },
  forRange: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const lower = machine.peek(1);
    const items = rangeLength(lower, machine.peek());
    beginLoop(machine, { kind, behind, taken: 2 }, items, (index) => {
      machine.keep(variable, integers.add(lower as Integer, index));
      return true;
    });
  },
  forList: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const values = machine.peekMany(machine.operand());
    beginLoop(machine, { kind, behind, taken: values.length }, values.length, (index) => {
      machine.keep(variable, values[index]);
      return true;
    });
  },
  forSet: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const first = machine.operand();
    const count = machine.operand();
    beginLoop(machine, { kind, behind, taken: 0 }, count, (index) => {
      machine.keep(variable, machine.image.sets[first + index]);
      return true;
    });
  },
  forArray: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const array = machine.peek();
    const items = lengthOf(machine, array);
    if (items === WAITING) return;
    beginLoop(machine, { kind, behind, taken: 1 }, items, (index) =>
      keepLearnt(machine, variable, () => (array as ArrayValue).item(index)),
    );
  },
  forDictionary: (machine) => {
    const kind = machine.operand();
    const keyVariable = machine.operand();
    const valueVariable = machine.operand();
    const behind = machine.operand();
    const value = machine.peek();
    const items = lengthOf(machine, value);
    if (items === WAITING) return;
    const dictionary = value as DictionaryValue;
    beginLoop(
      machine,
      { kind, behind, taken: 1 },
      items,
      (index) =>
        keepLearnt(machine, keyVariable, () => dictionary.key(index)) &&
        keepLearnt(machine, valueVariable, () => dictionary.value(index)),
    );
  },
  next: (machine) => {
    const body = machine.operand();
    if (machine.advance()) machine.jump(body);
  },
  ofValues: (machine) => {
    const kind = machine.operand();
    const behind = machine.operand();
    beginLoop(machine, { kind, behind, taken: 0 }, machine.operand(), () => true);
  },
  ofNext: (machine) => {
    const behind = machine.operand();
    if (!machine.advance()) machine.jump(behind);
  },
};

export const handlers: readonly ((machine: Machine) => void)[] = Object.entries(OP)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => byInstruction[name as Instruction]);

function externalValue(machine: Machine, external: number): Value {
  const { externals } = machine.evidence;
  if (externals === undefined) return machine.undecided('');
  const given = externals.get(external);
  if (given !== undefined) return given;
  const { image } = machine;
  const row = external * EXTERNAL_FIELDS;
  const value = image.externals[row + EXTERNAL.value]!;
  switch (image.externals[row + EXTERNAL.type]) {
    case EXTERNAL_TYPE.text:
      return stringBytesOf(image, value);
    case EXTERNAL_TYPE.integer:
      return integers.toInteger(image.integers[value]!);
    case EXTERNAL_TYPE.float:
      return image.floats[value];
    default:
      return value === 1;
  }
}

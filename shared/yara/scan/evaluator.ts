/**
 * Evaluates conditions: a stack machine over the image's byte code. It changes nothing outside itself and can be run again
 * at any time, which is how everything that is not known yet is dealt with:
 *
 * - Before the end of the stream a pattern that has not matched is *undecided*, not false. Undecided is a fourth truth
 *   value (false and undecided is false, true or undecided is true); a rule whose value comes out true or false in spite of
 *   it is settled for good.
 * - At the end, a byte that is not held stops the run with `needsPage`; the scanner fetches it and runs the rule again.
 *   Where it cannot be fetched it is undecided, and so may the rule be: with the reason of the first such value.
 *
 * Undefined is a value of the language (`uint16(filesize)`), and another thing.
 */
import {
  EXTERNAL,
  EXTERNAL_FIELDS,
  EXTERNAL_TYPE,
  RULE,
  RULE_FIELDS,
  stringBytesOf,
  type RuleImage,
} from '../bundle/image.ts';
import { OP, QUANTIFIER, readers, type Instruction } from '../bundle/opcodes.ts';
import { hasPatternFlag } from '../bundle/loaded-rules.ts';
import * as integers from './integers.ts';
import type { Integer } from './integers.ts';
import type { MatchStore } from './match-store.ts';
import { BEYOND, MISSING, type Pages } from './pages.ts';
import { holdsWithin, type Quantifier } from './quantifiers.ts';
import { compareText, contains, endsWith, foldCase, startsWith } from './text-operators.ts';

/** Stands on the stack for what could not be learnt. */
const UNDECIDED = Symbol('undecided');

type Value = boolean | Integer | Uint8Array | undefined | typeof UNDECIDED;

export const STATE = { unknown: 0, true: 1, false: 2, undecided: 3, needsPage: 4 } as const;

/** What the evaluator may know of the scan. */
export interface Evidence {
  readonly store: MatchStore;
  readonly pages: Pages;
  /** Undefined until it is known. */
  readonly size: number | undefined;
  /** Every match there will be is in the store. */
  readonly areMatchesComplete: boolean;
  /** The stream has ended: what is not held now must be fetched. */
  readonly isFinal: boolean;
  /** Every match that starts before this offset is in the store. */
  readonly settledTo: number;
  /** Values of the externals by their number, where they differ from the compiled ones. Undefined: none is known. */
  readonly externals: ReadonlyMap<number, ExternalScanValue> | undefined;
  /** One of `STATE` per rule. */
  readonly ruleStates: Uint8Array;
}

export type ExternalScanValue = boolean | Integer | Uint8Array;

interface LoopFrame {
  readonly quantifier: Quantifier;
  readonly variable: number;
  readonly total: number;
  /** The item at an index below `total`. */
  readonly item: (index: number) => Value;
  index: number;
  count: number;
  unknown: number;
}

/** A loop over more items than this can only end by its bound on steps; counts beyond are not needed to be exact. */
const MAX_LOOP_ITEMS = 2 ** 50;

export class Evaluator {
  readonly #image: RuleImage;
  readonly #stepLimit: number;
  #evidence!: Evidence;
  #stack: Value[] = [];
  #variables: Value[] = [];
  #loops: LoopFrame[] = [];
  #at = 0;
  #isStopped = false;
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /** Steps of all runs since the scan began. */
  steps = 0;
  /** Where the missing byte lies, after `needsPage`. */
  missingOffset = 0;
  /** Why the last run met something undecided, once the stream has ended. */
  undecidedReason = '';

  constructor(image: RuleImage, stepLimit: number) {
    this.#image = image;
    this.#stepLimit = stepLimit;
  }

  /** One of `STATE`, `unknown` excepted. A condition that is undefined is false. */
  evaluate(rule: number, evidence: Evidence): number {
    this.#evidence = evidence;
    this.#stack = [];
    this.#variables = [];
    this.#loops = [];
    this.#isStopped = false;
    this.undecidedReason = '';
    const row = rule * RULE_FIELDS;
    const { code } = this.#image;
    const end = this.#image.rules[row + RULE.codeEnd]!;
    this.#at = this.#image.rules[row + RULE.codeStart]!;
    while (this.#at < end) {
      if (++this.steps > this.#stepLimit) {
        this.undecidedReason = 'limit:evaluationSteps';
        return STATE.undecided;
      }
      const instruction = code[this.#at++]!;
      handlers[instruction]!(this);
      if (this.#needsPage) return STATE.needsPage;
    }
    const value = this.#stack.pop();
    if (value === UNDECIDED) return STATE.undecided;
    return value === true ? STATE.true : STATE.false;
  }

  /** Set by a read of what is not held. */
  get #needsPage(): boolean {
    return this.#isStopped;
  }

  // What the instructions below are made of ----------------------------------------------------------------------------

  operand(): number {
    return this.#image.code[this.#at++]!;
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    return this.#stack.pop();
  }

  jump(target: number): void {
    this.#at = target;
  }

  undecided(reason: string): typeof UNDECIDED {
    if (this.undecidedReason === '') this.undecidedReason = reason;
    return UNDECIDED;
  }

  get image(): RuleImage {
    return this.#image;
  }

  get evidence(): Evidence {
    return this.#evidence;
  }

  /** Undefined and undecided operands make the result; otherwise `operate` does. */
  binary<Operand extends Value>(operate: (left: Operand, right: Operand) => Value): void {
    const right = this.pop();
    const left = this.pop();
    if (left === undefined || right === undefined) this.push(undefined);
    else if (left === UNDECIDED || right === UNDECIDED) this.push(UNDECIDED);
    else this.push(operate(left as Operand, right as Operand));
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names what checked code guarantees
  unary<Operand extends Value>(operate: (operand: Operand) => Value): void {
    const operand = this.pop();
    this.push(operand === undefined || operand === UNDECIDED ? operand : operate(operand as Operand));
  }

  /** The pattern that an operand names. */
  pattern(): number {
    const operand = this.operand();
    return operand >= 0 ? operand : (this.#variables[~operand] as number);
  }

  variable(index: number): Value {
    return this.#variables[index];
  }

  keep(index: number, value: Value): void {
    this.#variables[index] = value;
  }

  // Patterns -------------------------------------------------------------------------------------------------------------

  has(pattern: number): Value {
    if (this.#evidence.store.has(pattern)) return true;
    if (this.#evidence.store.isUnknown(pattern)) return this.undecided('limit:chainHeads');
    return this.#evidence.areMatchesComplete ? false : this.undecided('');
  }

  /** Does a match start at one of `lower … upper`? */
  hasIn(pattern: number, lower: Integer, upper: Integer): Value {
    const hidden = this.#hidden(pattern);
    if (hidden !== undefined) return hidden;
    const { store, areMatchesComplete, settledTo } = this.#evidence;
    const from = Number(lower);
    const to = Number(upper);
    const index = store.lowerBound(pattern, from);
    if (index < store.stored(pattern)) {
      if (store.offset(pattern, index) <= to) return true;
      return false;
    }
    if (store.isTruncated(pattern) && to > this.#lastStored(pattern)) {
      const last = store.lastOffset(pattern);
      if (last >= from && last <= to) return true;
      if (from <= last) return this.undecided('limit:matchesPerPattern');
    }
    return areMatchesComplete || to < settledTo ? false : this.undecided('');
  }

  countIn(pattern: number, lower: Integer, upper: Integer): Value {
    const hidden = this.#hidden(pattern);
    if (hidden !== undefined) return hidden;
    const { store, areMatchesComplete, settledTo } = this.#evidence;
    const from = Number(lower);
    const to = Number(upper);
    if (store.isTruncated(pattern) && to > this.#lastStored(pattern) && from <= store.lastOffset(pattern)) {
      return this.undecided('limit:matchesPerPattern');
    }
    if (!areMatchesComplete && to >= settledTo) return this.undecided('');
    const first = store.lowerBound(pattern, from);
    const behind = to >= Number.MAX_SAFE_INTEGER ? store.stored(pattern) : store.lowerBound(pattern, to + 1);
    return Math.max(0, behind - first);
  }

  count(pattern: number): Value {
    const hidden = this.#hidden(pattern);
    if (hidden !== undefined) return hidden;
    return this.#evidence.areMatchesComplete ? this.#evidence.store.count(pattern) : this.undecided('');
  }

  /** Offset or length of match number `index`, from 1. */
  nth(pattern: number, index: Integer, what: 'offset' | 'length'): Value {
    const { store, areMatchesComplete } = this.#evidence;
    if (index < 1) return undefined;
    const hidden = this.#hidden(pattern);
    if (hidden !== undefined) return hidden;
    if (index <= store.stored(pattern)) return store[what](pattern, Number(index) - 1);
    if (!areMatchesComplete) return this.undecided('');
    const count = store.count(pattern);
    if (index > count) return undefined;
    if (what === 'offset' && index === count) return store.lastOffset(pattern);
    return this.undecided('limit:matchesPerPattern');
  }

  /** Undecided where nothing can be said yet, or ever, of the places of a pattern's matches. */
  #hidden(pattern: number): Value {
    const { store, areMatchesComplete } = this.#evidence;
    if (store.isUnknown(pattern)) return this.undecided('limit:chainHeads');
    return !areMatchesComplete && hasPatternFlag(this.#image, pattern, 'late') ? this.undecided('') : undefined;
  }

  #lastStored(pattern: number): number {
    const stored = this.#evidence.store.stored(pattern);
    return stored === 0 ? -1 : this.#evidence.store.offset(pattern, stored - 1);
  }

  // Reads ----------------------------------------------------------------------------------------------------------------

  read(offset: Integer, size: number): Value {
    const { pages } = this.#evidence;
    if (offset < 0 || offset > Number.MAX_SAFE_INTEGER - size) return undefined;
    const start = Number(offset);
    const known = this.#evidence.size;
    if (known !== undefined && start + size > known) return undefined;
    for (let at = 0; at < size; at++) {
      const byte = pages.byteAt(start + at);
      if (byte === BEYOND) return undefined;
      if (byte === MISSING) return this.#miss(start + at);
      this.#scratch.setUint8(at, byte);
    }
    return true;
  }

  get scratch(): DataView {
    return this.#scratch;
  }

  #miss(offset: number): Value {
    if (!this.#evidence.isFinal) return this.undecided('');
    const { exhausted } = this.#evidence.pages;
    if (exhausted !== undefined) return this.undecided(exhausted);
    this.missingOffset = offset;
    this.#isStopped = true;
    return UNDECIDED;
  }

  // Sets and loops -------------------------------------------------------------------------------------------------------

  /** Takes a quantifier's number from the stack, or says what the whole expression is because of it. */
  quantifier(kind: number, number: Value, zeroIsNone: boolean): Quantifier | undefined | typeof UNDECIDED {
    if (kind !== QUANTIFIER.number && kind !== QUANTIFIER.percentage) return { kind, number: 0, zeroIsNone };
    if (number === undefined || number === UNDECIDED) return number;
    return { kind, number: number as Integer, zeroIsNone };
  }

  takesNumber(kind: number): boolean {
    return kind === QUANTIFIER.number || kind === QUANTIFIER.percentage;
  }

  /** Counts the items that hold; an undefined one does not. */
  decide(quantifier: Quantifier, values: Iterable<Value>, total: number): Value {
    let count = 0;
    let unknown = 0;
    for (const value of values) {
      if (value === true) count++;
      else if (value === UNDECIDED) unknown++;
    }
    return holdsWithin(quantifier, count, unknown, total) ?? UNDECIDED;
  }

  *each(first: number, count: number, value: (member: number) => Value): Generator<Value> {
    for (let at = first; at < first + count; at++) yield value(this.#image.sets[at]!);
  }

  /** Starts a loop at its first item, or leaves its value and goes behind it when there is none to start with. */
  enter(quantifier: Quantifier, variable: number, total: number, item: LoopFrame['item']): void {
    this.#loops.push({ quantifier, variable, total, item, index: 0, count: 0, unknown: 0 });
    this.keep(variable, item(0));
  }

  /** Takes the body's value; true when another item follows. */
  next(value: Value): boolean {
    const loop = this.#loops[this.#loops.length - 1]!;
    if (value === true) loop.count++;
    else if (value === UNDECIDED) loop.unknown++;
    loop.index++;
    const left = loop.total - loop.index;
    const decided = holdsWithin(loop.quantifier, loop.count, loop.unknown + left, loop.total);
    if (decided === undefined && left > 0) {
      this.keep(loop.variable, loop.item(loop.index));
      return true;
    }
    this.#loops.pop();
    this.push(decided ?? UNDECIDED);
    return false;
  }
}

// The instructions --------------------------------------------------------------------------------------------------------

/** Where a loop's bounds or numbers are not usable: its value, and on behind it. */
function skipLoop(machine: Evaluator, behind: number, value: Value): void {
  machine.push(value);
  machine.jump(behind);
}

function anchored(machine: Evaluator, zeroIsNone: boolean, value: (member: number) => Value): void {
  const kind = machine.operand();
  const first = machine.operand();
  const count = machine.operand();
  const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, zeroIsNone);
  if (quantifier === undefined || quantifier === UNDECIDED) machine.push(quantifier);
  else machine.push(machine.decide(quantifier, machine.each(first, count, value), count));
}

/** A match at an offset that may be unusable: none there. */
function hasAtOffset(machine: Evaluator, pattern: number, offset: Value): Value {
  if (offset === undefined || offset === UNDECIDED) return offset;
  return (offset as Integer) < 0 ? false : machine.hasIn(pattern, offset as Integer, offset as Integer);
}

function hasInRange(machine: Evaluator, pattern: number, lower: Value, upper: Value): Value {
  if (lower === undefined || upper === undefined) return undefined;
  if (lower === UNDECIDED || upper === UNDECIDED) return UNDECIDED;
  return machine.hasIn(pattern, lower as Integer, upper as Integer);
}

const byInstruction: Record<Instruction, (machine: Evaluator) => void> = {
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
  ofValues: (machine) => {
    const kind = machine.operand();
    const values = popMany(machine, machine.operand());
    const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, true);
    if (quantifier === undefined || quantifier === UNDECIDED) machine.push(quantifier);
    else machine.push(machine.decide(quantifier, values, values.length));
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
    machine.binary<Uint8Array>((left, right) => compareText(left, right) === 0);
  },
  textNotEqual: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(left, right) !== 0);
  },
  textLess: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(left, right) < 0);
  },
  textLessOrEqual: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(left, right) <= 0);
  },
  textGreater: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(left, right) > 0);
  },
  textGreaterOrEqual: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(left, right) >= 0);
  },
  contains: (machine) => {
    machine.binary(contains);
  },
  icontains: (machine) => {
    machine.binary<Uint8Array>((left, right) => contains(foldCase(left), foldCase(right)));
  },
  startswith: (machine) => {
    machine.binary(startsWith);
  },
  istartswith: (machine) => {
    machine.binary<Uint8Array>((left, right) => startsWith(foldCase(left), foldCase(right)));
  },
  endswith: (machine) => {
    machine.binary(endsWith);
  },
  iendswith: (machine) => {
    machine.binary<Uint8Array>((left, right) => endsWith(foldCase(left), foldCase(right)));
  },
  iequals: (machine) => {
    machine.binary<Uint8Array>((left, right) => compareText(foldCase(left), foldCase(right)) === 0);
  },

  read: (machine) => {
    const reader = readers[machine.operand()]!;
    machine.unary<Integer>((offset) => {
      const held = machine.read(offset, reader.size);
      return held === true ? reader.read(machine.scratch) : held;
    });
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
    const upper = machine.pop();
    const lower = machine.pop();
    const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, true);
    if (quantifier === undefined || quantifier === UNDECIDED) skipLoop(machine, behind, quantifier);
    else if (lower === undefined || upper === undefined) skipLoop(machine, behind, false);
    else if (lower === UNDECIDED || upper === UNDECIDED) skipLoop(machine, behind, UNDECIDED);
    else if ((lower as Integer) > (upper as Integer)) skipLoop(machine, behind, false);
    else {
      const first = lower as Integer;
      const total = Math.min(MAX_LOOP_ITEMS, Number(integers.subtract(upper as Integer, first)) + 1);
      machine.enter(quantifier, variable, total < 1 ? MAX_LOOP_ITEMS : total, (index) => integers.add(first, index));
    }
  },
  forList: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const values = popMany(machine, machine.operand());
    const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, true);
    if (quantifier === undefined || quantifier === UNDECIDED) skipLoop(machine, behind, quantifier);
    else machine.enter(quantifier, variable, values.length, (index) => values[index]);
  },
  forSet: (machine) => {
    const kind = machine.operand();
    const variable = machine.operand();
    const behind = machine.operand();
    const first = machine.operand();
    const count = machine.operand();
    const quantifier = machine.quantifier(kind, machine.takesNumber(kind) ? machine.pop() : 0, true);
    if (quantifier === undefined || quantifier === UNDECIDED) skipLoop(machine, behind, quantifier);
    else machine.enter(quantifier, variable, count, (index) => machine.image.sets[first + index]);
  },
  next: (machine) => {
    const body = machine.operand();
    if (machine.next(machine.pop())) machine.jump(body);
  },
};

const handlers: readonly ((machine: Evaluator) => void)[] = Object.entries(OP)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => byInstruction[name as Instruction]);

function popMany(machine: Evaluator, count: number): Value[] {
  const values = Array.from({ length: count }, () => machine.pop());
  return values.reverse();
}

function externalValue(machine: Evaluator, external: number): Value {
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

/**
 * Evaluates conditions: a stack machine over the image's byte code. It changes nothing outside itself and can be run again
 * at any time, which is how everything that is not known yet is dealt with:
 *
 * - Before the end of the stream a pattern that has not matched is *undecided*, not false. Undecided is a fourth truth
 *   value (false and undecided is false, true or undecided is true); a rule whose value comes out true or false in spite of
 *   it is settled for good.
 * - At the end, bytes that are not held stop the run with `needsData`; the scanner fetches what `need` names and `resume`
 *   goes on with the instruction that stopped. What cannot be fetched is undecided, and so may the rule be: with the reason
 *   of the first such value.
 *
 * Undefined is a value of the language (`uint16(filesize)`), and another thing. What the instructions do stands in
 * `instructions.ts`.
 */
import { RULE, RULE_FIELDS, type RuleImage } from '../bundle/image.ts';
import { linksOf, type Links } from '../bundle/links.ts';
import { hasPatternFlag } from '../bundle/loaded-rules.ts';
import { QUANTIFIER, type Reader } from '../bundle/opcodes.ts';
import { moduleNamed } from '../modules/links.ts';
import type { CallContext, StructureValue } from '../modules/module.ts';
import type { RangeResults } from '../modules/range-computations.ts';
import type { RangeKind } from '../modules/schema.ts';
import { entryPointOf } from './entry-point.ts';
import { handlers } from './instructions.ts';
import type { Integer } from './integers.ts';
import type { MatchStore } from './match-store.ts';
import { HeldObject, NotHeld, throwNotHeld, type Need } from './object-view.ts';
import { BEYOND, MISSING, PAGE_BYTES, type Pages } from './pages.ts';
import { holdsWithin, type Quantifier } from './quantifiers.ts';
import type { Ranges } from './ranges.ts';
import { UNDECIDED, WAITING, type Value } from './values.ts';

export const STATE = { unknown: 0, true: 1, false: 2, undecided: 3, needsData: 4 } as const;

/** What the evaluator may know of the scan. */
export interface Evidence {
  readonly store: MatchStore;
  readonly pages: Pages;
  readonly ranges: Ranges;
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
  /** Seconds since 1970 when the scan began; undefined where no scan has. */
  readonly now: number | undefined;
}

export type ExternalScanValue = boolean | Integer | Uint8Array;

/** A loop, or an `of` over expressions, that has begun. */
export interface Frame {
  readonly quantifier: Quantifier;
  readonly total: number;
  /** Brings the variables to the item at an index below `total`; false when it must wait for bytes. */
  readonly assign: (index: number) => boolean;
  index: number;
  count: number;
  unknown: number;
}

/** Lines of `console` that one evaluation may write; further ones are dropped. */
const MAX_LINES = 10_000;

export class Evaluator implements CallContext {
  readonly image: RuleImage;
  readonly links: Links;
  readonly #stepLimit: number;
  readonly #object: HeldObject;
  readonly #roots = new Map<string, StructureValue>();
  #evidence!: Evidence;
  #stack: Value[] = [];
  #variables: Value[] = [];
  #frames: Frame[] = [];
  #at = 0;
  #end = 0;
  #entryPoint: { readonly value: Integer | undefined } | undefined;
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /** Steps of all runs since the scan began. */
  steps = 0;
  /** What is to be fetched, after `needsData`. */
  need: Need | undefined;
  /** Why the last run met something undecided, once the stream has ended. */
  undecidedReason = '';
  /** What the last rule wrote through `console`. */
  lines: string[] = [];

  constructor(image: RuleImage, stepLimit: number, evidence: Pick<Evidence, 'pages' | 'size' | 'isFinal'>) {
    this.image = image;
    this.links = linksOf(image);
    this.#stepLimit = stepLimit;
    this.#object = new HeldObject(evidence);
  }

  /** One of `STATE`, `unknown` excepted. A condition that is undefined is false. */
  evaluate(rule: number, evidence: Evidence): number {
    const row = rule * RULE_FIELDS;
    const { rules } = this.image;
    return this.evaluateCode(rules[row + RULE.codeStart]!, rules[row + RULE.codeEnd]!, evidence);
  }

  /** The same for a part of the code that stands by itself. */
  evaluateCode(start: number, end: number, evidence: Evidence): number {
    this.#evidence = evidence;
    this.#object.evidence = evidence;
    this.#stack = [];
    this.#variables = [];
    this.#frames = [];
    this.undecidedReason = '';
    this.lines = [];
    this.#at = start;
    this.#end = end;
    return this.resume();
  }

  /** Goes on after `needsData`, when what was needed has been fetched or found not to be had. */
  resume(): number {
    const { code } = this.image;
    this.need = undefined;
    while (this.#at < this.#end) {
      if (++this.steps > this.#stepLimit) {
        this.undecidedReason = 'limit:evaluationSteps';
        return STATE.undecided;
      }
      const instructionAt = this.#at;
      handlers[code[this.#at++]!]!(this);
      if (this.#isWaiting()) {
        this.#at = instructionAt;
        return STATE.needsData;
      }
    }
    const value = this.#stack.pop();
    if (value === UNDECIDED) return STATE.undecided;
    return value === true ? STATE.true : STATE.false;
  }

  /** An instruction found that it needs bytes, and left the stack as it was. */
  #isWaiting(): boolean {
    return this.need !== undefined;
  }

  // What instructions are made of ----------------------------------------------------------------------------------------

  get evidence(): Evidence {
    return this.#evidence;
  }

  operand(): number {
    return this.image.code[this.#at++]!;
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    return this.#stack.pop();
  }

  /** The value `below` the top one; 0 is the top. */
  peek(below = 0): Value {
    return this.#stack[this.#stack.length - 1 - below];
  }

  /** The top values, the topmost last, which stay where they are. */
  peekMany(count: number): Value[] {
    return count === 0 ? [] : this.#stack.slice(-count);
  }

  drop(count: number): void {
    for (let dropped = 0; dropped < count; dropped++) this.#stack.pop();
  }

  /** Puts a value in the place of the top ones, unless it is not there yet. */
  replace(count: number, value: Value | typeof WAITING): void {
    if (value === WAITING) return;
    this.drop(count);
    this.push(value);
  }

  jump(target: number): void {
    this.#at = target;
  }

  undecided(reason: string): typeof UNDECIDED {
    if (this.undecidedReason === '') this.undecidedReason = reason;
    return UNDECIDED;
  }

  /** Work that one instruction does beyond the usual counts as that many steps. */
  readonly charge = (steps: number): void => {
    this.steps += Math.floor(steps);
  };

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

  /** What the top values make, unless one of them is undefined or undecided; it may have to wait for bytes. */
  apply(count: number, operate: (operands: readonly Value[]) => Value): void {
    const operands = this.peekMany(count);
    if (operands.includes(undefined)) this.replace(count, undefined);
    else if (operands.includes(UNDECIDED)) this.replace(count, UNDECIDED);
    else
      this.replace(
        count,
        this.learn(() => operate(operands)),
      );
  }

  /** What a read gives, which ends by `NotHeld` where bytes are missing. */
  learn(read: () => Value): Value | typeof WAITING {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof NotHeld)) throw error;
      return this.#wait(error.need);
    }
  }

  #wait(need: Need): typeof UNDECIDED | typeof WAITING {
    if (need.kind === 'none') return this.undecided(need.reason);
    this.need = need;
    return WAITING;
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
    const reason = this.#evidence.store.unknownReason(pattern);
    if (reason !== undefined) return this.undecided(reason);
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
    const reason = store.unknownReason(pattern);
    if (reason !== undefined) return this.undecided(reason);
    return !areMatchesComplete && hasPatternFlag(this.image, pattern, 'late') ? this.undecided('') : undefined;
  }

  #lastStored(pattern: number): number {
    const stored = this.#evidence.store.stored(pattern);
    return stored === 0 ? -1 : this.#evidence.store.offset(pattern, stored - 1);
  }

  // The object and modules -----------------------------------------------------------------------------------------------

  /** A number at that offset. Conditions do this most, so it takes no exception to find a byte missing. */
  read(offset: Integer, { size, read }: Reader): Value | typeof WAITING {
    const { pages, size: known, isFinal } = this.#evidence;
    if (offset < 0 || offset > Number.MAX_SAFE_INTEGER - size) return undefined;
    const start = Number(offset);
    if (known !== undefined && start + size > known) return undefined;
    for (let at = 0; at < size; at++) {
      const byte = pages.byteAt(start + at);
      if (byte === BEYOND) return undefined;
      if (byte === MISSING) {
        const reason = isFinal ? pages.refusalOf(PAGE_BYTES) : '';
        return this.#wait(reason === undefined ? { kind: 'page', offset: start + at } : { kind: 'none', reason });
      }
      this.#scratch.setUint8(at, byte);
    }
    return read(this.#scratch);
  }

  /** Once it is known it stays. */
  entryPoint(): Value {
    this.#entryPoint ??= { value: entryPointOf(this.#object) };
    return this.#entryPoint.value;
  }

  /** A module's own fields, made when first asked for. */
  root(name: string): StructureValue {
    let root = this.#roots.get(name);
    if (root === undefined) {
      root = moduleNamed(name)!.open!(this.#object);
      this.#roots.set(name, root);
    }
    return root;
  }

  get object(): HeldObject {
    return this.#object;
  }

  get now(): number {
    return this.#evidence.now ?? throwNotHeld({ kind: 'none', reason: '' });
  }

  range<Kind extends RangeKind>(kind: Kind, offset: number, length: number): RangeResults[Kind] {
    return this.#evidence.ranges.get(kind, offset, length, this.#evidence.isFinal, this.charge);
  }

  log(line: string): void {
    if (this.lines.length < MAX_LINES) this.lines.push(line);
  }

  // Sets and loops -------------------------------------------------------------------------------------------------------

  takesNumber(kind: number): boolean {
    return kind === QUANTIFIER.number || kind === QUANTIFIER.percentage;
  }

  /** The quantifier with its number, or what the whole expression is because of the number. */
  quantifier(kind: number, number: Value, zeroIsNone: boolean): Quantifier | undefined | typeof UNDECIDED {
    if (!this.takesNumber(kind)) return { kind, number: 0, zeroIsNone };
    if (number === undefined || number === UNDECIDED) return number;
    return { kind, number: number as Integer, zeroIsNone };
  }

  /** How many members of a set hold, and with that whether the quantifier does; an undefined one does not hold. */
  decide(quantifier: Quantifier, first: number, total: number, value: (member: number) => Value): Value {
    this.charge(total);
    let count = 0;
    let unknown = 0;
    for (let at = first; at < first + total; at++) {
      const held = value(this.image.sets[at]!);
      if (held === true) count++;
      else if (held === UNDECIDED) unknown++;
    }
    return holdsWithin(quantifier, count, unknown, total) ?? UNDECIDED;
  }

  begin(quantifier: Quantifier, total: number, assign: Frame['assign']): void {
    this.#frames.push({ quantifier, total, assign, index: 0, count: 0, unknown: 0 });
  }

  /**
   * Takes the top value as that of the item the frame stands at. True when another item follows; otherwise the frame is
   * done and its value stands on the stack. Where the next item must wait for bytes, nothing has changed.
   */
  advance(): boolean {
    const frame = this.#frames[this.#frames.length - 1]!;
    const value = this.peek();
    const count = frame.count + (value === true ? 1 : 0);
    const unknown = frame.unknown + (value === UNDECIDED ? 1 : 0);
    const index = frame.index + 1;
    const left = frame.total - index;
    const decided = holdsWithin(frame.quantifier, count, unknown + left, frame.total);
    if (decided === undefined && left > 0) {
      if (!frame.assign(index)) return false;
      this.pop();
      frame.count = count;
      frame.unknown = unknown;
      frame.index = index;
      return true;
    }
    this.#frames.pop();
    this.replace(1, decided ?? UNDECIDED);
    return false;
  }
}

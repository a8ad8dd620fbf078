/** Checks what quantifies over a set: `of`, `for … of`, `for … in`. */
import { PATTERN_FLAG } from '../bundle/image.ts';
import { QUANTIFIER } from '../bundle/opcodes.ts';
import type { TypeSchema } from '../modules/schema.ts';
import type { Expression, ForIn, ForOf, List, Of, OfSet, PatternSet, Quantifier, Range } from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import {
  article,
  booleanConstant,
  constantInteger,
  type Checked,
  type CheckedType,
  type CodeWriter,
} from './checked.ts';
import type { ConditionChecker } from './checker.ts';
import { warnOfUnintendedItems } from './unintended-patterns.ts';

/** Loops that come to more constant rounds than this are warned about. */
const MANY_ITERATIONS = 1_000_000n;

export function checkOf(checker: ConditionChecker, of: Of): Checked | undefined {
  const quantifier = checkQuantifier(checker, of.quantifier);
  if (of.set.kind === 'expressionSet' || of.set.kind === 'ruleSet') return checkOfValues(checker, of, quantifier);
  const flags = of.anchor === undefined ? 0 : PATTERN_FLAG.needsOffsets;
  const isAt = of.anchor?.kind === 'at';
  const patterns = patternsOf(checker, of.set, flags, !isAt);
  const place = of.anchor && checker.anchor(of.anchor);
  const isPlaced = of.anchor === undefined || place !== undefined;
  if (quantifier === undefined || patterns === undefined || !isPlaced) return undefined;
  warnOfQuantifier(checker, of, quantifier, patterns.length);
  if (isAt) {
    checker.scope.ask(patterns, constantInteger(place?.[0]));
    warnOfOnePlace(checker, of, quantifier, patterns.length);
  }
  const instruction = of.anchor === undefined ? 'of' : of.anchor.kind === 'at' ? 'ofAt' : 'ofIn';
  return {
    type: 'boolean',
    write: (to) => {
      quantifier.write(to);
      for (const part of place ?? []) part.write(to);
      to.op(instruction, quantifier.kind, to.image.set(patterns), patterns.length);
    },
  };
}

/** Over booleans; each is evaluated only while the answer depends on it. */
function checkOfValues(
  checker: ConditionChecker,
  of: Of,
  quantifier: CheckedQuantifier | undefined,
): Checked | undefined {
  const items = booleansOf(checker, of.set as Exclude<OfSet, PatternSet>, of.anchor !== undefined);
  if (quantifier === undefined || items === undefined) return undefined;
  warnOfQuantifier(checker, of, quantifier, items.length);
  return {
    type: 'boolean',
    write: (to) => {
      quantifier.write(to);
      to.jumpBehind('ofValues', [quantifier.kind, 0, items.length], 1, () => {
        const places = items.map((item) => {
          item.write(to);
          return to.place('ofNext');
        });
        for (const place of places) to.fill(place, to.at);
      });
    },
  };
}

function warnOfQuantifier(
  { scope }: ConditionChecker,
  { span, quantifier: written }: Pick<Of, 'span' | 'quantifier'>,
  { kind, constant }: CheckedQuantifier,
  total: number,
): void {
  if (kind !== QUANTIFIER.number || constant === undefined) return;
  if (constant === 0n) {
    scope.warning('ambiguous_expr', written.span, 'it is not clear whether 0 means none or any number', {
      hint: 'write none for exactly none',
    });
  }
  if (constant > BigInt(total)) {
    scope.warning('invariant_expr', span, `this is always false: it asks for ${constant} of ${total}`);
  }
}

/** Several patterns cannot match at one place, unless one begins with the other. */
function warnOfOnePlace({ scope }: ConditionChecker, of: Of, quantifier: CheckedQuantifier, total: number): void {
  const { kind, constant } = quantifier;
  let wanted = 0;
  if (kind === QUANTIFIER.all) wanted = total;
  else if (kind === QUANTIFIER.number) wanted = Number(constant ?? 0n);
  else if (kind === QUANTIFIER.percentage) wanted = (total * Number(constant ?? 0n)) / 100;
  if (wanted < 2) return;
  scope.warning('unsatisfiable_expr', of.quantifier.span, 'this asks for several patterns', {
    labels: [{ span: of.anchor!.span, message: 'and for all of them at one place' }],
  });
}

export function checkForOf(checker: ConditionChecker, loop: ForOf): Checked | undefined {
  const quantifier = checkQuantifier(checker, loop.quantifier);
  const patterns = patternsOf(checker, loop.set, 0, true);
  const slot = checker.scope.newSlot();
  checker.currentPatterns.push({ slot, patterns: patterns ?? [] });
  const body = checker.boolean(loop.body);
  checker.currentPatterns.pop();
  if (quantifier === undefined || patterns === undefined || body === undefined) return undefined;
  warnOfLoop(checker, loop, quantifier, patterns.length);
  return {
    type: 'boolean',
    write: (to) => {
      quantifier.write(to);
      const set = to.image.set(patterns);
      to.jumpBehind('forSet', [quantifier.kind, slot, 0, set, patterns.length], 2, () => {
        writeBody(to, body);
      });
    },
  };
}

/** The reference finds loops over patterns that ask for too many, and no others. */
function warnOfLoop(
  { scope }: ConditionChecker,
  { span }: ForOf,
  { kind, constant }: CheckedQuantifier,
  total: number,
): void {
  if (kind !== QUANTIFIER.number || constant === undefined || constant <= BigInt(total)) return;
  scope.warning('invariant_expr', span, `this is always false: it asks for ${constant} of ${total}`);
}

// Loops over values -------------------------------------------------------------------------------------------------------

/** What a loop goes over: the types of its variables, how to write it, and how many rounds, where known. */
interface Iteration {
  readonly variables: readonly CheckedType[];
  readonly rounds: bigint | undefined;
  /** Writes what the loop takes, and the loop with its body. */
  readonly write: (to: CodeWriter, quantifier: CheckedQuantifier, slots: readonly number[], body: () => void) => void;
}

export function checkForIn(checker: ConditionChecker, loop: ForIn): Checked | undefined {
  const { scope } = checker;
  const quantifier = checkQuantifier(checker, loop.quantifier);
  const iteration = iterationOver(checker, loop.iterable);
  if (iteration !== undefined && iteration.variables.length !== loop.variables.length) {
    const span = { start: loop.variables[0]!.span.start, end: loop.variables.at(-1)!.span.end };
    const { length } = iteration.variables;
    scope.error('E005', span, `the loop has ${loop.variables.length} variables`, {
      labels: [{ span: loop.iterable.span, message: `this gives ${length} value${length === 1 ? '' : 's'} a round` }],
    });
    return undefined;
  }
  const slots = loop.variables.map((name, at) => {
    const slot = scope.newSlot();
    const type = iteration?.variables[at];
    scope.enter(name, type && variableOf(type, slot));
    return slot;
  });
  const around = checker.iterations;
  checker.iterations *= iteration?.rounds ?? 1n;
  if (iteration?.rounds !== undefined && checker.iterations > MANY_ITERATIONS) {
    scope.warning('too_many_iterations', loop.span, `the loop has ${checker.iterations} iterations`);
  }
  const body = checker.boolean(loop.body);
  checker.iterations = around;
  scope.leave(loop.variables.length);
  if (quantifier === undefined || iteration === undefined || body === undefined) return undefined;
  return {
    type: 'boolean',
    write: (to) => {
      quantifier.write(to);
      iteration.write(to, quantifier, slots, () => {
        writeBody(to, body);
      });
    },
  };
}

function variableOf(type: CheckedType, slot: number): Checked {
  return {
    type,
    write: (to) => {
      to.op('variable', slot);
    },
  };
}

function writeBody(to: CodeWriter, body: Checked): void {
  const start = to.at;
  body.write(to);
  to.op('next', start);
}

function iterationOver(checker: ConditionChecker, iterable: ForIn['iterable']): Iteration | undefined {
  if (iterable.kind === 'range') return overRange(checker, iterable);
  if (iterable.kind === 'list') return overList(checker, iterable);
  const checked = checker.check(iterable);
  if (checked === undefined) return undefined;
  const { type } = checked;
  if (typeof type === 'object' && type.kind === 'array') return overArray(checked, type.item);
  if (typeof type === 'object' && type.kind === 'dictionary') return overDictionary(checked, type.key, type.value);
  checker.scope.error('E002', iterable.span, `expected an array or a dictionary, found ${article(type)}`);
  return undefined;
}

function overRange(checker: ConditionChecker, range: Range): Iteration | undefined {
  const checked = checker.range(range);
  if (checked === undefined) return undefined;
  const { lower, upper } = checked;
  const first = constantInteger(lower);
  const last = constantInteger(upper);
  if (first !== undefined && growsWithObject(range.upper)) {
    checker.scope.warning('potentially_slow_loop', range.span, 'the number of rounds grows with the object', {
      hint: 'bound it: math.min(filesize, 1000)',
    });
  }
  return {
    variables: ['integer'],
    rounds: first === undefined || last === undefined ? undefined : last - first + 1n,
    write: (to, { kind }, [slot], body) => {
      lower.write(to);
      upper.write(to);
      to.jumpBehind('forRange', [kind, slot!, 0], 2, body);
    },
  };
}

/** Does it depend on the object's size or on a number of matches, other than through `math.min`? */
function growsWithObject(expression: Expression): boolean {
  switch (expression.kind) {
    case 'filesize':
    case 'patternCount':
      return true;
    case 'arithmetic':
      return expression.operands.some(growsWithObject);
    case 'unary':
      return growsWithObject(expression.operand);
    case 'call':
      return !isMinimum(expression.callee) && expression.arguments.some(growsWithObject);
    default:
      return false;
  }
}

function isMinimum(callee: Expression): boolean {
  return (
    callee.kind === 'field' &&
    callee.field.name === 'min' &&
    callee.object.kind === 'identifier' &&
    callee.object.name === 'math'
  );
}

function overList(checker: ConditionChecker, list: List): Iteration | undefined {
  const items = all(list.items.map((item) => checker.ofType(item, ['boolean', 'integer', 'float', 'text'])));
  if (items === undefined) return undefined;
  const [{ type }] = items as [Checked];
  const different = items.findIndex((item) => item.type !== type);
  if (different >= 0) {
    const found = article(items[different]!.type);
    checker.scope.error(
      'E003',
      list.items[different]!.span,
      `this is ${found}, and the items of a list are of one type`,
      {
        labels: [{ span: list.items[different - 1]!.span, message: `this is ${article(type)}` }],
      },
    );
    return undefined;
  }
  return {
    variables: [type],
    rounds: BigInt(items.length),
    write: (to, { kind }, [slot], body) => {
      for (const item of items) item.write(to);
      to.jumpBehind('forList', [kind, slot!, 0, items.length], 2, body);
    },
  };
}

function overArray(array: Checked, item: TypeSchema): Iteration {
  return {
    variables: [item],
    rounds: undefined,
    write: (to, { kind }, [slot], body) => {
      array.write(to);
      to.jumpBehind('forArray', [kind, slot!, 0], 2, body);
    },
  };
}

function overDictionary(dictionary: Checked, key: TypeSchema, value: TypeSchema): Iteration {
  return {
    variables: [key, value],
    rounds: undefined,
    write: (to, { kind }, [keySlot, valueSlot], body) => {
      dictionary.write(to);
      to.jumpBehind('forDictionary', [kind, keySlot!, valueSlot!, 0], 3, body);
    },
  };
}

// Quantifiers and sets ----------------------------------------------------------------------------------------------------

interface CheckedQuantifier {
  /** One of `QUANTIFIER`. */
  readonly kind: number;
  /** Of `number` and `percentage`, where known. */
  readonly constant: bigint | undefined;
  readonly write: (to: CodeWriter) => void;
}

function checkQuantifier(checker: ConditionChecker, quantifier: Quantifier): CheckedQuantifier | undefined {
  const kind = QUANTIFIER[quantifier.kind];
  if (quantifier.kind !== 'number' && quantifier.kind !== 'percentage') {
    return { kind, constant: undefined, write: () => undefined };
  }
  const number = checker.integer(quantifier.value);
  if (number === undefined) return undefined;
  const constant = constantInteger(number);
  if (quantifier.kind === 'percentage' && constant !== undefined && (constant < 0n || constant > 100n)) {
    checker.scope.error('E007', quantifier.span, `a percentage lies between 0 and 100; this one is ${constant}`);
    return undefined;
  }
  if (quantifier.kind === 'number' && constant !== undefined && constant < 0n) {
    checker.scope.error('E006', quantifier.span, `a quantifier cannot be negative; this one is ${constant}`);
    return undefined;
  }
  return { kind, constant, write: number.write };
}

/** Numbers of the patterns in the set, each once, in the order of declaration. */
function patternsOf(
  checker: ConditionChecker,
  set: PatternSet,
  flags: number,
  isAnywhere: boolean,
): readonly number[] | undefined {
  const { scope } = checker;
  const found = new Set<number>();
  const refused: Span[] = [];
  const refuse = (span: Span, text: string): void => {
    refused.push(span);
    const hint = scope.patterns.length === 0 ? 'the rule declares no patterns' : undefined;
    scope.error('E016', span, `no pattern fits ${text}`, { hint });
  };
  const takeAll = (span: Span, prefix: string, text: string): void => {
    const fitting = scope.patternsFitting(prefix);
    for (const index of fitting) found.add(index);
    if (fitting.length === 0) refuse(span, text);
  };
  if (set.kind === 'them') takeAll(set.span, '$', '`them`');
  else {
    for (const { name, isWildcard, span } of set.items) {
      const pattern = isWildcard ? undefined : scope.patternNamed(name);
      if (isWildcard) takeAll(span, name, `${name}*`);
      else if (pattern === undefined) refuse(span, name);
      else found.add(pattern.index);
    }
    if (refused.length === 0) warnOfUnintendedItems(scope, set.items);
  }
  const patterns = [...found].sort((a, b) => a - b);
  scope.mark(patterns, flags, isAnywhere);
  return refused.length === 0 ? patterns : undefined;
}

function booleansOf(
  checker: ConditionChecker,
  set: Exclude<OfSet, PatternSet>,
  isAnchored: boolean,
): readonly Checked[] | undefined {
  const { scope } = checker;
  if (isAnchored) {
    scope.error('E002', set.span, 'only a set of patterns can stand before `at` or `in`');
    return undefined;
  }
  if (set.kind === 'expressionSet') return all(set.items.map((item) => checker.boolean(item)));
  const rules = new Map<string, Checked | undefined>();
  for (const { name, isWildcard, span } of set.items) {
    const named = [...scope.surroundings.rules.keys()].filter((known) =>
      isWildcard ? known.startsWith(name) : known === name,
    );
    const isOwn = isWildcard && scope.rule.name.name.startsWith(name);
    if (named.length === 0 && !isOwn) {
      scope.error('E016', span, `no rule before this one fits ${name}${isWildcard ? '*' : ''}`);
      return undefined;
    }
    // As in libyara, where a rule is one of those that its own wildcard fits, and not true while it is being decided.
    if (isOwn) rules.set(scope.rule.name.name, booleanConstant(false));
    if (isWildcard) {
      scope.usedWildcards.push(name);
      const listed = `${named.slice(0, 5).join(', ')}${named.length > 5 ? ', …' : ''}`;
      scope.warning('rule_wildcard', span, `${name}* takes in ${listed}`, {
        hint: 'YARA-X has no wildcards over rules: name them',
      });
    }
    for (const rule of named) if (!rules.has(rule)) rules.set(rule, checker.rule(rule, span));
  }
  return all([...rules.values()]);
}

function all(items: readonly (Checked | undefined)[]): readonly Checked[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}

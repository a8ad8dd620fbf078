/**
 * Works a condition into a plan so that it comes out true, or barely false: where all operands are needed one is broken,
 * where three patterns are needed two are given. What cannot be arranged (a digest, a module's answer) is left to chance;
 * the answer then is false, and the plan still holds everything else.
 */
import type {
  Anchor,
  Comparison,
  Expression,
  ForIn,
  ForOf,
  Of,
  Pattern,
  Quantifier,
  TextOperation,
} from '../../shared/yara/syntax/ast.ts';
import { isConstant, patternsOf } from './expressions.ts';
import { assign, evaluate, placeWithin } from './integers.ts';
import { MOST_COPIES, Plan } from './plan.ts';
import { walkRegex } from './regex-witness.ts';
import { patternNamed, type Scope, type Variable } from './scope.ts';

/** Items of a loop that are looked at. */
const MOST_ITEMS = 40;
/** Rules referred to one through the other. */
const DEEPEST = 20;

type Comparator = Comparison['operator'];

export function solve(expression: Expression, want: boolean, scope: Scope): boolean {
  switch (expression.kind) {
    case 'boolean':
      return expression.value === want;
    case 'and':
      return want ? solveAll(expression.operands, true, scope) : solveOne(expression.operands, false, scope);
    case 'or':
      return want ? solveOne(expression.operands, true, scope) : solveAll(expression.operands, false, scope);
    case 'unary':
      if (expression.operator === 'not') return solve(expression.operand, !want, scope);
      if (expression.operator === 'defined') return (evaluate(expression.operand, scope) !== undefined) === want;
      return solveNumber(expression, want, scope);
    case 'comparison':
      return solveComparison(expression, want, scope);
    case 'textOperation':
      return solveText(expression, want, scope);
    case 'patternMatch': {
      const pattern = patternNamed(expression.identifier.name, scope);
      return pattern !== undefined && demand(pattern, expression.anchor, want, scope);
    }
    case 'of':
      return solveOf(expression, want, scope);
    case 'forOf':
      return solveForOf(expression, want, scope);
    case 'forIn':
      return solveForIn(expression, want, scope);
    case 'with': {
      let inner = scope;
      for (const { name, value } of expression.declarations) {
        inner = bind(inner, name.name, { kind: 'expression', expression: value, scope: inner });
      }
      return solve(expression.body, want, inner);
    }
    case 'identifier': {
      const rule = scope.variables.has(expression.name) ? undefined : scope.rules.get(expression.name);
      if (rule?.condition === undefined) return solveNumber(expression, want, scope);
      if (scope.depth >= DEEPEST) return false;
      return solve(rule.condition, want, {
        ...scope,
        rule,
        current: undefined,
        variables: new Map(),
        depth: scope.depth + 1,
      });
    }
    case 'integer':
    case 'filesize':
    case 'call':
    case 'arithmetic':
    case 'patternCount':
    case 'patternOffset':
    case 'patternLength':
      return solveNumber(expression, want, scope);
    case 'text':
      return expression.bytes.length > 0 === want;
    case 'float':
    case 'regex':
    case 'field':
    case 'index':
    case 'entrypoint':
      return false;
  }
}

function bind(scope: Scope, name: string, variable: Variable): Scope {
  return { ...scope, variables: new Map(scope.variables).set(name, variable) };
}

/** A number stands for whether it is zero. */
function solveNumber(expression: Expression, want: boolean, scope: Scope): boolean {
  if (isConstant(expression)) return (evaluate(expression, scope) !== 0n) === want;
  return assign(expression, want ? BigInt(1 + scope.random.below(4)) : 0n, scope);
}

/** All of them, as far as possible. Sizes come last: by then it is known what must fit. */
function solveAll(operands: readonly Expression[], want: boolean, scope: Scope): boolean {
  let isSolved = true;
  for (const operand of operands) if (!solve(operand, want, scope)) isSolved = false;
  return isSolved;
}

/** One of them by chance, or another if it cannot be; the rest mostly the other way, so that it is this one that counts. */
function solveOne(operands: readonly Expression[], want: boolean, scope: Scope): boolean {
  const order = scope.random.shuffle(operands);
  const solved = order.find((operand) => attempt(operand, want, scope));
  if (solved === undefined) return false;
  if (operands.length <= 50) {
    for (const operand of operands) if (operand !== solved && scope.random.chance(80)) attempt(operand, !want, scope);
  }
  return true;
}

/** Changes the plan only where it succeeds. */
function attempt(expression: Expression, want: boolean, scope: Scope): boolean {
  const trial = new Plan(scope.plan);
  if (!solve(expression, want, { ...scope, plan: trial })) return false;
  scope.plan.become(trial);
  return true;
}

// Comparisons ---------------------------------------------------------------------------------------------------------

const OPPOSITE: Readonly<Record<Comparator, Comparator>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};
const MIRRORED: Readonly<Record<Comparator, Comparator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

function solveComparison({ left, operator: written, right }: Comparison, want: boolean, scope: Scope): boolean {
  const operator = want ? written : OPPOSITE[written];
  const text = literalText(right, scope);
  if (text !== undefined && left.kind === 'identifier' && !scope.variables.has(left.name)) {
    return operator !== '==' || scope.plan.wantText(left.name, text, true);
  }
  const { plan, random } = scope;
  if (left.kind === 'call' && left.callee.kind === 'field' && left.callee.field.name === 'entropy') {
    plan.entropy = operator.startsWith('>') ? 8 : 0;
    return true;
  }
  if (isConstant(left) && !isConstant(right)) return compareWith(right, MIRRORED[operator], left, scope);
  if (isConstant(right) || random.chance(50)) return compareWith(left, operator, right, scope);
  const trial = new Plan(plan);
  if (compareWith(left, operator, right, { ...scope, plan: trial })) {
    plan.become(trial);
    return true;
  }
  return compareWith(right, MIRRORED[operator], left, scope);
}

/** Makes the first one fit the second one. */
function compareWith(expression: Expression, operator: Comparator, other: Expression, scope: Scope): boolean {
  const value = evaluate(other, scope);
  if (value === undefined) return false;
  const { plan, random } = scope;
  if (expression.kind === 'filesize') return limitSize(operator, value, scope);
  if (expression.kind === 'patternCount' && expression.range === undefined) {
    const pattern = patternNamed(expression.identifier.name, scope);
    const [least, most] = rangeOf(operator, value, random.chance(50) ? 1n : -1n);
    return (
      pattern !== undefined &&
      least <= BigInt(MOST_COPIES) &&
      plan.limitCount(pattern, Number(least), Number(min(most, BigInt(MOST_COPIES))))
    );
  }
  const small = BigInt(random.pick([0, 0, 1, random.below(200)]));
  const target = {
    '==': value,
    '!=': value + 1n + small,
    '<': value - 1n - small,
    '<=': value - small,
    '>': value + 1n + small,
    '>=': value + small,
  }[operator];
  // What is smaller than a positive number is not negative, for most of what is compared never is.
  const wanted = target < 0n && value > 0n ? BigInt(random.below(Number(min(value, 0xffffn)))) : target;
  if (isConstant(expression)) {
    const known = evaluate(expression, scope);
    const [least, most] = rangeOf(operator, value, 1n);
    return known !== undefined && (operator === '!=' ? known !== value : known >= least && known <= most);
  }
  return assign(expression, wanted, scope);
}

const FAR = 1n << 63n;

/** The values that satisfy a comparison; for `!=` those on the one side or the other. */
function rangeOf(operator: Comparator, value: bigint, side: bigint): readonly [least: bigint, most: bigint] {
  switch (operator) {
    case '==':
      return [value, value];
    case '!=':
      return side > 0n || value <= 0n ? [value + 1n, FAR] : [0n, value - 1n];
    case '<':
      return [0n, value - 1n];
    case '<=':
      return [0n, value];
    case '>':
      return [value + 1n, FAR];
    case '>=':
      return [value, FAR];
  }
}

function limitSize(operator: Comparator, value: bigint, { plan, random }: Scope): boolean {
  const [least, most] = rangeOf(operator, value, random.chance(50) ? 1n : -1n);
  if (least > BigInt(plan.most) || most < BigInt(plan.least)) return false;
  return plan.limitSize(Number(least), Number(min(most, BigInt(plan.most))));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

// Texts ---------------------------------------------------------------------------------------------------------------

function literalText(expression: Expression, { variables }: Scope): string | undefined {
  if (expression.kind === 'text') return new TextDecoder('latin1').decode(expression.bytes);
  const variable = expression.kind === 'identifier' ? variables.get(expression.name) : undefined;
  return variable?.kind === 'text' ? variable.value : undefined;
}

function solveText({ operator, left, right }: TextOperation, want: boolean, scope: Scope): boolean {
  if (left.kind !== 'identifier' || scope.variables.has(left.name)) return false;
  const text =
    right.kind === 'regex'
      ? String.fromCharCode(...walkRegex(right.regex.root, scope.random).bytes)
      : literalText(right, scope);
  // An external that nobody has asked for has a text that hardly anything fits.
  if (!want) return true;
  return text !== undefined && scope.plan.wantText(left.name, text, operator === 'iequals');
}

// Patterns ------------------------------------------------------------------------------------------------------------

function demand(pattern: Pattern, anchor: Anchor | undefined, want: boolean, scope: Scope): boolean {
  const { plan, random } = scope;
  if (anchor === undefined) return want ? plan.limitCount(pattern, 1, MOST_COPIES) : plan.limitCount(pattern, 0, 0);
  if (anchor.kind === 'at') {
    const offset = evaluate(anchor.offset, scope);
    if (offset === undefined) return false;
    // Barely false: one byte beside the place.
    if (!want)
      return !random.chance(50) || plan.place(pattern, Number(offset) + random.pick([1, -1, 7]), random) || true;
    return offset >= 0n && offset < BigInt(plan.most) && plan.place(pattern, Number(offset), random);
  }
  const { lower, upper } = anchor.range;
  if (want) return placeWithin(pattern, 1, lower, upper, scope);
  const end = evaluate(random.chance(50) ? upper : lower, scope);
  if (end !== undefined && random.chance(50)) plan.place(pattern, Number(end) + random.pick([1, -1]), random);
  return true;
}

/** How many of `size` must hold, at least and at most. */
function amountOf(
  quantifier: Quantifier,
  size: number,
  want: boolean,
  scope: Scope,
): readonly [least: number, most: number] | undefined {
  const needed = neededOf(quantifier, size, scope);
  if (needed === undefined) return undefined;
  if (quantifier.kind === 'none') return want ? [0, 0] : [1, size];
  if (want) return needed <= size ? [Math.max(needed, 0), size] : undefined;
  return needed > 0 ? [0, Math.min(needed, size + 1) - 1] : undefined;
}

function neededOf(quantifier: Quantifier, size: number, scope: Scope): number | undefined {
  switch (quantifier.kind) {
    case 'none':
      return 0;
    case 'any':
      return 1;
    case 'all':
      return size;
    case 'number': {
      const value = evaluate(quantifier.value, scope);
      return value === undefined ? undefined : Number(value);
    }
    case 'percentage': {
      const value = evaluate(quantifier.value, scope);
      return value === undefined ? undefined : Math.ceil((Number(value) * size) / 100);
    }
  }
}

/** As many as needed, one more, or all of them; when it shall be barely false, one less mostly. */
function choose([least, most]: readonly [number, number], want: boolean, scope: Scope): number {
  const { random } = scope;
  const more = random.pick([least, least, Math.min(most, least + 1), random.between(least, most), most]);
  return want ? more : random.chance(70) ? most : random.between(least, most);
}

function solveOf(expression: Of, want: boolean, scope: Scope): boolean {
  const { random } = scope;
  const items = itemsOf(expression, scope);
  const amount = amountOf(expression.quantifier, items.length, want, scope);
  if (amount === undefined) return false;
  const count = choose(amount, want, scope);
  return solveCount(
    random.shuffle(items),
    count,
    // Those not chosen need not be kept away where more do no harm.
    amount[1] < items.length,
    scope,
  );
}

function itemsOf({ set, anchor }: Of, scope: Scope): Item[] {
  switch (set.kind) {
    case 'them':
    case 'patternList':
      return patternsOf(scope.rule, set).map((pattern) => ({
        // A pattern is given or forbidden without harm where it cannot be; the plan is not copied thousands of times for it.
        tryTrue: (scope) => demand(pattern, anchor, true, scope),
        makeFalse: (scope) => demand(pattern, anchor, false, scope),
      }));
    case 'expressionSet':
      return set.items.map((expression) => itemOf(expression));
    case 'ruleSet': {
      const names = [...scope.rules.keys()].filter((name) =>
        set.items.some((item) => (item.isWildcard ? name.startsWith(item.name) : name === item.name)),
      );
      return names.map((name) => itemOf({ kind: 'identifier', span: set.span, name }));
    }
  }
}

interface Item {
  /** Changes the plan only where it succeeds. */
  tryTrue(scope: Scope): boolean;
  makeFalse(scope: Scope): boolean;
}

function itemOf(expression: Expression, bindTo: (scope: Scope) => Scope = (scope) => scope): Item {
  return {
    tryTrue: (scope) => attempt(expression, true, bindTo(scope)),
    makeFalse: (scope) => solve(expression, false, bindTo(scope)),
  };
}

/** Makes `count` of the items true, and the rest false where that matters. Items that cannot be true make room for others. */
function solveCount(items: readonly Item[], count: number, isExact: boolean, scope: Scope): boolean {
  let missing = count;
  let isSolved = true;
  for (const item of items) {
    if (missing > 0 && item.tryTrue(scope)) missing--;
    else if (isExact && !item.makeFalse(scope)) isSolved = false;
  }
  return isSolved && missing === 0;
}

function solveForOf({ quantifier, set, body }: ForOf, want: boolean, scope: Scope): boolean {
  const patterns = patternsOf(scope.rule, set);
  const amount = amountOf(quantifier, patterns.length, want, scope);
  if (amount === undefined) return false;
  return solveCount(
    scope.random.shuffle(patterns).map((current) => itemOf(body, (inner) => ({ ...inner, current }))),
    choose(amount, want, scope),
    amount[1] < patterns.length,
    scope,
  );
}

function solveForIn({ quantifier, variables, iterable, body }: ForIn, want: boolean, scope: Scope): boolean {
  const items = variables.length === 1 ? loopItems(iterable, scope) : undefined;
  const amount = items && amountOf(quantifier, items.length, want, scope);
  if (amount === undefined || items === undefined) return false;
  const isExact = amount[1] < items.length;
  const order = items.length > MOST_ITEMS ? items : scope.random.shuffle(items);
  return solveCount(
    order.map((item) => itemOf(body, (inner) => bind(inner, variables[0]!.name, item))),
    choose(amount, want, scope),
    isExact,
    scope,
  );
}

/** What a loop runs over; of a very long range its first items, which is enough for `any`. */
function loopItems(iterable: ForIn['iterable'], scope: Scope): Variable[] | undefined {
  if (iterable.kind === 'range') {
    const lower = evaluate(iterable.lower, scope);
    const upper = evaluate(iterable.upper, scope);
    if (lower === undefined || upper === undefined || upper < lower) return undefined;
    const count = Number(min(upper - lower + 1n, BigInt(10 * MOST_ITEMS)));
    return Array.from({ length: count }, (_, at) => ({ kind: 'integer', value: lower + BigInt(at) }));
  }
  if (iterable.kind !== 'list') return undefined;
  return iterable.items.map((item) => {
    const text = literalText(item, scope);
    return text === undefined ? { kind: 'expression', expression: item, scope } : { kind: 'text', value: text };
  });
}

/** Checks what quantifies over a set: `of`, `for … of`, `for … in`. */
import { PATTERN_FLAG } from '../bundle/image.ts';
import { QUANTIFIER } from '../bundle/opcodes.ts';
import type { Expression, ForIn, ForOf, List, Of, OfSet, PatternSet, Quantifier, Range } from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import { article, type ConditionChecker } from './checker.ts';
import type { Checked, CodeWriter, ValueType } from './checked.ts';

/** A loop over more constant items than this is warned about. */
const MANY_ITERATIONS = 1_000_000n;

export function checkOf(checker: ConditionChecker, of: Of): Checked | undefined {
  const quantifier = checkQuantifier(checker, of.quantifier);
  if (of.set.kind === 'expressionSet' || of.set.kind === 'ruleSet') {
    const items = booleansOf(checker, of.set, of.anchor !== undefined);
    if (quantifier === undefined || items === undefined) return undefined;
    return {
      type: 'boolean',
      write: (to) => {
        quantifier.write(to);
        for (const item of items) item.write(to);
        to.op('ofValues', quantifier.kind, items.length);
      },
    };
  }
  const flags = of.anchor === undefined ? 0 : PATTERN_FLAG.needsOffsets;
  const patterns = patternsOf(checker, of.set, flags);
  const place = of.anchor && checker.anchor(of.anchor);
  if (quantifier === undefined || patterns === undefined || (of.anchor !== undefined && place === undefined))
    return undefined;
  if (quantifier.constant === 0n && of.anchor === undefined && quantifier.kind === QUANTIFIER.number) {
    checker.scope.warning('ambiguous_expr', of.quantifier.span, '`0 of` holds always: it asks for at least none', {
      hint: 'write `none of` for exactly none',
    });
  }
  if (quantifier.kind === QUANTIFIER.number && (quantifier.constant ?? 0n) > BigInt(patterns.length)) {
    checker.scope.warning('invariant_expr', of.span, `this is never true: the set has ${patterns.length} patterns`);
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

export function checkForOf(checker: ConditionChecker, loop: ForOf): Checked | undefined {
  const quantifier = checkQuantifier(checker, loop.quantifier);
  const patterns = patternsOf(checker, loop.set, 0);
  const slot = checker.scope.newSlot();
  checker.currentPatterns.push({ slot, patterns: patterns ?? [] });
  const body = checker.boolean(loop.body);
  checker.currentPatterns.pop();
  if (quantifier === undefined || patterns === undefined || body === undefined) return undefined;
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

export function checkForIn(checker: ConditionChecker, loop: ForIn): Checked | undefined {
  const { scope } = checker;
  const quantifier = checkQuantifier(checker, loop.quantifier);
  const { iterable } = loop;
  const isRange = iterable.kind === 'range';
  const isList = iterable.kind === 'list';
  const range = isRange ? loopRange(checker, iterable) : undefined;
  const items = isList ? listItems(checker, iterable) : undefined;
  if (!isRange && !isList) checker.unsupported(iterable.span, 'a loop over a module’s array');
  if (loop.variables.length !== 1) {
    scope.error('E005', loop.variables[1]!.span, `a loop over this has one variable, not ${loop.variables.length}`);
  }
  const type: ValueType = isRange ? 'integer' : (items?.[0]?.type ?? 'integer');
  const variables = loop.variables.map(({ name }) => scope.enter(name, type));
  const body = checker.boolean(loop.body);
  scope.leave(variables.length);
  const slot = variables[0]?.slot;
  if (quantifier === undefined || body === undefined || slot === undefined || variables.length !== 1) return undefined;
  if (range !== undefined) {
    return {
      type: 'boolean',
      write: (to) => {
        quantifier.write(to);
        range.lower.write(to);
        range.upper.write(to);
        to.jumpBehind('forRange', [quantifier.kind, slot, 0], 2, () => {
          writeBody(to, body);
        });
      },
    };
  }
  if (items === undefined) return undefined;
  return {
    type: 'boolean',
    write: (to) => {
      quantifier.write(to);
      for (const item of items) item.write(to);
      to.jumpBehind('forList', [quantifier.kind, slot, 0, items.length], 2, () => {
        writeBody(to, body);
      });
    },
  };
}

function writeBody(to: CodeWriter, body: Checked): void {
  const start = to.at;
  body.write(to);
  to.op('next', start);
}

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
  const { constant, write } = number;
  if (quantifier.kind === 'percentage' && constant !== undefined && (constant < 0n || constant > 100n)) {
    checker.scope.error('E007', quantifier.span, `a percentage lies between 0 and 100; this one is ${constant}`);
    return undefined;
  }
  if (quantifier.kind === 'number' && constant !== undefined && constant < 0n) {
    checker.scope.error('E006', quantifier.span, `a quantifier cannot be negative; this one is ${constant}`);
    return undefined;
  }
  return { kind, constant, write };
}

/** Numbers of the patterns in the set, each once, in the order of declaration. */
function patternsOf(checker: ConditionChecker, set: PatternSet, flags: number): readonly number[] | undefined {
  const { scope } = checker;
  const found = new Set<number>();
  let isSound = true;
  const takeAll = (span: Span, prefix: string, text: string): void => {
    const matching = scope.patterns.filter(({ ast }) => ast.identifier.name.startsWith(prefix));
    for (const { index } of matching) found.add(index);
    if (matching.length > 0) return;
    isSound = false;
    const hint = scope.patterns.length === 0 ? 'the rule declares no patterns' : undefined;
    scope.error('E016', span, `no pattern fits ${text}`, { hint });
  };
  if (set.kind === 'them') takeAll(set.span, '$', '`them`');
  else {
    for (const { name, isWildcard, span } of set.items) {
      if (isWildcard) takeAll(span, name, `${name}*`);
      else {
        const pattern = scope.use(name, span, flags);
        if (pattern === undefined) isSound = false;
        else found.add(pattern.index);
      }
    }
  }
  const patterns = [...found].sort((a, b) => a - b);
  scope.mark(patterns, flags);
  return isSound ? patterns : undefined;
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
    if (named.length === 0) {
      scope.error('E016', span, `no rule before this one fits ${name}${isWildcard ? '*' : ''}`);
      return undefined;
    }
    if (isWildcard)
      scope.warning(
        'rule_wildcard',
        span,
        `${name}* takes in ${named.slice(0, 5).join(', ')}${named.length > 5 ? ', …' : ''}`,
      );
    for (const rule of named) {
      const expression: Expression = { kind: 'identifier', name: rule, span };
      if (!rules.has(rule)) rules.set(rule, checker.boolean(expression));
    }
  }
  return all([...rules.values()]);
}

function loopRange(
  checker: ConditionChecker,
  range: Range,
): { readonly lower: Checked; readonly upper: Checked } | undefined {
  const lower = checker.integer(range.lower);
  const upper = checker.integer(range.upper);
  if (lower === undefined || upper === undefined) return undefined;
  if (lower.constant !== undefined && upper.constant !== undefined) {
    if (lower.constant > upper.constant) {
      checker.scope.error('E011', range.span, `the range ${lower.constant}..${upper.constant} ends before it begins`);
      return undefined;
    }
    if (upper.constant - lower.constant >= MANY_ITERATIONS) {
      checker.scope.warning(
        'too_many_iterations',
        range.span,
        `the loop has ${upper.constant - lower.constant + 1n} iterations`,
      );
    }
  } else if (range.upper.kind === 'filesize' || range.upper.kind === 'patternCount') {
    checker.scope.warning('potentially_slow_loop', range.span, 'the number of iterations grows with the object');
  }
  return { lower, upper };
}

function listItems(checker: ConditionChecker, list: List): readonly Checked[] | undefined {
  const items = all(list.items.map((item) => checker.ofType(item, ['integer', 'float', 'text'])));
  const different = items?.findIndex((item) => item.type !== items[0]!.type) ?? -1;
  if (items === undefined || different < 0) return items;
  const found = article(items[different]!.type);
  checker.scope.error(
    'E003',
    list.items[different]!.span,
    `a list has items of one type; it began with ${article(items[0]!.type)}, and this is ${found}`,
  );
  return undefined;
}

function all(items: readonly (Checked | undefined)[]): readonly Checked[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}

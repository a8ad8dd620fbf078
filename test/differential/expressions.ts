/** Walks over conditions: what stands in an expression, which patterns and names it speaks of. */
import type { Expression, OfSet, Pattern, PatternSet, Quantifier, Rule } from '../../shared/yara/syntax/ast.ts';

/** The expressions that stand directly in one, sets and anchors included. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'integer':
    case 'float':
    case 'boolean':
    case 'text':
    case 'regex':
    case 'identifier':
    case 'filesize':
    case 'entrypoint':
      return [];
    case 'field':
      return [expression.object];
    case 'index':
      return [expression.object, expression.index];
    case 'call':
      return [expression.callee, ...expression.arguments];
    case 'patternMatch':
      return anchorParts(expression.anchor);
    case 'patternCount':
      return expression.range ? [expression.range.lower, expression.range.upper] : [];
    case 'patternOffset':
    case 'patternLength':
      return expression.index ? [expression.index] : [];
    case 'unary':
      return [expression.operand];
    case 'and':
    case 'or':
    case 'arithmetic':
      return expression.operands;
    case 'comparison':
    case 'textOperation':
      return [expression.left, expression.right];
    case 'of':
      return [
        ...quantifierParts(expression.quantifier),
        ...setParts(expression.set),
        ...anchorParts(expression.anchor),
      ];
    case 'forOf':
      return [...quantifierParts(expression.quantifier), expression.body];
    case 'forIn': {
      const { iterable } = expression;
      const parts =
        iterable.kind === 'range'
          ? [iterable.lower, iterable.upper]
          : iterable.kind === 'list'
            ? iterable.items
            : [iterable];
      return [...quantifierParts(expression.quantifier), ...parts, expression.body];
    }
    case 'with':
      return [...expression.declarations.map(({ value }) => value), expression.body];
  }
}

export function walk(expression: Expression, visit: (expression: Expression) => void): void {
  visit(expression);
  for (const child of childrenOf(expression)) walk(child, visit);
}

function anchorParts(
  anchor:
    { kind: 'at'; offset: Expression } | { kind: 'in'; range: { lower: Expression; upper: Expression } } | undefined,
): readonly Expression[] {
  if (anchor === undefined) return [];
  return anchor.kind === 'at' ? [anchor.offset] : [anchor.range.lower, anchor.range.upper];
}

function quantifierParts(quantifier: Quantifier): readonly Expression[] {
  return quantifier.kind === 'number' || quantifier.kind === 'percentage' ? [quantifier.value] : [];
}

function setParts(set: OfSet): readonly Expression[] {
  return set.kind === 'expressionSet' ? set.items : [];
}

/** The patterns of `rule` that a set stands for, each once, in the order declared. */
export function patternsOf(rule: Rule, set: PatternSet): readonly Pattern[] {
  if (set.kind === 'them') return rule.patterns;
  return rule.patterns.filter(({ identifier: { name } }) =>
    set.items.some((item) => (item.isWildcard ? name.startsWith(item.name) : name === item.name)),
  );
}

/** Every name that stands alone or at the root of a field, and of rule sets their items (`prefix*` with its star). */
export function namesIn(condition: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  walk(condition, (expression) => {
    if (expression.kind === 'identifier') names.add(expression.name);
    if (expression.kind === 'of' && expression.set.kind === 'ruleSet') {
      for (const { name, isWildcard } of expression.set.items) names.add(isWildcard ? `${name}*` : name);
    }
  });
  return names;
}

/** True where nothing of the object, the externals or a loop can change the value. */
export function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'integer':
    case 'float':
    case 'boolean':
    case 'text':
      return true;
    case 'unary':
    case 'arithmetic':
      return childrenOf(expression).every(isConstant);
    default:
      return false;
  }
}

/**
 * Warns where a wildcard takes in a pattern that the same condition also asks for by name: `any of ($a*) and $ab` is fulfilled
 * by `$ab` alone, which is seldom what was meant. Looked at are the operands of each `and`, and the items of each set.
 */
import type { Expression, PatternListItem } from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import type { RuleScope } from './rule-scope.ts';

/** Uses compared per `and`; in a longer one the rest is not looked at. */
const MAX_USES = 500;

interface Use {
  /** Without `*`. */
  readonly name: string;
  readonly isWildcard: boolean;
  readonly span: Span;
  /** Of the operand it stands in. */
  readonly operand: number;
}

export function warnOfUnintendedPatterns(scope: RuleScope, operands: readonly Expression[]): void {
  const uses: Use[] = [];
  operands.forEach((operand, number) => {
    collect(operand, number, uses);
  });
  compare(scope, uses, (a, b) => a.operand !== b.operand);
}

export function warnOfUnintendedItems(scope: RuleScope, items: readonly PatternListItem[]): void {
  compare(
    scope,
    items.slice(0, MAX_USES).map((item) => ({ ...item, operand: 0 })),
    () => true,
  );
}

function compare(scope: RuleScope, uses: readonly Use[], isPair: (a: Use, b: Use) => boolean): void {
  const wildcards = uses.filter(({ isWildcard }) => isWildcard);
  for (const set of wildcards) {
    for (const use of uses) {
      const isTaken = use.name.startsWith(set.name) && (!use.isWildcard || use.name !== set.name);
      if (use === set || !isTaken || !isPair(set, use)) continue;
      const text = use.isWildcard ? `${use.name}*` : use.name;
      if (!scope.noteOnce(`unintended ${set.span.start} ${use.span.start}`)) continue;
      scope.warning('unintended_pattern_in_set', set.span, `${set.name}* takes in ${text}`, {
        labels: [{ span: use.span, message: `${text} is also used here` }],
        hint: 'name the patterns that are meant',
      });
    }
  }
}

/** Patterns asked whether they match, alone or in a set; numbers of matches and places do not count. */
function collect(expression: Expression, operand: number, uses: Use[]): void {
  if (uses.length >= MAX_USES) return;
  const visit = (part: Expression): void => {
    collect(part, operand, uses);
  };
  switch (expression.kind) {
    case 'patternMatch': {
      const { name, span } = expression.identifier;
      if (name !== '$') uses.push({ name, isWildcard: false, span, operand });
      break;
    }
    case 'of':
    case 'forOf':
      if (expression.set.kind === 'patternList') {
        for (const item of expression.set.items) uses.push({ ...item, operand });
      } else if (expression.set.kind === 'expressionSet') {
        expression.set.items.forEach(visit);
      }
      if (expression.kind === 'forOf') visit(expression.body);
      break;
    case 'and':
    case 'or':
      expression.operands.forEach(visit);
      break;
    case 'unary':
      visit(expression.operand);
      break;
    case 'forIn':
    case 'with':
      visit(expression.body);
      break;
    default:
  }
}

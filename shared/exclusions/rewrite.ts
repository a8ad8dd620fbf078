/** Other ways to say what a filter says, and what one that says nothing was most likely meant to say. */
import type { Comparison, Filter } from './filter-ast.ts';
import { truthOf } from './truth.ts';

/** A filter that is true exactly where this one is false, with as few `not` as there can be. */
export function negated(filter: Filter): Filter {
  const { span } = filter;
  switch (filter.kind) {
    case 'not':
      return filter.operand;
    case 'and':
    case 'or':
      return joined(filter.kind === 'and' ? 'or' : 'and', filter.operands.map(negated), span);
    case 'comparison':
      if (filter.operator === '==') return { ...filter, operator: '!=' };
      if (filter.operator === '!=') return { ...filter, operator: '==' };
      return { kind: 'not', span, operand: filter };
  }
}

/**
 * What a filter that has the same answer for everything was meant to say: with `and` in the place of `or` where it is always
 * true, and the other way round where it never is. Undefined where that has the same fault.
 */
export function meant(filter: Filter): Filter | undefined {
  const truth = truthOf(filter);
  if (truth !== 'always' && truth !== 'never') return undefined;
  const [from, to] = truth === 'always' ? (['or', 'and'] as const) : (['and', 'or'] as const);
  const outermost = filter.kind === from ? { ...filter, kind: to } : filter;
  return [swapped(filter, from, to), outermost].find((candidate) => truthOf(candidate) === 'sometimes');
}

function swapped(filter: Filter, from: 'and' | 'or', to: 'and' | 'or'): Filter {
  switch (filter.kind) {
    case 'comparison':
      return filter;
    case 'not':
      return { ...filter, operand: swapped(filter.operand, to, from) };
    case 'and':
    case 'or': {
      const operands = filter.operands.map((operand) => swapped(operand, from, to));
      return { ...filter, kind: filter.kind === from ? to : filter.kind, operands };
    }
  }
}

/** The chain, with equal comparisons of one field as one `in` where that says the same. */
function joined(kind: 'and' | 'or', operands: readonly Filter[], span: Filter['span']): Filter {
  const merged: Filter[] = [];
  for (const operand of operands) {
    const index = kind === 'or' ? merged.findIndex((earlier) => areAlternatives(earlier, operand)) : -1;
    if (index < 0) merged.push(operand);
    else {
      const values = [...(merged[index] as Comparison).values, ...(operand as Comparison).values];
      merged[index] = { ...(merged[index] as Comparison), operator: 'in', values };
    }
  }
  return merged.length === 1 ? merged[0]! : { kind, span, operands: merged };
}

function areAlternatives(a: Filter, b: Filter): boolean {
  if (a.kind !== 'comparison' || b.kind !== 'comparison') return false;
  const isEqual = ({ operator }: Comparison): boolean => operator === '==' || operator === 'in';
  return isEqual(a) && isEqual(b) && a.field === b.field && a.isCased === b.isCased;
}

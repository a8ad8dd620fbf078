/** Brings an answer to the form its expectation has, so that the two can be compared as values and a difference shows as one. */
import type { Answer, RuleAnswer } from './answer.ts';
import { sortedOnce } from './answer.ts';
import type { Expected, ExpectedPatterns } from './case.ts';

/** What `answer` says about the things `expected` speaks of, written as an expectation. */
export function asExpected(
  answer: Answer,
  expected: Expected,
): Expected | { readonly kind: 'error'; readonly code: string } {
  if (answer.errors.length > 0) return { kind: 'error', code: sortedOnce(answer.errors).join(' ') };
  if (expected.kind === 'verdicts') {
    const matching = new Set(answer.rules.map((rule) => rule.rule));
    const verdicts = Object.entries(expected.names).map(([key, name]) => [key, matching.has(name)] as const);
    return { kind: 'verdicts', verdicts: Object.fromEntries(verdicts), names: expected.names };
  }
  const rules = Object.fromEntries(
    answer.rules.map((rule): [string, ExpectedPatterns] => [ruleKey(rule), rule.patterns]),
  );
  if (expected.kind === 'error') return { kind: 'matches', rules };
  const only = answer.rules[0];
  return {
    kind: 'matches',
    rules,
    ...(expected.tags && { tags: only?.tags ?? [] }),
    ...(expected.meta && { meta: only?.meta ?? [] }),
    ...(expected.warnings && { warnings: answer.warnings.filter((code) => expected.warnings?.includes(code)) }),
  };
}

/** A rule's name, with its namespace unless that is the default one. */
export function ruleKey({ rule, namespace }: Pick<RuleAnswer, 'rule' | 'namespace'>): string {
  return namespace === 'default' ? rule : `${namespace}:${rule}`;
}

/** Where an expression stands while it is worked into a plan: its rule, the loops around it, and what they have bound. */
import type { Expression, Pattern, Rule } from '../../shared/yara/syntax/ast.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';

export type Variable =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'text'; readonly value: string }
  /** By `with`: it stands for the expression in the scope where it was declared. */
  | { readonly kind: 'expression'; readonly expression: Expression; readonly scope: Scope };

export interface Scope {
  readonly rule: Rule;
  /** The rules of the same file, by name. */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly plan: Plan;
  readonly random: Random;
  readonly variables: ReadonlyMap<string, Variable>;
  /** What a bare `$` is. */
  readonly current: Pattern | undefined;
  /** About as many bytes as one witness of each pattern takes: room that a chosen size leaves. */
  readonly witnessBytes: number;
  /** Rules referred to on the way here. */
  readonly depth: number;
}

export function patternNamed(name: string, scope: Scope): Pattern | undefined {
  if (name === '$') return scope.current;
  return scope.rule.patterns.find(({ identifier }) => identifier.name === name);
}

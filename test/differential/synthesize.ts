/**
 * Objects made for rules: such that a rule's condition comes out true, or barely false. Several rules may be aimed at by one
 * object as far as their wishes do not exclude each other. The same seed and rules give the same object.
 */
import type { Rule } from '../../shared/yara/syntax/ast.ts';
import { containerFor, headersOf } from './containers.ts';
import { EXTERNAL_NAMES } from './corpus.ts';
import { layOut } from './layout.ts';
import { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scope } from './scope.ts';
import { solve } from './solve.ts';

export interface Target {
  readonly rule: Rule;
  /** All of its file, by name. */
  readonly rules: ReadonlyMap<string, Rule>;
}

export type Aim = 'match' | 'near miss' | 'damaged match';

export interface MadeObject {
  readonly bytes: Uint8Array;
  readonly externals: Readonly<Record<string, string>>;
  /** Targets for which every wish could be arranged. */
  readonly solved: number;
}

export function synthesize(
  targets: readonly Target[],
  aim: Aim,
  noiseRules: readonly Rule[],
  random: Random,
): MadeObject {
  const plan = new Plan();
  const container = containerFor(
    targets.map(({ rule }) => rule),
    random,
  );
  if (container !== undefined) for (const { offset, bytes } of headersOf(container)) plan.fix(offset, bytes);
  let solved = 0;
  for (const [at, { rule, rules }] of targets.entries()) {
    if (rule.condition === undefined) continue;
    const trial = new Plan(plan);
    const scope: Scope = {
      rule,
      rules,
      plan: trial,
      random,
      variables: new Map(),
      current: undefined,
      witnessBytes: roomFor(rule),
      depth: 0,
    };
    const isSolved = solve(rule.condition, aim !== 'near miss', scope);
    if (isSolved) solved++;
    // The first one is served as far as it can be, others only where they fit in wholly.
    if (isSolved || at === 0) plan.become(trial);
  }
  const patterns = [...targets.map(({ rule }) => rule), ...noiseRules].flatMap((rule) => rule.patterns.slice(0, 60));
  const pieces = random.pick([0, 2, 2, 6, 15]);
  const noise = { patterns, pieces, isDamaged: aim === 'damaged match', ...(container && { container }) };
  const bytes = layOut(plan, noise, random);
  return { bytes, externals: externalsOf(plan, random), solved };
}

/** About what a witness of each pattern takes. */
function roomFor({ patterns }: Rule): number {
  return patterns.reduce((sum, { valueSpan }) => sum + (valueSpan.end - valueSpan.start), 64);
}

function externalsOf(plan: Plan, random: Random): Record<string, string> {
  return Object.fromEntries(
    EXTERNAL_NAMES.map((name) => {
      const { exact, parts } = plan.externals.get(name) ?? { exact: undefined, parts: [] };
      return [name, exact ?? parts.join(random.pick(['', '', ' ']))];
    }),
  );
}

/**
 * The last word on every rule, once the stream has ended: each is evaluated in the order of declaration, so that what it
 * refers to is decided before it, and waits for the bytes it needs.
 */
import { hasRuleFlag, ruleField, type LoadedRules } from '../bundle/loaded-rules.ts';
import { STATE, type Evaluator, type Evidence } from './evaluator.ts';
import type { Need } from './object-view.ts';
import type { Profile } from './profile.ts';
import type { RuleStates } from './rule-states.ts';
import type { ScanSettings } from './settings.ts';

export interface Decision {
  /** Why rules are undecided, by rule. */
  readonly reasons: ReadonlyMap<number, string>;
  readonly evaluations: number;
}

export async function decideRules(
  { image }: LoadedRules,
  states: RuleStates,
  evaluator: Evaluator,
  evidence: Evidence,
  { limits, abortSignal, onConsole }: ScanSettings,
  profile: Profile | undefined,
): Promise<Decision> {
  const reasons = new Map<number, string>();
  const lines = new Map<number, readonly string[]>();
  let evaluations = 0;
  for (const rule of states.unsettled(evidence.store)) {
    const began = profile?.now();
    let state = evaluator.evaluate(rule, evidence);
    evaluations++;
    for (let round = 0; state === STATE.needsData; round++) {
      if (round >= limits.pageRounds) {
        evaluator.undecidedReason = 'limit:pageRounds';
        state = STATE.undecided;
        break;
      }
      await fetchNeed(evaluator.need!, evidence, abortSignal);
      abortSignal?.throwIfAborted();
      state = evaluator.resume();
    }
    if (profile !== undefined) profile.evaluation(rule, profile.now() - began!);
    states.settle(rule, state);
    if (state === STATE.undecided) reasons.set(rule, evaluator.undecidedReason);
    if (evaluator.lines.length > 0) lines.set(rule, evaluator.lines);
  }
  if (onConsole !== undefined && lines.size > 0) {
    const silenced = new Set<number>();
    states.values.forEach((state, rule) => {
      const namespace = ruleField(image, rule, 'namespace');
      if (silenced.has(namespace)) return;
      for (const line of lines.get(rule) ?? []) onConsole(line);
      // The reference stops at a global rule that does not hold, so the rules behind it say nothing.
      if (state !== STATE.true && hasRuleFlag(image, rule, 'global')) silenced.add(namespace);
    });
  }
  states.applyGlobals();
  return { reasons, evaluations };
}

async function fetchNeed(need: Need, evidence: Evidence, abortSignal: AbortSignal | undefined): Promise<void> {
  if (need.kind === 'page') await evidence.pages.fetch(need.offset);
  else if (need.kind === 'range') {
    await evidence.ranges.compute(need.computation, need.offset, need.length, abortSignal);
  }
}

/**
 * Which rules are false on every object in which none of their patterns matches? Most are, and a scan then never evaluates
 * them. Found by evaluating each condition once for an object of which nothing is known but that no pattern matches.
 */
import { PATTERN_FIELDS, RULE_FIELDS, type RuleImage } from '../bundle/image.ts';
import { hasRuleFlag } from '../bundle/loaded-rules.ts';
import { Evaluator, STATE, type Evidence } from '../scan/evaluator.ts';
import { MatchStore } from '../scan/match-store.ts';
import { Pages } from '../scan/pages.ts';
import { Ranges } from '../scan/ranges.ts';
import { DEFAULT_LIMITS } from '../scan/settings.ts';

/** A condition that takes longer is evaluated in every scan. */
const STEPS_PER_RULE = 10_000;

export function findRulesThatNeedAMatch(image: RuleImage): number[] {
  const ruleCount = image.rules.length / RULE_FIELDS;
  const noMatches = new MatchStore(image.patterns.length / PATTERN_FIELDS, { keep: () => 0, matchBytes: 0 });
  const pages = new Pages(false, undefined, DEFAULT_LIMITS);
  const evidence: Evidence = {
    store: noMatches,
    pages,
    ranges: new Ranges(pages),
    size: undefined,
    areMatchesComplete: true,
    isFinal: false,
    settledTo: 0,
    externals: undefined,
    ruleStates: new Uint8Array(ruleCount),
    now: undefined,
  };
  const rules: number[] = [];
  const evaluator = new Evaluator(image, STEPS_PER_RULE, evidence);
  for (let rule = 0; rule < ruleCount; rule++) {
    if (hasRuleFlag(image, rule, 'hasEffect')) continue;
    evaluator.steps = 0;
    if (evaluator.evaluate(rule, evidence) === STATE.false) rules.push(rule);
  }
  return rules;
}

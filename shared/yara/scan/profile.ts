/**
 * What a scan spent where: per pattern what the filter offered, what was looked at closely and how long that took, per rule its
 * condition. Kept only by a scan that is asked for it (`ScanOptions.profile`): a look at the clock costs as much as what it measures,
 * so times are to be compared with each other and not with those of other scans.
 */
import { PATTERN, PATTERN_FIELDS, PATTERN_KINDS, RULE_FIELDS, textOf, type RuleImage } from '../bundle/image.ts';
import { patternField } from '../bundle/loaded-rules.ts';
import { patternOfTarget } from './chains.ts';
import { ruleNames } from './report.ts';
import type { PatternProfile, RuleProfile, ScanProfile } from './scan-result.ts';

const host = globalThis as unknown as { readonly performance: { now(): number } };

export class Profile {
  readonly #image: RuleImage;
  readonly #candidates: Float64Array;
  readonly #verifications: Float64Array;
  readonly #patternMs: Float64Array;
  readonly #evaluations: Float64Array;
  readonly #ruleMs: Float64Array;
  #filterMs = 0;
  #gatesMs = 0;

  constructor(image: RuleImage) {
    const patternCount = image.patterns.length / PATTERN_FIELDS;
    const ruleCount = image.rules.length / RULE_FIELDS;
    this.#image = image;
    this.#candidates = new Float64Array(patternCount);
    this.#verifications = new Float64Array(patternCount);
    this.#patternMs = new Float64Array(patternCount);
    this.#evaluations = new Float64Array(ruleCount);
    this.#ruleMs = new Float64Array(ruleCount);
  }

  now(): number {
    return host.performance.now();
  }

  /** The filter named a place for the target (a pattern, or `~piece`), of which `isVerified` says whether more was done. */
  candidate(target: number, isVerified: boolean, ms: number): void {
    const pattern = patternOfTarget(this.#image, target);
    this.#candidates[pattern]!++;
    if (isVerified) this.#verifications[pattern]!++;
    this.#patternMs[pattern]! += ms;
  }

  /** An automaton looked at bytes for the target. */
  verification(target: number, ms: number): void {
    const pattern = patternOfTarget(this.#image, target);
    this.#verifications[pattern]!++;
    this.#patternMs[pattern]! += ms;
  }

  evaluation(rule: number, ms: number): void {
    this.#evaluations[rule]!++;
    this.#ruleMs[rule]! += ms;
  }

  filter(ms: number): void {
    this.#filterMs += ms;
  }

  gates(ms: number): void {
    this.#gatesMs += ms;
  }

  /** Rules and patterns with which something was done, in the order of declaration. */
  result(): ScanProfile {
    const rules: RuleProfile[] = [];
    const patternsOf = this.#patternsByRule();
    for (let rule = 0; rule < this.#evaluations.length; rule++) {
      const patterns = patternsOf.get(rule) ?? [];
      if (patterns.length === 0 && this.#evaluations[rule] === 0) continue;
      rules.push({
        ...ruleNames(this.#image, rule),
        evaluations: this.#evaluations[rule]!,
        evaluationMs: this.#ruleMs[rule]!,
        patterns,
      });
    }
    return { filterMs: this.#filterMs, gatesMs: this.#gatesMs, rules };
  }

  #patternsByRule(): ReadonlyMap<number, readonly PatternProfile[]> {
    const byRule = new Map<number, PatternProfile[]>();
    for (let pattern = 0; pattern < this.#candidates.length; pattern++) {
      if (this.#candidates[pattern] === 0 && this.#verifications[pattern] === 0) continue;
      const rule = patternField(this.#image, pattern, 'rule');
      if (!byRule.has(rule)) byRule.set(rule, []);
      byRule.get(rule)!.push({
        identifier: textOf(this.#image, patternField(this.#image, pattern, 'identifier')),
        kind: PATTERN_KINDS[this.#image.patterns[pattern * PATTERN_FIELDS + PATTERN.kind]!]!,
        candidates: this.#candidates[pattern]!,
        verifications: this.#verifications[pattern]!,
        ms: this.#patternMs[pattern]!,
      });
    }
    return byRule;
  }
}

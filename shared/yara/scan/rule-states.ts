/** What is known of each rule in one scan, and which rules are worth evaluating when. */
import { PATTERN, PATTERN_FIELDS, RULE_FIELDS, type RuleImage } from '../bundle/image.ts';
import { hasRuleFlag, ruleField } from '../bundle/loaded-rules.ts';
import { STATE } from './evaluator.ts';
import type { MatchStore } from './match-store.ts';
import type { RuleLists } from './rule-lists.ts';

export class RuleStates {
  readonly #image: RuleImage;
  readonly #lists: RuleLists;
  /** One of `STATE` per rule. */
  readonly values: Uint8Array;
  /** Patterns of the store's list of touched ones that were taken into account. */
  #patternsSeen = 0;
  #hasLooked = false;

  constructor(image: RuleImage, lists: RuleLists) {
    this.#image = image;
    this.#lists = lists;
    this.values = new Uint8Array(image.rules.length / RULE_FIELDS);
  }

  settle(rule: number, state: number): void {
    this.values[rule] = state;
  }

  reset(): void {
    this.values.fill(STATE.unknown);
    this.#patternsSeen = 0;
    this.#hasLooked = false;
  }

  /** Patterns of the store's list that were taken into account: with `values` all there is to save. */
  get patternsSeen(): number {
    return this.#patternsSeen;
  }

  restore(values: Uint8Array, patternsSeen: number, hasLooked: boolean): void {
    this.values.set(values);
    this.#patternsSeen = patternsSeen;
    this.#hasLooked = hasLooked;
  }

  /** Rules that are not settled, and those that are true. */
  get open(): number {
    let open = 0;
    for (const state of this.values) if (state !== STATE.false) open++;
    return open;
  }

  /** True when every rule is known to be false. */
  get isHopeless(): boolean {
    return this.values.every((state) => state === STATE.false);
  }

  /**
   * Unsettled rules of which something was learnt since the last call: those with a new match, and at first those that may
   * be true without any. Gates have said the rest of those that need one.
   */
  toLookAt(store: MatchStore): number[] {
    const touched = store.touched();
    const rules = new Set(this.#hasLooked ? [] : this.#lists.matchless);
    for (let at = this.#patternsSeen; at < touched.length; at++) rules.add(this.#ruleOf(touched[at]!));
    this.#hasLooked = true;
    this.#patternsSeen = touched.length;
    return [...rules]
      .filter((rule) => this.values[rule] === STATE.unknown && !hasRuleFlag(this.#image, rule, 'hasEffect'))
      .sort((a, b) => a - b);
  }

  /** The rules left to evaluate at the end; those that cannot be true without a match, and surely have none, are settled here. */
  unsettled(store: MatchStore): number[] {
    const { needsMatch } = this.#lists;
    const hasMatch = new Uint8Array(this.values.length);
    for (const pattern of store.touched()) hasMatch[this.#ruleOf(pattern)] = 1;
    for (const pattern of store.unknown()) hasMatch[this.#ruleOf(pattern)] = 1;
    const rules: number[] = [];
    for (let rule = 0; rule < this.values.length; rule++) {
      if (this.values[rule] !== STATE.unknown) continue;
      if (hasMatch[rule] === 0 && needsMatch[rule] === 1) this.values[rule] = STATE.false;
      else rules.push(rule);
    }
    return rules;
  }

  /** A global rule that is not true silences the rules of its namespace; an undecided one makes the true ones undecided. */
  applyGlobals(): void {
    applyGlobals(this.#image, this.#lists, this.values);
  }

  #ruleOf(pattern: number): number {
    return this.#image.patterns[pattern * PATTERN_FIELDS + PATTERN.rule]!;
  }
}

/** What global rules do to `values`, one of `STATE` per rule; one that is not settled counts as undecided. */
export function applyGlobals(image: RuleImage, { globals }: RuleLists, values: Uint8Array): void {
  const worst = new Map<number, number>();
  for (const rule of globals) {
    const state = values[rule]!;
    if (state === STATE.true) continue;
    const namespace = ruleField(image, rule, 'namespace');
    if (worst.get(namespace) !== STATE.false) worst.set(namespace, state);
  }
  if (worst.size === 0) return;
  values.forEach((state, rule) => {
    const silencer = worst.get(ruleField(image, rule, 'namespace'));
    if (silencer === STATE.false) values[rule] = STATE.false;
    else if (silencer !== undefined && state === STATE.true) values[rule] = STATE.undecided;
  });
}

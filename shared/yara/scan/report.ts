/** Turns what the store holds, and what is known of rules, into the parts of a result. */
import { PATTERN_KINDS, textOf, type RuleImage } from '../bundle/image.ts';
import { hasPatternFlag, metaOf, patternField, ruleField, tagsOf } from '../bundle/loaded-rules.ts';
import { STATE } from './evaluator.ts';
import type { MatchStore } from './match-store.ts';
import type { PatternMatch, PatternMatches, RuleMatch, UndecidedRule } from './scan-result.ts';
import { EVIDENCE_MATCHES } from './settings.ts';

export function ruleNames(image: RuleImage, rule: number): { rule: string; namespace: string } {
  return {
    rule: textOf(image, ruleField(image, rule, 'name')),
    namespace: textOf(image, ruleField(image, rule, 'namespace')),
  };
}

export function reportMatches(
  image: RuleImage,
  store: MatchStore,
  rules: readonly number[],
  report: 'all' | 'evidence',
  matchesPerPattern: number,
  isComplete: boolean,
): RuleMatch[] {
  const listed = report === 'all' ? matchesPerPattern : Math.min(EVIDENCE_MATCHES, matchesPerPattern);
  return rules.map((rule) => {
    const patterns: PatternMatches[] = [];
    const first = ruleField(image, rule, 'firstPattern');
    for (let pattern = first; pattern < first + ruleField(image, rule, 'patternCount'); pattern++) {
      if (!hasPatternFlag(image, pattern, 'private'))
        patterns.push(patternMatches(image, store, pattern, report, listed, isComplete));
    }
    return { ...ruleNames(image, rule), tags: tagsOf(image, rule), meta: metaOf(image, rule), patterns };
  });
}

function patternMatches(
  image: RuleImage,
  store: MatchStore,
  pattern: number,
  report: 'all' | 'evidence',
  listed: number,
  isComplete: boolean,
): PatternMatches {
  const shown = Math.min(store.stored(pattern), listed);
  const count = store.count(pattern);
  const matches = new Array<PatternMatch>(shown);
  // There may be a million.
  for (let index = 0; index < shown; index++) {
    const offset = store.offset(pattern, index);
    const length = store.length(pattern, index);
    const xorKey = store.xorKey(pattern, index);
    matches[index] = xorKey === undefined ? { offset, length } : { offset, length, xorKey };
  }
  return {
    identifier: textOf(image, patternField(image, pattern, 'identifier')),
    kind: PATTERN_KINDS[patternField(image, pattern, 'kind')]!,
    matches,
    count,
    countIsExact: isComplete && (report === 'all' || hasPatternFlag(image, pattern, 'needsCount')),
    isTruncated: shown < count,
  };
}

/** Of `states`, one per rule, those that are undecided; `reasons` has why, where it is not for a global rule. */
export function reportUndecided(
  image: RuleImage,
  states: Uint8Array,
  reasons: ReadonlyMap<number, string>,
): UndecidedRule[] {
  const undecided: UndecidedRule[] = [];
  states.forEach((state, rule) => {
    if (state !== STATE.undecided) return;
    const reason = reasons.get(rule) ?? 'global';
    undecided.push({ ...ruleNames(image, rule), reason, detail: explain(reason) });
  });
  return undecided;
}

function explain(reason: string): string {
  if (reason.startsWith('limit:')) return `the bound ${reason.slice(6)} was met before the condition could be decided`;
  switch (reason) {
    case 'unseekable':
      return 'the condition reads bytes that were no longer held, and the source cannot be read at other places';
    case 'rule':
      return 'a rule it refers to is undecided';
    default:
      return 'a global rule of its namespace is undecided';
  }
}

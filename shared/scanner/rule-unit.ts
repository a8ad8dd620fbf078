/**
 * What objects are scanned with: rules, exclusions and policies that were made together and are only ever used together. They come
 * from the files of the app's package, or from a release (`rule-release.ts`). One of them that cannot be used makes all of it
 * useless: half of a release would be rules with the wrong exclusions.
 */
import { decodeExclusions } from '../exclusions/compiled-exclusions.ts';
import { ExclusionSet } from '../exclusions/exclusion-set.ts';
import { idlePolicies, loadExclusions, loadPolicies } from './beside-rules.ts';
import type { Policy } from './policies.ts';
import { decodePolicies } from './policy-file.ts';
import type { RuleRelease } from './rule-release.ts';
import { ReleaseFault } from './rule-release.ts';
import type { RuleSet } from './rule-set.ts';
import { decodeBundle, loadRuleSet, ruleSetOf } from './rule-set.ts';

export interface RuleUnit {
  readonly ruleSet: RuleSet;
  readonly exclusions: ExclusionSet;
  readonly policies: readonly Policy[];
  /** Of the release; undefined for the files of the package. */
  readonly releaseDigest: string | undefined;
}

/**
 * The bundle at `path` with what stands beside it, but for parts that are given. Rejects with `RulesUnavailableError`,
 * `ExclusionsUnavailableError` or `PoliciesUnavailableError`.
 */
export async function loadRuleUnit(path: string, given: Partial<RuleUnit> = {}): Promise<RuleUnit> {
  const ruleSet = given.ruleSet ?? (await loadRuleSet(path));
  const exclusions = given.exclusions ?? (await loadExclusions(path));
  const policies = given.policies ?? (await loadPolicies(path, ruleSet.rules.rules));
  return { ruleSet, exclusions, policies, releaseDigest: undefined };
}

/** Throws `ReleaseFault` when any part is damaged, of another version, or of no use. `loadedFrom` is only told. */
export function unitOfRelease(release: RuleRelease, loadedFrom: string): RuleUnit {
  const rules = attempt('rules', () => decodeBundle(release.rules));
  if (rules.rules.length === 0) throw new ReleaseFault('it holds no rule');
  const exclusions = attempt('exclusions', () => new ExclusionSet(decodeExclusions(release.exclusions)));
  const policies = attempt('policies', () => decodePolicies(release.policies));
  const [idle] = idlePolicies(policies, rules.rules);
  if (idle !== undefined) throw new ReleaseFault(`its policy ${idle.name} leaves no rule to scan with`);
  return { ruleSet: ruleSetOf(rules, loadedFrom), exclusions, policies, releaseDigest: release.digest };
}

function attempt<T>(part: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReleaseFault(`its ${part} cannot be used: ${why}`, { cause });
  }
}

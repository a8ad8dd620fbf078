/**
 * Policies decide, before an object is scanned, whether it is and with which rules. They are tried in their order, and the first
 * whose every condition holds decides; where none does, the object is scanned with all rules. What a policy leaves out is
 * recorded: a skipped object as `skipped: policy:NAME`, fewer rules in the scan's detail and in its ScanId.
 *
 * A prefix, a suffix and, by padding, a size are chosen by whoever uploads: a policy that skips by those alone can be walked into.
 */
import { sha256Hex } from '../base/digest.ts';

export interface Policy {
  /** Stands in rows, so it never changes its meaning. */
  readonly name: string;
  readonly description: string | undefined;
  readonly when: PolicyConditions;
  readonly action: PolicyAction;
}

/** Every condition that is there must hold; of several values of one, any. */
export interface PolicyConditions {
  readonly account?: readonly string[];
  /** Whole names; one that ends in `*` stands for all that begin so. */
  readonly container?: readonly string[];
  /** Of the object's name; upper and lower case differ, as they do in storage. */
  readonly prefix?: readonly string[];
  /** Of the object's name, in any case. */
  readonly suffix?: readonly string[];
  /** In bytes. */
  readonly size?: PolicyRange;
  /** Milliseconds since the object was last written. */
  readonly age?: PolicyRange;
}

export interface PolicyRange {
  /** More than this. */
  readonly over?: number;
  /** Less than this. */
  readonly under?: number;
}

export type PolicyAction =
  | { readonly kind: 'skip' }
  | { readonly kind: 'scan' }
  /** Only rules that have one of the tags, where tags are given, and stand in one of the namespaces, where those are. */
  | { readonly kind: 'limit'; readonly tags: readonly string[]; readonly namespaces: readonly string[] };

/** What policies look at. */
export interface PolicyFacts {
  readonly account: string;
  readonly container: string;
  readonly objectName: string;
  readonly sizeInBytes: number;
  readonly lastModified: Date;
}

export type PolicyDecision =
  | { readonly kind: 'scan'; readonly policy: Policy | undefined }
  | { readonly kind: 'skip'; readonly policy: Policy }
  | { readonly kind: 'limit'; readonly policy: Policy; readonly limit: RuleLimit };

/** The rules that a policy lets be asked. */
export interface RuleLimit {
  readonly policy: string;
  readonly tags: readonly string[];
  readonly namespaces: readonly string[];
  /** Two limits that ask the same rules for have the same digest. */
  readonly digest: string;
}

/** The first policy that holds decides. O(policies × values). */
export function decidePolicy(policies: readonly Policy[], facts: PolicyFacts, now: Date): PolicyDecision {
  const policy = policies.find(({ when }) => failedConditions(when, facts, now).length === 0);
  if (policy === undefined) return { kind: 'scan', policy: undefined };
  return policy.action.kind === 'limit'
    ? { kind: 'limit', policy, limit: limitOf(policy.name, policy.action) }
    : { kind: policy.action.kind, policy };
}

/** The names of the conditions that do not hold, in their order. */
export function failedConditions(when: PolicyConditions, facts: PolicyFacts, now: Date): (keyof PolicyConditions)[] {
  const ageInMs = now.getTime() - facts.lastModified.getTime();
  const holds: Readonly<Record<keyof PolicyConditions, boolean>> = {
    account: when.account?.includes(facts.account) ?? true,
    container: when.container?.some((pattern) => isNamed(facts.container, pattern)) ?? true,
    prefix: when.prefix?.some((prefix) => facts.objectName.startsWith(prefix)) ?? true,
    suffix: when.suffix?.some((suffix) => facts.objectName.toLowerCase().endsWith(suffix.toLowerCase())) ?? true,
    size: isWithin(facts.sizeInBytes, when.size),
    age: isWithin(ageInMs, when.age),
  };
  return (Object.keys(holds) as (keyof PolicyConditions)[]).filter((name) => !holds[name]);
}

/** Whether a rule is asked under the limit. */
export function isAsked(
  { tags, namespaces }: Pick<RuleLimit, 'tags' | 'namespaces'>,
  rule: { readonly namespace: string; readonly tags: readonly string[] },
): boolean {
  const hasTag = tags.length === 0 || rule.tags.some((tag) => tags.includes(tag));
  return hasTag && (namespaces.length === 0 || namespaces.includes(rule.namespace));
}

function limitOf(policy: string, action: Extract<PolicyAction, { kind: 'limit' }>): RuleLimit {
  const { tags, namespaces } = action;
  const digest = sha256Hex(['rule limit', [...tags].sort().join(), [...namespaces].sort().join()]);
  return { policy, tags, namespaces, digest };
}

function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function isWithin(value: number, range: PolicyRange = {}): boolean {
  const { over = -Infinity, under = Infinity } = range;
  return value > over && value < under;
}

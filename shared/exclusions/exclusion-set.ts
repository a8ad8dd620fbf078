/**
 * All exclusions that a process works with, and what they make of one finding. A finding is marked, never dropped: the mark
 * names the exclusion and what it rests on.
 *
 * An exclusion rests on claims when what the uploader wrote, or left out, is enough for it: it holds where nothing measured is
 * known, and what is measured does not decide it whatever the uploader writes. Its owner may vouch for the claims with
 * `trustClaims`.
 */
import { sha256Hex } from '../base/digest.ts';
import { evaluate } from './evaluate.ts';
import type { FieldValues } from './evaluate.ts';
import type { Decision, Exclusion } from './exclusion-file.ts';
import { familyOf, fieldOf } from './fields.ts';
import { fieldsOf } from './filter-ast.ts';
import { truthOf } from './truth.ts';

export interface ExclusionMark {
  /** Id of the exclusion. */
  readonly exclusion: string;
  readonly basis: 'trusted' | 'claimed';
}

export interface FindingFacts {
  readonly rule: string;
  readonly namespace: string;
  readonly values: FieldValues;
  /**
   * Fields and families (`tags`) that could not be learnt. An exclusion that asks for one of them does not hold: what is not
   * known must not set a finding aside.
   */
  readonly unlearnt: ReadonlySet<string>;
  readonly now: Date;
}

export class ExclusionSet {
  /** In the order of their ids. */
  readonly exclusions: readonly Exclusion[];
  /** The same exclusions have the same digest; empty when there are none. Lower-case hex. */
  readonly digest: string;
  readonly #fields: ReadonlyMap<Exclusion, readonly string[]>;

  constructor(exclusions: readonly Exclusion[]) {
    this.exclusions = [...exclusions].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.digest = exclusions.length === 0 ? '' : sha256Hex(this.exclusions.flatMap(digestParts));
    this.#fields = new Map(this.exclusions.map((exclusion) => [exclusion, askedFields(exclusion.decision)]));
  }

  /** Whether any exclusion asks for a field of the family, such as `tags`. */
  asksFor(family: string): boolean {
    return [...this.#fields.values()].flat().some((field) => familyOf(field) === family);
  }

  /** The mark of the first exclusion that holds, one that rests on more than claims before one that does not. */
  mark(facts: FindingFacts): ExclusionMark | undefined {
    let claimed: ExclusionMark | undefined;
    for (const exclusion of this.exclusions) {
      if (!coversRule(exclusion, facts) || isExpired(exclusion, facts.now)) continue;
      if (this.#fields.get(exclusion)!.some((field) => isUnlearnt(field, facts.unlearnt))) continue;
      if (!excludes(exclusion.decision, facts.values)) continue;
      const mark = { exclusion: exclusion.id, basis: basisOf(exclusion, facts.values) };
      if (mark.basis === 'trusted') return mark;
      claimed ??= mark;
    }
    return claimed;
  }

  /**
   * The claims that bear on a finding of the rule, by field: all that is said of a process, and every metadata entry and tag
   * that an exclusion for the rule asks for. The object's name is left out, since it has a column of its own.
   */
  claims(rule: { readonly rule: string; readonly namespace: string }, values: FieldValues): [string, string][] {
    const asked = new Set(
      this.exclusions
        .filter((exclusion) => coversRule(exclusion, rule))
        .flatMap((exclusion) => this.#fields.get(exclusion)!),
    );
    return [...values]
      .filter(([name]) => name.startsWith('process.') || (asked.has(name) && familyOf(name) !== undefined))
      .map(([name, value]) => [name, String(value)]);
  }
}

/** Whether the exclusion is meant for findings of this rule. */
export function coversRule(
  { rules }: Pick<Exclusion, 'rules'>,
  { rule, namespace }: { readonly rule: string; readonly namespace: string },
): boolean {
  return rules.some((pattern) => {
    const colon = pattern.indexOf(':');
    const name = pattern.slice(colon + 1);
    return (colon < 0 || pattern.slice(0, colon) === namespace) && (name === '*' || name === rule);
  });
}

/** An exclusion holds to the end of its last day, UTC. */
export function isExpired({ expiry }: Pick<Exclusion, 'expiry'>, now: Date): boolean {
  return expiry !== undefined && now.getTime() >= firstMomentAfter(expiry).getTime();
}

export function firstMomentAfter(day: string): Date {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000);
}

/** Whether the decision sets a finding with these values aside. */
export function excludes(decision: Decision, values: FieldValues): boolean {
  switch (decision.kind) {
    case 'filter':
      return !evaluate(decision.filter, values);
    case 'excludeWhen':
      return evaluate(decision.filter, values);
    case 'sha256': {
      const hash = values.get('object.sha256');
      return typeof hash === 'string' && decision.hashes.has(hash.toLowerCase());
    }
  }
}

/** What an exclusion that holds for these values rests on. */
export function basisOf({ decision, trustClaims }: Exclusion, values: FieldValues): ExclusionMark['basis'] {
  if (trustClaims || decision.kind === 'sha256') return 'trusted';
  const isFixed = (field: string): boolean => fieldOf(field)?.origin !== 'claimed';
  const whateverIsClaimed = truthOf(decision.filter, { isFixed, values });
  if (whateverIsClaimed === (decision.kind === 'filter' ? 'never' : 'always')) return 'trusted';
  return excludes(decision, withoutMeasured(values)) ? 'claimed' : 'trusted';
}

/** The fields that a decision asks for, each once. */
export function askedFields(decision: Decision): string[] {
  return decision.kind === 'sha256' ? ['object.sha256'] : fieldsOf(decision.filter);
}

function withoutMeasured(values: FieldValues): FieldValues {
  return new Map([...values].filter(([name]) => fieldOf(name)?.origin !== 'measured'));
}

function isUnlearnt(field: string, unlearnt: ReadonlySet<string>): boolean {
  const family = familyOf(field);
  return unlearnt.has(field) || (family !== undefined && unlearnt.has(family));
}

function digestParts({ id, rules, expiry, decision, trustClaims }: Exclusion): (string | undefined)[] {
  const decided = decision.kind === 'sha256' ? [...decision.hashes].sort().join() : decision.text;
  return [id, rules.join(), expiry, String(trustClaims), decision.kind, decided];
}

/** A scan as if there were no other rules than those that are asked for: by a policy, or by options of a command. */
import type { CompiledRules, RuleInfo } from '../yara/index.ts';
import type { ObjectScan } from './scan-object.ts';

type NamedRule = Pick<RuleInfo, 'rule' | 'namespace'>;

/** The rules among those compiled that a test picks. */
export class AskedRules {
  readonly count: number;
  readonly #names: ReadonlySet<string>;

  constructor(rules: CompiledRules, isAsked: (rule: RuleInfo) => boolean) {
    const asked = rules.rules.filter(isAsked);
    this.count = asked.length;
    this.#names = new Set(asked.map(nameOf));
  }

  readonly has = (rule: NamedRule): boolean => this.#names.has(nameOf(rule));

  /** Matches, evidence and undecided rules of others are left out. */
  only(scan: ObjectScan): ObjectScan {
    if (scan.result === undefined) return scan;
    const { matches, undecided } = scan.result;
    return {
      ...scan,
      evidence: scan.evidence.filter((_, index) => this.has(matches[index]!)),
      result: { ...scan.result, matches: matches.filter(this.has), undecided: undecided.filter(this.has) },
    };
  }
}

function nameOf({ rule, namespace }: NamedRule): string {
  return `${namespace}:${rule}`;
}

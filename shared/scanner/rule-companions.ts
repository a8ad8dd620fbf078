/**
 * What stands in a rule folder beside the rules: `exclusions/*.yaml` and `policies.yaml`. A folder without them has no
 * exclusions and no policies; one with a fault in them is not used.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SluiceError } from '../base/errors.ts';
import type { Exclusion } from '../exclusions/exclusion-file.ts';
import { readExclusions, readText } from '../exclusions/read-folder.ts';
import type { Remark } from '../exclusions/remark.ts';
import type { RuleInfo } from '../yara/index.ts';
import { idlePolicies } from './beside-rules.ts';
import type { Policy } from './policies.ts';
import { readPolicies } from './policy-file.ts';

/** The file of policies has errors; `remarks` holds all of them. */
export class PoliciesInvalidError extends SluiceError {
  readonly code = 'POLICIES_INVALID';
  readonly remarks: readonly Remark[];

  constructor(message: string, where: string, remarks: readonly Remark[] = []) {
    super(message, { where, hint: 'rules/README.md says what a policy may hold' });
    this.remarks = remarks;
  }
}

export interface RuleCompanions {
  readonly exclusions: readonly Exclusion[];
  readonly policies: readonly Policy[];
}

/**
 * Reads both; `shownAs` stands for the folder in what is said of them. Throws `ExclusionsInvalidError` (EXCLUSIONS_INVALID),
 * `PoliciesInvalidError` (POLICIES_INVALID), also for a policy that leaves none of the rules, or `ExclusionFileError`.
 */
export function readRuleCompanions(folder: string, shownAs: string, rules: readonly RuleInfo[]): RuleCompanions {
  const exclusions = path.join(folder, 'exclusions');
  const shownExclusions = path.posix.join(shownAs, 'exclusions');
  return {
    exclusions: existsSync(exclusions)
      ? readExclusions(exclusions, shownExclusions).map(({ exclusion }) => exclusion)
      : [],
    policies: readPolicyFile(path.join(folder, 'policies.yaml'), path.posix.join(shownAs, 'policies.yaml'), rules),
  };
}

/** No policies where there is no such file. */
export function readPolicyFile(file: string, shownAs: string, rules: readonly RuleInfo[]): readonly Policy[] {
  if (!existsSync(file)) return [];
  const { policies, remarks } = readPolicies(readText(file, shownAs), shownAs);
  if (policies === undefined) {
    throw new PoliciesInvalidError(remarks.map(({ rendered }) => rendered).join('\n\n'), shownAs, remarks);
  }
  const [idle] = idlePolicies(policies, rules);
  if (idle === undefined) return policies;
  throw new PoliciesInvalidError(
    `policy ${idle.name} leaves no rule to scan with: look at its tags and namespaces`,
    shownAs,
  );
}

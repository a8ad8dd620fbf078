/**
 * The two files that `sluice rules build` writes beside the bundle, and that a service loads with it: the exclusions and the
 * policies. One that is missing or damaged is an error at start: without exclusions everything would be raised, and without
 * policies what was to be left alone would be read.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { decodeExclusions } from '../exclusions/compiled-exclusions.ts';
import { ExclusionSet } from '../exclusions/exclusion-set.ts';
import type { RuleInfo } from '../yara/index.ts';
import type { Policy } from './policies.ts';
import { isAsked } from './policies.ts';
import { decodePolicies } from './policy-file.ts';
import { appRoot } from './rule-set.ts';

/** There are no usable exclusions beside the rules. */
export class ExclusionsUnavailableError extends SluiceError {
  readonly code = 'EXCLUSIONS_UNAVAILABLE';
}

/** There are no usable policies beside the rules. */
export class PoliciesUnavailableError extends SluiceError {
  readonly code = 'POLICIES_UNAVAILABLE';
}

/** `dist/rules.sluice` has `dist/rules.exclusions.json` and `dist/rules.policies.json` beside it. */
export function pathBeside(bundle: string, kind: 'exclusions' | 'policies'): string {
  return `${bundle.replace(/\.sluice$/, '')}.${kind}.json`;
}

/** A relative path of the bundle counts from the app's root. Rejects with `ExclusionsUnavailableError`. */
export async function loadExclusions(bundle: string): Promise<ExclusionSet> {
  const path = pathBeside(resolve(appRoot(), bundle), 'exclusions');
  try {
    return new ExclusionSet(decodeExclusions(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new ExclusionsUnavailableError(
      `${path}: the exclusions cannot be used: ${whyOf(cause)}`,
      details(path, cause),
    );
  }
}

/** `rules` are those the policies pick from. Rejects with `PoliciesUnavailableError`. */
export async function loadPolicies(bundle: string, rules: readonly RuleInfo[]): Promise<readonly Policy[]> {
  const path = pathBeside(resolve(appRoot(), bundle), 'policies');
  try {
    const policies = decodePolicies(await readFile(path, 'utf8'));
    const [idle] = idlePolicies(policies, rules);
    if (idle !== undefined) throw new Error(`policy ${idle.name} leaves no rule to scan with`);
    return policies;
  } catch (cause) {
    throw new PoliciesUnavailableError(`${path}: the policies cannot be used: ${whyOf(cause)}`, details(path, cause));
  }
}

/** Policies under which no rule would be asked, so that everything would be called clean. */
export function idlePolicies(policies: readonly Policy[], rules: readonly RuleInfo[]): Policy[] {
  return policies.filter(({ action }) => action.kind === 'limit' && !rules.some((rule) => isAsked(action, rule)));
}

function whyOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
}

function details(where: string, cause: unknown) {
  return { where, hint: 'write it with `npm run rules`, which compiles the rules too', cause };
}

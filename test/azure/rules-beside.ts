/** A bundle as the app loads it, with the files that stand beside it. */
import { writeFile } from 'node:fs/promises';
import { encodeExclusions } from '../../shared/exclusions/compiled-exclusions.ts';
import type { Exclusion } from '../../shared/exclusions/exclusion-file.ts';
import { pathBeside } from '../../shared/scanner/beside-rules.ts';
import type { Policy } from '../../shared/scanner/policies.ts';
import { encodePolicies } from '../../shared/scanner/policy-file.ts';
import { encodeRules } from '../../shared/yara/index.ts';
import type { CompiledRules } from '../../shared/yara/index.ts';

export async function writeRules(
  bundle: string,
  rules: CompiledRules,
  exclusions: readonly Exclusion[] = [],
  policies: readonly Policy[] = [],
): Promise<void> {
  await writeFile(bundle, encodeRules(rules));
  await writeFile(pathBeside(bundle, 'exclusions'), encodeExclusions(exclusions));
  await writeFile(pathBeside(bundle, 'policies'), encodePolicies(policies));
}

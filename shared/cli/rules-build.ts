/**
 * `sluice rules build`: rule files become the bundle that the service loads, and the exclusions and policies beside them the
 * files beside it. All of it depends on the files alone: neither on the folder it is built in nor on where the rules lie.
 */
import path from 'node:path';
import { encodeExclusions } from '../exclusions/compiled-exclusions.ts';
import { formatBytes } from '../local/print-results.ts';
import { pathBeside } from '../scanner/beside-rules.ts';
import { encodePolicies } from '../scanner/policy-file.ts';
import { encodeRelease, signRelease } from '../scanner/rule-release.ts';
import type { ReleaseParts } from '../scanner/rule-release.ts';
import { readRuleCompanions } from '../scanner/rule-companions.ts';
import { compileRuleFiles, readRuleFiles } from '../scanner/rule-files.ts';
import { appRoot } from '../scanner/rule-set.ts';
import { encodeRules } from '../yara/index.ts';
import type { Definition } from './definitions.ts';
import { valuesOf } from './definitions.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import { counted } from './print-scan.ts';
import { readKeyFile, writeRelease } from './rules-sign.ts';
import { renderDiagnostics } from './rules-check.ts';
import type { Terminal } from './terminal.ts';
import { writeWhole } from './write-whole.ts';

export interface BuildArguments {
  /** A folder or a file; the project's rules unless given. */
  readonly rules: string | undefined;
  /** Where the bundle goes; `dist/rules.sluice` of the project unless given. */
  readonly out: string | undefined;
  /** Where a release goes, if one is wanted. */
  readonly release?: string | undefined;
  /** File of the key that signs the release. */
  readonly key?: string | undefined;
  readonly define: readonly Definition[];
}

export async function runRulesBuild(args: BuildArguments, terminal: Terminal): Promise<number> {
  if (args.key !== undefined && args.release === undefined)
    throw new UsageError('--key signs a release: give --release');
  const place = path.resolve(args.rules ?? path.join(appRoot(), 'rules'));
  const target = args.out ?? shorter(path.join(appRoot(), 'dist', 'rules.sluice'));
  // Diagnostics are kept in the bundle, and must not say where on this machine the rules are.
  const files = readRuleFiles(place, path.basename(place));
  const rules = compileRuleFiles(files, valuesOf(args.define));
  if (rules.rules.length === 0) throw new UsageError(`no rules in ${args.rules ?? place}`);
  const { exclusions, policies } = readRuleCompanions(place, path.basename(place), rules.rules);
  if (rules.warnings.length > 0) terminal.err(`${renderDiagnostics(rules.warnings)}\n`);
  const bundle = encodeRules(rules);
  const beside = { exclusions: encodeExclusions(exclusions), policies: encodePolicies(policies) };
  const release = args.release === undefined ? undefined : makeRelease({ rules: bundle, ...beside }, args.key);
  await writeWhole(target, bundle);
  await writeWhole(pathBeside(target, 'exclusions'), beside.exclusions);
  await writeWhole(pathBeside(target, 'policies'), beside.policies);
  const counts = `${counted(rules.rules.length, 'rule')} from ${counted(files.length, 'file')}`;
  await terminal.out(
    `${target}: ${counts}, ${counted(rules.warnings.length, 'warning')}, ${formatBytes(bundle.length)}`,
  );
  await terminal.out(`digest ${rules.digest}`);
  const companions = `${counted(exclusions.length, 'exclusion')}, ${counted(policies.length, 'policy', 'policies')}`;
  await terminal.out(`beside it: ${companions}`);
  if (release !== undefined) await writeRelease(args.release!, release, terminal);
  return exitStatus.clean;
}

function makeRelease(parts: ReleaseParts, keyFile: string | undefined): Uint8Array {
  const release = encodeRelease(parts);
  return keyFile === undefined ? release : signRelease(release, readKeyFile(keyFile));
}

function shorter(place: string): string {
  const relative = path.relative('.', place);
  return relative.startsWith('..') ? place : relative;
}

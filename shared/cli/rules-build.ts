/**
 * `sluice rules build`: rule files become the bundle that the service loads, and the exclusions and policies beside them the
 * files beside it. All of it depends on the files alone: neither on the folder it is built in nor on where the rules lie.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { encodeExclusions } from '../exclusions/compiled-exclusions.ts';
import { formatBytes } from '../local/print-results.ts';
import { pathBeside } from '../scanner/beside-rules.ts';
import { encodePolicies } from '../scanner/policy-file.ts';
import { readRuleCompanions } from '../scanner/rule-companions.ts';
import { compileRuleFiles, readRuleFiles } from '../scanner/rule-files.ts';
import { appRoot } from '../scanner/rule-set.ts';
import { encodeRules } from '../yara/index.ts';
import type { Definition } from './definitions.ts';
import { valuesOf } from './definitions.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import { counted } from './print-scan.ts';
import { renderDiagnostics } from './rules-check.ts';
import type { Terminal } from './terminal.ts';

export interface BuildArguments {
  /** A folder or a file; the project's rules unless given. */
  readonly rules: string | undefined;
  /** Where the bundle goes; `dist/rules.sluice` of the project unless given. */
  readonly out: string | undefined;
  readonly define: readonly Definition[];
}

/** The bundle cannot be written. */
export class BundleWriteError extends SluiceError {
  readonly code = 'BUNDLE_UNWRITABLE';
}

export async function runRulesBuild(args: BuildArguments, terminal: Terminal): Promise<number> {
  const place = path.resolve(args.rules ?? path.join(appRoot(), 'rules'));
  const target = args.out ?? shorter(path.join(appRoot(), 'dist', 'rules.sluice'));
  // Diagnostics are kept in the bundle, and must not say where on this machine the rules are.
  const files = readRuleFiles(place, path.basename(place));
  const rules = compileRuleFiles(files, valuesOf(args.define));
  if (rules.rules.length === 0) throw new UsageError(`no rules in ${args.rules ?? place}`);
  const { exclusions, policies } = readRuleCompanions(place, path.basename(place), rules.rules);
  if (rules.warnings.length > 0) terminal.err(`${renderDiagnostics(rules.warnings)}\n`);
  const bundle = encodeRules(rules);
  await writeWhole(target, bundle);
  await writeWhole(pathBeside(target, 'exclusions'), encodeExclusions(exclusions));
  await writeWhole(pathBeside(target, 'policies'), encodePolicies(policies));
  const counts = `${counted(rules.rules.length, 'rule')} from ${counted(files.length, 'file')}`;
  await terminal.out(
    `${target}: ${counts}, ${counted(rules.warnings.length, 'warning')}, ${formatBytes(bundle.length)}`,
  );
  await terminal.out(`digest ${rules.digest}`);
  const companions = `${counted(exclusions.length, 'exclusion')}, ${counted(policies.length, 'policy', 'policies')}`;
  await terminal.out(`beside it: ${companions}`);
  return exitStatus.clean;
}

/** All of it or nothing: a scanner that loads the file meanwhile reads the old one or the new one. */
async function writeWhole(target: string, content: Uint8Array | string): Promise<void> {
  const draft = `${target}.${randomUUID()}.tmp`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new BundleWriteError(`the bundle cannot be written: ${target} (${why})`, { where: target, cause });
  }
}

function shorter(place: string): string {
  const relative = path.relative('.', place);
  return relative.startsWith('..') ? place : relative;
}

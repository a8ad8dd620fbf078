/**
 * Runs the offline checker of Bicep files against the official resource types. It is no part of the project: it stands
 * beside the checkout or where SLUICE_BICEP_CHECK says. Where it is not, the tests that need it are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './copy-infra.ts';

const checker = resolve(root, process.env.SLUICE_BICEP_CHECK ?? '../shared/tools/bicep-check/bicep-check.mjs');

/** Why Bicep cannot be checked here; undefined where it can. */
export const missingChecker = existsSync(checker)
  ? undefined
  : 'no bicep-check beside the checkout, and SLUICE_BICEP_CHECK names none';

/** One line per finding, warnings too; empty when the files are clean. */
export function checkBicep(folder: string, files: readonly string[]): string[] {
  const run = spawnSync(process.execPath, [checker, '--strict', ...files.map((file) => join(folder, file))], {
    cwd: folder,
    encoding: 'utf8',
  });
  const findings = run.stdout.split('\n').filter((line) => line !== '');
  if ((run.status === 0) !== (findings.length === 0)) {
    throw new Error(`bicep-check ended with ${run.status} and ${findings.length} findings: ${run.stderr}`);
  }
  return findings;
}

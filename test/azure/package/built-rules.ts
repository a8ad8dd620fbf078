/** The project's rules compiled by its own command into a folder, as `npm run rules` does into `dist`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Makes the folder, and gives its path back. Throws with what the command wrote when it fails. */
export function buildRules(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const command = [join(root, 'shared/cli/main.ts'), 'rules', 'build', '--out', join(folder, 'rules.sluice')];
  const run = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`the rules were not built: ${run.stderr}`);
  return folder;
}

/**
 * The rule files below a folder as sources for the compiler: every `*.yar` and `*.yara`, in the order of their paths, so
 * that the same folder always compiles to the same rules. Paths stand in diagnostics as a person would type them.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { RuleSource } from '../yara/index.ts';

/** Reads them all. `shownAs` is put before each path in diagnostics, such as `rules`. */
export function readRuleFiles(folder: string, shownAs: string): RuleSource[] {
  return globSync('**/*.{yar,yara}', { cwd: folder })
    .map((path) => path.replaceAll(sep, '/'))
    .sort()
    .map((path) => ({ text: readFileSync(join(folder, path)), name: `${shownAs}/${path}` }));
}

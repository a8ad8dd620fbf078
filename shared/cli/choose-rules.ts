/**
 * The rules a command works with: files and folders that are compiled here, or one bundle that is compiled already; without
 * any, the project's own.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { RuleFile } from '../scanner/rule-files.ts';
import { compileRuleFiles, readRuleFiles } from '../scanner/rule-files.ts';
import { appRoot, loadRuleSet } from '../scanner/rule-set.ts';
import type { CompiledRules, Externals } from '../yara/index.ts';
import type { Definition } from './definitions.ts';
import { valuesFor, valuesOf } from './definitions.ts';
import { UsageError } from './exit-status.ts';

export interface ChosenRules {
  readonly rules: CompiledRules;
  /** What they were compiled from; undefined for a bundle, which does not say. */
  readonly files: readonly RuleFile[] | undefined;
  /** As the user gave it. */
  readonly from: string;
  /** What `--define` gives, in the types that the rules declare. */
  readonly externals: Externals;
}

/** The first bytes of every bundle, whatever its version. */
const BUNDLE_MAGIC = 'SLUICERB';

/**
 * Rejects with a `RuleCompileError`, `RuleFileError`, `RulesUnavailableError` or `UsageError`: rules are used as a whole or
 * not at all.
 */
export async function chooseRules(
  places: readonly string[],
  definitions: readonly Definition[] = [],
): Promise<ChosenRules> {
  if (places.length === 0) return chooseRules([defaultRules()], definitions);
  const from = places.join(', ');
  const bundles = places.filter(isBundle);
  if (bundles.length === 0) {
    const files = readPlaces(places);
    const externals = valuesOf(definitions);
    const rules = compileRuleFiles(files, externals);
    if (rules.rules.length === 0) throw new UsageError(`no rules in ${from}`);
    return { rules, files, from, externals };
  }
  if (places.length > 1) {
    throw new UsageError(`a compiled bundle cannot be put together with other rules: ${bundles[0]!}`, {
      hint: 'compile all of them into one: sluice rules build --rules FOLDER --out FILE',
    });
  }
  const { rules } = await loadRuleSet(path.resolve(from));
  return { rules, files: undefined, from, externals: valuesFor(rules, definitions) };
}

/** The project's rule folder, or where that was not shipped its bundle, as seen from where the user is. */
export function defaultRules(): string {
  const folder = path.join(appRoot(), 'rules');
  const place = existsSync(folder) ? folder : path.join(appRoot(), 'dist', 'rules.sluice');
  const relative = path.relative('.', place);
  return relative === '' || relative.startsWith('..') ? place : relative;
}

/** The files of all places, each once. Throws a `UsageError` when there are none. */
export function readPlaces(places: readonly string[]): RuleFile[] {
  const byPath = new Map<string, RuleFile>();
  for (const file of places.flatMap((place) => readRuleFiles(place))) {
    if (!byPath.has(file.path)) byPath.set(file.path, file);
  }
  if (byPath.size === 0) {
    throw new UsageError(`no rule files in ${places.join(', ')}`, { hint: 'rule files are named *.yar or *.yara' });
  }
  return [...byPath.values()];
}

/** By name, or else by its first bytes: a damaged bundle must not be taken for the text of rules. */
function isBundle(place: string): boolean {
  if (/\.sluice$/i.test(place)) return true;
  if (/\.yara?$/i.test(place)) return false;
  const first = Buffer.alloc(BUNDLE_MAGIC.length);
  let handle: number | undefined;
  try {
    handle = openSync(place, 'r');
    readSync(handle, first, 0, first.length, 0);
  } catch {
    // A folder, or nothing that can be read: whoever reads it as rules says which.
    return false;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
  return first.toString('latin1') === BUNDLE_MAGIC;
}

/**
 * The rules a process scans with: the bundle that `npm run rules` compiled, read once and decoded. Nothing is parsed or
 * compiled here. A bundle that is missing, damaged or empty is an error at start and never a scan that finds nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import type { CompiledRules } from '../yara/index.ts';
import { decodeRules } from '../yara/index.ts';

export interface RuleSet {
  readonly rules: CompiledRules;
  /** The same rules have the same digest, wherever they were compiled. */
  readonly digest: string;
  readonly ruleCount: number;
  /** Rules that were left out when the bundle was compiled because they had errors. */
  readonly skippedRuleCount: number;
  /** Absolute path. */
  readonly loadedFrom: string;
}

/** There is no usable bundle. */
export class RulesUnavailableError extends SluiceError {
  readonly code = 'RULES_UNAVAILABLE';
}

/**
 * Loads the bundle. A relative path counts from the app's root, the nearest folder above this file that has a package.json.
 * Throws `RulesUnavailableError` (RULES_UNAVAILABLE) when the file cannot be read, is no bundle of this engine, or holds no rule.
 */
export async function loadRuleSet(path: string): Promise<RuleSet> {
  const loadedFrom = resolve(appRoot(), path);
  const rules = decode(await read(loadedFrom), loadedFrom);
  if (rules.rules.length === 0) throw unavailable(`${loadedFrom}: the rule bundle holds no rule`, loadedFrom);
  return ruleSetOf(rules, loadedFrom);
}

/** The same for rules that are compiled already; `loadedFrom` is only told. */
export function ruleSetOf(rules: CompiledRules, loadedFrom: string): RuleSet {
  // A rule with several errors was still one rule; an error outside any rule cost no rule.
  const skipped = new Set(
    rules.skipped.filter(({ rule }) => rule !== undefined).map(({ file, rule }) => `${file}\0${rule!}`),
  );
  return {
    rules,
    digest: rules.digest,
    ruleCount: rules.rules.length,
    skippedRuleCount: skipped.size,
    loadedFrom,
  };
}

/** `decodeRules` with Node's own SHA-256, which takes a tenth of the engine's time for it. */
export function decodeBundle(bytes: Uint8Array): CompiledRules {
  return decodeRules(bytes, { sha256: (content) => createHash('sha256').update(content).digest() });
}

async function read(path: string): Promise<Uint8Array> {
  try {
    // Into memory of its own: what readFile gives may be a part of a larger block, where nothing is aligned.
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw unavailable(
      `the rules cannot be read: ${path} (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      path,
      cause,
    );
  }
}

function decode(bytes: Uint8Array, path: string): CompiledRules {
  try {
    return decodeBundle(bytes);
  } catch (cause) {
    throw unavailable(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, path, cause);
  }
}

function unavailable(message: string, where: string, cause?: unknown): RulesUnavailableError {
  return new RulesUnavailableError(message, {
    where,
    hint: 'compile them with `npm run rules`, or set SLUICE_RULES to the path of a bundle',
    cause,
  });
}

/** The nearest folder above this file that has a package.json: the checkout, or the installed package. */
export function appRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(resolve(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}

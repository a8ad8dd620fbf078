/**
 * Rule files as sources for the compiler, and the compiler with the externals that every program of this project defines. A
 * folder's files are all `*.yar` and `*.yara` below it, in the order of their paths, so that the same folder always compiles
 * to the same rules:
 *
 *   rules/eqgrp/eqgrp-callbacks.yar      namespace `eqgrp`: the first folder below the one that was given
 *   rules/loose.yar                      namespace `default`
 *
 * A namespace for each family keeps what is dropped in beside each other apart: a global rule silences only its own family,
 * and two families may use one name. Hidden files are left out, links to files are read, links to folders are not followed.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import path from 'node:path';
import { SluiceError } from '../base/errors.ts';
import type { CompiledRules, Externals, RuleSource } from '../yara/index.ts';
import { compileRules } from '../yara/index.ts';
import { defaultExternals } from './object-externals.ts';

export interface RuleFile extends RuleSource {
  /** As diagnostics show it, with `/` between its parts. */
  readonly name: string;
  readonly namespace: string;
  readonly text: Uint8Array;
  /** Absolute. */
  readonly path: string;
}

/** A rule file or a folder of them cannot be read. */
export class RuleFileError extends SluiceError {
  readonly code = 'RULE_FILE_UNREADABLE';
}

/** Larger ones are refused; the largest public rule file has 4 MiB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Folders inside each other. */
const MAX_DEPTH = 64;
const DEFAULT_NAMESPACE = 'default';

/**
 * Reads one file, or all rule files of a folder; an empty list for a folder without any. `shownAs` stands for `place` in
 * diagnostics. Throws a `RuleFileError` (RULE_FILE_UNREADABLE) at the first one that cannot be read.
 */
export function readRuleFiles(place: string, shownAs = place): RuleFile[] {
  const root = path.resolve(place);
  const shownRoot = withSlashes(shownAs).replace(/(?<=.)\/+$/, '');
  if (!isFolder(root, shownRoot)) {
    return [{ text: readRuleFile(root, shownRoot), name: shownRoot, namespace: DEFAULT_NAMESPACE, path: root }];
  }
  return rulePathsBelow(root, '', 0)
    .sort()
    .map((relative) => {
      const name = path.posix.join(shownRoot, relative);
      const file = path.join(root, relative);
      return { text: readRuleFile(file, name), name, namespace: namespaceOf(relative), path: file };
    });
}

/** Whether a file of this name is taken for rules in a folder. */
export function isRuleFileName(name: string): boolean {
  return /\.yara?$/i.test(name) && !name.startsWith('.');
}

/**
 * Compiles files with the default externals and `externals`. `include` reads files relative to the one that includes them; a
 * file of the list that another one includes is not compiled a second time on its own. Throws a `RuleCompileError` with every
 * diagnostic.
 */
export function compileRuleFiles(files: readonly RuleFile[], externals: Externals = {}): CompiledRules {
  const includes = new IncludedFiles(files);
  const compile = (sources: readonly RuleFile[]): CompiledRules =>
    compileRules(sources, { externals: { ...defaultExternals, ...externals }, includes: includes.read });
  let compiled: CompiledRules | undefined;
  let failure: unknown;
  try {
    compiled = compile(files);
  } catch (error) {
    failure = error;
  }
  // Which files are included is known only now, and what was included twice may be all that is wrong.
  const alone = files.filter((file) => !includes.paths.has(file.path));
  if (alone.length < files.length && alone.length > 0) return compile(alone);
  if (compiled === undefined) throw failure as Error;
  return compiled;
}

/**
 * The name of the file that each rule stands in, by `namespace:rule`. A rule that was included counts for the file that
 * includes it. Compiles once more, each file by itself.
 */
export function filesOfRules(files: readonly RuleFile[], externals: Externals = {}): ReadonlyMap<string, string> {
  const apart = files.map((file, index) => ({ ...file, namespace: String(index) }));
  const { rules, skipped } = compileRules(apart, {
    externals: { ...defaultExternals, ...externals },
    includes: new IncludedFiles(files).read,
    // A rule that refers to one of another file is not sound by itself, but it is still there to be counted.
    onInvalidRule: 'skip',
  });
  const names = new Map<string, string>();
  for (const { rule, namespace } of rules) {
    const file = files[Number(namespace)]!;
    names.set(`${file.namespace}:${rule}`, file.name);
  }
  const byName = new Map(files.map((file) => [file.name, file]));
  for (const { rule, file: name } of skipped) {
    const file = byName.get(name);
    if (rule !== undefined && file !== undefined) names.set(`${file.namespace}:${rule}`, file.name);
  }
  return names;
}

class IncludedFiles {
  /** Absolute, of all that were included. */
  readonly paths = new Set<string>();
  readonly #pathOf: Map<string, string>;

  constructor(files: readonly RuleFile[]) {
    this.#pathOf = new Map(files.map((file) => [file.name, file.path]));
  }

  /** Undefined for what cannot be read: the compiler says where that was asked for. */
  readonly read = (included: string, from: RuleSource): RuleSource | undefined => {
    const origin = this.#pathOf.get(from.name ?? '');
    if (origin === undefined) return undefined;
    const file = path.resolve(path.dirname(origin), included);
    const name = path.isAbsolute(included)
      ? withSlashes(included)
      : path.posix.join(path.posix.dirname(from.name ?? ''), withSlashes(included));
    try {
      const text = readRuleFile(file, name);
      this.paths.add(file);
      this.#pathOf.set(name, file);
      return { text, name };
    } catch (error) {
      if (error instanceof RuleFileError) return undefined;
      throw error;
    }
  };
}

function namespaceOf(relative: string): string {
  const slash = relative.indexOf('/');
  return slash < 0 ? DEFAULT_NAMESPACE : relative.slice(0, slash);
}

/** Relative to the root, with `/`. */
function rulePathsBelow(root: string, folder: string, depth: number): string[] {
  if (depth > MAX_DEPTH) throw unreadable(`folders go deeper than ${MAX_DEPTH}`, folder);
  const found: string[] = [];
  for (const entry of readFolder(path.join(root, folder))) {
    const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) found.push(...rulePathsBelow(root, relative, depth + 1));
    else if (isRuleFileName(entry.name) && !isLinkToFolder(entry, path.join(root, relative))) found.push(relative);
  }
  return found;
}

function isLinkToFolder(entry: Dirent, file: string): boolean {
  return entry.isSymbolicLink() && (statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw unreadable(codeOf(cause), folder, cause);
  }
}

function isFolder(place: string, shownAs: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch (cause) {
    throw unreadable(codeOf(cause), shownAs, cause);
  }
}

function readRuleFile(file: string, shownAs: string): Uint8Array {
  try {
    const stats = statSync(file);
    // A device or a pipe may never end, and a rule file may name one to include.
    if (!stats.isFile()) throw unreadable('not a regular file', shownAs);
    if (stats.size > MAX_FILE_BYTES)
      throw unreadable(`it has ${stats.size} bytes, more than ${MAX_FILE_BYTES}`, shownAs);
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw error instanceof RuleFileError ? error : unreadable(codeOf(error), shownAs, error);
  }
}

function unreadable(why: string, where: string, cause?: unknown): RuleFileError {
  return new RuleFileError(`rules cannot be read: ${where} (${why})`, { where, cause });
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder';
  return code ?? String(error);
}

function withSlashes(text: string): string {
  return path.sep === '\\' ? text.replaceAll('\\', '/') : text;
}

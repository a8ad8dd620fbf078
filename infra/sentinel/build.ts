/**
 * Translates the Sentinel content beside it: `analytic-rules/*.yaml` and `parsers/*.yaml` go in, one JSON array of ARM
 * bodies per folder comes out under `generated/`, which `infra/modules/sentinel.bicep` deploys as it is. A new file in one
 * of the folders needs no other change.
 *
 *   node infra/sentinel/build.ts           writes what has changed
 *   node infra/sentinel/build.ts --check   writes nothing; fails when something would change
 *
 * Exit status: 0 done, 1 content is faulty or (with --check) stale, 2 wrong use. Every fault is listed, file by file.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { alertRuleBody, analyticRule } from './analytic-rule.ts';
import { readerFunction, savedSearchBody } from './reader-function.ts';

/** Content that cannot be deployed; `faults` holds a line for each reason, beginning with the file. */
export class ContentError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'ContentError';
    this.faults = faults;
  }
}

interface Body {
  readonly name: string;
}

interface Source<T> {
  readonly file: string;
  readonly value: T;
}

/**
 * The generated files by their path relative to `folder` (the one with `analytic-rules/` and `parsers/`), with their text.
 * Reads files, writes none. Throws one `ContentError` with every fault of every file.
 */
export function generate(folder: string): Map<string, string> {
  const faults: string[] = [];
  const rules = readAll(folder, 'analytic-rules', analyticRule, faults);
  const readers = readAll(folder, 'parsers', readerFunction, faults);
  const all: Source<{ readonly id: string }>[] = [...rules, ...readers];
  reportTwins(all, ({ value }) => value.id.toLowerCase(), 'id', faults);
  reportTwins(rules, ({ value }) => value.name, 'name', faults);
  reportTwins(readers, ({ value }) => value.FunctionAlias, 'FunctionAlias', faults);
  if (faults.length > 0) throw new ContentError(faults);
  return new Map([
    ['generated/analytic-rules.json', print(rules.map(({ value }) => alertRuleBody(value)))],
    ['generated/parsers.json', print(readers.map(({ value }) => savedSearchBody(value)))],
  ]);
}

function readAll<T>(folder: string, kind: string, schema: z.ZodType<T>, faults: string[]): Source<T>[] {
  const files = readdirSync(path.join(folder, kind)).filter((name) => name.endsWith('.yaml'));
  const sources: Source<T>[] = [];
  for (const name of files.sort()) {
    const file = `${kind}/${name}`;
    const document = parseDocument(readFileSync(path.join(folder, file), 'utf8'));
    if (document.errors.length > 0) {
      faults.push(...document.errors.map(({ message }) => `${file}: ${message.split('\n')[0]!}`));
      continue;
    }
    const parsed = schema.safeParse(document.toJS());
    if (parsed.success) sources.push({ file, value: parsed.data });
    else faults.push(...parsed.error.issues.map((issue) => `${file}: ${printIssue(issue)}`));
  }
  return sources;
}

function printIssue(issue: z.core.$ZodIssue): string {
  // What is wrong with a key of a record stands one level deeper.
  const message = issue.code === 'invalid_key' ? issue.issues.map((inner) => inner.message).join(', ') : issue.message;
  return issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
}

function reportTwins<T>(
  sources: Source<T>[],
  keyOf: (source: Source<T>) => string,
  what: string,
  faults: string[],
): void {
  const first = new Map<string, string>();
  for (const source of sources) {
    const key = keyOf(source);
    const other = first.get(key);
    if (other === undefined) first.set(key, source.file);
    else faults.push(`${source.file}: ${what} ${key} is that of ${other} too`);
  }
}

function print(bodies: readonly Body[]): string {
  return `${JSON.stringify(bodies, null, 2)}\n`;
}

/** The generated files of `folder` that are missing or differ from what the sources give. Throws like `generate`. */
export function staleFiles(folder: string): string[] {
  return [...generate(folder)]
    .filter(([file, text]) => readIfThere(path.join(folder, file)) !== text)
    .map(([file]) => file);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function write(folder: string): void {
  mkdirSync(path.join(folder, 'generated'), { recursive: true });
  const stale = staleFiles(folder);
  for (const [file, text] of generate(folder)) {
    if (!stale.includes(file)) continue;
    writeFileSync(path.join(folder, file), text);
    process.stdout.write(`wrote ${file}\n`);
  }
}

function main(): number {
  let isCheck: boolean;
  try {
    isCheck = parseArgs({ options: { check: { type: 'boolean' } } }).values.check ?? false;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nusage: node infra/sentinel/build.ts [--check]\n`);
    return 2;
  }
  try {
    if (!isCheck) {
      write(import.meta.dirname);
      return 0;
    }
    const stale = staleFiles(import.meta.dirname);
    for (const file of stale) process.stderr.write(`${file} is stale: run node infra/sentinel/build.ts\n`);
    return stale.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = main();

/**
 * Translates the Sentinel content beside it: `analytic-rules/*.yaml`, `hunting-queries/*.yaml`, `parsers/*.yaml` and
 * `workbooks/*.yaml` go in, one JSON array of ARM bodies per folder comes out under `generated/`, which
 * `infra/modules/sentinel.bicep` deploys as it is. A new file in one of the folders needs no other change.
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
import { alertRuleBody, analyticRule, nearRealTimeBody } from './analytic-rule.ts';
import type { AnalyticRule } from './analytic-rule.ts';
import { exclusionFiller } from './exclusion-clauses.ts';
import { huntingQuery, huntingQueryBody } from './hunting-query.ts';
import type { HuntingQuery } from './hunting-query.ts';
import { readerFunction, savedSearchBody } from './reader-function.ts';
import type { ReaderFunction } from './reader-function.ts';
import { workbook, workbookBody } from './workbook.ts';
import type { Workbook } from './workbook.ts';

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

/** Everything that is deployed, with exclusions filled in, in the order of the files. */
export interface Content {
  readonly rules: readonly AnalyticRule[];
  readonly huntingQueries: readonly HuntingQuery[];
  readonly functions: readonly ReaderFunction[];
  readonly workbooks: readonly Workbook[];
}

/**
 * Reads `folder` (the one with `analytic-rules/`, `parsers/` and so on). Throws one `ContentError` with every fault of every
 * file.
 */
export function readContent(folder: string): Content {
  const faults: string[] = [];
  const rules = readAll(folder, 'analytic-rules', analyticRule, faults);
  const huntingQueries = readAll(folder, 'hunting-queries', huntingQuery, faults);
  const functions = readAll(folder, 'parsers', readerFunction, faults);
  const workbooks = readAll(folder, 'workbooks', workbook, faults);
  const all: Source<{ readonly id: string }>[] = [...rules, ...huntingQueries, ...functions, ...workbooks];
  reportTwins(all, ({ value }) => value.id.toLowerCase(), 'id', faults);
  const named: Source<{ readonly name: string }>[] = [...rules, ...huntingQueries, ...workbooks];
  reportTwins(named, ({ value }) => value.name, 'name', faults);
  reportTwins(functions, ({ value }) => value.FunctionAlias, 'FunctionAlias', faults);
  if (faults.length > 0) throw new ContentError(faults);
  const values = <T>(sources: Source<T>[]): T[] => sources.map(({ value }) => value);
  return {
    rules: values(rules),
    huntingQueries: values(huntingQueries),
    functions: values(functions),
    workbooks: values(workbooks),
  };
}

/** The generated files by their path relative to `folder`, with their text. Writes none. Throws like `readContent`. */
export function generate(folder: string): Map<string, string> {
  const { rules, huntingQueries, functions, workbooks } = readContent(folder);
  return new Map([
    ['generated/analytic-rules.json', print(rules.map(alertRuleBody))],
    ['generated/near-real-time-rules.json', print(rules.flatMap((rule) => nearRealTimeBody(rule) ?? []))],
    ['generated/hunting-queries.json', print(huntingQueries.map(huntingQueryBody))],
    ['generated/parsers.json', print(functions.map(savedSearchBody))],
    ['generated/workbooks.json', print(workbooks.map(workbookBody))],
  ]);
}

function readAll<T>(folder: string, kind: string, schema: z.ZodType<T>, faults: string[]): Source<T>[] {
  const files = readdirSync(path.join(folder, kind)).filter((name) => name.endsWith('.yaml'));
  const sources: Source<T>[] = [];
  const fill = exclusionFiller();
  for (const name of files.sort()) {
    const file = `${kind}/${name}`;
    const document = parseDocument(fill(readFileSync(path.join(folder, file), 'utf8')));
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

/** The generated files of `folder` that are missing or differ from what the sources give. Throws like `readContent`. */
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

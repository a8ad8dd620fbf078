/**
 * `sluice exclusions check` and `test`: everything that is to be said of exclusions, and whether each example comes out as its
 * file says.
 */
import path from 'node:path';
import { contextOf } from '../exclusions/example-facts.ts';
import type { ExclusionFile } from '../exclusions/exclusion-file.ts';
import { excludes } from '../exclusions/exclusion-set.ts';
import { lintExclusion } from '../exclusions/lint.ts';
import { ExclusionsInvalidError, readExclusionPlaces } from '../exclusions/read-folder.ts';
import type { Remark } from '../exclusions/remark.ts';
import { worstOf } from '../exclusions/remark.ts';
import { printTable } from '../local/print-results.ts';
import { appRoot } from '../scanner/rule-set.ts';
import { chooseRules } from './choose-rules.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import { readFindingRows } from './finding-rows.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface ExclusionsCheckArguments {
  readonly places: readonly string[];
  readonly rules: readonly string[];
  /** A file of findings of the past. */
  readonly rows: string | undefined;
}

/** Remarks by what they stand for in the shell: notes are for reading, warnings want mending, errors keep a file from use. */
const statusOf = { error: exitStatus.usage, warning: exitStatus.match, note: exitStatus.clean } as const;

export async function runExclusionsCheck(args: ExclusionsCheckArguments, terminal: Terminal): Promise<number> {
  const { files, remarks } = readExclusionPlaces(exclusionPlaces(args.places));
  const { rules } = (await chooseRules(args.rules)).rules;
  const findings = args.rows === undefined ? undefined : await readFindingRows(args.rows);
  const now = new Date();
  const said = [...remarks, ...files.flatMap((file) => lintExclusion(file, { now, rules, findings }))];
  for (const { rendered } of said) await terminal.out(`${rendered}\n`);
  const count = (level: Remark['level'], word: string): string =>
    counted(said.filter((remark) => remark.level === level).length, word);
  const counts = [count('error', 'error'), count('warning', 'warning'), count('note', 'note')].join(', ');
  await terminal.out(`${counted(files.length, 'sound exclusion')}: ${counts}`);
  return statusOf[worstOf(said) ?? 'note'];
}

export async function runExclusionsTest(places: readonly string[], terminal: Terminal): Promise<number> {
  const files = soundExclusions(places);
  const results = files.flatMap(resultsOf);
  if (results.length === 0) throw new UsageError('no examples to test');
  const columns = [
    { title: 'Exclusion', shrinksTo: 16 },
    { title: 'Example', shrinksTo: 24 },
    { title: 'Should be' },
    { title: 'Is' },
  ];
  const rows = results.map(({ id, name, should, is }) => [id, name, should, is === should ? is : `${is}: wrong`]);
  await terminal.out(printTable(columns, rows, printOptions(terminal)));
  const wrong = results.filter(({ is, should }) => is !== should).length;
  await terminal.out(`\n${counted(results.length, 'example')}, ${wrong} wrong`);
  return wrong === 0 ? exitStatus.clean : exitStatus.match;
}

/** Where exclusions are looked for: the project's unless places are given. */
export function exclusionPlaces(places: readonly string[]): readonly string[] {
  if (places.length > 0) return places;
  const folder = path.join(appRoot(), 'rules', 'exclusions');
  const relative = path.relative('.', folder);
  return [relative.startsWith('..') ? folder : relative];
}

/** Exclusions without an error. Throws an `ExclusionsInvalidError` or a `UsageError`. */
export function soundExclusions(places: readonly string[]): readonly ExclusionFile[] {
  const chosen = exclusionPlaces(places);
  const { files, remarks } = readExclusionPlaces(chosen);
  const errors = remarks.filter(({ level }) => level === 'error');
  if (errors.length > 0) throw new ExclusionsInvalidError(errors);
  if (files.length > 0) return files;
  throw new UsageError(`no exclusions in ${chosen.join(', ')}`, { hint: 'exclusions are files named *.yaml' });
}

/** Tables as wide as the screen, or 100 columns. */
export function printOptions({ screen }: Terminal) {
  return { width: Math.max(60, screen?.columns ?? 100), paint: (_tone: string, text: string) => text };
}

interface ExampleResult {
  readonly id: string;
  readonly name: string;
  readonly should: 'kept' | 'excluded';
  readonly is: 'kept' | 'excluded';
}

function resultsOf({ exclusion, examples }: ExclusionFile): ExampleResult[] {
  return (['excluded', 'kept'] as const).flatMap((should) =>
    examples[should].map(({ name, context }) => {
      const is = excludes(exclusion.decision, contextOf(context).values) ? 'excluded' : 'kept';
      return { id: exclusion.id, name, should, is };
    }),
  );
}

/** `sluice exclusions whatif`: which findings of the past an exclusion would have set aside. Nothing is changed. */
import type { Exclusion } from '../exclusions/exclusion-file.ts';
import { askedFields, basisOf, coversRule, excludes } from '../exclusions/exclusion-set.ts';
import { familyOf } from '../exclusions/fields.ts';
import { printTable } from '../local/print-results.ts';
import { printOptions, soundExclusions } from './exclusions-check.ts';
import { exitStatus } from './exit-status.ts';
import type { FindingRecord } from './finding-rows.ts';
import { readFindingRows } from './finding-rows.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface WhatIfArguments {
  readonly places: readonly string[];
  readonly rows: string;
}

/** Findings that are listed of each exclusion; the rest is counted. */
const MAX_LISTED = 50;

export async function runExclusionsWhatIf({ places, rows }: WhatIfArguments, terminal: Terminal): Promise<number> {
  const files = soundExclusions(places);
  const findings = await readFindingRows(rows);
  for (const [index, { exclusion }] of files.entries()) {
    const lines = whatIf(exclusion, findings, terminal);
    await terminal.out(`${index === 0 ? '' : '\n'}${lines.join('\n')}`);
  }
  return exitStatus.clean;
}

function whatIf(exclusion: Exclusion, findings: readonly FindingRecord[], terminal: Terminal): string[] {
  const covered = findings.filter((finding) => coversRule(exclusion, finding));
  const { told, untold } = divide(exclusion, covered);
  const hidden = told.filter(({ values }) => excludes(exclusion.decision, values));
  const claimed = hidden.filter(({ values }) => basisOf(exclusion, values) === 'claimed').length;
  const standing = hidden.filter((finding) => finding.exclusion === '').length;
  const lines = [
    `${exclusion.id}: would have set aside ${hidden.length} of ${counted(covered.length, 'finding')} of its rules, out of ${findings.length} in all`,
  ];
  if (hidden.length > 0)
    lines.push(`  ${standing} of them stand now; ${claimed} on claims alone, still raised at Informational`);
  if (untold > 0)
    lines.push(`  of ${untold} it cannot be told: their rows hold no ${familiesOf(exclusion).join(', ')}`);
  if (hidden.length === 0) return lines;
  return [...lines, '', listed(exclusion, hidden.slice(0, MAX_LISTED), terminal), ...more(hidden.length)];
}

/** Metadata and tags stand in a row only where an exclusion asked for them then, so that they are not there says nothing. */
function divide(
  exclusion: Exclusion,
  findings: readonly FindingRecord[],
): { readonly told: readonly FindingRecord[]; readonly untold: number } {
  const asked = familiesOf(exclusion);
  const told = findings.filter(({ values }) => asked.every((field) => values.has(field)));
  return { told, untold: findings.length - told.length };
}

function familiesOf({ decision }: Exclusion): string[] {
  return askedFields(decision).filter((field) => familyOf(field) !== undefined);
}

function listed(exclusion: Exclusion, findings: readonly FindingRecord[], terminal: Terminal): string {
  const columns = [
    { title: 'Rule', shrinksTo: 12 },
    { title: 'Severity' },
    { title: 'Object', shrinksTo: 24 },
    { title: 'Basis' },
    { title: 'Marked now', shrinksTo: 12 },
  ];
  const rows = findings.map(({ rule, severity, container, objectName, values, exclusion: now }) => [
    rule,
    severity,
    `${container}/${objectName}`,
    basisOf(exclusion, values),
    now === '' ? 'no' : now,
  ]);
  return printTable(columns, rows, printOptions(terminal));
}

function more(count: number): string[] {
  return count > MAX_LISTED ? [`… and ${count - MAX_LISTED} more`] : [];
}

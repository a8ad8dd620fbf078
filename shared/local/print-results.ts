/**
 * Results as text for a person: what was scanned, what was found, what incidents it would raise. Rows go in, lines come
 * out; nothing is written here. Names and excerpts were chosen by strangers, so everything passes `printable` and cannot
 * move the cursor or colour the screen. No line is wider than `width`.
 */
import Table from 'cli-table3';
import { printable } from '../base/redact.ts';
import type { EvidenceMatch } from '../scanner/scan-report.ts';
import type { FindingRow, ScanRow } from '../sinks/rows.ts';
import type { Incident, IncidentRule } from './incident.ts';

export type Tone = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

export interface PrintOptions {
  /** In columns, at least 60. */
  readonly width: number;
  /** Colours the text, or leaves it as it is. */
  readonly paint: (tone: Tone, text: string) => string;
}

interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Gives way when the line is too long, down to this width; the others keep theirs. */
  readonly shrinksTo?: number;
  readonly tone?: (text: string) => Tone | undefined;
  readonly wraps?: boolean;
}

const GAP = '  ';

/** One line for each scan: size, verdict with its reason, how long it took, how many bytes were read. */
export function printScans(scans: readonly ScanRow[], options: PrintOptions): string {
  const columns: Column[] = [
    { title: 'Object', shrinksTo: 16 },
    { title: 'Size', align: 'right' },
    { title: 'Verdict', tone: verdictTone, shrinksTo: 12 },
    { title: 'Took', align: 'right' },
    { title: 'Read', align: 'right' },
  ];
  const rows = scans.map((row) => [
    row.ObjectName,
    row.SizeInBytes === null ? '' : formatBytes(row.SizeInBytes),
    row.Reason === '' ? row.Verdict : `${row.Verdict}: ${row.Reason}`,
    formatDuration(row),
    formatBytes(row.BytesRead),
  ]);
  return printTable(columns, rows, options);
}

/** One entry for each finding, with its evidence: a line for each match. */
export function printFindings(findings: readonly FindingRow[], options: PrintOptions): string {
  const columns: Column[] = [
    { title: 'Rule', shrinksTo: 12 },
    { title: 'Severity', tone: severityTone },
    { title: 'Object', shrinksTo: 14 },
    { title: 'Evidence', shrinksTo: 24, wraps: true },
  ];
  const rows = findings.map((row) => {
    const evidence = [printEvidence(row.Evidence), ...printExclusion(row)].join('\n');
    return [row.Rule, row.Severity, row.ObjectName, evidence];
  });
  return printTable(columns, rows, options);
}

/** A block for each incident: number, severity and title, then its entities. */
export function printIncidents(incidents: readonly Incident[], options: PrintOptions): string {
  return incidents.map((incident) => printIncident(incident, options)).join('\n\n');
}

/** How the rule gathers alerts, such as `one for each FileHash within 5 hours`. */
export function printGrouping(rule: IncidentRule): string {
  const { groupingConfiguration: grouping } = rule.incidentConfiguration;
  if (!grouping.enabled) return 'one for each alert';
  const hours = grouping.lookbackDuration / 3_600_000;
  const within = `within ${hours === 1 ? '1 hour' : `${hours} hours`}`;
  switch (grouping.matchingMethod) {
    case 'AnyAlert':
      return `one for all alerts ${within}`;
    case 'AllEntities':
      return `one for alerts with the same entities ${within}`;
    case 'Selected': {
      const by = [...grouping.groupByEntities, ...grouping.groupByAlertDetails, ...grouping.groupByCustomDetails];
      return `one for each ${by.join(' and ')} ${within}`;
    }
    default:
      return grouping.matchingMethod satisfies never;
  }
}

function printIncident(incident: Incident, { width, paint }: PrintOptions): string {
  const { alerts, severity } = incident;
  const count = alerts.length === 1 ? '' : ` (${alerts.length} alerts)`;
  const head = `${incident.number}. ${severity}: `;
  const title = fit(incident.title, width - head.length - count.length);
  const lines = [`${incident.number}. ${paint(severityTone(severity), severity)}: ${paint('bold', title)}${count}`];
  const shown = incident.entities.slice(0, MAX_ENTITIES);
  const labelWidth = Math.max(...shown.map(({ type }) => type.length));
  for (const { type, fields } of shown) {
    const label = `   ${type.padEnd(labelWidth)}  `;
    lines.push(`${paint('dim', label)}${fitEnd(Object.values(fields).join(' '), width - label.length)}`);
  }
  const more = incident.entities.length - shown.length;
  if (more > 0) lines.push(`   … ${more} more entities`);
  return lines.join('\n');
}

const MAX_ENTITIES = 12;
const MAX_MATCHES_SHOWN = 4;

/** A line for a finding that an exclusion marks. */
function printExclusion({ Exclusion, ExclusionBasis }: FindingRow): string[] {
  if (Exclusion === '') return [];
  return [`excluded${ExclusionBasis === 'claimed' ? ' (claimed)' : ''}: ${Exclusion}`];
}

function printEvidence(evidence: FindingRow['Evidence']): string {
  const matches = evidence.filter((entry) => 'pattern' in entry);
  const omitted = evidence.reduce((sum, entry) => ('omitted' in entry ? sum + entry.omitted : sum), 0);
  const lines = matches.slice(0, MAX_MATCHES_SHOWN).map(printMatch);
  const more = matches.length - lines.length + omitted;
  return [...lines, ...(more > 0 ? [`… ${more} more`] : [])].join('\n');
}

/** One line: pattern, place, and what the bytes look like. */
export function printMatch({ pattern, offset, length, excerpt }: EvidenceMatch): string {
  const place = `${pattern} at ${offset}, ${length} ${length === 1 ? 'byte' : 'bytes'}`;
  if (excerpt === undefined) return place;
  // A zero behind every character makes UTF-16 hard to read.
  const isWide = excerpt.length > 0 && /^(?:(?:\\x[0-9a-f]{2}|[^\\])\\x00)+$/.test(excerpt);
  return isWide ? `${place}, UTF-16: ${excerpt.replaceAll('\\x00', '')}` : `${place}: ${excerpt}`;
}

/** A table without a frame: a head, a rule below it, the rows. */
function printTable(columns: readonly Column[], rows: readonly (readonly string[])[], options: PrintOptions): string {
  const clean = rows.map((row) => row.map((cell) => cell.split('\n').map((line) => printable(line, 1_000))));
  const widths = fitColumns(columns, clean, options.width);
  const table = new Table({
    chars: noFrame,
    colWidths: widths,
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(columns.map(({ title }) => options.paint('bold', title)));
  table.push(widths.map((width) => options.paint('dim', '─'.repeat(width))));
  for (const row of clean) {
    table.push(
      row.map((lines, index) => {
        const { tone, wraps } = columns[index]!;
        const width = widths[index]!;
        // Wrapped here: the table would count colours as characters.
        const text =
          wraps === true ? lines.flatMap((line) => wrap(line, width)).join('\n') : fit(lines.join(' '), width);
        const chosen = tone?.(text);
        return chosen === undefined ? text : options.paint(chosen, text);
      }),
    );
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const noFrame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
};

/** As wide as the longest cell; those that may shrink give way, the widest first, until the line fits. */
function fitColumns(columns: readonly Column[], rows: readonly (readonly string[][])[], width: number): number[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.flatMap((row) => row[index]!.map((line) => line.length))),
  );
  const room = width - GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, each) => sum + each, 0) - room;
  while (excess > 0) {
    const shrinkable = columns.flatMap(({ shrinksTo }, index) =>
      shrinksTo !== undefined && widths[index]! > shrinksTo ? [index] : [],
    );
    if (shrinkable.length === 0) break;
    const widest = shrinkable.reduce((best, index) => (widths[index]! > widths[best]! ? index : best));
    widths[widest]!--;
    excess--;
  }
  return widths;
}

function wrap(line: string, width: number): string[] {
  const count = Math.max(1, Math.ceil(line.length / width));
  return Array.from({ length: count }, (_, index) => line.slice(index * width, (index + 1) * width));
}

/** At most `width` characters, cut at the end. */
function fit(text: string, width: number): string {
  return printable(text, Math.max(width, 1));
}

/** At most `width` characters, cut in front: of a path or an id the end tells more. */
function fitEnd(text: string, width: number): string {
  const plain = printable(text, 4_000);
  return plain.length <= width ? plain : `…${plain.slice(plain.length - width + 1)}`;
}

function verdictTone(text: string): Tone {
  if (text.startsWith('match')) return 'red';
  return text.startsWith('clean') || text.startsWith('excluded') ? 'green' : 'yellow';
}

function severityTone(text: string): Tone {
  return text === 'High' || text === 'Medium' ? 'red' : 'yellow';
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `51 B`, `1.2 KB`: units of 1,024. */
export function formatBytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}

/** From the row's own times; empty where nothing was scanned. */
function formatDuration({ ScanStartedAt, ScanFinishedAt }: ScanRow): string {
  if (ScanStartedAt === null || ScanFinishedAt === null) return '';
  const inMs = Math.max(0, Date.parse(ScanFinishedAt) - Date.parse(ScanStartedAt));
  if (inMs < 1_000) return `${inMs} ms`;
  return inMs < 60_000 ? `${(inMs / 1_000).toFixed(1)} s` : `${(inMs / 60_000).toFixed(1)} min`;
}

/**
 * Reports of scans as lines: for a person, or as JSON. Names and excerpts were chosen by strangers: for a person they pass
 * `printable`, in JSON they are escaped as JSON does.
 */
import { printable } from '../base/redact.ts';
import { formatBytes, printMatch } from '../local/print-results.ts';
import type { FileFinding, FileReport } from './file-scanner.ts';

const MAX_PATH = 4_096;
const MAX_TEXT = 1_000;

/**
 * One object, whole in one line: `{path, verdict, reason, detail, size, sha256, findings, durationInMs}`. What is not known is
 * null. `meta` keeps order and repeats, as pairs of name and value.
 */
export function jsonLine(report: FileReport): string {
  const { verdict, reason, detail } = report.outcome;
  return JSON.stringify({
    path: report.shown,
    verdict,
    reason: reason ?? null,
    detail: detail ?? null,
    size: report.sizeInBytes ?? null,
    sha256: report.sha256 ?? null,
    findings: report.findings.map(jsonFinding),
    durationInMs: report.durationInMs,
  });
}

function jsonFinding({ rule, namespace, tags, meta, severity, evidence, hasMoreMatches }: FileFinding): object {
  const matches = evidence.map(({ pattern, offset, length, excerpt }) => {
    return { pattern, offset, length, excerpt: excerpt ?? null };
  });
  return { rule, namespace, tags, meta, severity, matches, hasMoreMatches };
}

/** A line for each finding, `path: Rule [tags] severity`, and with `withStrings` one for each place below it. */
export function findingLines(report: FileReport, withStrings: boolean): string[] {
  const path = printablePath(report.shown);
  return report.findings.flatMap((finding) => {
    const tags = finding.tags.length === 0 ? '' : ` [${finding.tags.join(', ')}]`;
    const head = `${path}: ${finding.rule}${printable(tags, MAX_TEXT)} ${finding.severity}`;
    if (!withStrings) return [head];
    const places = finding.evidence.map((match) => `  ${printable(printMatch(match), MAX_TEXT)}`);
    return [head, ...places, ...(finding.hasMoreMatches ? ['  … and more'] : [])];
  });
}

/** Why the object was not wholly scanned; undefined when it was. */
export function shortfallLine({ shown, isWhole, outcome }: FileReport): string | undefined {
  if (isWhole) return undefined;
  const why = [outcome.reason, outcome.detail].filter((part) => part !== undefined).join(': ');
  return `${printablePath(shown)}: not wholly scanned: ${printable(why, MAX_TEXT)}`;
}

export interface ScanTotals {
  files: number;
  bytes: number;
  matches: number;
  notWhole: number;
}

export function summaryLine({ files, bytes, matches, notWhole }: ScanTotals, durationInMs: number): string {
  const seconds = durationInMs / 1_000;
  const rate = seconds > 0 ? bytes / 2 ** 20 / seconds : 0;
  return [
    counted(files, 'file'),
    formatBytes(bytes),
    counted(matches, 'match', 'matches'),
    `${notWhole} not wholly scanned`,
    `${rate.toFixed(1)} MB/s`,
    seconds < 1 ? `${Math.round(durationInMs)} ms` : `${seconds.toFixed(1)} s`,
  ].join(', ');
}

export function printablePath(path: string): string {
  return printable(path, MAX_PATH);
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

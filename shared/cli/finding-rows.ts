/**
 * Findings of the past, from rows as JSON lines: those that `npm start -- --json` prints, those of the console sink, or rows of
 * `SluiceFindings()` as an export from Log Analytics holds them. Other rows are passed over; of a finding that stands in several
 * rows the last one holds.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { FieldValue, FieldValues } from '../exclusions/evaluate.ts';
import { ExclusionFileError } from '../exclusions/read-folder.ts';
import { UsageError } from './exit-status.ts';

export interface FindingRecord {
  readonly rule: string;
  readonly namespace: string;
  readonly severity: string;
  readonly account: string;
  readonly container: string;
  readonly objectName: string;
  /** The exclusion that marks it now; empty where it stands. */
  readonly exclusion: string;
  /** What a filter can ask of it. Of metadata and tags a row holds only what exclusions asked for when it was written. */
  readonly values: FieldValues;
}

/** More are refused: the rest of the world's findings need a database. */
const MAX_FINDINGS = 200_000;
const MAX_LINE_LENGTH = 8 * 1024 * 1024;

const text = z
  .string()
  .nullish()
  .transform((given) => given ?? '');
/** An export holds dynamic columns as JSON in text. */
const dynamic = z.preprocess(
  (given) => (typeof given === 'string' && given !== '' ? tryJson(given) : given),
  z.unknown(),
);
const findingRow = z.object({
  FindingId: text,
  Rule: z.string().min(1),
  Namespace: text,
  Severity: text,
  Tags: dynamic,
  Account: text,
  Container: text,
  ObjectName: text,
  Sha256: text,
  SizeInBytes: z.number().nullish(),
  Exclusion: text,
  Claims: dynamic,
});

/**
 * Reads the file. Rejects with an `ExclusionFileError` when it cannot be read, and with a `UsageError` for a line that is no
 * JSON and for more than 200,000 findings.
 */
export async function readFindingRows(file: string): Promise<FindingRecord[]> {
  const byId = new Map<string, FindingRecord>();
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
      number++;
      if (line.trim() === '') continue;
      for (const row of rowsOf(line, `${file}:${number}`)) {
        const parsed = findingRow.safeParse(row);
        if (!parsed.success) continue;
        byId.set(parsed.data.FindingId || `line ${number}`, recordOf(parsed.data));
        if (byId.size > MAX_FINDINGS) throw new UsageError(`${file} holds more than ${MAX_FINDINGS} findings`);
      }
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof UsageError || code === undefined) throw cause;
    throw new ExclusionFileError(`rows cannot be read: ${file} (${code})`, { where: file, cause });
  }
  return [...byId.values()];
}

function rowsOf(line: string, where: string): unknown[] {
  const value = line.length > MAX_LINE_LENGTH ? undefined : tryJson(line);
  if (typeof value !== 'object' || value === null) {
    throw new UsageError(`${where}: not a row as JSON`, { hint: 'a file of rows has one JSON object on each line' });
  }
  const { findings } = value as { findings?: unknown };
  return Array.isArray(findings) ? (findings as unknown[]) : [value];
}

function tryJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

function recordOf(row: z.output<typeof findingRow>): FindingRecord {
  const claims = typeof row.Claims === 'object' && row.Claims !== null ? Object.entries(row.Claims) : [];
  const tags = Array.isArray(row.Tags) ? row.Tags.filter((tag): tag is string => typeof tag === 'string') : [];
  const entries: (readonly [string, FieldValue | null | undefined])[] = [
    ['blob.account', row.Account],
    ['blob.container', row.Container],
    ['blob.name', row.ObjectName],
    ['object.sha256', row.Sha256],
    ['object.size', row.SizeInBytes],
    ['rule.name', row.Rule],
    ['rule.namespace', row.Namespace],
    ['rule.severity', row.Severity],
    ['rule.tags', tags],
    ...claims.map(([name, value]) => [name, String(value)] as const),
  ];
  return {
    rule: row.Rule,
    namespace: row.Namespace,
    severity: row.Severity,
    account: row.Account,
    container: row.Container,
    objectName: row.ObjectName,
    exclusion: row.Exclusion,
    values: new Map(entries.filter((entry): entry is [string, FieldValue] => entry[1] != null && entry[1] !== '')),
  };
}

/**
 * Compares what must be recorded with what is. What must be: each object that the listing shows, in its current version, with the
 * outcome that the planting log knows; and each version that an event told of, with its outcome or what took its place. What is:
 * `SluiceScans()` and `SluiceFindings()`, run as an analyst runs them over the rows that the ingestion endpoint has stored.
 */
import type { ContainerClient } from '@azure/storage-blob';
import type { IngestionEndpoint } from '../../shared/local/ingestion-endpoint.ts';
import { runQuery } from '../../shared/local/kusto/run-query.ts';
import { loadTableDefinitions } from '../../shared/local/table-definitions.ts';
import { functionsOf, readSentinel } from '../content/sentinel/queries.ts';
import { POISON_PREFIX } from './faults.ts';
import type { PlantedVersion } from './planter.ts';

type Row = Readonly<Record<string, unknown>>;

export interface Judgement {
  readonly objects: number;
  readonly versions: number;
  readonly scans: number;
  readonly rows: number;
  /** Each of these must be empty; what stands in one is told for a person. */
  readonly faults: Readonly<Record<FaultKind, readonly string[]>>;
}

export const faultKinds = [
  'lost',
  'clean among planted malicious',
  'hidden matches',
  'duplicates',
  'in poison but not planted',
  'other outcome than planted',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface JudgeParts {
  readonly endpoint: IngestionEndpoint;
  readonly container: ContainerClient;
  readonly log: readonly PlantedVersion[];
  readonly badMessages: ReadonlyMap<string, number>;
}

export async function judge({ endpoint, container, log, badMessages }: JudgeParts): Promise<Judgement> {
  const faults = Object.fromEntries(faultKinds.map((kind) => [kind, [] as string[]])) as Record<FaultKind, string[]>;
  const rows = readRows(endpoint);
  const scans = groupBy(rows.scans, ({ ObjectName, ETag }) => versionKey(String(ObjectName), String(ETag)));
  const findings = groupBy(rows.findings, ({ ScanId }) => String(ScanId));
  const planted = new Map(log.map((version) => [versionKey(version.objectName, version.eTag), version]));
  const listed = new Set<string>();
  for await (const { name, properties } of container.listBlobsFlat()) {
    const key = versionKey(name, properties.etag);
    listed.add(key);
    const version = planted.get(key);
    if (version === undefined) faults.lost.push(`${name} is there and was not planted as ${properties.etag}`);
  }
  for (const [key, version] of planted) {
    const [scan, ...more] = scans.get(key) ?? [];
    const about = `${version.kind} ${version.objectName.slice(-40)} ${version.eTag}`;
    const isListed = listed.has(key);
    if (scan === undefined) {
      if (isListed || version.isTold) faults.lost.push(`${about}: nothing is recorded`);
      continue;
    }
    if (more.length > 0) faults.duplicates.push(`${about}: ${more.length + 1} scans`);
    const outcome = outcomeOf(scan);
    const isRight = outcome === version.outcome || (!isListed && ['superseded', 'skipped: gone'].includes(outcome));
    if (!isRight) faults['other outcome than planted'].push(`${about}: ${outcome}, not ${version.outcome}`);
    if (outcome === 'match') {
      const found = (findings.get(String(scan.ScanId)) ?? []).map(({ Rule }) => String(Rule)).sort();
      const text = `${about}: findings ${found.join()}, not ${version.rules.join()}`;
      if (new Set(found).size < found.length) faults.duplicates.push(text);
      if (version.rules.some((rule) => !found.includes(rule))) faults['hidden matches'].push(text);
    }
  }
  for (const row of rows.rawScans) {
    const version = planted.get(versionKey(String(row.ObjectName), String(row.ETag)));
    const about = `${String(row.ObjectName).slice(-40)} ${String(row.ETag)}`;
    if (row.Verdict === 'clean' && (version?.rules.length ?? 0) > 0)
      faults['clean among planted malicious'].push(about);
    if (row.Reason === 'poison' && !String(row.ObjectName).startsWith(POISON_PREFIX)) {
      faults['in poison but not planted'].push(about);
    }
    if (row.Verdict !== 'match') continue;
    const [shown] = (scans.get(versionKey(String(row.ObjectName), String(row.ETag))) ?? []).filter(
      ({ ScanId }) => ScanId === row.ScanId,
    );
    if (shown?.Verdict !== 'match')
      faults['hidden matches'].push(`${about}: a match shows as ${outcomeOf(shown ?? {})}`);
  }
  for (const [reason, count] of badMessages) {
    const recorded = rows.scans.filter(({ Reason }) => Reason === reason).length;
    if (recorded < count) faults.lost.push(`${count - recorded} of ${count} messages that are to be ${reason}`);
    if (recorded > count) faults.duplicates.push(`${recorded} rows for ${count} messages that are ${reason}`);
  }
  return {
    objects: listed.size,
    versions: planted.size,
    scans: rows.scans.length,
    rows: rows.rawScans.length + rows.rawFindings.length,
    faults,
  };
}

interface Rows {
  readonly scans: readonly Row[];
  readonly findings: readonly Row[];
  readonly rawScans: readonly Row[];
  readonly rawFindings: readonly Row[];
}

/** The rows as they are, and as analysts see them. */
function readRows(endpoint: IngestionEndpoint): Rows {
  const tables = loadTableDefinitions().map((table) => ({ ...table, rows: endpoint.rows(table.name) }));
  const context = { tables, functions: functionsOf(readSentinel('infra')) };
  const rowsOf = (name: string): readonly Row[] => tables.find((table) => table.name === name)?.rows ?? [];
  return {
    scans: runQuery('SluiceScans()', context, new Date()).rows,
    findings: runQuery('SluiceFindings()', context, new Date()).rows,
    rawScans: rowsOf('SluiceScans_CL'),
    rawFindings: rowsOf('SluiceFindings_CL'),
  };
}

function outcomeOf({ Verdict, Reason }: Row): string {
  return typeof Reason === 'string' && Reason !== '' ? `${String(Verdict)}: ${Reason}` : String(Verdict);
}

function versionKey(objectName: string, eTag: string): string {
  return `${eTag.replaceAll('"', '')} ${objectName}`;
}

function groupBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

/** What somebody sees who asks the deployed functions, as analysts do: `SluiceScans()` and `SluiceFindings()` over the stored rows. */
import { join } from 'node:path';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { runQuery } from '../../../shared/local/kusto/run-query.ts';
import { loadTableDefinitions } from '../../../shared/local/table-definitions.ts';
import { functionsOf, readSentinel } from '../../content/sentinel/queries.ts';

export interface ShownRow extends Readonly<Record<string, unknown>> {
  readonly ScanId: string;
  readonly ObjectName: string;
}

const functions = functionsOf(readSentinel(join(import.meta.dirname, '../../../infra')));

function ask(endpoint: IngestionEndpoint, query: string, objectName?: string): readonly ShownRow[] {
  const tables = loadTableDefinitions().map((table) => ({ ...table, rows: endpoint.rows(table.name) }));
  const rows = runQuery(query, { tables, functions }, new Date()).rows as readonly ShownRow[];
  return objectName === undefined ? rows : rows.filter(({ ObjectName }) => ObjectName === objectName);
}

/** A row for each scan of the object. */
export function shownScans(endpoint: IngestionEndpoint, objectName: string): readonly ShownRow[] {
  return ask(endpoint, 'SluiceScans()', objectName);
}

/** Verdict, and reason where there is one, of each scan of the object, in alphabetical order. */
export function shownOutcomes(endpoint: IngestionEndpoint, objectName: string): readonly string[] {
  return shownScans(endpoint, objectName).map(outcomeOf).sort();
}

/** The same of every object there is a row of, by name. */
export function allShownOutcomes(endpoint: IngestionEndpoint): ReadonlyMap<string, readonly string[]> {
  const outcomes = new Map<string, string[]>();
  for (const row of ask(endpoint, 'SluiceScans()')) {
    outcomes.set(row.ObjectName, [...(outcomes.get(row.ObjectName) ?? []), outcomeOf(row)].sort());
  }
  return outcomes;
}

function outcomeOf({ Verdict, Reason }: ShownRow): string {
  return Reason === '' ? String(Verdict) : `${String(Verdict)}: ${String(Reason)}`;
}

/** Rules that were found in the object, one for each finding. */
export function shownRules(endpoint: IngestionEndpoint, objectName: string): readonly string[] {
  return ask(endpoint, 'SluiceFindings()', objectName).map(({ Rule }) => String(Rule));
}

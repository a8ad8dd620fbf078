/**
 * Writes what was recorded as it comes: as tables with the incidents that the analytics rule raises, or as one JSON line for
 * each row, with the table's name in front.
 */
import { tables } from '../sinks/rows.ts';
import { IncidentBook } from './incident.ts';
import { printFindings, printGrouping, printIncidents, printScans } from './print-results.ts';
import type { IncidentRule } from './incident.ts';
import type { PrintOptions } from './print-results.ts';
import type { StoredRows } from './stack.ts';

export interface ResultsOptions {
  readonly json: boolean;
  /** Takes a line, or several, without the last one's end. */
  readonly out: (text: string) => void;
  readonly print: PrintOptions;
  readonly rule: IncidentRule;
  /** Names of objects that are shown in this order, after any others. */
  readonly order: readonly string[];
}

export class Results {
  readonly #options: ResultsOptions;
  readonly #incidents: IncidentBook;

  constructor(options: ResultsOptions) {
    this.#options = options;
    this.#incidents = new IncidentBook(options.rule);
  }

  /** Rows that were shown before belong to earlier calls; incidents go on from those. */
  show(rows: StoredRows): void {
    const { json, order } = this.#options;
    const place = ({ ObjectName }: { readonly ObjectName: string }): number => order.indexOf(ObjectName);
    const sorted = {
      scans: rows.scans.toSorted((a, b) => place(a) - place(b)),
      findings: rows.findings.toSorted((a, b) => place(a) - place(b)),
    };
    if (json) this.#showJson(sorted);
    else this.#showTables(sorted);
  }

  #showJson({ scans, findings }: StoredRows): void {
    const { out } = this.#options;
    for (const scan of scans) {
      out(JSON.stringify({ table: tables.scans, ...scan }));
      for (const finding of findings.filter(({ AttemptId }) => AttemptId === scan.AttemptId)) {
        out(JSON.stringify({ table: tables.findings, ...finding }));
      }
    }
  }

  #showTables({ scans, findings }: StoredRows): void {
    const { out, print, rule } = this.#options;
    out(`\n${printScans(scans, print)}`);
    if (findings.length > 0) out(`\n${printFindings(findings, print)}`);
    const incidents = this.#incidents.add(findings, new Date());
    if (incidents.length === 0) return;
    out(`\n${print.paint('bold', 'Incidents')} that "${rule.name}" raises, ${printGrouping(rule)}`);
    out(printIncidents(incidents, print));
  }
}

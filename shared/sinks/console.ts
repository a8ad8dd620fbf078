/**
 * The sink that writes each report as one line: JSON with the rows as Log Analytics would get them, or a short line for a
 * person. Where the lines go is the caller's: standard output locally, the host's log in Azure.
 */
import type { FindingRow, ReportRows, ScanRow } from './rows.ts';
import type { Sink } from './sink.ts';
import { printable } from '../base/redact.ts';
import { toRows } from './rows.ts';
import { SinkError } from './sink-error.ts';

export interface ConsoleSinkOptions {
  /** Gets one line without its end. A promise is awaited before the report counts as recorded. */
  readonly write: (line: string) => void | Promise<void>;
  /** `json` unless given. */
  readonly format?: 'json' | 'readable';
  readonly now?: () => Date;
}

const maximumNameLength = 200;
const maximumRulesNamed = 10;

/** `record` rejects with `SinkError` when the line could not be written, which trying again may cure. */
export function createConsoleSink(options: ConsoleSinkOptions): Sink {
  const now = options.now ?? (() => new Date());
  const toLine = options.format === 'readable' ? toReadableLine : toJsonLine;
  const writing = new Set<Promise<void>>();
  let isClosed = false;

  const write = async (rows: ReportRows, where: string): Promise<void> => {
    try {
      await options.write(toLine(rows));
    } catch (error) {
      throw new SinkError('the line of a report could not be written', { where, retryable: true, cause: error });
    }
  };

  return {
    name: 'console',
    async record(report, { abortSignal } = {}) {
      if (isClosed) throw new SinkError('the sink is closed', { where: report.object.url, retryable: true });
      abortSignal?.throwIfAborted();
      const written = write(toRows(report, now()), report.object.url).finally(() => writing.delete(written));
      writing.add(written);
      await (abortSignal === undefined ? written : unlessAborted(written, abortSignal));
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(writing);
    },
  };
}

/** `{"scan": row, "findings": [row …]}`. */
export function toJsonLine({ scans, findings }: ReportRows): string {
  return JSON.stringify({ scan: scans[0], findings });
}

/** Verdict, object, size and what was found; control characters as escapes, so that it stays one line. */
export function toReadableLine({ scans, findings }: ReportRows): string {
  return scans.map((scan) => [...describeScan(scan), ...describeFindings(findings)].join('  ')).join('  ');
}

function describeScan(scan: ScanRow): string[] {
  const name = printable(`${scan.Account}/${scan.Container}/${scan.ObjectName}`, maximumNameLength);
  const verdict = scan.Reason === '' ? scan.Verdict : `${scan.Verdict} (${printable(scan.Reason, maximumNameLength)})`;
  const size = scan.SizeInBytes === null ? [] : [`${scan.SizeInBytes} bytes`];
  const detail = scan.Detail === '' ? [] : [printable(scan.Detail, maximumNameLength)];
  return [verdict.padEnd(10), name, ...size, ...detail];
}

function describeFindings(findings: readonly FindingRow[]): string[] {
  const named = findings.slice(0, maximumRulesNamed).map((finding) => {
    const excluded = finding.Exclusion === '' ? '' : `, excluded by ${finding.Exclusion}`;
    return printable(`${finding.Namespace}:${finding.Rule} [${finding.Severity}${excluded}]`, maximumNameLength);
  });
  const more = findings.length - named.length;
  return more > 0 ? [...named, `and ${more} more`] : named;
}

/** The line may still be written after an abort; only the caller stops waiting. */
async function unlessAborted(written: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([written, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

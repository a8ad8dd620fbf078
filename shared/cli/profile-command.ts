/**
 * `sluice profile`: what a scan of one file spends on which patterns and rules, the costliest first. The file is scanned twice:
 * what is only built when it is first needed is no part of what is shown.
 */
import Table from 'cli-table3';
import { printable } from '../base/redact.ts';
import type { ByteSource } from '../objects/byte-source.ts';
import { openFile } from '../objects/file-source.ts';
import type { ScanOptions, ScanProfile, ScanResult } from '../yara/index.ts';
import { StreamScanner } from '../yara/index.ts';
import { chooseRules } from './choose-rules.ts';
import type { Definition } from './definitions.ts';
import { exitStatus } from './exit-status.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface ProfileArguments {
  readonly file: string;
  readonly rules: readonly string[];
  readonly define: readonly Definition[];
  readonly json: boolean;
  readonly top: number;
}

interface Row {
  readonly rule: string;
  readonly namespace: string;
  /** A pattern's identifier; undefined for the rule's condition. */
  readonly pattern: string | undefined;
  readonly kind: string;
  readonly candidates: number | undefined;
  /** Of a condition, how often it was evaluated. */
  readonly verifications: number;
  readonly ms: number;
}

const MAX_NAME = 60;

/** A table, or with `json` one line for each row. Rejects with what reading the rules or the file rejects with. */
export async function runProfile(args: ProfileArguments, terminal: Terminal): Promise<number> {
  const { rules, externals } = await chooseRules(args.rules, args.define);
  const source = await openFile(args.file);
  try {
    const { size } = source;
    const options: ScanOptions = {
      ...(size !== undefined && { size }),
      ...(source.readAt !== undefined && { readAt: (offset, length) => source.readAt!(offset, length) }),
      externals,
    };
    const scanner = new StreamScanner(rules, options);
    await scan(scanner, source, terminal.abortSignal);
    scanner.reset({ ...options, profile: true });
    const started = performance.now();
    const { profile, candidates } = await scan(scanner, source, terminal.abortSignal);
    const totalMs = performance.now() - started;
    const rows = rowsOf(profile!);
    if (args.json) for (const row of rows.slice(0, args.top)) await terminal.out(JSON.stringify(row));
    else await terminal.out(tableOf(rows.slice(0, args.top)));
    const verifiedMs = rows.reduce((sum, { ms }) => sum + ms, 0);
    terminal.err(
      `${counted(scanner.position, 'byte')}, ${counted(candidates, 'candidate')}, ${totalMs.toFixed(0)} ms: filter ` +
        `${profile!.filterMs.toFixed(1)}, gates ${profile!.gatesMs.toFixed(1)}, patterns and conditions ${verifiedMs.toFixed(1)}`,
    );
    if (rows.length > args.top) terminal.err(`${rows.length - args.top} more cost less; --top shows more`);
    return exitStatus.clean;
  } finally {
    await source.close();
  }
}

async function scan(
  scanner: StreamScanner,
  source: ByteSource,
  abortSignal: AbortSignal,
): Promise<ScanResult['stats']> {
  for await (const chunk of source.stream({ abortSignal })) scanner.write(chunk);
  return (await scanner.end()).stats;
}

/** The costliest first; of those that cost the same, as declared. */
function rowsOf({ rules }: ScanProfile): readonly Row[] {
  return rules
    .flatMap(({ rule, namespace, evaluations, evaluationMs, patterns }): Row[] => [
      ...patterns.map(({ identifier, kind, candidates, verifications, ms }) => {
        return { rule, namespace, pattern: identifier, kind, candidates, verifications, ms };
      }),
      ...(evaluations === 0
        ? []
        : [
            {
              rule,
              namespace,
              pattern: undefined,
              kind: 'condition',
              candidates: undefined,
              verifications: evaluations,
              ms: evaluationMs,
            },
          ]),
    ])
    .sort((a, b) => b.ms - a.ms);
}

function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['rule', 'pattern', 'kind', 'candidates', 'verifications', 'ms'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { rule, pattern, kind, candidates, verifications, ms } of rows) {
    table.push([
      printable(rule, MAX_NAME),
      pattern === undefined ? '' : printable(pattern, MAX_NAME),
      kind,
      candidates === undefined ? '' : String(candidates),
      String(verifications),
      ms.toFixed(2),
    ]);
  }
  return table.toString();
}

/**
 * From the start of a process to the first verdict on an object of 100 KB: Sluice from its bundle, YARA-X from text, since its
 * package cannot keep compiled rules. Processes take turns. `decode` is the part between the bundle's bytes and rules.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileRules, encodeRules } from '../../shared/yara/index.ts';
import type { FirstVerdict } from './first-verdict.ts';
import { externals, type BenchRules } from './rule-sets.ts';
import { median, printTable } from './tables.ts';

const OBJECT_BYTES = 100_000;
const MOST_DECODE_MS = 150;
const MOST_VERDICT_MS = 400;

const root = join(import.meta.dirname, '../..');

/** Prints its table; returns what took longer than it may. Limits are of CPU time: a busy machine is no fault of the engine. */
export function benchColdStart(
  rules: BenchRules,
  object: Uint8Array,
  rounds: number,
  asked: readonly string[],
): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', import.meta.dirname]);
    const bundle = join(folder, 'rules.sluice');
    const text = join(folder, 'rules.json');
    const file = join(folder, 'object');
    writeFileSync(bundle, encodeRules(compileRules([...rules.sources], { externals })));
    writeFileSync(text, JSON.stringify({ externals, sources: rules.sources }));
    writeFileSync(file, object.subarray(0, OBJECT_BYTES));
    const starts = { sluice: bundle, ...(asked.includes('yarax') ? { yarax: text } : {}) };
    const verdicts = new Map(Object.keys(starts).map((engine) => [engine, [] as FirstVerdict[]]));
    // One round more, not counted: the first reads every file from the disk.
    for (let round = 0; round <= rounds; round++) {
      for (const [engine, path] of Object.entries(starts)) {
        const output = execFileSync(
          process.execPath,
          [join(root, 'dist/test/bench/first-verdict.js'), engine, path, file],
          { encoding: 'utf8' },
        );
        if (round > 0) verdicts.get(engine)!.push(JSON.parse(output) as FirstVerdict);
      }
    }
    return report(rules, verdicts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(rules: BenchRules, verdicts: ReadonlyMap<string, readonly FirstVerdict[]>): string[] {
  const faults: string[] = [];
  const rows: string[][] = [];
  for (const [engine, list] of verdicts) {
    const of = (field: keyof FirstVerdict): number => median(list.map((verdict) => verdict[field]));
    const figures = [of('readyCpuInMs'), of('verdictCpuInMs'), of('verdictInMs')];
    rows.push([engine, ...figures.map((figure) => figure.toFixed(0))]);
    if (engine !== 'sluice') continue;
    if (figures[0]! > MOST_DECODE_MS)
      faults.push(`decoding takes ${figures[0]!.toFixed(0)} ms, at most ${MOST_DECODE_MS}`);
    if (figures[1]! > MOST_VERDICT_MS)
      faults.push(`the first verdict takes ${figures[1]!.toFixed(0)} ms, at most ${MOST_VERDICT_MS}`);
  }
  console.log(`\n${rules.name} rules, first verdict on ${OBJECT_BYTES / 1000} KB after process start\n`);
  printTable(['engine', 'rules ready, CPU ms', 'first verdict, CPU ms', 'first verdict, ms by the clock'], rows);
  return faults;
}

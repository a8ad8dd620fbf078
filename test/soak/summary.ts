/** The table at the end of a soak, and whether everything in it is as it must be. */
import Table from 'cli-table3';
import { faultKinds } from './judge.ts';
import type { Judgement } from './judge.ts';
import type { PoolUse } from './worker-pool.ts';

export interface SoakResult {
  readonly title: string;
  readonly seed: number;
  readonly judgement: Judgement;
  readonly use: PoolUse;
  readonly faults: ReadonlyMap<string, number>;
  /** Of the ingestion endpoint, by status. */
  readonly answers: Readonly<Record<number, number>>;
  readonly requests: number;
  readonly loadInMs: number;
  readonly settledInMs: number;
  readonly isSettled: boolean;
  /** Undefined where objects may be read again, because workers are killed. */
  readonly readTwice: readonly string[] | undefined;
  /** Reports that were given up. */
  readonly expired: readonly string[];
}

const MIB = 1024 * 1024;
const MAX_TOLD = 10;
/** How much more memory the worker that lives throughout may hold in the last quarter than in the second. */
const FLAT_RATIO = 1.25;
const FLAT_SLACK = 48 * MIB;

/** Prints it; the exit status. */
export function printSummary(result: SoakResult): number {
  const { judgement, use } = result;
  const memory = memoryOf(use.steady);
  const checks: [name: string, faults: readonly string[]][] = [
    ...faultKinds.map((kind): [string, readonly string[]] => [kind, judgement.faults[kind]]),
    ['reports given up', result.expired],
    ['workers that crashed', Array.from({ length: use.crashes }, () => 'ended without having been asked to')],
    ['messages left', result.isSettled ? [] : ['not everything was handled in time']],
    ['memory that grew', memory.isFlat ? [] : [`from ${mib(memory.early)} to ${mib(memory.late)} MiB`]],
    ...(result.readTwice === undefined ? [] : [['objects read twice', result.readTwice] as [string, string[]]]),
  ];
  const table = new Table({ style: { head: [], border: [] } });
  const seconds = (result.loadInMs + result.settledInMs) / 1_000;
  table.push(
    [`soak, ${result.title}`, `seed ${result.seed}`],
    ['objects listed', judgement.objects],
    ['versions planted', judgement.versions],
    ['scans recorded', judgement.scans],
    ...checks.map(([name, faults]) => [name, faults.length]),
    ['workers killed, drained', `${use.kills}, ${use.drains}`],
    ['memory of the lasting worker, MiB', `${mib(use.steady[0] ?? 0)} first, ${mib(use.steady.at(-1) ?? 0)} last`],
    ['  median of its second and last quarter', `${mib(memory.early)}, ${mib(memory.late)}`],
    ['  peak of any worker', mib(use.peakBytes)],
    ['load, then settling, s', `${Math.round(result.loadInMs / 1_000)}, ${Math.round(result.settledInMs / 1_000)}`],
    ['objects/s', (judgement.scans / seconds).toFixed(1)],
    ['CPU ms of workers per scan', (use.cpuInMs / judgement.scans).toFixed(1)],
    ['ingestion requests, rows', `${result.requests}, ${judgement.rows}`],
    [
      'ingestion answers',
      Object.entries(result.answers)
        .map(([status, count]) => `${status}: ${count}`)
        .join(', '),
    ],
    ...[...result.faults].sort(([a], [b]) => a.localeCompare(b)).map(([kind, count]) => [`fault, ${kind}`, count]),
  );
  process.stdout.write(`${table.toString()}\n`);
  const wrong = checks.filter(([, faults]) => faults.length > 0);
  for (const [name, faults] of wrong) {
    for (const fault of faults.slice(0, MAX_TOLD)) process.stdout.write(`${name}: ${fault}\n`);
  }
  process.stdout.write(wrong.length === 0 ? 'nothing lost, nothing wrong\n' : 'FAILED\n');
  return wrong.length === 0 ? 0 : 1;
}

/** The first quarter is warming up. */
function memoryOf(samples: readonly number[]): { early: number; late: number; isFlat: boolean } {
  const quarter = Math.floor(samples.length / 4);
  const early = median(samples.slice(quarter, 2 * quarter));
  const late = median(samples.slice(3 * quarter));
  return { early, late, isFlat: quarter === 0 || late <= early * FLAT_RATIO + FLAT_SLACK };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}

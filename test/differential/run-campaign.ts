/**
 * Runs a campaign in one worker and watches it: when nothing was heard for too long, what it was at is a hang; the worker is
 * ended and another goes on behind that batch. The counts of all workers together are the result; with a file for results
 * those of earlier runs with the same seed count as well, and it goes on where they ended.
 */
import { Worker } from 'node:worker_threads';
import { Tally } from './campaign.ts';
import type { TallySnapshot, WorkerMessage, WorkerTask } from './campaign-worker.ts';
import { appendPart, readParts, type FinishedPart } from './results.ts';

/** The slowest thing a worker does is compiling or shrinking; both report in between. */
const SILENCE = 120_000;

/** More than a hundred compiled sets, and the reference runs out of address space. */
const BATCHES_PER_WORKER = 80;

export interface CampaignOptions extends Omit<WorkerTask, 'from' | 'most'> {
  /** Ends when every batch was asked once, however much time is left. */
  readonly isOnce?: boolean;
  readonly results?: string;
  readonly print: (text: string) => void;
  readonly progress?: (text: string) => void;
}

export interface CampaignResult {
  readonly totals: TallySnapshot;
  readonly hangs: readonly string[];
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { print, progress, isOnce = false, results, ...task } = options;
  const deadline = performance.now() + task.milliseconds;
  const parts: FinishedPart[] = results === undefined ? [] : readParts(results, task);
  /** Of workers that told nothing else, until another does. */
  const hangs: string[] = [];
  let from = parts.at(-1)?.snapshot.next ?? 0;
  let end = isOnce ? (parts.at(-1)?.snapshot.batches ?? Infinity) : Infinity;
  while (performance.now() < deadline && from < end) {
    const most = Math.min(BATCHES_PER_WORKER, end - from);
    const before = parts.length > 0 ? totalsOf(parts) : undefined;
    const { last, hang } = await runWorker(
      { ...task, from, most, milliseconds: deadline - performance.now() },
      print,
      (now) => progress?.(progressOf(before ? add(before, now) : now)),
    );
    if (hang !== undefined) {
      print(`HANG, the last thing heard was: ${hang.what}`);
      hangs.push(hang.what);
    }
    from = hang === undefined ? (last?.next ?? from) : hang.batch + 1;
    if (last === undefined) continue;
    if (isOnce) end = last.batches;
    const part = { snapshot: { ...last, next: from }, hangs: hangs.splice(0) };
    parts.push(part);
    if (results !== undefined) appendPart(results, task, part);
  }
  if (parts.length === 0) throw new Error('no worker told what it had done');
  return { totals: totalsOf(parts), hangs: [...parts.flatMap((part) => part.hangs), ...hangs] };
}

function totalsOf(parts: readonly FinishedPart[]): TallySnapshot {
  return parts.map(({ snapshot }) => snapshot).reduce(add);
}

interface Hang {
  readonly what: string;
  readonly batch: number;
}

function runWorker(
  task: WorkerTask,
  print: (text: string) => void,
  progress: (now: TallySnapshot) => void,
): Promise<{ readonly last: TallySnapshot | undefined; readonly hang: Hang | undefined }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./campaign-worker.ts', import.meta.url), {
      workerData: task,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    let last: TallySnapshot | undefined;
    let at: Hang = { what: 'the corpus is read', batch: task.from };
    let heard = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - heard < SILENCE) return;
      clearInterval(watch);
      void worker.terminate().then(() => {
        resolve({ last, hang: at });
      });
    }, 1000);
    worker.on('message', (message: WorkerMessage) => {
      heard = performance.now();
      if (message.kind === 'at') at = message;
      else if (message.kind === 'print') print(message.text);
      else {
        last = message.tally;
        progress(last);
      }
    });
    worker.on('error', (error) => {
      clearInterval(watch);
      reject(new Error(`the worker failed while ${at.what}`, { cause: error }));
    });
    worker.on('exit', (code) => {
      clearInterval(watch);
      // With code 13 it waited for a promise that nothing would ever settle.
      resolve({ last, hang: code === 0 ? undefined : { ...at, what: `${at.what} (the worker ended with ${code})` } });
    });
  });
}

function progressOf({ tally, batches, batchesDone, unexplained }: TallySnapshot): string {
  return `${batchesDone}/${batches} batches, ${tally.asked.size} rules asked, ${tally.matched.size} matched, ${tally.comparisons} comparisons, ${unexplained} unexplained`;
}

function add(a: TallySnapshot, b: TallySnapshot): TallySnapshot {
  const tally = new Tally();
  for (const { tally: part } of [a, b]) {
    for (const name of ['asked', 'matched', 'keptFromMatching', 'unsolved'] as const) {
      for (const rule of part[name]) tally[name].add(rule);
    }
    for (const [code, count] of part.notCompiled)
      tally.notCompiled.set(code, (tally.notCompiled.get(code) ?? 0) + count);
    for (const name of [
      'objects',
      'comparisons',
      'bytes',
      'referenceBroke',
      'ourSeconds',
      'referenceSeconds',
      'compileSeconds',
    ] as const) {
      tally[name] += part[name];
    }
    if (part.slowest.seconds > tally.slowest.seconds) tally.slowest = part.slowest;
  }
  const explained = new Map(a.explained);
  for (const [name, count] of b.explained) explained.set(name, (explained.get(name) ?? 0) + count);
  return {
    ...b,
    tally,
    explained,
    unexplained: a.unexplained + b.unexplained,
    rulesWithDifference: a.rulesWithDifference + b.rulesWithDifference,
    batchesDone: a.batchesDone + b.batchesDone,
  };
}

/** Differences that dialect entries explain may be no larger a part of the comparisons. */
export const MOST_EXPLAINED = 0.005;

/** Comparisons in which the engines differ as dialect entries say, over all comparisons. */
export function shareExplained({ tally, explained }: TallySnapshot): number {
  return [...explained.values()].reduce((sum, count) => sum + count, 0) / Math.max(1, tally.comparisons);
}

/** The final table. */
export function describeCampaign({ totals, hangs }: CampaignResult): string {
  const { tally } = totals;
  const asPercent = (share: number): string => `${(100 * share).toFixed(4)} %`;
  const rows: (readonly [string, string | number])[] = [
    ['files with rules to ask about', totals.files],
    ['rules in them', totals.rules],
    ...[...totals.leftOut].map(([why, count]) => [`  left out: ${why}`, count] as const),
    ['batches asked, of', `${totals.batchesDone} of ${totals.batches}`],
    ['rules asked', tally.asked.size],
    ...[...tally.notCompiled].map(([code, count]) => [`  not compiled here: ${code}`, count] as const),
    ['rules the reference was made to match', tally.matched.size],
    ['  … and never', tally.asked.difference(tally.matched).size],
    ['rules aimed at and kept from matching', tally.keptFromMatching.size],
    ['objects', `${tally.objects} (${Math.round(tally.bytes / 1024 / Math.max(1, tally.objects))} KiB on average)`],
    ['comparisons of a rule on an object', tally.comparisons],
    [
      'explained differences',
      `${asPercent(shareExplained(totals))} of the comparisons, of at most ${asPercent(MOST_EXPLAINED)}`,
    ],
    ...[...totals.explained]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => [`  by ${name}`, `${count} (${asPercent(count / tally.comparisons)})`] as const),
    ['unexplained differences', `${totals.unexplained} in ${totals.rulesWithDifference} rules`],
    ['scans in which the reference broke down', tally.referenceBroke],
    ['hangs', hangs.length],
    [
      'seconds: compiling, reference, ours',
      [tally.compileSeconds, tally.referenceSeconds, tally.ourSeconds].map((s) => s.toFixed(0)).join(', '),
    ],
    ['slowest scan of ours', `${tally.slowest.seconds.toFixed(2)} s (${tally.slowest.rule})`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/**
 * A soak: uploads at random, faults at random, workers that are killed; then calm, until everything has been handled; then the
 * account of what was planted against what was recorded. Exit status 0 when nothing was lost and nothing lied, 1 otherwise.
 *
 *   npm run test:soak -- --minutes 20 [--seed S] [--rate 5] [--workers 3]
 *   npm run test:soak -- --outage 15m      ingestion is down all that time, nothing else breaks; no object may be read twice
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../shared/base/settings.ts';
import { walkMessageOf } from '../../shared/events/own-messages.ts';
import { firstWalk } from '../../shared/scanner/walk-objects.ts';
import { Random } from '../differential/random.ts';
import { RandomFaults } from './faults.ts';
import { judge } from './judge.ts';
import { Planter } from './planter.ts';
import { ReadCounter } from './read-counter.ts';
import { startSoakStack } from './soak-stack.ts';
import type { SoakStack } from './soak-stack.ts';
import { printSummary } from './summary.ts';
import { WorkerPool } from './worker-pool.ts';

/** Above so many waiting messages nothing is planted until they are fewer. */
const MAX_BACKLOG = 250;
/** How long everything may take to be handled, once all is calm. */
const SETTLE_IN_MS = 25 * 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '5' },
    workers: { type: 'string', default: '3' },
    outage: { type: 'string' },
  },
});
const seed = Number(values.seed);
const outageInMs = values.outage === undefined ? undefined : parseDuration(values.outage);
const loadInMs = outageInMs ?? Number(values.minutes) * 60_000;
if (!(loadInMs > 0) || !Number.isSafeInteger(seed)) throw new Error('--minutes, --outage or --seed is no number');

const wait = (inMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, inMs);
  });
const say = (text: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
};

const stack = await startSoakStack();
try {
  process.exitCode = await soak(stack);
} finally {
  await stack.close();
}

async function soak({
  azurite,
  endpoint,
  proxies,
  container,
  queue,
  poisonQueue,
  ...parts
}: SoakStack): Promise<number> {
  const faults = new RandomFaults(seed);
  const reads = new ReadCounter(proxies.blob);
  const isOutage = outageInMs !== undefined;
  if (!isOutage) {
    reads.reset(faults.blob);
    proxies.table.reset(faults.ledger);
    proxies.queue.reset(faults.queue);
  }
  const logPath = join(tmpdir(), `sluice-soak-${seed}.log`);
  say(`seed ${seed}; the workers' log is ${logPath}`);
  const environment = { ...parts.environment, ...(!isOutage && { SOAK_WORKERS: 'mortal', SLUICE_SLICE: '2s' }) };
  const pool = new WorkerPool(Number(values.workers), environment, logPath);
  const planter = new Planter({
    container,
    queue,
    account: azurite.account,
    blobEndpoint: proxies.blob.endpoint,
    seed,
    isPlain: isOutage,
  });
  const started = Date.now();
  const until = started + loadInMs;
  const isLoaded = (): boolean => Date.now() < until;
  const backlog = async (): Promise<number> => {
    const counts = await Promise.all([queue, poisonQueue].map((each) => each.getProperties()));
    return counts.reduce((sum, { approximateMessagesCount = 0 }) => sum + approximateMessagesCount, 0);
  };

  const plant = async (): Promise<void> => {
    while (isLoaded()) {
      // What the breaker puts off during an outage waits in the queue too, and is no reason to stop.
      if (isOutage || (await backlog()) < MAX_BACKLOG) await planter.plant();
      await wait(1_000 / Number(values.rate));
    }
  };
  const kill = async (): Promise<void> => {
    const random = new Random(seed, 'kills');
    while (isLoaded()) {
      await wait(random.between(20_000, 45_000));
      await pool.replace(random.below(100), random.chance(65) ? 'SIGKILL' : 'SIGTERM');
    }
  };
  const breakIngestion = async (): Promise<void> => {
    for (let seen = 0; isLoaded();) {
      await wait(500);
      const { requests } = endpoint.counters;
      await faults.breakIngestion(endpoint, requests - seen, wait);
      seen = requests;
    }
  };
  const tell = async (): Promise<void> => {
    while (isLoaded()) {
      await wait(Math.min(60_000, Math.max(until - Date.now(), 1)));
      reads.collect();
      for (const proxy of [proxies.table, proxies.queue]) proxy.seen.length = 0;
      say(`${planter.log.length} planted, ${await backlog()} messages wait, ${endpoint.counters.rows} rows`);
    }
  };
  if (isOutage) endpoint.failNext(Array.from({ length: 1_000_000 }, () => ({ status: 503 })));
  await Promise.all([plant(), tell(), ...(isOutage ? [] : [kill(), breakIngestion()])]);

  faults.isOn = false;
  endpoint.clearFaults();
  endpoint.resume();
  await planter.settle();
  const loaded = Date.now();
  say('all is calm; waiting until everything is handled');
  const isEmpty = async (): Promise<boolean> =>
    (await backlog()) === 0 && (await parts.blobsIn('sluice-outbox', 'waiting/')).length === 0;
  const settle = async (): Promise<void> => {
    for (let told = Date.now(); !(await isEmpty()) && Date.now() < loaded + SETTLE_IN_MS;) {
      await wait(1_000);
      if (Date.now() < told + 60_000) continue;
      told = Date.now();
      reads.collect();
      const waiting = (await parts.blobsIn('sluice-outbox', 'waiting/')).length;
      say(`${await backlog()} messages and ${waiting} reports wait`);
    }
  };
  await settle();
  // What no event told of is the sweep's.
  const walk = firstWalk({ account: azurite.account, perMinute: 60_000 });
  await queue.sendMessage(Buffer.from(JSON.stringify(walkMessageOf(walk))).toString('base64'));
  await settle();
  const settled = await isEmpty();
  const settledInMs = Date.now() - loaded;
  await pool.close();
  reads.collect();
  const judgement = await judge({ endpoint, container, log: planter.log, badMessages: planter.badMessages });
  return printSummary({
    seed,
    title: isOutage ? `ingestion down for ${values.outage ?? ''}` : `random faults for ${values.minutes} minutes`,
    judgement,
    use: pool.use,
    faults: faults.counts,
    answers: endpoint.counters.answers,
    requests: endpoint.counters.requests,
    loadInMs: loaded - started,
    settledInMs,
    isSettled: settled,
    readTwice: isOutage ? reads.moreThanOnce : undefined,
    expired: await parts.blobsIn('sluice-outbox', 'expired/'),
  });
}

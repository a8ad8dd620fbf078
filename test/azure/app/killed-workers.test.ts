/**
 * Workers that are killed at random moments of a scan, as by running out of memory: the message comes again, another worker goes
 * on, and the object ends with the outcome it would have had. The seed of the moments stands in the test's name;
 * `SLUICE_TEST_SEED` repeats it, `SLUICE_TEST_KILLS` says how many workers must die.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeenRequest } from '../objects/fault-proxy.ts';
import { shownOutcomes } from './analyst.ts';
import { malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';
import { startWorker } from './worker-process.ts';

const MiB = 1024 * 1024;
const KILLS = Number(process.env.SLUICE_TEST_KILLS ?? 20);
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);
/** The longest that a worker lives. */
const LONGEST_LIFE_IN_MS = 1_200;

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const bytes = Buffer.concat([Buffer.alloc(10 * MiB, 'ab cd '), malicious]);

/** Runs a worker over the message and kills it so many milliseconds after it has begun; true when it was done before. */
async function runAndKill(message: object, dequeueCount: number, afterMs: number): Promise<boolean> {
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'doomed-worker.ts')], {
    env: {
      ...process.env,
      ...service.environment,
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      MESSAGE: JSON.stringify(message),
      DEQUEUE_COUNT: String(dequeueCount),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(worker, 'exit') as Promise<[code: number | null, signal: string | null]>;
  await Promise.race([once(worker.stdout, 'data'), ended]);
  const timer = setTimeout(() => worker.kill('SIGKILL'), afterMs);
  const [code] = await ended;
  clearTimeout(timer);
  return code === 0;
}

interface Lives {
  kills: number;
  /** Workers that began behind the object's first byte. */
  resumed: number;
}

async function killUntilDone(object: Upload, nextLife: () => number, lives: Lives): Promise<void> {
  const event = service.event(object);
  for (let delivery = 1; ; delivery += 1) {
    const before = service.proxy.seen.length;
    // The last delivery is left alone.
    const isDone = await runAndKill(event, delivery, delivery < 5 ? nextLife() : 120_000);
    const [first] = service.proxy.seen.slice(before).filter(({ path, range }) => path.includes(object.name) && range);
    if ((first?.range?.first ?? 0) > 0) lives.resumed += 1;
    if (isDone) return;
    expect(delivery).toBeLessThan(5);
    lives.kills += 1;
  }
}

/** Numbers below `end` that follow from the seed (mulberry32). */
function numbersFrom(seed: number, end: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  };
}

describe('a worker that is killed in the middle of a scan', () => {
  it(`is replaced, and the object ends as it would have (seed ${SEED})`, async () => {
    const nextLife = numbersFrom(SEED, LONGEST_LIFE_IN_MS);
    const lives: Lives = { kills: 0, resumed: 0 };
    for (let round = 0; lives.kills < KILLS; round += 1) {
      // The blob service answers slowly enough for there to be a middle.
      service.proxy.reset(({ path, range }) =>
        path.includes('killed-') && range !== undefined
          ? { kind: 'slow', pieceLength: MiB / 4, pauseInMs: 20 }
          : undefined,
      );
      const object = await service.upload(bytes, `killed-${round}`);
      await killUntilDone(object, nextLife, lives);
      expect(new Set(service.outcomesOf(object.name))).toEqual(new Set(['match']));
      expect(new Set(service.findingsOf(object.name).map(({ FindingId }) => FindingId)).size).toBe(1);
      expect(service.scansOf(object.name)[0]).toMatchObject({
        Sha256: createHash('sha256').update(bytes).digest('hex'),
      });
    }
    expect(lives.resumed).toBeGreaterThan(0);
    expect(await service.blobsIn('sluice-checkpoints')).toEqual([]);
    console.log(`${lives.kills} workers killed, ${lives.resumed} went on from a checkpoint`);
  }, 300_000);
});

describe('a worker that is killed with its message in hand', { timeout: 120_000 }, () => {
  it('is replaced by whoever the queue gives the message to, when its lock is over', async () => {
    const object = await service.upload(bytes, 'killed-in-the-queue');
    const isOf = ({ path, range }: SeenRequest): boolean => path.includes(object.name) && range !== undefined;
    // Slow enough for checkpoints before, and for a middle.
    service.proxy.reset((request) =>
      isOf(request) ? { kind: 'slow', pieceLength: MiB / 2, pauseInMs: 50 } : undefined,
    );
    const times = { lockInSeconds: 3, staleAfterInMs: 60_000 };
    const doomed = await startWorker(service, times);
    await service.queue.sendMessage(Buffer.from(JSON.stringify(service.event(object))).toString('base64'));
    const position = async (): Promise<number> => Number((await service.entriesOf(object.name))[0]?.position ?? 0);
    await expect.poll(position, { timeout: 40_000, interval: 20 }).toBeGreaterThan(0);
    await doomed.end('SIGKILL');
    expect(service.scansOf(object.name)).toEqual([]);
    const seenBefore = service.proxy.seen.length;
    const other = await startWorker(service, times);
    try {
      const outcomes = (): readonly string[] => shownOutcomes(service.endpoint, object.name);
      await expect.poll(outcomes, { timeout: 60_000 }).toEqual(['match']);
      const left = async () => (await service.queue.getProperties()).approximateMessagesCount;
      await expect.poll(left, { timeout: 20_000 }).toBe(0);
      expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'match' }]);
      expect(service.scansOf(object.name)).toMatchObject([
        { Sha256: createHash('sha256').update(bytes).digest('hex') },
      ]);
      // What the dead worker had scanned up to its checkpoint is not read again.
      const first = service.proxy.seen.slice(seenBefore).find(isOf);
      expect(first?.range?.first).toBeGreaterThan(0);
      expect(other.failed).toBe(0);
    } finally {
      await other.end('SIGTERM');
    }
  });
});

/**
 * Objects that take their worker down whenever they are read, one or two of them, among as many others as a worker holds: each of
 * their deliveries counts for all. The others must end as they would have without them, and they as what could not be scanned.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harmless, malicious, startService } from './service.ts';
import type { Service } from './service.ts';

const OTHERS = 60;
const LIMIT_IN_MS = 150_000;

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** Workers, one after the other: whenever one is gone, the next begins. */
function startWorkers(): { deaths(): number; end(): void } {
  let deaths = 0;
  let isEnding = false;
  let worker: ChildProcess;
  const start = (): void => {
    worker = fork(join(import.meta.dirname, 'mortal-worker.ts'), {
      env: { PATH: process.env.PATH, ...service.environment, HOST_CONNECTION: service.connectionString },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    worker.stdout?.on('data', (text: Buffer) => (deaths += text.toString().split('dies').length - 1));
    worker.once('exit', () => {
      if (!isEnding) start();
    });
  };
  start();
  return {
    deaths: () => deaths,
    end: () => {
      isEnding = true;
      worker.kill('SIGKILL');
    },
  };
}

describe.each([
  ['an object that kills its worker each time ends as failed, and the sixty beside it as what they are', ['killer']],
  [
    'two such objects in one batch both end as failed, and neither takes the other or those beside it along',
    ['killer-a', 'killer-b'],
  ],
] as const)('%s', (_, names) => {
  it('once all are through', { timeout: LIMIT_IN_MS + 10_000 }, async () => {
    const batch = names.join('-and-');
    const others = await Promise.all(
      Array.from({ length: OTHERS }, async (_, index) => ({
        ...(await service.upload(index % 2 === 0 ? malicious : harmless, `beside-${batch}-${index}`)),
        outcome: index % 2 === 0 ? 'match' : 'clean',
      })),
    );
    const killers = await Promise.all(names.map((name) => service.upload(malicious, name)));
    const keptBefore = (await service.blobsIn('sluice-poison')).length;
    const objects = [...others.slice(0, OTHERS / 2), ...killers, ...others.slice(OTHERS / 2)];
    for (const object of objects) {
      await service.queue.sendMessage(Buffer.from(JSON.stringify(service.event(object))).toString('base64'));
    }
    const workers = startWorkers();
    const isThroughWith = (name: string): boolean => service.outcomesOf(name).length > 0;
    await expect
      .poll(() => objects.filter(({ name }) => !isThroughWith(name)).map(({ name }) => name), {
        timeout: LIMIT_IN_MS,
        interval: 500,
      })
      .toEqual([]);
    workers.end();
    // Twice alone each; the first time it may have been any of them.
    expect(workers.deaths()).toBeGreaterThanOrEqual(2 * killers.length + 1);
    for (const { name } of killers) expect([name, ...service.outcomesOf(name)]).toEqual([name, 'failed: poison']);
    for (const { name, outcome } of others) {
      // A worker may have died between the row and the ledger: the same row again, and no other.
      expect([name, ...new Set(service.outcomesOf(name))]).toEqual([name, outcome]);
    }
    expect((await service.blobsIn('sluice-poison')).length - keptBefore).toBe(killers.length);
  });
});

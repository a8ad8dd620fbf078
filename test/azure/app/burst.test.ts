/** Many objects at once, over two workers that are processes of their own and know of each other by queue and ledger alone. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allShownOutcomes } from './analyst.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';
import type { WorkerProcess } from './worker-process.ts';
import { startWorker } from './worker-process.ts';

const OBJECTS = 200;
const OBJECTS_OF_KILLED = 60;
/** Every so many is malicious. */
const MALICIOUS_EACH = 4;

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** Uploads the objects, then puts all their events into the queue. */
async function burst(count: number): Promise<readonly Upload[]> {
  const run = randomUUID();
  const objects: Upload[] = [];
  for (let i = 0; i < count; i++) {
    objects.push(await service.upload(i % MALICIOUS_EACH === 0 ? malicious : harmless, `burst-${run}-${i}`));
  }
  for (let i = 0; i < count; i += 20) {
    await Promise.all(
      objects
        .slice(i, i + 20)
        .map((object) =>
          service.queue.sendMessage(Buffer.from(JSON.stringify(service.event(object))).toString('base64')),
        ),
    );
  }
  return objects;
}

const messagesLeft = async (): Promise<number | undefined> =>
  (await service.queue.getProperties()).approximateMessagesCount;
const untilEmpty = (): Promise<void> => expect.poll(messagesLeft, { timeout: 90_000, interval: 50 }).toBe(0);

async function expectAll(objects: readonly Upload[]): Promise<void> {
  const isMalicious = objects.map((_, i) => i % MALICIOUS_EACH === 0);
  const outcomes = allShownOutcomes(service.endpoint);
  expect(objects.map(({ name }) => outcomes.get(name))).toEqual(isMalicious.map((is) => [is ? 'match' : 'clean']));
  const entries = countBy(
    await service.entriesOf(),
    ({ objectName, state }) => `${String(state)} ${String(objectName)}`,
  );
  expect(objects.map(({ name }) => [entries.get(`done ${name}`), entries.get(`running ${name}`)])).toEqual(
    objects.map(() => [1, undefined]),
  );
  const findings = new Set(
    service.endpoint
      .rows('SluiceFindings_CL')
      .map(({ FindingId, ObjectName }) => `${String(FindingId)} ${String(ObjectName)}`),
  );
  const found = countBy([...findings], (finding) => finding.split(' ')[1]!);
  expect(objects.map(({ name }) => found.get(name) ?? 0)).toEqual(isMalicious.map((is) => (is ? 1 : 0)));
}

/** How many rows of scans each of the objects has, whatever analysts see of them. */
function rowCounts(objects: readonly Upload[]): number[] {
  const counts = countBy(service.endpoint.rows('SluiceScans_CL'), ({ ObjectName }) => String(ObjectName));
  return objects.map(({ name }) => counts.get(name) ?? 0);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

describe('a burst of messages over two workers', { timeout: 120_000 }, () => {
  it(`of ${OBJECTS} ends with one row for each object, and each object is scanned once`, async () => {
    const objects = await burst(OBJECTS);
    const times = { lockInSeconds: 60, staleAfterInMs: 60_000 };
    const workers = await Promise.all([startWorker(service, times), startWorker(service, times)]);
    try {
      await untilEmpty();
      await expectAll(objects);
      expect(rowCounts(objects)).toEqual(objects.map(() => 1));
      expect(workers.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
      // Both had their share.
      for (const { completed } of workers) expect(completed).toBeGreaterThan(0);
    } finally {
      await endAll(workers);
    }
  });

  it('one of which is killed in the middle: its messages come again, and nothing is lost or shown twice', async () => {
    const objects = await burst(OBJECTS_OF_KILLED);
    const times = { lockInSeconds: 8, staleAfterInMs: 60_000 };
    // Both have taken what they could, and nothing of it can be recorded yet.
    service.endpoint.pause();
    service.proxy.reset();
    const [doomed, other] = await Promise.all([startWorker(service, times), startWorker(service, times)]);
    try {
      const read = (): number =>
        new Set(service.proxy.seen.filter(({ range }) => range?.first === 0).map(({ path }) => path)).size;
      await expect.poll(read, { timeout: 60_000 }).toBe(objects.length);
      await doomed.end('SIGKILL');
      service.endpoint.resume();
      await untilEmpty();
      await expectAll(objects);
      expect(other.failed).toBe(0);
      expect(other.completed).toBeGreaterThanOrEqual(objects.length);
    } finally {
      service.endpoint.resume();
      await endAll([doomed, other]);
    }
  });
});

function endAll(workers: readonly WorkerProcess[]): Promise<unknown> {
  return Promise.all(workers.map((worker) => worker.end('SIGTERM')));
}

/** Clean scans by the hour, against Azurite's tables and the ingestion endpoint. */
import { setTimeout as delay } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLEAN_TALLY_TABLE, CleanTally } from '../../../shared/ledger/clean-tally.ts';
import { MemoryLedger } from '../../../shared/ledger/memory-ledger.ts';
import { createLogger } from '../../../shared/base/log.ts';
import type { ScanReport } from '../../../shared/scanner/scan-report.ts';
import { failedOutcome, rankOf } from '../../../shared/scanner/verdict.ts';
import { recordCleanHours, tallyCleanScans } from '../../../shared/sinks/clean-hours.ts';
import { SinkError } from '../../../shared/sinks/sink-error.ts';
import type { Sink } from '../../../shared/sinks/sink.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';
import type { Service } from '../app/service.ts';
import { harmless, malicious, startService } from '../app/service.ts';

const log = createLogger({ format: 'json', level: 'error', write: () => undefined });
const noon = new Date('2026-11-24T12:20:00Z');
const one = new Date('2026-11-24T13:10:00Z');

let service: Service;
let tables = 0;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

function openTable(name: string): TableClient {
  return TableClient.fromConnectionString(service.connectionString, name, { allowInsecureConnection: true });
}

interface Fixture {
  readonly table: TableClient;
  readonly tally: CleanTally;
  readonly ledger: MemoryLedger;
  readonly accepted: ScanReport[];
  readonly sink: Sink;
  /** The sink in front of it, at twenty past noon. */
  readonly front: Sink;
}

function makeFixture(record?: (report: ScanReport) => void): Fixture {
  const table = openTable(`Tally${(tables += 1)}`);
  const tally = new CleanTally(table);
  const ledger = new MemoryLedger();
  const accepted: ScanReport[] = [];
  const sink: Sink = {
    name: 'log-analytics',
    record: (report) => {
      record?.(report);
      accepted.push(report);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { table, tally, ledger, accepted, sink, front: tallyCleanScans(sink, { tally, ledger, now: () => noon }) };
}

const inContainer = (number: number, container: string): ScanReport => {
  const report = makeReport(number, 0);
  return { ...report, object: { ...report.object, container } };
};

async function rowsLeft(table: TableClient): Promise<string[]> {
  const keys: string[] = [];
  for await (const { rowKey } of table.listEntities()) keys.push(rowKey!);
  return keys;
}

describe('clean scans by the hour', () => {
  it('are one report for each container, with the sums, once the hour is over', async () => {
    const { table, tally, front, sink, accepted } = makeFixture();
    await Promise.all([1, 2, 3].map(async (number) => front.record(inContainer(number, 'a'))));
    await front.record(inContainer(4, 'b'));
    expect(accepted).toEqual([]);
    await recordCleanHours([sink], tally, log, new Date('2026-11-24T12:59:00Z'));
    expect(accepted).toEqual([]);
    await recordCleanHours([sink], tally, log, one);
    const told = accepted.map(({ object, scanCount, sizeInBytes, bytesRead, outcome }) => ({
      container: object.container,
      scanCount,
      sizeInBytes,
      bytesRead,
      verdict: outcome.verdict,
    }));
    expect(told.toSorted((left, right) => left.container.localeCompare(right.container))).toEqual([
      { container: 'a', scanCount: 3, sizeInBytes: 3 * 8192, bytesRead: 3 * 8192, verdict: 'clean' },
      { container: 'b', scanCount: 1, sizeInBytes: 8192, bytesRead: 8192, verdict: 'clean' },
    ]);
    expect(await rowsLeft(table)).toEqual([]);
  });

  it('count a scan once that is recorded again within the hour', async () => {
    const { tally, front, sink, accepted } = makeFixture();
    for (let time = 0; time < 3; time += 1) await front.record(makeReport(1, 0));
    await recordCleanHours([sink], tally, log, one);
    expect(accepted.map(({ scanCount }) => scanCount)).toEqual([1]);
  });

  it('leave every other verdict, and the canary, to the sink at once', async () => {
    const { front, accepted } = makeFixture();
    const failed = makeReport(2, 0, { outcome: failedOutcome('poison') });
    for (const report of [makeReport(1, 1), failed, makeReport(3, 0, { isCanary: true })]) await front.record(report);
    expect(accepted.map(({ outcome }) => outcome.verdict)).toEqual(['match', 'failed', 'clean']);
  });

  it('leave a scan that a row already speaks of to the sink, or its failure would be the last word', async () => {
    const { ledger, front, accepted } = makeFixture();
    const report = makeReport(1, 0);
    const outcome = { verdict: 'failed', rank: rankOf('failed'), reason: 'poison' };
    await ledger.finish(report.object, report.scanId, 'before', outcome);
    await front.record(report);
    expect(accepted).toEqual([report]);
  });

  it('are recorded again with the same ids when the sink takes only some, and then forgotten', async () => {
    let refusals = 1;
    const ids: string[] = [];
    const { table, tally, front, sink, accepted } = makeFixture((report) => {
      ids.push(report.scanId);
      if (report.object.container === 'b' && refusals-- > 0) throw new SinkError('busy', { retryable: true });
    });
    for (const [index, container] of ['a', 'b'].entries()) await front.record(inContainer(index, container));
    await expect(recordCleanHours([sink], tally, log, one)).rejects.toThrow('busy');
    await recordCleanHours([sink], tally, log, one);
    expect(new Set(ids).size).toBe(2);
    expect(new Set(accepted.map(({ object }) => object.container))).toEqual(new Set(['a', 'b']));
    expect(await rowsLeft(table)).toEqual([]);
  });

  it('are not counted again when the deletion was cut off', async () => {
    const { table, tally, front, sink, accepted } = makeFixture();
    for (let number = 0; number < 5; number += 1) await front.record(makeReport(number, 0));
    const closing = await tally.close('2026-11-24T12');
    expect((await tally.sums(closing)).map(({ scanCount }) => scanCount)).toEqual([5]);
    await tally.recorded(closing);
    await table.deleteEntity('2026-11-24T12', makeReport(2, 0).scanId);
    await recordCleanHours([sink], tally, log, one);
    expect(accepted).toEqual([]);
    expect(await rowsLeft(table)).toEqual([]);
  });

  it('that arrive when the line is drawn have a row of their own later', async () => {
    const { tally, front, sink, accepted } = makeFixture();
    await front.record(makeReport(1, 0));
    await delay(20);
    await tally.close('2026-11-24T12');
    await front.record(makeReport(2, 0));
    await recordCleanHours([sink], tally, log, one);
    await recordCleanHours([sink], tally, log, one);
    expect(accepted.map(({ scanCount }) => scanCount)).toEqual([1, 1]);
    expect(new Set(accepted.map(({ scanId }) => scanId)).size).toBe(2);
  });

  it('of more than a batch and a page are all counted and all deleted', async () => {
    const { table, tally, front, sink, accepted } = makeFixture();
    const numbers = Array.from({ length: 1_230 }, (_, number) => number);
    while (numbers.length > 0) {
      await Promise.all(numbers.splice(0, 40).map(async (number) => front.record(makeReport(number, 0))));
    }
    await recordCleanHours([sink], tally, log, one);
    expect(accepted.map(({ scanCount }) => scanCount)).toEqual([1_230]);
    expect(await rowsLeft(table)).toEqual([]);
  }, 60_000);

  it('are nothing where the table was never made', async () => {
    const { tally, sink, accepted } = makeFixture();
    await recordCleanHours([sink], tally, log, one);
    expect(accepted).toEqual([]);
  });
});

describe('the app with cleanRows hourly', () => {
  it('writes rows of findings at once, of clean scans by the hour, and the ledger in any case', async () => {
    const app = await service.start({ cleanRows: 'hourly' });
    const [bad, good] = [await service.upload(malicious), await service.upload(harmless)];
    for (const upload of [bad, good]) await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(bad.name)).toEqual(['match']);
    expect(service.outcomesOf(good.name)).toEqual([]);
    expect((await service.entriesOf(good.name)).map(({ state, verdict }) => [state, verdict])).toEqual([
      ['done', 'clean'],
    ]);
    // Its hour is not over: nothing is recorded before.
    await app.recordCleanHours();
    expect(service.outcomesOf('')).toEqual([]);
    const recorded: ScanReport[] = [];
    const sink: Sink = {
      name: 'log-analytics',
      record: (report) => Promise.resolve(void recorded.push(report)),
      close: () => Promise.resolve(),
    };
    const later = new Date(Date.now() + 70 * 60_000);
    await recordCleanHours([sink], new CleanTally(openTable(CLEAN_TALLY_TABLE)), log, later);
    expect(recorded.map(({ scanCount, bytesRead }) => [scanCount, bytesRead])).toEqual([[1, harmless.length]]);
  });
});

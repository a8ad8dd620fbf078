/** What every sink keeps to. A sink's test calls `describeSinkContract` with the means to make one and to look behind it. */
import { afterEach, describe, expect, test } from 'vitest';
import type { ScanReport } from '../../../../shared/scanner/scan-report.ts';
import type { Sink } from '../../../../shared/sinks/sink.ts';
import { skippedOutcome } from '../../../../shared/scanner/verdict.ts';
import { makeFinding, makeReport } from './report-fixture.ts';

export interface SinkUnderTest {
  readonly sink: Sink;
  /** ScanIds and FindingIds of what is recorded for good by now. */
  recorded(): { readonly scanIds: readonly string[]; readonly findingIds: readonly string[] };
  /** Called when the test is over, the sink closed or not. */
  release(): Promise<void>;
}

export function describeSinkContract(name: string, setUp: () => Promise<SinkUnderTest>): void {
  describe(`${name} keeps the sink contract`, () => {
    let current: SinkUnderTest | undefined;
    const start = async (): Promise<SinkUnderTest> => (current = await setUp());

    afterEach(async () => {
      await current?.sink.close();
      await current?.release();
      current = undefined;
    });

    const expectRecorded = (reports: readonly ScanReport[]): void => {
      const { scanIds, findingIds } = current!.recorded();
      expect(new Set(scanIds)).toEqual(new Set(reports.map((report) => report.scanId)));
      expect(new Set(findingIds)).toEqual(
        new Set(reports.flatMap((report) => report.findings.map((f) => f.findingId))),
      );
    };

    test('its name is the one of the settings', async () => {
      const { sink } = await start();
      expect(sink.name).toBe(name);
    });

    test('a report is recorded with all its findings once record resolves', async () => {
      const { sink } = await start();
      const report = makeReport(1, 3);
      await sink.record(report);
      expectRecorded([report]);
    });

    test('a clean report and a skipped one are recorded too', async () => {
      const { sink } = await start();
      const clean = makeReport(1, 0);
      const skipped = makeReport(2, 0, { outcome: skippedOutcome('gone'), sizeInBytes: undefined, sha256: undefined });
      await sink.record(clean);
      await sink.record(skipped);
      expectRecorded([clean, skipped]);
    });

    test('reports recorded at the same time are all recorded', async () => {
      const { sink } = await start();
      const reports = Array.from({ length: 40 }, (_, i) => makeReport(i, i % 3));
      await Promise.all(reports.map((report) => sink.record(report)));
      expectRecorded(reports);
    });

    test('a report recorded twice has the same ids both times', async () => {
      const { sink } = await start();
      const report = makeReport(1, 2);
      await sink.record(report);
      await sink.record(report);
      expectRecorded([report]);
    });

    test('hostile names, tags and excerpts arrive without harm to their neighbours', async () => {
      const { sink } = await start();
      const hostile = '\u0000\r\n{"scan":1}\u001b[2J\ud800\u202e😀"\\';
      const report = makeReport(1, 0);
      const finding = makeFinding(report.scanId, hostile, {
        tags: [hostile, '__proto__'],
        meta: [
          ['__proto__', hostile],
          ['constructor', true],
        ],
        evidence: [{ pattern: hostile, offset: 2 ** 48, length: 1, excerpt: hostile.repeat(50_000) }],
      });
      const bad = {
        ...makeReport(1, 1),
        object: { ...report.object, objectName: hostile.repeat(10_000) },
        findings: [finding],
      };
      const good = makeReport(2, 1);
      await Promise.all([sink.record(bad), sink.record(good)]);
      expectRecorded([bad, good]);
    });

    test('a report whose signal has aborted is refused with its reason and not recorded', async () => {
      const { sink } = await start();
      const reason = new Error('the app is stopping');
      await expect(sink.record(makeReport(1), { abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const other = makeReport(2);
      await sink.record(other);
      expectRecorded([other]);
    });

    test('close delivers what is still gathered, and may be called twice', async () => {
      const { sink } = await start();
      const reports = [makeReport(1, 2), makeReport(2, 0)];
      const recording = Promise.all(reports.map((report) => sink.record(report)));
      await sink.close();
      expectRecorded(reports);
      await recording;
      await sink.close();
    });

    test('a closed sink refuses reports and says that they can be recorded later', async () => {
      const { sink } = await start();
      await sink.close();
      await expect(sink.record(makeReport(1))).rejects.toMatchObject({ retryable: true });
      expectRecorded([]);
    });
  });
}

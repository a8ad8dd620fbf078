import { describe, expect, test } from 'vitest';
import type { FindingRow, ScanRow } from '../../../../shared/sinks/rows.ts';
import { createConsoleSink } from '../../../../shared/sinks/console.ts';
import { SinkError } from '../../../../shared/sinks/sink-error.ts';
import { skippedOutcome } from '../../../../shared/scanner/verdict.ts';
import { makeFinding, makeReport } from './report-fixture.ts';
import { describeSinkContract } from './sink-contract.ts';

describeSinkContract('console', async () => {
  const lines: string[] = [];
  const sink = createConsoleSink({
    write(line) {
      lines.push(line);
    },
  });
  return {
    sink,
    recorded() {
      const reports = lines.map((line) => JSON.parse(line) as { scan: ScanRow; findings: FindingRow[] });
      return {
        scanIds: reports.map(({ scan }) => scan.ScanId),
        findingIds: reports.flatMap(({ findings }) => findings.map((row) => row.FindingId)),
      };
    },
    release: () => Promise.resolve(),
  };
});

describe('console sink', () => {
  const readable = async (...reports: Parameters<typeof makeReport>[]): Promise<string[]> => {
    const lines: string[] = [];
    const sink = createConsoleSink({ format: 'readable', write: (line) => void lines.push(line) });
    for (const report of reports) await sink.record(makeReport(...report));
    return lines;
  };

  test('a readable line names verdict, object, size and rules', async () => {
    expect(
      await readable([1, 1], [2, 0], [3, 0, { outcome: skippedOutcome('policy:Backups'), sizeInBytes: undefined }]),
    ).toEqual([
      'match       uploads/incoming/2026/11/sample-1.bin  8192 bytes  default:rule_0 [Medium]',
      'clean       uploads/incoming/2026/11/sample-2.bin  8192 bytes',
      'skipped (policy:Backups)  uploads/incoming/2026/11/sample-3.bin',
    ]);
  });

  test('a readable line counts what it does not name, and says what is excluded', async () => {
    const [many] = await readable([1, 2_000]);
    expect(many).toMatch(/default:rule_9 \[Medium\] {2}and 1990 more$/);
    const excluded = makeFinding('x', 'r', { exclusion: 'backup-agents', exclusionBasis: 'claimed' });
    expect((await readable([1, 0, { findings: [excluded] }]))[0]).toContain(
      'default:r [Medium, excluded by backup-agents]',
    );
  });

  test('a readable report stays one line whatever the object is called', async () => {
    const object = { ...makeReport(1).object, objectName: 'a\nclean  b\u001b[2J\u2028\u202e' };
    const [line] = await readable([1, 0, { object }]);
    expect(line).toContain('a\\nclean  b\\u001b[2J\\u2028\\u202e');
  });

  test('a report is not recorded before its line is written', async () => {
    let finish = (): void => undefined;
    const sink = createConsoleSink({ write: () => new Promise<void>((resolve) => (finish = resolve)) });
    let isRecorded = false;
    const recording = sink.record(makeReport(1)).then(() => (isRecorded = true));
    await new Promise(setImmediate);
    expect(isRecorded).toBe(false);
    finish();
    await recording;
  });

  test('a line that cannot be written is an error that can be tried again', async () => {
    const cause = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const sink = createConsoleSink({ write: () => Promise.reject(cause) });
    const error = await sink.record(makeReport(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SinkError);
    expect(error).toMatchObject({ retryable: true, isRefused: false, cause });
  });

  test('an abort ends the waiting for a line that is never written', async () => {
    const sink = createConsoleSink({ write: () => new Promise<void>(() => undefined) });
    const controller = new AbortController();
    const recording = sink.record(makeReport(1), { abortSignal: controller.signal });
    const reason = new Error('stopping');
    controller.abort(reason);
    await expect(recording).rejects.toBe(reason);
  });
});

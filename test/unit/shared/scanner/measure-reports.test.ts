import { describe, expect, it } from 'vitest';
import type { Telemetry } from '../../../../shared/base/telemetry.ts';
import { noTelemetry } from '../../../../shared/base/telemetry.ts';
import { measureReport } from '../../../../shared/scanner/measure-reports.ts';
import { makeReport } from '../sinks/report-fixture.ts';

/** What was recorded of a report, by metric. */
function measured(changes: Parameters<typeof makeReport>[2]): Map<string, number> {
  const values = new Map<string, number>();
  const telemetry: Telemetry = { ...noTelemetry, record: (name, value) => void values.set(name, value) };
  measureReport(makeReport(1, 0, changes), telemetry);
  return values;
}

describe('the lag of a report', () => {
  const times = { eventTime: '2026-11-23T10:00:00Z', scanFinishedAt: '2026-11-23T10:00:09Z' };

  it('is the time from the upload to the verdict, also of what the sweep found', () => {
    expect(measured(times).get('sluice.lag')).toBe(9);
    expect(measured({ ...times, origin: 'sweep' }).get('sluice.lag')).toBe(9);
  });

  it('is none of an object that somebody had scanned again: its age says nothing', () => {
    const values = measured({ ...times, origin: 'rescan' });
    expect(values.has('sluice.lag')).toBe(false);
    expect(values.has('sluice.scan.duration')).toBe(true);
  });

  it('is none where the time of the upload is not known, or lies ahead', () => {
    expect(measured({ ...times, eventTime: '' }).has('sluice.lag')).toBe(false);
    expect(measured({ ...times, eventTime: '2026-11-23T10:01:00Z' }).has('sluice.lag')).toBe(false);
  });
});

/** The charts of the workbook that show the scanner's own metrics: what they make of rows as Application Insights has them. */
import { describe, expect, it } from 'vitest';
import { counters, gauges, histograms } from '../../../shared/base/telemetry.ts';
import { runQuery } from '../../../shared/local/kusto/run-query.ts';
import { infra } from '../infra/copy-infra.ts';
import { appMetrics } from './microsoft-tables.ts';
import { readSentinel } from './queries.ts';

const charts = readSentinel(infra).workbooks.flatMap((workbook) => workbook.charts);
const metric = (Name: string, value: number, Properties: object = {}) => ({
  TimeGenerated: '2026-11-24T11:58:00.000Z',
  AppRoleName: 'sluice-a',
  Name,
  ItemCount: 1,
  Sum: value,
  Min: value,
  Max: value,
  Properties,
});

function show(title: string, rows: readonly object[]): readonly Readonly<Record<string, unknown>>[] {
  const { query } = charts.find((chart) => chart.title === title)!;
  const tables = [{ ...appMetrics, rows: rows as Record<string, unknown>[] }];
  return runQuery(query, { tables, functions: [] }, new Date('2026-11-24T12:00:00Z')).rows;
}

describe('the workbook', () => {
  it('names metrics that there are', () => {
    const named = charts.flatMap(({ query }) => [...query.matchAll(/"(sluice\.[a-z.]+)"/g)].map((match) => match[1]!));
    const known = Object.keys({ ...counters, ...histograms, ...gauges });
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('shows what waits', () => {
    const rows = [metric('sluice.queue.wait', 40), metric('sluice.queue.wait', 90), metric('sluice.outbox.waiting', 7)];
    expect(show('Waiting, in the queue and for delivery', [...rows, metric('sluice.rules', 5_000)])).toMatchObject([
      { OldestUploadInSeconds: 90, ReportsInOutbox: 7 },
    ]);
  });

  it('shows reports that were not taken, by the code of the error', () => {
    const failure = metric('sluice.ingestion.failures', 3, { code: 'INGESTION_FAILED' });
    expect(show('Reports that were not taken, by error', [failure, failure, metric('sluice.scans', 9)])).toMatchObject([
      { Error: 'INGESTION_FAILED', Reports: 6 },
    ]);
  });

  it('shows the dearest rules first', () => {
    const rows = [
      metric('sluice.rule.cost', 0.5, { rule: 'apt:slow' }),
      metric('sluice.rule.cost', 1.5, { rule: 'apt:slow' }),
      metric('sluice.rule.cost', 0.1, { rule: 'apt:quick' }),
    ];
    expect(show('Dearest rules, of each hundredth scan', rows)).toMatchObject([
      { Rule: 'apt:slow', Scans: 2, Seconds: 2, Longest: 1.5, Mean: 1 },
      { Rule: 'apt:quick', Scans: 1 },
    ]);
  });

  it('shows nothing where no metrics are sent', () => {
    const metricCharts = charts.filter(({ query }) => query.includes('AppMetrics'));
    expect(metricCharts).toHaveLength(3);
    for (const { query } of metricCharts) {
      expect(runQuery(query, { tables: [], functions: [] }, new Date()).rows.length).toBeLessThanOrEqual(1);
    }
  });
});

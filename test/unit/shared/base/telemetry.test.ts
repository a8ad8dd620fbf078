import type { DataPoint } from '@opentelemetry/sdk-metrics';
import { AggregationTemporality, InMemoryMetricExporter } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { createOpenTelemetry } from '../../../../shared/base/open-telemetry.ts';
import type { Telemetry } from '../../../../shared/base/telemetry.ts';
import { laterTelemetry, noTelemetry } from '../../../../shared/base/telemetry.ts';

const made: Telemetry[] = [];
afterEach(() => Promise.all(made.splice(0).map((telemetry) => telemetry.close())));

function inMemory() {
  const metrics = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const spans = new InMemorySpanExporter();
  const telemetry = createOpenTelemetry({ metrics, spans }, { version: '1.2.3', everyMs: 3_600_000 });
  made.push(telemetry);
  const points = async (name: string) => {
    await telemetry.flush();
    const all = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return all
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<unknown>[]);
  };
  return { telemetry, metrics, spans, points };
}

describe('telemetry by the real SDK', () => {
  it('adds up by attribute, spreads values over time, and asks for what it observes', async () => {
    const { telemetry, points, metrics } = inMemory();
    telemetry.count('sluice.scans', 1, { verdict: 'clean' });
    telemetry.count('sluice.scans', 2, { verdict: 'clean' });
    telemetry.count('sluice.scans', 1, { verdict: 'match' });
    telemetry.record('sluice.lag', 1.5);
    telemetry.record('sluice.lag', 400);
    let rules = 7;
    telemetry.observe('sluice.rules', () => rules);
    rules = 8;
    expect(await points('sluice.scans')).toMatchObject([
      { attributes: { verdict: 'clean' }, value: 3 },
      { attributes: { verdict: 'match' }, value: 1 },
    ]);
    expect(await points('sluice.lag')).toMatchObject([{ value: { count: 2, min: 1.5, max: 400, sum: 401.5 } }]);
    expect((await points('sluice.rules')).at(-1)).toMatchObject({ value: 8 });
    expect(metrics.getMetrics()[0]!.resource.attributes).toMatchObject({
      'service.name': 'sluice',
      'service.version': '1.2.3',
    });
  });

  it('has a span for a piece of work, with how long each stage took, and how it ended', async () => {
    const { telemetry, spans } = inMemory();
    const good = telemetry.startSpan('scan');
    good.stage('open');
    good.stage('scan');
    good.end({ 'sluice.verdict': 'clean' });
    telemetry.startSpan('scan').end({}, 'it broke');
    await telemetry.flush();
    const [first, second] = spans.getFinishedSpans();
    expect(first!.attributes).toEqual({
      'sluice.stage.open.ms': expect.any(Number) as number,
      'sluice.stage.scan.ms': expect.any(Number) as number,
      'sluice.verdict': 'clean',
    });
    expect(second!.status).toEqual({ code: 2, message: 'it broke' });
  });

  it('does not wait for ever, nor reject, where nothing can be sent', async () => {
    const { metrics, telemetry } = inMemory();
    metrics.export = () => undefined;
    telemetry.count('sluice.scans', 1);
    const before = Date.now();
    await telemetry.flush();
    expect(Date.now() - before).toBeLessThan(8_000);
  }, 20_000);
});

describe('telemetry that is still being loaded', () => {
  it('is handed what was counted before it was there', async () => {
    const { telemetry, points } = inMemory();
    let arrive = (_: Telemetry): void => undefined;
    const later = laterTelemetry(
      () => new Promise((resolve) => (arrive = resolve)),
      () => undefined,
    );
    later.count('sluice.scans', 2);
    later.startSpan('scan').end({});
    arrive(telemetry);
    await later.flush();
    later.count('sluice.scans', 3);
    const values = (await points('sluice.scans')).map(({ value }) => value as number);
    expect(values.reduce((sum, value) => sum + value, 0)).toBe(5);
  });

  it('that cannot be is told of once, and nothing is kept', async () => {
    const faults: unknown[] = [];
    const later = laterTelemetry(
      () => Promise.reject(new Error('no such package')),
      (error) => faults.push(error),
    );
    for (let count = 0; count < 20_000; count += 1) later.count('sluice.scans', 1);
    await later.flush();
    later.count('sluice.scans', 1);
    expect(faults).toMatchObject([{ message: 'no such package' }]);
    await expect(noTelemetry.flush()).resolves.toBeUndefined();
  });
});

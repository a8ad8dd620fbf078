/**
 * Telemetry by the OpenTelemetry SDK, and from there to Application Insights: the one file that knows either. It is loaded only where
 * telemetry is on, and after the app is ready. Nothing is registered globally, so that what else is in the process is left alone.
 *
 * What cannot be sent is dropped: rows, not telemetry, are what may not be lost. So nothing is kept on the disk either.
 */
import type { TokenCredential } from '@azure/identity';
import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from '@azure/monitor-opentelemetry-exporter';
import type { AzureMonitorExporterOptions } from '@azure/monitor-opentelemetry-exporter';
import type { Span } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { CounterName, HistogramName, Telemetry, TelemetryAttributes, TelemetrySpan } from './telemetry.ts';
import { counters, gauges, histograms } from './telemetry.ts';

export interface TelemetryExporters {
  readonly metrics: PushMetricExporter;
  /** Undefined: no spans. */
  readonly spans: SpanExporter | undefined;
}

export interface TelemetryOptions {
  readonly version: string;
  /** How often metrics are sent; two minutes unless given. */
  readonly everyMs?: number;
}

export interface AzureTelemetryOptions extends TelemetryOptions {
  readonly connectionString: string;
  readonly credential: TokenCredential;
  readonly withSpans: boolean;
  /** How the exporter behaves on the wire. */
  readonly wire?: Pick<AzureMonitorExporterOptions, 'tlsOptions' | 'retryOptions' | 'httpClient'>;
}

const EVERY_MS = 120_000;
/** Nothing that ends waits longer for what is to be sent. */
const FLUSH_IN_MS = 5_000;
/** Objects take from milliseconds to days. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];

/** To Application Insights, signed in with the credential. Makes no request. */
export function createAzureTelemetry(options: AzureTelemetryOptions): Telemetry {
  const { connectionString, credential, withSpans, wire } = options;
  const exporter = { connectionString, credential, disableOfflineStorage: true, ...wire };
  return createOpenTelemetry(
    {
      metrics: new AzureMonitorMetricExporter(exporter),
      spans: withSpans ? new AzureMonitorTraceExporter(exporter) : undefined,
    },
    options,
  );
}

/** To any exporters. */
export function createOpenTelemetry(
  exporters: TelemetryExporters,
  { version, everyMs = EVERY_MS }: TelemetryOptions,
): Telemetry {
  const resource = resourceFromAttributes({ 'service.name': 'sluice', 'service.version': version });
  const reader = new PeriodicExportingMetricReader({
    exporter: exporters.metrics,
    exportIntervalMillis: everyMs,
    exportTimeoutMillis: Math.min(everyMs, 30_000),
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const meter = meters.getMeter('sluice', version);
  const counting = new Map(
    Object.entries(counters).map(([name, description]) => [name, meter.createCounter(name, { description })]),
  );
  const recording = new Map(
    Object.entries(histograms).map(([name, description]) => [
      name,
      meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: SECONDS } }),
    ]),
  );
  const spans = exporters.spans && [new BatchSpanProcessor(exporters.spans)];
  const tracers = spans && new BasicTracerProvider({ resource, spanProcessors: spans });
  const tracer = tracers?.getTracer('sluice', version);
  const both = [meters, ...(tracers ? [tracers] : [])];
  return {
    count: (name: CounterName, amount, attributes) => {
      counting.get(name)!.add(amount, attributes);
    },
    record: (name: HistogramName, value, attributes) => {
      recording.get(name)!.record(value, attributes);
    },
    observe: (name, read) => {
      meter.createObservableGauge(name, { description: gauges[name] }).addCallback((result) => {
        result.observe(read());
      });
    },
    // A consumer of messages in truth; the exporter names only requests that are served.
    startSpan: (name) => timedSpan(tracer?.startSpan(name, { kind: SpanKind.SERVER })),
    flush: () =>
      within(
        FLUSH_IN_MS,
        both.map((provider) => provider.forceFlush()),
      ),
    close: () =>
      within(
        FLUSH_IN_MS,
        both.map((provider) => provider.shutdown()),
      ),
  };
}

function timedSpan(span: Span | undefined): TelemetrySpan {
  let current: { readonly name: string; readonly since: number } | undefined;
  const endStage = (): void => {
    if (current === undefined) return;
    span?.setAttribute(`sluice.stage.${current.name}.ms`, Math.round(performance.now() - current.since));
    current = undefined;
  };
  return {
    stage: (name) => {
      endStage();
      current = { name, since: performance.now() };
    },
    end: (attributes: TelemetryAttributes, error) => {
      endStage();
      span?.setAttributes(attributes);
      if (error !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span?.end();
    },
  };
}

/** Waits for all of it, but not for ever, and never rejects. */
async function within(limitInMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  const timer = new AbortController();
  const limit = new Promise<void>((resolve) => {
    const timeout = setTimeout(resolve, limitInMs);
    timer.signal.addEventListener('abort', () => {
      clearTimeout(timeout);
    });
  });
  await Promise.race([Promise.allSettled(work), limit]);
  timer.abort();
}

/**
 * What the app measures of itself, in words of its own: the code that counts knows nothing of who listens. Where nobody does nothing is
 * kept. Names and meanings stand here once, for whoever sends them and for the README.
 */

/** Sums. */
export const counters = {
  'sluice.scans': 'outcomes that were recorded, by verdict and reason',
  'sluice.findings': 'findings that were recorded, by severity and whether an exclusion marks them',
  'sluice.bytes': 'bytes read of scanned objects',
  'sluice.ingestion.failures': 'reports that the sinks did not take, by error code',
} as const;

/** Distributions. */
export const histograms = {
  'sluice.lag': 'seconds from the upload to the recorded verdict of a scan',
  'sluice.scan.duration': 'seconds that the attempt took which was recorded',
  'sluice.rule.cost': 'seconds that a rule took in one scan: the five dearest of each hundredth scan, by rule',
} as const;

/** Values that are asked for when they are sent. */
export const gauges = {
  'sluice.outbox.waiting': 'reports that wait for delivery, as last counted',
  'sluice.queue.wait':
    'seconds that the oldest upload waits in the queue, as last looked at: by the canary, or for health',
  'sluice.rules': 'rules in use',
  'sluice.rules.skipped': 'rules that were left out when the rules in use were compiled',
  'sluice.rules.refused': '1 while published rules are refused, else 0',
} as const;

export type CounterName = keyof typeof counters;
export type HistogramName = keyof typeof histograms;
export type GaugeName = keyof typeof gauges;
/** Few values each: every combination is a series of its own. For a span any. */
export type TelemetryAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work from now to `end`. */
export interface TelemetrySpan {
  /** What it is at from now on; ends the stage before. Known by how long each took. */
  stage(name: string): void;
  /** Ends it, once. */
  end(attributes: TelemetryAttributes, error?: string): void;
}

/** None of these throws or waits, but for `flush` and `close`, which never reject. */
export interface Telemetry {
  count(name: CounterName, amount: number, attributes?: TelemetryAttributes): void;
  record(name: HistogramName, value: number, attributes?: TelemetryAttributes): void;
  observe(name: GaugeName, read: () => number): void;
  startSpan(name: string): TelemetrySpan;
  flush(): Promise<void>;
  close(): Promise<void>;
}

const nothing = (): void => undefined;
const noSpan: TelemetrySpan = { stage: nothing, end: nothing };

/** Keeps nothing. */
export const noTelemetry: Telemetry = {
  count: nothing,
  record: nothing,
  observe: nothing,
  startSpan: () => noSpan,
  flush: async () => undefined,
  close: async () => undefined,
};

/** What is measured before anybody listens; more is not kept. */
const MAX_EARLY = 10_000;

/**
 * Telemetry that takes its time to load, which the app does not wait for: what is counted meanwhile is handed over then, and spans that
 * begin before it is there are not. `load` that rejects is told to `onFailed`, and nothing is kept any more.
 */
export function laterTelemetry(load: () => Promise<Telemetry>, onFailed: (error: unknown) => void): Telemetry {
  let loaded: Telemetry | undefined;
  let early: ((telemetry: Telemetry) => void)[] = [];
  const tell = (call: (telemetry: Telemetry) => void): void => {
    if (loaded !== undefined) call(loaded);
    else if (early.length < MAX_EARLY) early.push(call);
  };
  const loading = load()
    .catch((error: unknown) => {
      onFailed(error);
      return noTelemetry;
    })
    .then((telemetry) => {
      loaded = telemetry;
      for (const call of early) call(telemetry);
      early = [];
      return telemetry;
    });
  return {
    count: (name, amount, attributes) => {
      tell((telemetry) => {
        telemetry.count(name, amount, attributes);
      });
    },
    record: (name, value, attributes) => {
      tell((telemetry) => {
        telemetry.record(name, value, attributes);
      });
    },
    observe: (name, read) => {
      tell((telemetry) => {
        telemetry.observe(name, read);
      });
    },
    startSpan: (name) => loaded?.startSpan(name) ?? noSpan,
    flush: async () => (await loading).flush(),
    close: async () => (await loading).close(),
  };
}

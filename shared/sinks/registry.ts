/**
 * The sinks there are, by the name that stands in `SLUICE_SINKS`. A new sink is one line here and its file; what it needs is
 * loaded only when it is on.
 */
import { readFile } from 'node:fs/promises';
import type { TokenCredential } from '@azure/identity';
import type { Config } from '../base/config.ts';
import type { SinkName } from '../base/settings.ts';
import type { RetryNotice } from './row-uploader.ts';
import type { Sink } from './sink.ts';
import { invariant } from '../base/errors.ts';

export type SinkConfig = Pick<Config, 'sinks' | 'ingestion'>;

/** What sinks are made from, besides their settings. */
export interface SinkContext {
  /** Asked for only by sinks that sign in. In Azure the app's own `ManagedIdentityCredential`. */
  readonly credential: () => TokenCredential;
  /** Gets the console sink's lines, without their ends. */
  readonly write: (line: string) => void | Promise<void>;
  readonly consoleFormat?: 'json' | 'readable';
  /** Told when a busy service is tried again. */
  readonly onRetry?: (notice: RetryNotice) => void;
}

type SinkFactory = (config: SinkConfig, context: SinkContext) => Promise<Sink>;

const factories: Readonly<Record<SinkName, SinkFactory>> = {
  'log-analytics': createLogAnalytics,
  console: createConsole,
};

/** The sinks of the configuration, in its order. A certificate that cannot be read rejects with the file system's error. */
export async function createSinks(config: SinkConfig, context: SinkContext): Promise<readonly Sink[]> {
  return Promise.all(config.sinks.map(async (name) => factories[name](config, context)));
}

async function createLogAnalytics({ ingestion }: SinkConfig, context: SinkContext): Promise<Sink> {
  invariant(ingestion !== undefined, 'the log-analytics sink is on without its settings');
  const [{ createIngestionClient }, { createLogAnalyticsSink }] = await Promise.all([
    import('./ingestion-client.ts'),
    import('./log-analytics.ts'),
  ]);
  const { endpoint, audience, caPath, dcrId } = ingestion;
  const certificatePem = caPath === undefined ? undefined : await readFile(caPath, 'utf8');
  const client = createIngestionClient({ endpoint, audience, certificatePem, credential: context.credential() });
  return createLogAnalyticsSink({ client, dcrId, ...(context.onRetry && { onRetry: context.onRetry }) });
}

async function createConsole(_config: SinkConfig, context: SinkContext): Promise<Sink> {
  const { createConsoleSink } = await import('./console.ts');
  return createConsoleSink({ write: context.write, ...(context.consoleFormat && { format: context.consoleFormat }) });
}

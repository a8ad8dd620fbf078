/**
 * A worker as a process of its own, to be killed or frozen: takes messages as the Functions host does and handles them with an app
 * made from the environment. What would be minutes in Azure is `LOCK_IN_SECONDS` and `STALE_AFTER_IN_MS`;
 * `WALK_PAGE` is how many objects a step of a walk sees. Tells its parent `ready`, then of
 * each message that it has handled; ends on SIGTERM as in Azure, and with its parent.
 */
import { createApp } from '../../../shared/app.ts';
import { readConfig } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';

const MiB = 1024 * 1024;
const staleAfterInMs = Number(process.env.STALE_AFTER_IN_MS);

const config = readConfig(process.env);
const app = await createApp(config, {
  credential: localCredential(),
  log: createLogger({ format: 'json', level: 'error' }),
  ledgerOptions: { staleAfterInMs },
  sliceLimits: { checkpointEveryBytes: MiB, heartbeatInMs: staleAfterInMs / 4 },
  openOptions: { rangeSizeInBytes: MiB, rangesInFlight: 1 },
  outboxLimits: { firstDelayInMs: 500 },
  ...(process.env.WALK_PAGE !== undefined && { walkLimits: { pageSize: Number(process.env.WALK_PAGE) } }),
});
const host = new QueueHost(app.handleMessage, {
  connectionString: process.env.HOST_CONNECTION!,
  queueName: config.queueName,
  functionName: 'scan-on-upload',
  settings: {
    ...readQueueSettings(process.env.HOST_JSON!),
    visibilityTimeoutInSeconds: 0,
    maxPollingIntervalInMs: 200,
  },
  lockInSeconds: Number(process.env.LOCK_IN_SECONDS),
  minPollingIntervalInMs: 20,
  onEvent: ({ kind }) => {
    if (kind === 'completed' || kind === 'failed') process.send?.(kind);
  },
});
host.start();
process.send?.('ready');

process.once('SIGTERM', () => {
  void Promise.all([host.stop(), app.drain()]).then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));

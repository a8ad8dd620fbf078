/**
 * A worker of the soak, as the Functions host runs one: its queue hosts take messages, the app handles them. It ends on SIGTERM
 * as it does in Azure (no more messages, drain), on SIGKILL at once, and with its parent. Where workers are killed
 * (`SOAK_WORKERS=mortal`), times after which another takes over are seconds instead of minutes, since kills come so much more often;
 * everything else is as the settings and `host.json` make it. Tells its memory and CPU time as it goes.
 */
import { createApp } from '../../shared/app.ts';
import { readConfig } from '../../shared/base/config.ts';
import { createLogger } from '../../shared/base/log.ts';
import { readQueueSettings } from '../../shared/local/host-settings.ts';
import { localCredential } from '../../shared/local/local-credential.ts';
import { QueueHost } from '../../shared/local/queue-host.ts';

/** What a worker tells of itself. */
export interface WorkerUse {
  readonly residentBytes: number;
  /** Since its start, user and system. */
  readonly cpuInMs: number;
}

/** Longer than `staleAfterInMs`, as in Azure: whoever gets a dead worker's message may go on with its scan. */
const LOCK_IN_SECONDS = 45;
const STALE_AFTER_IN_MS = 30_000;
const TELL_EVERY_MS = 2_000;

const isMortal = process.env.SOAK_WORKERS === 'mortal';
const config = readConfig(process.env);
const app = await createApp(config, {
  credential: localCredential(),
  log: createLogger({ format: 'json', level: config.logLevel }),
  ...(isMortal && {
    ledgerOptions: { staleAfterInMs: STALE_AFTER_IN_MS },
    sliceLimits: { heartbeatInMs: STALE_AFTER_IN_MS / 3, checkpointEveryBytes: 4 * 1024 * 1024 },
    openOptions: { stallTimeoutInMs: 3_000 },
  }),
  outboxLimits: { firstDelayInMs: 5_000, countedForMs: 2_000 },
});
const settings = {
  ...readQueueSettings(process.env.HOST_JSON!),
  visibilityTimeoutInSeconds: 2,
  maxPollingIntervalInMs: 500,
};
const common = {
  connectionString: process.env.HOST_CONNECTION!,
  settings,
  ...(isMortal && { lockInSeconds: LOCK_IN_SECONDS }),
};
const { queueName } = config;
const hosts = [
  new QueueHost(app.handleMessage, { ...common, queueName, functionName: 'scan-on-upload' }),
  new QueueHost(app.handlePoison, { ...common, queueName: `${queueName}-poison`, functionName: 'record-poison' }),
];
for (const host of hosts) host.start();

const tell = setInterval(() => {
  const { user, system } = process.cpuUsage();
  process.send?.({ residentBytes: process.memoryUsage.rss(), cpuInMs: (user + system) / 1_000 } satisfies WorkerUse);
}, TELL_EVERY_MS);

let isEnding = false;
process.on('SIGTERM', () => {
  if (isEnding) return;
  isEnding = true;
  clearInterval(tell);
  void Promise.all([...hosts.map((host) => host.stop()), app.drain()]).then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));

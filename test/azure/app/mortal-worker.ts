/**
 * A worker as the Functions host runs one, with its queues and the numbers of `host.json`, that is gone the moment it reads an
 * object whose name tells it to: as if scanning it took all memory. It says `dies` before. Locks are short, so that what it held
 * comes again soon; signs of life come often enough for what waits to be seen alive.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../../shared/app.ts';
import { readConfig } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';

const LOCK_IN_SECONDS = 3;
const STALE_AFTER_IN_MS = 6_000;

subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  if (request.method !== 'GET' || !request.path.includes('/uploads/killer')) return;
  writeSync(1, 'dies\n');
  process.kill(process.pid, 'SIGKILL');
});

const config = readConfig(process.env);
const app = await createApp(config, {
  credential: localCredential(),
  log: createLogger({ format: 'json', level: 'error' }),
  sliceLimits: { heartbeatInMs: 2_500 },
  ledgerOptions: { staleAfterInMs: STALE_AFTER_IN_MS },
});
const settings = {
  ...readQueueSettings(join(import.meta.dirname, '..', '..', '..', 'host.json')),
  maxPollingIntervalInMs: 200,
  visibilityTimeoutInSeconds: 0,
};
const common = { connectionString: process.env.HOST_CONNECTION!, settings, lockInSeconds: LOCK_IN_SECONDS };
const { queueName } = config;
const hosts = [
  new QueueHost(app.handleMessage, { ...common, queueName, functionName: 'scan-on-upload' }),
  new QueueHost(app.handlePoison, { ...common, queueName: `${queueName}-poison`, functionName: 'record-poison' }),
];
for (const host of hosts) host.start();
process.on('disconnect', () => process.exit(0));

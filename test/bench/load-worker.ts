/**
 * One worker of the load bench: the queue host with the settings of `host.json` hands messages to an app made from the
 * environment, as in production. Tells its CPU time, its memory and the requests it sent, by service and method, when it is asked
 * to end.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import { createApp } from '../../shared/app.ts';
import { readConfig } from '../../shared/base/config.ts';
import { readQueueSettings } from '../../shared/local/host-settings.ts';
import { localCredential } from '../../shared/local/local-credential.ts';
import { QueueHost } from '../../shared/local/queue-host.ts';

export interface LoadWorkerUse {
  readonly cpuInMs: number;
  readonly peakBytes: number;
  /** By `PORT METHOD`, as sent: repetitions count. */
  readonly requests: Readonly<Record<string, number>>;
}

const requests: Record<string, number> = {};
subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  const key = `${new URL(`http://${String(request.getHeader('host'))}`).port} ${request.method}`;
  requests[key] = (requests[key] ?? 0) + 1;
});

const config = readConfig(process.env);
const app = await createApp(config, { credential: localCredential() });
const started = process.cpuUsage();
const host = new QueueHost(app.handleMessage, {
  connectionString: process.env.HOST_CONNECTION!,
  queueName: config.queueName,
  functionName: 'scan-on-upload',
  settings: readQueueSettings(join(import.meta.dirname, '../../host.json')),
});
let peakBytes = 0;
const watch = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 200);
host.start();

process.on('message', () => {
  clearInterval(watch);
  const { user, system } = process.cpuUsage(started);
  void host.stop().then(() => {
    const use: LoadWorkerUse = { cpuInMs: (user + system) / 1_000, peakBytes, requests };
    process.send?.(use, () => process.exit(0));
  });
});
process.on('disconnect', () => process.exit(1));

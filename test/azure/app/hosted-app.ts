/**
 * An app behind queue hosts, as the Functions host runs it: messages are really sent, hidden, delivered again after a failure and
 * moved to the poison queue after five. Only the waits are short.
 */
import { join } from 'node:path';
import { QueueServiceClient } from '@azure/storage-queue';
import { expect } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { readQueueSettings } from '../../../shared/local/host-settings.ts';
import type { QueueHostEvent } from '../../../shared/local/queue-host.ts';
import { QueueHost } from '../../../shared/local/queue-host.ts';
import type { Service } from './service.ts';

export interface HostedApp {
  /** Of both queues, in order. */
  readonly events: readonly QueueHostEvent[];
  /** How often a message was handled in vain. */
  readonly failures: number;
  /** Puts messages into the queue, in this order. */
  send(...messages: readonly object[]): Promise<void>;
  /** Resolves when no message is left in either queue, hidden ones included. */
  untilEmpty(timeoutInMs?: number): Promise<void>;
  /** Takes no more messages, and waits for those in work. */
  stop(): Promise<void>;
}

const hostJson = join(import.meta.dirname, '../../../host.json');

/** Starts taking messages. The app is not closed with it. */
export function hostApp(service: Service, app: App): HostedApp {
  const { connectionString } = service;
  const { queueName } = service.config;
  const events: QueueHostEvent[] = [];
  const common = {
    connectionString,
    settings: { ...readQueueSettings(hostJson), visibilityTimeoutInSeconds: 0, maxPollingIntervalInMs: 100 },
    minPollingIntervalInMs: 10,
    onEvent: (event: QueueHostEvent) => void events.push(event),
  };
  const hosts = [
    new QueueHost(app.handleMessage, { ...common, queueName, functionName: 'scan-on-upload' }),
    new QueueHost(app.handlePoison, { ...common, queueName: `${queueName}-poison`, functionName: 'record-poison' }),
  ];
  const queues = QueueServiceClient.fromConnectionString(connectionString);
  const lengthOf = async (name: string): Promise<number> => {
    const queue = queues.getQueueClient(name);
    if (!(await queue.exists())) return 0;
    return (await queue.getProperties()).approximateMessagesCount ?? 0;
  };
  for (const host of hosts) host.start();
  return {
    events,
    get failures() {
      return events.filter(({ kind }) => kind === 'failed').length;
    },
    async send(...messages) {
      for (const message of messages) {
        await service.queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
      }
      for (const host of hosts) host.notify();
    },
    async untilEmpty(timeoutInMs = 20_000) {
      // The poison queue last: what leaves the other one for it is copied first.
      const lengths = async (): Promise<number[]> => [await lengthOf(queueName), await lengthOf(`${queueName}-poison`)];
      await expect.poll(lengths, { timeout: timeoutInMs, interval: 25 }).toEqual([0, 0]);
    },
    async stop() {
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
}

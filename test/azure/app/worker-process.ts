/** Starts `queue-worker.ts` as a process over the storage and the endpoint of a service, and counts what it tells. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Service } from './service.ts';

export interface WorkerProcess {
  /** Messages that it has handled, and those that it failed at. */
  readonly completed: number;
  readonly failed: number;
  /** Delivers a signal, such as SIGSTOP or SIGCONT, and does not wait for what it does. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it and resolves once it is gone. Safe to call twice. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface WorkerTimes {
  readonly lockInSeconds: number;
  readonly staleAfterInMs: number;
  /** Objects that one step of a walk sees. */
  readonly walkPage?: number;
}

/** Resolves when it takes messages. */
export async function startWorker(
  service: Service,
  { lockInSeconds, staleAfterInMs, walkPage }: WorkerTimes,
): Promise<WorkerProcess> {
  const worker = fork(join(import.meta.dirname, 'queue-worker.ts'), {
    env: {
      PATH: process.env.PATH,
      ...service.environment,
      HOST_CONNECTION: service.connectionString,
      HOST_JSON: join(import.meta.dirname, '../../../host.json'),
      LOCK_IN_SECONDS: String(lockInSeconds),
      STALE_AFTER_IN_MS: String(staleAfterInMs),
      ...(walkPage !== undefined && { WALK_PAGE: String(walkPage) }),
    },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(worker, 'exit');
  const told = new Map<unknown, number>();
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (word) => {
      if (word === 'ready') resolve();
      told.set(word, (told.get(word) ?? 0) + 1);
    });
    worker.once('exit', (code) => {
      reject(new Error(`the worker ended with ${String(code)} before it was ready`));
    });
  });
  await ready;
  return {
    get completed() {
      return told.get('completed') ?? 0;
    },
    get failed() {
      return told.get('failed') ?? 0;
    },
    signal: (signal) => void worker.kill(signal),
    async end(signal) {
      worker.kill(signal);
      // A frozen process takes no signal but this one.
      if (signal === 'SIGTERM') worker.kill('SIGCONT');
      await ended;
    },
  };
}

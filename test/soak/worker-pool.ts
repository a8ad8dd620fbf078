/**
 * The workers of a soak as processes. The first one lives as long as the soak, so that its memory can be watched; the others are
 * killed, or asked to end, and started again.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { WorkerUse } from './worker.ts';

export interface PoolUse {
  /** Of the worker that is never ended, in order. */
  readonly steady: readonly number[];
  /** The highest of any worker. */
  readonly peakBytes: number;
  readonly cpuInMs: number;
  readonly kills: number;
  readonly drains: number;
  /** Workers that ended without having been asked to. */
  readonly crashes: number;
}

export class WorkerPool {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: ReturnType<typeof createWriteStream>;
  readonly #workers: ChildProcess[] = [];
  readonly #expected = new WeakSet<ChildProcess>();
  readonly #cpu = new Map<number, number>();
  readonly #steady: number[] = [];
  #peakBytes = 0;
  #kills = 0;
  #drains = 0;
  #crashes = 0;

  constructor(count: number, environment: NodeJS.ProcessEnv, logPath: string) {
    this.#environment = environment;
    this.#log = createWriteStream(logPath);
    for (let index = 0; index < count; index++) this.#start(index);
  }

  get use(): PoolUse {
    const cpuInMs = [...this.#cpu.values()].reduce((sum, value) => sum + value, 0);
    return {
      steady: this.#steady,
      peakBytes: this.#peakBytes,
      cpuInMs,
      kills: this.#kills,
      drains: this.#drains,
      crashes: this.#crashes,
    };
  }

  /** Ends a worker, any but the first, and starts another in its place. */
  async replace(choice: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#workers.length < 2) return;
    const index = 1 + (choice % (this.#workers.length - 1));
    if (signal === 'SIGKILL') this.#kills++;
    else this.#drains++;
    await this.#end(this.#workers[index]!, signal);
    this.#start(index);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => this.#end(worker, 'SIGTERM')));
    this.#log.end();
  }

  #start(index: number): void {
    const worker = fork(join(import.meta.dirname, 'worker.ts'), {
      env: { PATH: process.env.PATH, ...this.#environment },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    worker.stdout?.pipe(this.#log, { end: false });
    worker.stderr?.pipe(this.#log, { end: false });
    worker.on('message', ({ residentBytes, cpuInMs }: WorkerUse) => {
      if (index === 0) this.#steady.push(residentBytes);
      this.#peakBytes = Math.max(this.#peakBytes, residentBytes);
      this.#cpu.set(worker.pid!, cpuInMs);
    });
    worker.once('exit', () => {
      if (this.#expected.has(worker)) return;
      this.#crashes++;
      this.#start(index);
    });
    this.#workers[index] = worker;
  }

  async #end(worker: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#expected.add(worker);
    if (worker.exitCode !== null || worker.signalCode !== null) return;
    const ended = once(worker, 'exit');
    worker.kill(signal);
    const timer = setTimeout(() => worker.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(timer);
  }
}

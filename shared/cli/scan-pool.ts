/**
 * Worker threads that scan files side by side, each with the rules decoded for itself. A thread that fails is a bug of the
 * program or too little memory; the pool is of no use from then on and says so to everybody who waits.
 */
import { Worker } from 'node:worker_threads';
import { encodeRules } from '../yara/index.ts';
import type { CompiledRules } from '../yara/index.ts';
import type { FileReport, ScanSettings } from './file-scanner.ts';
import type { Target } from './find-targets.ts';
import type { WorkerMessage, WorkerStart, WorkerTask } from './scan-worker.ts';

interface Job {
  readonly task: WorkerTask;
  readonly onProgress: (bytes: number) => void;
  readonly resolve: (report: FileReport) => void;
  readonly reject: (error: Error) => void;
}

export class ScanPool {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[];
  readonly #running = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #failure: Error | undefined;

  constructor(threads: number, rules: CompiledRules, settings: ScanSettings) {
    const start: WorkerStart = { bundle: encodeRules(rules), settings };
    // A URL in a string is not rewritten when this is compiled.
    const url = new URL(`./scan-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
    this.#workers = Array.from({ length: threads }, () => this.#start(new Worker(url, { workerData: start })));
    this.#idle = [...this.#workers];
  }

  /** Scans on the next free thread. Rejects when a thread has failed, and with the reason given to `close`. */
  scan(target: Extract<Target, { kind: 'file' }>, onProgress: (bytes: number) => void): Promise<FileReport> {
    return new Promise((resolve, reject) => {
      const task = { path: target.path, shown: target.shown };
      this.#waiting.push({ task, onProgress, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends all threads, whatever they are at. Safe to call twice. */
  async close(reason: Error = new Error('the pool is closed')): Promise<void> {
    this.#fail(reason);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(worker: Worker): Worker {
    worker.on('message', (message: WorkerMessage) => {
      const job = this.#running.get(worker);
      if (message.kind === 'progress') {
        job?.onProgress(message.bytes);
        return;
      }
      this.#running.delete(worker);
      this.#idle.push(worker);
      job?.resolve(message.report);
      this.#dispatch();
    });
    worker.on('error', (error) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      this.#fail(new Error('a scanning thread ended'));
    });
    return worker;
  }

  #dispatch(): void {
    if (this.#failure !== undefined) {
      for (const job of this.#waiting.splice(0)) job.reject(this.#failure);
      return;
    }
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#waiting.shift()!;
      this.#running.set(worker, job);
      worker.postMessage(job.task);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const job of this.#running.values()) job.reject(this.#failure);
    this.#running.clear();
    this.#dispatch();
  }
}

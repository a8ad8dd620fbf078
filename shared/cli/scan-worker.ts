/**
 * Runs on a worker thread: decodes the rules once, then scans the files it is sent, one at a time. `ScanPool` is the other
 * end. Nothing is caught here: what goes wrong ends the thread, and the pool hears of it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../base/errors.ts';
import { decodeBundle } from '../scanner/rule-set.ts';
import type { FileReport, ScanSettings } from './file-scanner.ts';
import { FileScanner } from './file-scanner.ts';

export interface WorkerStart {
  readonly bundle: Uint8Array;
  readonly settings: ScanSettings;
}

export interface WorkerTask {
  /** Of the file; a Buffer arrives as plain bytes. */
  readonly path: Uint8Array;
  readonly shown: string;
}

export type WorkerMessage =
  { readonly kind: 'progress'; readonly bytes: number } | { readonly kind: 'report'; readonly report: FileReport };

const PROGRESS_EVERY_BYTES = 8 * 1024 * 1024;

invariant(parentPort !== null, 'scan-worker runs on a worker thread');
const port = parentPort;
const { bundle, settings } = workerData as WorkerStart;
const scanner = new FileScanner(decodeBundle(bundle), settings);
/** An abort ends the thread as a whole. */
const { signal: abortSignal } = new AbortController();

port.on('message', (task: WorkerTask) => {
  void scan(task);
});

async function scan({ path, shown }: WorkerTask): Promise<void> {
  let untold = 0;
  const tell = (bytes: number): void => {
    untold += bytes;
    if (untold < PROGRESS_EVERY_BYTES) return;
    port.postMessage({ kind: 'progress', bytes: untold } satisfies WorkerMessage);
    untold = 0;
  };
  const report = await scanner.scan(
    { kind: 'file', path: Buffer.from(path), shown },
    { abortSignal, onProgress: tell },
  );
  port.postMessage({ kind: 'progress', bytes: untold } satisfies WorkerMessage);
  port.postMessage({ kind: 'report', report } satisfies WorkerMessage);
}

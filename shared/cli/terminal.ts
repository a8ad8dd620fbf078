/**
 * Where the program runs: its three streams, the signals that end it, and a reader who may leave before the output ends. All
 * of these become one abort signal, with a reason that says which it was.
 */
import type { Readable, Writable } from 'node:stream';
import { exitStatus } from './exit-status.ts';

export interface Terminal {
  readonly input: Readable;
  /** A line of the result, without its end; resolves when it was taken, also when nobody reads any more. */
  out(line: string): Promise<void>;
  /** A line about the run, without its end. */
  err(line: string): void;
  /** For what draws on standard error while the program works; undefined when that is no terminal. */
  readonly screen: (Writable & { readonly columns?: number }) | undefined;
  /** Aborts with `Interrupted` or `OutputClosed`. */
  readonly abortSignal: AbortSignal;
}

/** A signal asked the program to end. */
export class Interrupted extends Error {
  readonly status: number;

  constructor(signal: NodeJS.Signals, status: number) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.status = status;
  }
}

/** Whoever read the output has seen enough, as `head` does. */
export class OutputClosed extends Error {
  constructor() {
    super('nobody reads the output any more');
    this.name = 'OutputClosed';
  }
}

const signals: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', exitStatus.interrupted],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
];

/** The terminal of this process. To be opened once. The first signal aborts; the second ends the process at once. */
export function openTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const stop = new AbortController();
  for (const [signal, status] of signals) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(status);
      stop.abort(new Interrupted(signal, status));
    });
  }
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      // Nobody reads what goes wrong any more: the result may still be read.
      if (stream === stdout) stop.abort(new OutputClosed());
    });
  }
  return {
    get input() {
      // Looked up only when it is read: the lookup alone opens it.
      return stdin;
    },
    out: (line) =>
      new Promise((resolve) => {
        stdout.write(`${line}\n`, () => {
          resolve();
        });
      }),
    err: (line) => {
      stderr.write(`${line}\n`);
    },
    screen: stderr.isTTY ? stderr : undefined,
    abortSignal: stop.signal,
  };
}

/** Resolves when everything written so far has left the process. */
export async function flushTerminal(): Promise<void> {
  const flush = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      stream.write('', () => {
        resolve();
      });
    });
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
}

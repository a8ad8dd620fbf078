/** Starts an app in a process of its own that treats it as the Functions worker does, and talks to it. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Loaded {
  readonly kind: 'loaded';
  /** Milliseconds since the process started. */
  readonly atInMs: number;
  readonly functions: readonly { readonly name: string; readonly bindings: Readonly<Record<string, object>> }[];
  readonly hooks: readonly string[];
}

export type Answer =
  | Loaded
  | { readonly kind: 'ready'; readonly atInMs: number }
  | { readonly kind: 'returned' }
  | { readonly kind: 'threw'; readonly code: string | undefined; readonly message: string }
  | { readonly kind: 'terminated'; readonly loadedFiles: readonly string[] };

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #answers: Answer[] = [];
  #output = '';

  /** `settings` are the process's whole environment, but for what Node itself needs to be found. */
  constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.#child = fork(join(import.meta.dirname, 'functions-worker.mjs'), [folder], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...settings },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.on('message', (answer) => this.#answers.push(answer as Answer));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  /** Waits for the next answer of that kind. Rejects when a function threw, and with what the process wrote when it ends before. */
  async answer<K extends Answer['kind']>(kind: K): Promise<Extract<Answer, { kind: K }>> {
    for (;;) {
      const index = this.#answers.findIndex((answer) => answer.kind === kind);
      if (index >= 0) return this.#answers.splice(index, 1)[0] as Extract<Answer, { kind: K }>;
      const thrown = this.#answers.find((answer) => answer.kind === 'threw');
      if (thrown !== undefined) throw new Error(`a function threw before it was ${kind}: ${thrown.message}`);
      if (this.#child.exitCode !== null || !this.#child.connected) {
        throw new Error(`the process ended before it was ${kind}:\n${this.#output}`);
      }
      await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')]);
    }
  }

  invoke(name: string, message: unknown): void {
    this.#child.send({ kind: 'invoke', name, message });
  }

  /** Resolves with the files that were loaded, as URLs. */
  async terminate(): Promise<readonly string[]> {
    this.#child.send({ kind: 'terminate' });
    return (await this.answer('terminated')).loadedFiles;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

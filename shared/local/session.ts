/**
 * One run of the local program: start the stack, upload the samples or the files given, show what came of each, then
 * either end or stay and show whatever anybody uploads. Results go to `out`, everything about the run to `err`.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { errorText } from '../base/describe-error.ts';
import { printable } from '../base/redact.ts';
import { startAzurite } from './azurite.ts';
import { readIncidentRule } from './incident.ts';
import { projectRoot } from './project-root.ts';
import { Results } from './results.ts';
import type { HandledRequest } from '../scanner/handle-request.ts';
import type { PrintOptions } from './print-results.ts';
import type { Stack, StackEvents, Upload } from './stack.ts';

export interface SessionOptions {
  readonly uploads: readonly Upload[];
  /** End when these are through. */
  readonly once: boolean;
  /** Rows as JSON lines instead of tables. */
  readonly json: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Take a line without its end. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** What the program is busy with, to be wiped by the next; undefined: with nothing. */
  readonly showStatus: (text: string | undefined) => void;
  readonly print: PrintOptions;
  /** Where a person types paths of files to scan too; undefined where nobody does. */
  readonly typed: NodeJS.ReadableStream | undefined;
  /** Turns what was typed into an upload, or throws with the reason. */
  readonly readUpload: (path: string) => Upload;
  /** Ends the run. */
  readonly stop: AbortSignal;
}

const RULE_FILE = join(projectRoot, 'infra/sentinel/analytic-rules/malicious-upload.yaml');
/** Verdicts of a scan that went through; what took the place of a superseded one has a row of its own. */
const THROUGH = new Set(['match', 'excluded', 'clean', 'superseded']);

/**
 * Runs until it is done or stopped, and takes everything down. Resolves with the exit status: 0 when everything went
 * through, 1 when something did not (`err` was told why), 130 when it was stopped before all was through.
 */
export async function runSession(options: SessionOptions): Promise<number> {
  const session = new Session(options);
  try {
    return await session.run();
  } finally {
    await session.close();
  }
}

class Session {
  readonly #options: SessionOptions;
  readonly #results: Results;
  readonly #stopped: Promise<void>;
  /** Names of first uploads of which nothing has come yet. */
  readonly #awaited: Set<string>;
  #stack: Stack | undefined;
  #inQueue = 0;
  #handled: HandledRequest[] = [];
  /** What did not go through, where somebody asks at the end. */
  readonly #faults: string[] = [];
  #onQuiet: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const order = options.uploads.map(({ name }) => name);
    this.#results = new Results({ ...options, order, rule: readIncidentRule(RULE_FILE) });
    this.#awaited = new Set(order);
    this.#stopped = new Promise((resolve) => {
      options.stop.addEventListener('abort', () => {
        resolve();
      });
    });
  }

  async run(): Promise<number> {
    const { uploads, once, stop } = this.#options;
    const stack = await this.#start();
    await this.#upload(stack, uploads);
    const isThrough = await Promise.race([this.#allThrough().then(() => true), this.#stopped.then(() => false)]);
    if (once) return isThrough ? this.#tellFaults() : 130;
    if (!stop.aborted) this.#invite(stack);
    await this.#stopped;
    return 0;
  }

  async close(): Promise<void> {
    this.#options.showStatus(undefined);
    await this.#stack?.close();
  }

  async #start(): Promise<Stack> {
    const { environment, showStatus, json, out, err, print } = this.#options;
    const startedAt = performance.now();
    showStatus('Starting Azurite and the ingestion endpoint …');
    // Azurite comes up while the SDKs are loaded: each takes a second or more.
    const azurite = startAzurite();
    azurite.catch(() => undefined);
    const { startStack } = await import('./stack.ts');
    this.#stack = await startStack({ environment, azurite, events: this.#events() });
    const { rules } = this.#stack;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const count = rules.ruleCount === 1 ? '1 rule' : `${rules.ruleCount} rules`;
    showStatus(undefined);
    const heading = `${print.paint('bold', 'Sluice')}, all of it on this machine: ${count}, ready after ${seconds} s`;
    (json ? err : out)(heading);
    return this.#stack;
  }

  #events(): StackEvents {
    return {
      onEnqueued: () => this.#inQueue++,
      onHandled: (handled) => {
        this.#take(handled);
      },
      onFailed: (name, error, isFinal) => {
        this.#fail(name, error, isFinal);
      },
      onTrouble: (error) => {
        this.#tell(`storage is in trouble: ${errorText(error)}`);
      },
      onLog: (line) => {
        this.#tell(line.trimEnd());
      },
    };
  }

  async #upload(stack: Stack, uploads: readonly Upload[]): Promise<void> {
    this.#options.showStatus(`Scanning ${uploads.length} ${uploads.length === 1 ? 'object' : 'objects'} …`);
    for (const upload of uploads) await this.#uploadOne(stack, upload);
  }

  async #uploadOne(stack: Stack, upload: Upload): Promise<void> {
    const { stop } = this.#options;
    const { name } = upload;
    try {
      stop.throwIfAborted();
      await stack.upload(upload, stop);
    } catch (error) {
      if (stop.aborted) return;
      this.#tell(`${printable(name, 200)} was not uploaded: ${errorText(error)}`);
      this.#addFault(`${name} was not uploaded`);
      this.#settle(name);
    }
  }

  #take(handled: readonly HandledRequest[]): void {
    // What goes on in another slice has a message in the queue again.
    const isLeft = handled.some(({ left }) => left === 'nextSlice');
    if (!isLeft) this.#inQueue = Math.max(0, this.#inQueue - 1);
    this.#handled.push(...handled);
    for (const { request, left } of handled) if (left === undefined) this.#settle(request.objectName);
  }

  #fail(name: string, error: unknown, isFinal: boolean): void {
    // What is broken off because the run ends has not failed.
    if (this.#options.stop.aborted) return;
    const shown = printable(name, 200);
    if (!isFinal) {
      this.#tell(`${shown} is tried again in ${this.#stack?.retryInSeconds ?? 0} s: ${errorText(error)}`);
      return;
    }
    this.#tell(`${shown} was given up: ${errorText(error)}`);
    this.#inQueue = Math.max(0, this.#inQueue - 1);
    this.#addFault(`${name} was given up`);
    this.#settle(name);
  }

  #settle(name: string): void {
    this.#awaited.delete(name);
    if (!this.#isQuiet) return;
    this.#show();
    this.#onQuiet();
  }

  /** Nothing is awaited or in work: what has come together is shown together. */
  get #isQuiet(): boolean {
    return this.#awaited.size === 0 && this.#inQueue === 0;
  }

  #allThrough(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      if (this.#isQuiet) resolve();
    });
  }

  #show(): void {
    const reports = this.#handled.flatMap((handled) => handled.reports);
    this.#handled = [];
    if (this.#stack === undefined || reports.length === 0) return;
    this.#options.showStatus(undefined);
    const rows = this.#stack.rowsOf(new Set(reports.map(({ attemptId }) => attemptId)));
    for (const { Verdict, Reason, ObjectName } of rows.scans) {
      if (!THROUGH.has(Verdict)) this.#addFault(`${ObjectName} is ${Verdict}: ${Reason}`);
    }
    this.#results.show(rows);
  }

  #invite({ container, connectionFile }: Stack): void {
    const { out, err, json, typed } = this.#options;
    const tell = json ? err : out;
    const typing = typed === undefined ? '' : ' Type the path of a file to scan it, or';
    tell(
      `\nWatching container "${container}" until Ctrl-C.${typing}${typing === '' ? ' U' : ' u'}pload with any tool:`,
    );
    tell(`  az storage blob upload -c ${container} -f FILE --connection-string "$(cat ${connectionFile})"`);
    if (typed !== undefined) this.#readTyped(typed);
  }

  #readTyped(typed: NodeJS.ReadableStream): void {
    const lines = createInterface({ input: typed, terminal: false });
    lines.on('line', (line) => {
      const path = line.trim().replace(/^(["'])(.*)\1$/, '$2');
      if (path === '') return;
      try {
        void this.#upload(this.#stack!, [this.#options.readUpload(path)]);
      } catch (error) {
        this.#tell(errorMessage(error));
      }
    });
    void this.#stopped.then(() => {
      lines.close();
    });
  }

  #addFault(fault: string): void {
    if (this.#options.once) this.#faults.push(fault);
  }

  #tellFaults(): number {
    for (const fault of this.#faults) this.#tell(`not everything went through: ${printable(fault, 300)}`);
    return this.#faults.length === 0 ? 0 : 1;
  }

  #tell(line: string): void {
    if (this.#options.stop.aborted) return;
    this.#options.showStatus(undefined);
    this.#options.err(line);
  }
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `sluice scan`: targets in, lines and an exit status out. */
import type { ChosenRules } from './choose-rules.ts';
import { chooseRules } from './choose-rules.ts';
import type { Definition } from './definitions.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import type { FileReport, ScanSettings } from './file-scanner.ts';
import { FileScanner } from './file-scanner.ts';
import type { Target } from './find-targets.ts';
import { findTargets, measureTargets } from './find-targets.ts';
import { mapInOrder } from './in-order.ts';
import type { ScanTotals } from './print-scan.ts';
import { counted, findingLines, jsonLine, printablePath, shortfallLine, summaryLine } from './print-scan.ts';
import type { Progress } from './progress.ts';
import { startProgress } from './progress.ts';
import { ScanPool } from './scan-pool.ts';
import type { Terminal } from './terminal.ts';
import { Interrupted, OutputClosed } from './terminal.ts';

export interface ScanArguments {
  readonly places: readonly string[];
  readonly rules: readonly string[];
  readonly json: boolean;
  readonly define: readonly Definition[];
  readonly tag: readonly string[];
  readonly printStrings: boolean;
  readonly threads: number;
  readonly timeoutInMs: number | undefined;
}

/** Reports that may wait for an earlier one, for each thread. */
const AHEAD_PER_THREAD = 16;
/** Notes on what was passed over; the rest is counted. */
const MAX_NOTES = 20;

/**
 * Scans everything and resolves with the exit status. Rejects, before anything is scanned, with what `chooseRules` rejects with
 * and with a `UsageError` for what cannot be asked for.
 */
export async function runScan(args: ScanArguments, terminal: Terminal): Promise<number> {
  if (args.places.filter((place) => place === '-').length > 1) {
    throw new UsageError('standard input (-) can be scanned only once');
  }
  const chosen = await chooseRules(args.rules, args.define);
  requireTags(args.tag, chosen);
  const { warnings } = chosen.rules;
  if (warnings.length > 0) {
    terminal.err(`${counted(warnings.length, 'warning')} about the rules; \`sluice rules check\` shows them`);
  }
  return new ScanRun(args, chosen, terminal).run();
}

/** A tag that no rule has would make everything clean. */
function requireTags(tags: readonly string[], { rules, from }: ChosenRules): void {
  for (const tag of tags) {
    if (!rules.rules.some((rule) => rule.tags.includes(tag)))
      throw new UsageError(`no rule of ${from} has the tag ${tag}`);
  }
}

class ScanRun {
  readonly #args: ScanArguments;
  readonly #terminal: Terminal;
  readonly #scanner: FileScanner;
  readonly #pool: ScanPool | undefined;
  readonly #progress: Progress;
  readonly #totals: ScanTotals = { files: 0, bytes: 0, matches: 0, notWhole: 0 };
  #passedOver = 0;

  constructor(args: ScanArguments, { rules, externals }: ChosenRules, terminal: Terminal) {
    const settings: ScanSettings = {
      externals,
      tags: args.tag,
      wantsDigest: args.json,
      timeoutInMs: args.timeoutInMs,
    };
    this.#args = args;
    this.#terminal = terminal;
    this.#scanner = new FileScanner(rules, settings, args.places.includes('-') ? terminal.input : undefined);
    this.#pool = args.threads > 1 ? new ScanPool(args.threads, rules, settings) : undefined;
    this.#progress = startProgress(terminal);
  }

  async run(): Promise<number> {
    const started = performance.now();
    const { abortSignal } = this.#terminal;
    const closePool = (): void => void this.#pool?.close(abortSignal.reason as Error);
    abortSignal.addEventListener('abort', closePool, { once: true });
    try {
      await Promise.all([this.#scanAll(), this.#measure()]);
    } catch (error) {
      if (!abortSignal.aborted) throw error;
    } finally {
      this.#progress.stop();
      abortSignal.removeEventListener('abort', closePool);
      await this.#pool?.close();
    }
    return this.#finish(performance.now() - started);
  }

  async #scanAll(): Promise<void> {
    const { places, threads } = this.#args;
    const targets = findTargets(places, {
      abortSignal: this.#terminal.abortSignal,
      onPassedOver: (shown, why) => {
        this.#notePassedOver(shown, why);
      },
    });
    const ahead = threads > 1 ? threads * AHEAD_PER_THREAD : 1;
    for await (const report of mapInOrder(targets, ahead, (target) => this.#scan(target))) await this.#tell(report);
  }

  #scan(target: Target): Promise<FileReport> {
    this.#progress.show(target.shown);
    const onProgress = (bytes: number): void => {
      this.#progress.advance(bytes);
    };
    if (target.kind === 'file' && this.#pool !== undefined) return this.#pool.scan(target, onProgress);
    return this.#scanner.scan(target, { abortSignal: this.#terminal.abortSignal, onProgress });
  }

  async #measure(): Promise<void> {
    if (this.#terminal.screen === undefined) return;
    await measureTargets(this.#args.places, this.#terminal.abortSignal, (bytes) => {
      this.#progress.expect(bytes);
    });
  }

  async #tell(report: FileReport): Promise<void> {
    this.#totals.files += 1;
    // Places that were read again for evidence count once.
    this.#totals.bytes += Math.min(report.bytesRead, report.sizeInBytes ?? report.bytesRead);
    this.#totals.matches += report.findings.length;
    if (!report.isWhole) this.#totals.notWhole += 1;
    const { json, printStrings } = this.#args;
    const lines = json ? [jsonLine(report)] : findingLines(report, printStrings);
    const shortfall = shortfallLine(report);
    if (lines.length > 0 || shortfall !== undefined) this.#progress.hide();
    for (const line of lines) await this.#terminal.out(line);
    if (shortfall !== undefined) this.#terminal.err(shortfall);
    this.#terminal.abortSignal.throwIfAborted();
  }

  #notePassedOver(shown: string, why: string): void {
    this.#passedOver += 1;
    if (this.#passedOver > MAX_NOTES) return;
    this.#progress.hide();
    this.#terminal.err(`${printablePath(shown)}: passed over: ${why}`);
  }

  #finish(durationInMs: number): number {
    const reason: unknown = this.#terminal.abortSignal.reason;
    const err = (line: string): void => {
      this.#terminal.err(line);
    };
    if (this.#passedOver > MAX_NOTES) err(`${this.#passedOver - MAX_NOTES} more were passed over`);
    err(`${summaryLine(this.#totals, durationInMs)}${reason instanceof Interrupted ? ' (interrupted)' : ''}`);
    if (reason instanceof Interrupted) return reason.status;
    if (this.#totals.matches > 0) return exitStatus.match;
    // A reader who leaves early leaves files unscanned.
    return this.#totals.notWhole > 0 || reason instanceof OutputClosed ? exitStatus.incomplete : exitStatus.clean;
  }
}

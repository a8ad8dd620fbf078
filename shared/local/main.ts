/**
 * `npm start`: the whole way on this machine, with samples or with files of one's own. Arguments, signals, the terminal
 * and the exit status are dealt with here; the run itself is `session.ts`.
 *
 * Exit status: 0 everything went through (with matches or without), 1 something did not, 2 wrong usage, 130 stopped
 * before `--once` was through.
 */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { SluiceError } from '../base/errors.ts';
import { printable } from '../base/redact.ts';
import { RuleCompileError } from '../yara/index.ts';
import { createExcludedSample, createSamples } from './samples.ts';
import { runSession } from './session.ts';
import type { Upload } from './stack.ts';

/** The command line was wrong. Code `USAGE`. */
class UsageError extends SluiceError {
  readonly code = 'USAGE';
}

const WIDTH = 100;
const NARROWEST = 60;

const stop = new AbortController();
const output = { isClosed: false };
const status = await main();
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
// What the SDKs keep open (sockets that idle) must not hold the program.
process.exit(output.isClosed ? 0 : status);

async function main(): Promise<number> {
  watchSignals();
  watchOutput();
  try {
    const { files, once, json } = parseArguments();
    const uploads = files.length === 0 ? samples(json) : readUploads(files);
    return await runSession({
      uploads,
      once,
      json,
      environment: process.env,
      out: (line) => process.stdout.write(`${line}\n`),
      err: (line) => process.stderr.write(`${line}\n`),
      showStatus,
      print: {
        width: Math.max(NARROWEST, Math.min(WIDTH, process.stdout.isTTY ? process.stdout.columns : WIDTH)),
        // Plain where the output is no terminal or NO_COLOR is set.
        paint: (tone, text) => styleText(tone, text, { stream: process.stdout }),
      },
      typed: process.stdin.isTTY && process.stdout.isTTY && !json ? process.stdin : undefined,
      readUpload: (path) => readUploads([path])[0]!,
      stop: stop.signal,
    });
  } catch (error) {
    return tellError(error);
  }
}

interface Arguments {
  readonly files: readonly string[];
  readonly once: boolean;
  readonly json: boolean;
}

function parseArguments(): Arguments {
  const program = new Command('npm start --')
    .description('Uploads samples, or the files given, to a local storage emulator and shows what scanning them finds.')
    .argument('[file...]', 'files to scan instead of the samples')
    .option('--once', 'end when they are through instead of watching for more')
    .option('--json', 'print the rows of both tables as JSON lines')
    .exitOverride();
  program.parse();
  const { once = false, json = false } = program.opts<Partial<Arguments>>();
  return { files: program.args, once, json };
}

/** Programs that read the rows know the first five; a person also sees what an exclusion does. */
function samples(json: boolean): Upload[] {
  const chosen = json ? createSamples() : [...createSamples(), createExcludedSample()];
  return chosen.map(({ name, bytes, metadata }) => ({ name, content: bytes, metadata }));
}

/** All faults at once. Files are uploaded under their names; where names repeat, under their paths. */
function readUploads(files: readonly string[]): Upload[] {
  const paths = files.map((file) => resolve(callersFolder(), file));
  const faults = paths.flatMap((path, index) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    const shown = printable(files[index]!, 300);
    if (stats === undefined) return [`no such file: ${shown}`];
    return stats.isFile() ? [] : [`not a file: ${shown}`];
  });
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  const names = paths.map((path) => basename(path));
  return [...new Set(paths)].map((path) => {
    const name = basename(path);
    const isAlone = names.filter((other, index) => other === name && paths[index] !== path).length === 0;
    return { name: isAlone ? name : path.replaceAll('\\', '/').replace(/^([A-Za-z]:)?\/+/, ''), content: path };
  });
}

/** npm runs scripts in the project's folder and says where it was called. */
function callersFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
  return script === 'start' && folder !== undefined ? folder : process.cwd();
}

/** The first signal ends the run in good order, the second at once. */
function watchSignals(): void {
  const end = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
}

/** A reader that has seen enough, such as `head`, is no fault. */
function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      output.isClosed = true;
      stop.abort();
    });
  }
}

function showStatus(text: string | undefined): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[2K${text === undefined ? '' : styleText('dim', text, { stream: process.stderr })}`);
}

function tellError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (error instanceof RuleCompileError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const hint = error instanceof SluiceError && error.hint !== undefined ? `\n${error.hint}` : '';
  process.stderr.write(`${printable(error instanceof Error ? error.message : String(error), 2_000)}${hint}\n`);
  return 1;
}

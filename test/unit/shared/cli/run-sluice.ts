/**
 * The real program, and folders for it to work in. `runSluice` starts it as a child process, as a shell does; `runHere` calls it
 * in this process, which is a second faster and does for everything that is not about the process itself.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { runProgram } from '../../../../shared/cli/program.ts';

export const projectRoot = fileURLToPath(new URL('../../../..', import.meta.url));
const program = join(projectRoot, 'shared/cli/main.ts');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with these files, gone when the test is over. Names may hold `/`. */
export function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

export function startSluice(cwd: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(projectRoot, 'node_modules/.cache/compile-cache') };
  const child = spawn(process.execPath, [program, ...args], { cwd, env });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

export async function runSluice(cwd: string, args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  return ended(startSluice(cwd, args), input);
}

/** In `args` a leading `@/` stands for the folder; in what comes back the folder's path is left out. */
export async function runHere(folder: string, args: readonly string[]): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const status = await runProgram(
    args.map((arg) => arg.replace(/^@(?=\/|$)/, folder)),
    {
      input: new PassThrough().end(),
      out: async (line) => void (stdout += `${line}\n`),
      err: (line) => void (stderr += `${line}\n`),
      screen: undefined,
      abortSignal: new AbortController().signal,
    },
  );
  const shorten = (text: string): string => text.replaceAll(`${folder}/`, '').replaceAll(folder, '');
  return { status, stdout: shorten(stdout), stderr: shorten(stderr) };
}

/** Everything it says until it has ended. */
export async function ended(child: ChildProcessWithoutNullStreams, input: string | Uint8Array = ''): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** The objects of JSON lines. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

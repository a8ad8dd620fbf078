/**
 * Starts Azurite, Microsoft's storage emulator, as a child process for the local stack and for tests: real blob, queue
 * and table protocols on 127.0.0.1, everything in memory, gone when it is closed.
 *
 * Azurite itself asks the system for its ports (`--blobPort 0` and so on) and says on its standard output which it got,
 * so no port is fixed and none can be lost to another process between choosing and binding it.
 *
 * The child never outlives its parent: `close()` kills it, so does the parent's `exit` event, and a parent that is
 * itself killed breaks the IPC channel, on which the child ends. It is killed outright because it has nothing to save.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SluiceError } from '../base/errors.ts';

export interface AzuriteOptions {
  /** Account name; `devstoreaccount1` unless given. */
  readonly account?: string;
  /** PEM files; with both the endpoints speak https. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Accept unsigned bearer tokens of the right audience, as `--oauth basic` does. Needs `tls`. */
  readonly oauth?: 'basic';
  /** How much object content it may hold; half of the machine's memory unless given. */
  readonly memoryLimitInMiB?: number;
  /** How long to wait for the endpoints; 60 s unless given. */
  readonly startTimeoutInMs?: number;
}

export interface AzuriteServer {
  readonly account: string;
  /** Base64, made anew for every server. */
  readonly accountKey: string;
  /** All endpoints: scheme, 127.0.0.1, port and account, without a slash at the end. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
  readonly connectionString: string;
  readonly processId: number;
  /** Resolves when the child has ended; safe to call twice. */
  close(): Promise<void>;
}

/** Azurite is not there, ended, or did not answer in time. Code `AZURITE_NOT_STARTED`. */
export class AzuriteStartError extends SluiceError {
  readonly code = 'AZURITE_NOT_STARTED';
}

const defaultAccount = 'devstoreaccount1';
const defaultStartTimeoutInMs = 60_000;
/** How much of the child's standard error an error message may carry. */
const stderrTailLength = 2_000;
const outputTailLength = 16_384;
const listening = /Azurite (Blob|Queue|Table) service is successfully listening at (\S+)\s/g;
/** Ends the child when the channel to its parent breaks, however the parent died. */
const endWithParent = `data:text/javascript,process.on('disconnect',()=>process.exit())`;

const services = ['blob', 'queue', 'table'] as const;
type Service = (typeof services)[number];

/**
 * Starts one Azurite and waits until its blob, queue and table endpoints answer. The running server does not keep the
 * process alive. Throws `AzuriteStartError` when it is not installed, ends early, or does not answer within
 * `startTimeoutInMs`.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<AzuriteServer> {
  const account = options.account ?? defaultAccount;
  const accountKey = randomBytes(64).toString('base64');
  const child = spawn(process.execPath, ['--import', endWithParent, findAzurite(), ...azuriteArguments(options)], {
    cwd: tmpdir(),
    env: childEnvironment(account, accountKey),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const close = killOnClose(child);
  try {
    const origins = await readOrigins(child, options.startTimeoutInMs ?? defaultStartTimeoutInMs);
    await Promise.all(services.map((service) => answers(origins[service])));
    unreference(child);
    const endpoints = {
      blobEndpoint: `${origins.blob}/${account}`,
      queueEndpoint: `${origins.queue}/${account}`,
      tableEndpoint: `${origins.table}/${account}`,
    };
    const connectionString = [
      `DefaultEndpointsProtocol=${options.tls ? 'https' : 'http'}`,
      `AccountName=${account}`,
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${endpoints.blobEndpoint}`,
      `QueueEndpoint=${endpoints.queueEndpoint}`,
      `TableEndpoint=${endpoints.tableEndpoint}`,
      '',
    ].join(';');
    return { account, accountKey, ...endpoints, connectionString, processId: child.pid ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The path of Azurite's start file, from the package's own `bin` entry. */
function findAzurite(): string {
  const require = createRequire(import.meta.url);
  try {
    const manifestPath = require.resolve('azurite/package.json');
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as { bin: { azurite: string } };
    return join(dirname(manifestPath), manifest.bin.azurite);
  } catch (cause) {
    throw new AzuriteStartError('azurite is not installed', {
      where: 'node_modules/azurite',
      hint: 'run `npm ci` with the development dependencies',
      cause,
    });
  }
}

function azuriteArguments(options: AzuriteOptions): string[] {
  const list = ['--inMemoryPersistence', '--skipApiVersionCheck', '--silent', '--disableTelemetry'];
  // The account is always the first part of the path, also when somebody reaches the server by a host name.
  list.push('--disableProductStyleUrl');
  for (const service of services) list.push(`--${service}Host`, '127.0.0.1', `--${service}Port`, '0');
  if (options.tls) list.push('--cert', options.tls.certFile, '--key', options.tls.keyFile);
  if (options.oauth) list.push('--oauth', options.oauth);
  if (options.memoryLimitInMiB !== undefined) list.push('--extentMemoryLimit', String(options.memoryLimitInMiB));
  return list;
}

/** The parent's environment, less what would change the child: `AZURITE_DB` alone would move it to an SQL server. */
function childEnvironment(account: string, accountKey: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('AZURITE_') && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(kept), AZURITE_ACCOUNTS: `${account}:${accountKey}` };
}

function killOnClose(child: ChildProcess): () => Promise<void> {
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      process.off('exit', kill);
      resolve();
    };
    child.once('exit', end);
    // A spawn that failed raises `error` and never `exit`.
    child.once('error', end);
  });
  process.on('exit', kill);
  return () => {
    // Whoever closes waits for the end, so the child must count again as a reason to stay alive.
    child.ref();
    kill();
    return ended;
  };
}

/** Reads the child's output until each service has named the address it listens at. */
function readOrigins(child: ChildProcess, timeoutInMs: number): Promise<Record<Service, string>> {
  return new Promise((resolve, reject) => {
    const origins: Partial<Record<Service, string>> = {};
    let stdout = '';
    let stderr = '';
    const fail = (message: string, cause?: unknown): void => {
      clearTimeout(timer);
      const tail = stderr.trim();
      reject(
        new AzuriteStartError(tail === '' ? message : `${message}: ${tail}`, {
          hint: 'run `npx azurite --inMemoryPersistence` to see what it says',
          cause,
        }),
      );
    };
    const timer = setTimeout(() => {
      fail(`azurite did not answer within ${timeoutInMs} ms`);
    }, timeoutInMs);
    child.once('error', (error) => {
      fail('azurite could not be run', error);
    });
    // `close` comes after the last of its output, so that the message carries it.
    child.once('close', (status, signal) => {
      fail(`azurite ended with ${signal ?? `status ${String(status)}`} before it answered`);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-stderrTailLength);
    });
    const { stdout: output } = child;
    const read = (text: string): void => {
      stdout = (stdout + text).slice(-outputTailLength);
      for (const [, service, origin] of stdout.matchAll(listening)) {
        origins[service?.toLowerCase() as Service] = origin ?? '';
      }
      if (!isComplete(origins)) return;
      clearTimeout(timer);
      // Whatever it prints later must still be taken from the pipe, or the child would block on it.
      output?.off('data', read).resume();
      resolve(origins);
    };
    output?.setEncoding('utf8').on('data', read);
  });
}

function isComplete(origins: Partial<Record<Service, string>>): origins is Record<Service, string> {
  return services.every((service) => origins[service] !== undefined);
}

/** Resolves with the first answer of any status. The certificate is the caller's own and may be valid for another name. */
function answers(origin: string): Promise<void> {
  const request = origin.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = request(origin, { rejectUnauthorized: false, agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      resolve();
    });
    call.once('timeout', () => call.destroy(new AzuriteStartError(`azurite does not answer at ${origin}`)));
    call.once('error', reject);
    call.end();
  });
}

/** Lets the process end while the server runs; its exit then ends the child. */
function unreference(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.();
}

/**
 * The Logs Ingestion API on this machine: a real HTTPS server for the real SDK. It takes what the service takes, answers as
 * the service answers, and keeps the rows in SQLite tables with the columns that `infra/tables` defines.
 *
 * As in Azure: values of the wrong type become null and unknown columns are dropped, silently, with 204; here `problems` tells.
 * Unlike Azure: rows are there at once, and there is no limit of calls a minute (`failNext` answers 429 when asked to).
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IngestionFault } from './ingestion-faults.ts';
import type { AcceptedRequest, RefusedCall } from './ingestion-request.ts';
import type { LocalCertificate } from './local-certificate.ts';
import type { TableDefinition } from './table-definitions.ts';
import { coerceRow } from './coerce-row.ts';
import { createFaultQueue } from './ingestion-faults.ts';
import { readIngestionRequest } from './ingestion-request.ts';
import { createLocalCertificate } from './local-certificate.ts';
import { openRowStore } from './row-store.ts';
import { loadTableDefinitions } from './table-definitions.ts';
import { createWatch } from './watch.ts';

export interface IngestionEndpointOptions {
  /** Any free one unless given. Always on 127.0.0.1. */
  readonly port?: number;
  /** SQLite file to keep rows in; in memory unless given. */
  readonly file?: string;
  readonly dcrId?: string;
  /** Those of `infra/tables` unless given. Each has the stream `Custom-<name>`. */
  readonly tables?: readonly TableDefinition[];
  /** A new one unless given. An endpoint that comes back under its old certificate is trusted by its old clients. */
  readonly certificate?: LocalCertificate;
  /** What tokens must be for; `https://monitor.azure.com` unless given. */
  readonly audience?: string;
}

/** Something that Azure would have done to a row without a word. */
export interface IngestionProblem {
  readonly stream: string;
  readonly column: string;
  readonly change: string;
}

export interface IngestionCounters {
  /** That arrived, whatever became of them. */
  readonly requests: number;
  /** Answers by status; a connection that was cut has none. */
  readonly answers: Readonly<Record<number, number>>;
  readonly rows: number;
  /** Of the JSON of one accepted call. */
  readonly largestCallInBytes: number;
  readonly largestCallInRows: number;
}

export interface IngestionEndpoint {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** To trust it by. */
  readonly certificatePem: string;
  readonly certificate: LocalCertificate;
  readonly dcrId: string;
  /** The latest 1,000. */
  readonly problems: readonly IngestionProblem[];
  readonly counters: IngestionCounters;
  /** All rows of a table, oldest first, with every column. */
  readonly rows: (table: string) => Record<string, unknown>[];
  readonly count: (table: string) => number;
  /** Resolves once the condition holds, which is asked now and after each change; rejects when the endpoint closes. */
  waitForRows(isEnough: (endpoint: IngestionEndpoint) => boolean): Promise<void>;
  /** Resolves once that many requests have arrived since the start. */
  waitForRequests(count: number): Promise<void>;
  /** One fault for each of the next requests. */
  failNext(faults: readonly IngestionFault[]): void;
  /** Serves requests as usual again. */
  clearFaults(): void;
  /** Refuses, with 400, calls that hold a row like this one; undefined ends it. */
  refuseRows(isRefused: ((row: Readonly<Record<string, unknown>>) => boolean) | undefined): void;
  /** Requests are read and then left without an answer until `resume`. */
  pause(): void;
  resume(): void;
  /** Cuts all connections; rows in memory are gone. Safe to call twice. */
  close(): Promise<void>;
}

export const localDcrId = 'dcr-00000000000000000000000000000000';

const defaultAudience = 'https://monitor.azure.com';
const maximumProblems = 1_000;

/** Starts the endpoint; resolves when it takes connections. A port that is taken rejects with the system's EADDRINUSE. */
export async function startIngestionEndpoint(options: IngestionEndpointOptions = {}): Promise<IngestionEndpoint> {
  const { dcrId = localDcrId, audience = defaultAudience, tables = loadTableDefinitions() } = options;
  const certificate = options.certificate ?? (await createLocalCertificate());
  const byStream = new Map(tables.map((table) => [`Custom-${table.name}`, table]));
  const store = openRowStore({ tables, file: options.file });
  const server = createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem });
  try {
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    store.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const faults = createFaultQueue();
  const changes = createWatch();
  const problems: IngestionProblem[] = [];
  const counters = {
    requests: 0,
    answers: {} as Record<number, number>,
    rows: 0,
    largestCallInBytes: 0,
    largestCallInRows: 0,
  };
  let isRefused: ((row: Readonly<Record<string, unknown>>) => boolean) | undefined;

  const accept = (call: AcceptedRequest): RefusedCall | undefined => {
    if (isRefused !== undefined && call.rows.some(isRefused)) {
      return { kind: 'refused', status: 400, code: 'InvalidPayload', message: 'a row is not acceptable' };
    }
    const table = byStream.get(call.stream)!;
    const now = new Date();
    const coerced = call.rows.map((row) => coerceRow(row, table, now));
    store.insert(
      table.name,
      coerced.map(({ row }) => row),
    );
    for (const change of coerced.flatMap((row) => row.changes)) problems.push({ stream: call.stream, ...change });
    problems.splice(0, problems.length - maximumProblems);
    counters.rows += call.rows.length;
    counters.largestCallInBytes = Math.max(counters.largestCallInBytes, call.sizeInBytes);
    counters.largestCallInRows = Math.max(counters.largestCallInRows, call.rows.length);
    return undefined;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    counters.requests++;
    changes.notify();
    const fault = faults.take();
    if (fault !== undefined && 'resetConnection' in fault && fault.resetConnection !== 'afterStoring') {
      if (fault.resetConnection === 'midBody') await once(request, 'data');
      request.socket.destroy();
      return;
    }
    const target = { dcrId, audience, streams: new Set(byStream.keys()), now: new Date() };
    const call = await readIngestionRequest(request, target);
    await faults.untilResumed();
    // Whoever left while the endpoint was paused was not served.
    if (request.socket.destroyed) return;
    if (fault !== undefined && 'status' in fault) {
      answer(response, { ...fault, code: fault.code ?? 'InjectedFault', message: 'asked to fail' });
      return;
    }
    const refused = call.kind === 'refused' ? call : accept(call);
    if (fault !== undefined) request.socket.destroy();
    else answer(response, refused ?? { status: 204 });
  };

  const answer = (response: ServerResponse, given: Answer): void => {
    counters.answers[given.status] = (counters.answers[given.status] ?? 0) + 1;
    writeAnswer(response, given);
  };

  server.on('request', (request, response) => {
    serve(request, response)
      .catch((error: unknown) => {
        // A sender that broke off is the sender's matter; anything else must not hang it.
        if (request.socket.destroyed || !request.complete) request.socket.destroy();
        else answer(response, { status: 500, code: 'InternalError', message: String(error) });
      })
      .finally(() => {
        changes.notify();
      });
  });

  const endpoint: IngestionEndpoint = {
    url: `https://127.0.0.1:${port}`,
    port,
    certificate,
    certificatePem: certificate.certificatePem,
    dcrId,
    problems,
    counters,
    rows: (table) => store.rows(table),
    count: (table) => store.count(table),
    waitForRows: (isEnough) => changes.until(() => isEnough(endpoint)),
    waitForRequests: (count) => changes.until(() => counters.requests >= count),
    failNext: (given) => {
      faults.add(given);
    },
    clearFaults: () => {
      faults.clear();
    },
    refuseRows(given) {
      isRefused = given;
    },
    pause: () => {
      faults.pause();
    },
    resume: () => {
      faults.resume();
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      faults.resume();
      changes.end(new Error('the ingestion endpoint was closed'));
      store.close();
    },
  };
  return endpoint;
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly retryAfterInSeconds?: number;
}

function writeAnswer(response: ServerResponse, { status, code = '', message = '', retryAfterInSeconds }: Answer): void {
  if (retryAfterInSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterInSeconds));
  if (status === 204) {
    response.writeHead(204).end();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'x-ms-error-code': code });
  response.end(JSON.stringify({ error: { code, message } }));
}

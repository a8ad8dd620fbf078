/**
 * Stands between the app and Azurite's blob service: every request passes through unchanged unless a test has something happen
 * first, or answers in the service's place with what the service itself would say but the emulator cannot.
 */
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** First byte asked for; undefined for requests without a range. */
  readonly start: number | undefined;
}

export type Interference =
  /** Answered in the service's place. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Added to the service's answer. */
  | { readonly extraHeaders: Readonly<Record<string, string>> };

export interface BlobProxy {
  readonly connectionString: string;
  /** Path-style blob endpoint with the account, without a slash at the end. */
  readonly endpoint: string;
  /** Requests that arrived, in order. */
  readonly seen: readonly SeenRequest[];
  /** Called before a request is passed on, which it delays for as long as it takes. */
  before: (request: SeenRequest) => Promise<Interference | undefined> | Interference | undefined;
  /** Forgets what was seen and what was to happen. */
  reset(): void;
  close(): Promise<void>;
}

export async function startBlobProxy(azurite: AzuriteServer): Promise<BlobProxy> {
  const target = new URL(azurite.blobEndpoint);
  const seen: SeenRequest[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const about = describe(request);
    seen.push(about);
    const interference = await proxy.before(about);
    if (interference !== undefined && 'status' in interference) {
      request.resume();
      response.writeHead(interference.status, interference.headers).end();
      return;
    }
    const options = { method: request.method, path: request.url, headers: request.headers };
    const onward = forward({ host: target.hostname, port: target.port, ...options }, (answer) => {
      for (const [name, value] of Object.entries(interference?.extraHeaders ?? {})) response.setHeader(name, value);
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`;
  const proxy: BlobProxy = {
    endpoint,
    connectionString: azurite.connectionString.replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${endpoint}`),
    seen,
    before: () => undefined,
    reset() {
      seen.length = 0;
      proxy.before = () => undefined;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}

function describe(request: IncomingMessage): SeenRequest {
  const range = request.headers['x-ms-range'] ?? request.headers.range;
  const start = /^bytes=(\d+)-/.exec(String(range ?? ''))?.[1];
  return { method: request.method!, path: request.url!, start: start === undefined ? undefined : Number(start) };
}

/**
 * A real HTTP proxy between a client and the emulator that breaks what the test asks it to break: connections reset in the
 * middle of a body, bodies that end early, are silent or slow, answers of its own. It counts what is under way.
 */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

export interface SeenRequest {
  /** Counted from 0 over all requests of this method. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  /** As asked for in `x-ms-range`; undefined without. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** What to do with one request: nothing special, or one of these. */
export type Fault =
  | { readonly kind: 'reset'; /** After so many bytes of the body. */ readonly after: number }
  /** Headers promise only the first bytes, as if that were all that was asked for. */
  | { readonly kind: 'short'; readonly length: number }
  | {
      readonly kind: 'silent';
      /** Sends so many bytes, then nothing more, and does not close. */ readonly after: number;
    }
  | { readonly kind: 'refuse' /** Closes the connection without an answer. */ }
  /** The body in pieces of this size, so far apart. */
  | { readonly kind: 'slow'; readonly pieceLength: number; readonly pauseInMs: number }
  | { readonly kind: 'hold'; /** The answer is not passed on before this resolves. */ readonly until: Promise<void> }
  | {
      readonly kind: 'holdRequest';
      /** The request is not passed on before this resolves. */ readonly until: Promise<void>;
    }
  | { readonly kind: 'headers'; readonly replace: Record<string, string | undefined> }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

export interface FaultProxy {
  /** The emulator's endpoint, with the proxy's address in it. */
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  /** Requests whose answer has not been passed on to its end. */
  readonly inFlight: number;
  readonly highestInFlight: number;
  /** Requests whose answer has been passed on to its end, or broken off. */
  readonly ended: number;
  /** Forgets what was seen and sets what to do with each request from now on. */
  reset(fault?: (request: SeenRequest) => Fault | undefined): void;
  /** Resolves when at least `count` requests have ended since the last reset. */
  untilEnded(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of `endpoint` (http, with a path that is kept). */
export async function startFaultProxy(endpoint: string): Promise<FaultProxy> {
  const target = new URL(endpoint);
  const proxy = new RunningProxy(target);
  await proxy.listen();
  return proxy;
}

class RunningProxy implements FaultProxy {
  seen: SeenRequest[] = [];
  inFlight = 0;
  highestInFlight = 0;
  ended = 0;
  readonly #target: URL;
  readonly #seenOf = new Map<string, number>();
  readonly #server = createServer((request, response) => {
    this.#handle(request, response);
  });
  #fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(target: URL) {
    this.#target = target;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#target.pathname}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  reset(fault: (request: SeenRequest) => Fault | undefined = () => undefined): void {
    this.#fault = fault;
    this.seen = [];
    this.#seenOf.clear();
    this.highestInFlight = this.inFlight;
    this.ended = 0;
  }

  untilEnded(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #wake(): void {
    const isDue = ({ count }: { count: number }): boolean => this.ended >= count;
    for (const { resolve } of this.#waiting.filter(isDue)) resolve();
    this.#waiting = this.#waiting.filter((waiting) => !isDue(waiting));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const range = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers['x-ms-range'] ?? request.headers.range ?? ''));
    const method = request.method ?? '';
    const seen: SeenRequest = {
      index: this.#seenOf.get(method) ?? 0,
      method,
      path: request.url ?? '',
      range: range ? { first: Number(range[1]), last: Number(range[2]) } : undefined,
      headers: request.headers,
    };
    this.#seenOf.set(method, seen.index + 1);
    this.seen.push(seen);
    this.highestInFlight = Math.max(this.highestInFlight, ++this.inFlight);
    const { socket } = request;
    let isEnded = false;
    const end = (): void => {
      if (isEnded) return;
      isEnded = true;
      socket.off('close', end);
      this.inFlight--;
      this.ended++;
      this.#wake();
    };
    response.once('close', end);
    // A response that waits behind another one on its connection is not told when that closes.
    socket.once('close', end);
    const fault = this.#fault(seen);
    if (fault?.kind === 'refuse') {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'answer') {
      response.writeHead(fault.status, fault.headers);
      response.end(fault.body);
      return;
    }
    if (fault?.kind === 'holdRequest') {
      const forward = (): void => {
        this.#forward(request, response, undefined);
      };
      void fault.until.then(forward, () => response.destroy());
      return;
    }
    this.#forward(request, response, fault);
  }

  #forward(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
    const { hostname, port } = this.#target;
    const onward = httpRequest({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers: request.headers,
      agent: false,
    });
    onward.once('response', (answer) => {
      passOn(answer, response, fault).catch(() => {
        // The client is gone, or the test broke the connection: both are what this proxy is for.
        answer.destroy();
      });
    });
    onward.once('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }
}

async function passOn(answer: IncomingMessage, response: ServerResponse, fault: Fault | undefined): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>));
  if (fault?.kind === 'hold') await fault.until;
  const headers = { ...answer.headers };
  if (fault?.kind === 'short') headers['content-length'] = String(fault.length);
  if (fault?.kind === 'headers') Object.assign(headers, fault.replace);
  for (const name of Object.keys(headers)) if (headers[name] === undefined) Reflect.deleteProperty(headers, name);
  response.writeHead(answer.statusCode ?? 500, headers);
  switch (fault?.kind) {
    case 'silent':
      response.write(body.subarray(0, fault.after));
      break;
    case 'reset':
      // What was written must be on its way before the reset overtakes it.
      await new Promise((resolve) => response.write(body.subarray(0, fault.after), resolve));
      response.socket?.resetAndDestroy();
      break;
    case 'slow':
      for (let offset = 0; offset < body.length && !response.destroyed; offset += fault.pieceLength) {
        await new Promise((resolve) => setTimeout(resolve, fault.pauseInMs));
        const piece = body.subarray(offset, offset + fault.pieceLength);
        if (offset + piece.length < body.length) response.write(piece);
        else response.end(piece);
      }
      break;
    default:
      // The last byte and the end together: a client that has all bytes takes the connection for free at once.
      response.end(fault?.kind === 'short' ? body.subarray(0, fault.length) : body);
  }
}

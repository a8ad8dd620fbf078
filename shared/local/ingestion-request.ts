/**
 * Reads one request of the Logs Ingestion protocol as the service does:
 *
 *   POST /dataCollectionRules/{immutable id}/streams/{stream}?api-version=2023-01-01
 *   Authorization: Bearer {token}      Content-Encoding: gzip (or none)
 *   [{"Column": value, …}, …]
 *
 * The SDK writes the parameter's name as `api%2Dversion`. Out come the rows of a known stream, or the status and code to
 * answer with. What a row holds is judged later; only its being an object counts here.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Of the body as sent and of the JSON in it. */
export const maximumBodyBytes = 1_048_576;

export interface IngestionTarget {
  readonly dcrId: string;
  /** Names of the data collection rule's streams. */
  readonly streams: ReadonlySet<string>;
  /** What a token must be for. */
  readonly audience: string;
  readonly now: Date;
}

export interface AcceptedRequest {
  readonly kind: 'accepted';
  readonly stream: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Of the JSON. */
  readonly sizeInBytes: number;
}

export interface RefusedCall {
  readonly kind: 'refused';
  readonly status: number;
  /** Goes into the body and the header `x-ms-error-code`. */
  readonly code: string;
  readonly message: string;
}

const gunzipAsync = promisify(gunzip);
const apiVersions = ['2023-01-01'];
/** A body that is too large is read on so that its sender hears the answer, but not without end. */
const maximumDiscardedBytes = 64 * maximumBodyBytes;
const clockSkewInSeconds = 300;

/** Rejects only when the connection breaks before the body's end, or the body passes 64 MB. */
export async function readIngestionRequest(
  request: IncomingMessage,
  target: IngestionTarget,
): Promise<AcceptedRequest | RefusedCall> {
  // First of all, or a refused sender would still be writing when the answer comes.
  const body = await readBody(request);
  const url = new URL(request.url ?? '/', 'https://localhost');
  const path = /^\/dataCollectionRules\/([^/]+)\/streams\/([^/]+)$/i.exec(url.pathname);
  if (path === null) return refuse(404, 'NotFound', `nothing is served at ${url.pathname.slice(0, 200)}`);
  if (request.method !== 'POST') return refuse(405, 'MethodNotAllowed', 'only POST is served here');
  const denied = checkToken(request.headers.authorization, target);
  if (denied !== undefined) return denied;
  const version = url.searchParams.get('api-version') ?? '';
  if (!apiVersions.includes(version)) {
    return refuse(
      400,
      'InvalidApiVersion',
      `api-version ${version.slice(0, 40)} is not one of ${apiVersions.join(', ')}`,
    );
  }
  const [dcrId, stream] = path.slice(1).map(decodeSegment);
  if (dcrId !== target.dcrId)
    return refuse(404, 'NotFound', `no data collection rule has the immutable id ${dcrId ?? ''}`);
  if (stream === undefined || !target.streams.has(stream)) {
    return refuse(400, 'InvalidStream', `the data collection rule has no stream ${stream ?? ''}`);
  }
  return readRows(stream, body, request.headers['content-encoding']);
}

/** The body; undefined when it is larger than a call may be. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maximumDiscardedBytes) throw new Error(`the body goes on beyond ${maximumDiscardedBytes} bytes`);
    if (bytes <= maximumBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > maximumBodyBytes ? undefined : Buffer.concat(chunks);
}

async function readRows(
  stream: string,
  body: Buffer | undefined,
  encoding: string | undefined,
): Promise<AcceptedRequest | RefusedCall> {
  if (body === undefined) return tooLarge();
  if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity') {
    return refuse(415, 'UnsupportedMediaType', `content encoding ${encoding.slice(0, 40)} is not gzip`);
  }
  let json = body;
  try {
    if (encoding === 'gzip') json = await gunzipAsync(body, { maxOutputLength: maximumBodyBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge ? tooLarge() : refuse(400, 'InvalidPayload', 'the body is not gzip');
  }
  try {
    const rows: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    if (Array.isArray(rows) && rows.every(isObject)) {
      return { kind: 'accepted', stream, rows, sizeInBytes: json.length };
    }
  } catch {
    // Said below.
  }
  return refuse(400, 'InvalidPayload', 'the body is not a JSON array of objects');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Who signed a token is not asked; that it is one, for this service and of this hour, is. */
function checkToken(authorization: string | undefined, { audience, now }: IngestionTarget): RefusedCall | undefined {
  const [, payload] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]*$/.exec(authorization ?? '') ?? [];
  if (payload === undefined) return refuse(401, 'AuthenticationFailed', 'there is no bearer token');
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    // Not an object, then.
  }
  if (!isObject(claims)) return refuse(401, 'AuthenticationFailed', 'the bearer token is not readable');
  const seconds = now.getTime() / 1000;
  const isCurrent =
    typeof claims.exp === 'number' &&
    claims.exp > seconds - clockSkewInSeconds &&
    (typeof claims.nbf !== 'number' || claims.nbf <= seconds + clockSkewInSeconds);
  if (!isCurrent) return refuse(401, 'AuthenticationFailed', 'the bearer token is not of this time');
  const isForUs = typeof claims.aud === 'string' && claims.aud.replace(/\/$/, '') === audience.replace(/\/$/, '');
  return isForUs ? undefined : refuse(403, 'InvalidTokenAudience', `the bearer token is not for ${audience}`);
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment).slice(0, 200);
  } catch {
    return undefined;
  }
}

function tooLarge(): RefusedCall {
  return refuse(413, 'ContentLengthLimitExceeded', `a call takes at most ${maximumBodyBytes} bytes (1 MB)`);
}

function refuse(status: number, code: string, message: string): RefusedCall {
  return { kind: 'refused', status, code, message };
}

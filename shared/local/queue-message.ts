/**
 * What of a queue message reaches a function in Node: its argument and its trigger metadata. Two parties shape them, the
 * Functions host and the Node worker; this file does what both together do.
 *
 * The host decodes base64, reads UTF-8 and gathers binding data: the queue's own values, over which it lays the top-level
 * properties of a body that is a JSON object. So a body may replace `id`, or `dequeueCount`: to a function, trigger
 * metadata is input as the body is. The worker then parses every text as JSON where it is JSON and makes the first letter
 * of every key lower case.
 *
 * Sources: `QueueTriggerBinding` and `QueueListener` of the storage extension, `Utility.ApplyBindingData` of the host,
 * `fromRpcTypedData` and `fromRpcTriggerMetadata` of @azure/functions 4.16.5.
 */
import { randomUUID } from 'node:crypto';
import type { DequeuedMessageItem } from '@azure/storage-queue';

export type TriggerMetadata = Readonly<Record<string, unknown>>;

export interface Invocation {
  /** Parsed where the text is JSON, else the text. */
  readonly argument: unknown;
  readonly triggerMetadata: TriggerMetadata;
}

/** The body's bytes. Undefined where the text is not base64; such a message reaches no function. */
export function decodeBody(messageText: string, encoding: 'base64' | 'none'): Uint8Array | undefined {
  if (encoding === 'none') return Buffer.from(messageText, 'utf8');
  const compact = messageText.replaceAll(/[ \t\r\n]/g, '');
  const isBase64 = compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
  return isBase64 ? Buffer.from(compact, 'base64') : undefined;
}

/** Throws a `TypeError` where the bytes are not UTF-8, as the host does; that counts as a failed call. */
export function toInvocation(item: DequeuedMessageItem, body: Uint8Array, functionName: string): Invocation {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  const argument = parseJson(text);
  const triggerMetadata = toCamelCase({
    queueTrigger: argument,
    dequeueCount: item.dequeueCount,
    expirationTime: toOffsetTime(item.expiresOn),
    id: item.messageId,
    insertionTime: toOffsetTime(item.insertedOn),
    nextVisibleTime: toOffsetTime(item.nextVisibleOn),
    popReceipt: item.popReceipt,
    sys: { methodName: functionName, utcNow: new Date().toISOString(), randGuid: randomUUID() },
    ...laidOver(argument),
  }) as TriggerMetadata;
  return { argument, triggerMetadata };
}

/** The properties of the body that replace or join the queue's values. Keys are compared without case there. */
function laidOver(argument: unknown): Record<string, unknown> {
  if (typeof argument !== 'object' || argument === null || Array.isArray(argument)) return {};
  const kept = Object.entries(argument).filter(([, value]) => value !== null && !Array.isArray(value));
  return Object.fromEntries(kept.map(([key, value]) => [ownSpelling(key), throughText(value)]));
}

const ownKeys = [
  'queueTrigger',
  'dequeueCount',
  'expirationTime',
  'id',
  'insertionTime',
  'nextVisibleTime',
  'popReceipt',
];

function ownSpelling(key: string): string {
  return ownKeys.find((own) => own.toLowerCase() === key.toLowerCase()) ?? key;
}

/** Scalars travel to the worker as text, so that `"5"` arrives as 5. */
function throughText(value: unknown): unknown {
  return typeof value === 'string' ? parseJson(value) : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** As .NET writes a time with its offset. */
function toOffsetTime(time: Date): string {
  return time.toISOString().replace('.000Z', '+00:00').replace('Z', '+00:00');
}

function toCamelCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCamelCase);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.charAt(0).toLowerCase() + key.slice(1), toCamelCase(inner)]),
  );
}

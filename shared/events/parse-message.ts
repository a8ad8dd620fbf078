/**
 * A queue message becomes requests. In goes whatever the trigger hands over; out comes one request per event: a scan of
 * one object of a watched account, or a refusal with the outcome to record. Two schemas are read, CloudEvents 1.0 and
 * Event Grid's own; which events ask for a scan:
 *
 *   BlobCreated       data.url             but not CreateFile and SftpCreate of length 0: the content comes with a later event
 *   BlobRenamed       data.destinationUrl  a rename into a watched account is an arrival; it carries no eTag
 *   BlobTierChanged   data.url             an object taken out of the archive can be read again
 *
 * The app's own messages (`own-messages.ts`) come the same way. Everything else (deletions, directory events, subscription validation) is `skipped: notABlobEvent`. Nothing is decided
 * here that the object's own properties decide better: type, tier and size are the scanner's business.
 */
import type { AllowList } from './allow-list.ts';
import type { QueueRequest, RefusedRequest, ScanRequest } from './scan-request.ts';
import { printable } from '../base/redact.ts';
import { readMessageValues } from './message-values.ts';
import { parseObjectUrl } from './object-url.ts';
import { isOwnMessage, parseOwnMessage } from './own-messages.ts';

/**
 * Reads a message. `now` stands in for an event's time that is missing or malformed. At least one request, at most
 * `MAX_EVENTS`; a message that cannot be read as a whole is one `failed: malformedMessage`. Never throws; every scan
 * request's URL is on the allow-list. O(bytes of the message).
 */
export function parseMessage(message: unknown, allow: AllowList, now: Date = new Date()): QueueRequest[] {
  const values = readMessageValues(message);
  if ('fault' in values) return [refuse(noEvent, 'malformedMessage', values.fault)];
  return values.map((value) => parseEvent(value, allow, now));
}

type Fields = Readonly<Record<string, unknown>>;

interface StorageEvent {
  readonly type: string;
  readonly id: string;
  /** ISO 8601 in UTC; undefined when missing or malformed. */
  readonly time: string | undefined;
  /** The ARM id of the account, in the words of the event. */
  readonly source: string;
  readonly data: Fields;
}

const noEvent: Pick<StorageEvent, 'id' | 'time'> = { id: '', time: undefined };

/** Which field of the data names the object. */
const urlFields: ReadonlyMap<string, 'url' | 'destinationUrl'> = new Map([
  ['Microsoft.Storage.BlobCreated', 'url'],
  ['Microsoft.Storage.BlobRenamed', 'destinationUrl'],
  ['Microsoft.Storage.BlobTierChanged', 'url'],
]);

/** Operations that make an empty object which a later event fills. */
const openingApis = new Set(['CreateFile', 'SftpCreate']);

function parseEvent(value: unknown, allow: AllowList, now: Date): QueueRequest {
  if (!isFields(value)) return refuse(noEvent, 'malformedMessage', `an event must be an object, not ${kindOf(value)}`);
  if (isOwnMessage(value)) {
    const own = parseOwnMessage(value, allow);
    return 'fault' in own ? refuse(noEvent, own.reason, own.fault) : own;
  }
  const event = readEnvelope(value);
  if (typeof event === 'string') return refuse(identify(value), 'malformedMessage', event);
  const urlField = urlFields.get(event.type);
  if (urlField === undefined) return refuse(event, 'notABlobEvent', `event type ${printable(event.type, 120)}`);
  const url = event.data[urlField];
  if (typeof url !== 'string') {
    return refuse(event, 'malformedMessage', `data.${urlField} of ${event.type} must be a text, not ${kindOf(url)}`);
  }
  const place = parseObjectUrl(url, allow);
  if ('reason' in place) return { ...refuse(event, place.reason, place.detail), ...place.place };
  const { data } = event;
  const api = readApi(data.api);
  const sizeInBytes = readSize(data.contentLength);
  // One that has a length after all is scanned: only what is known to be empty may be left to a later event.
  if (api !== undefined && openingApis.has(api) && (sizeInBytes ?? 0) === 0) {
    return {
      ...refuse(event, 'notABlobEvent', `${api} made an empty object; its content has an event of its own`),
      ...place,
    };
  }
  return {
    kind: 'scan',
    ...place,
    eTag: readETag(data.eTag),
    versionId: readVersionId(data.versionId),
    sizeInBytes,
    eventTime: event.time ?? now.toISOString(),
    eventId: event.id,
    api,
    resourceId: readResourceId(event.source, place.account),
  } satisfies ScanRequest;
}

/** Reads either schema; what is wrong as text otherwise. */
function readEnvelope(fields: Fields): StorageEvent | string {
  const isCloudEvent = fields.specversion !== undefined;
  const [type, source] = isCloudEvent ? [fields.type, fields.source] : [fields.eventType, fields.topic];
  if (isCloudEvent && fields.specversion !== '1.0')
    return `CloudEvents ${shown(fields.specversion)}, and only 1.0 is read`;
  if (typeof type !== 'string') {
    return isCloudEvent ? 'a CloudEvent without a type' : 'neither a CloudEvent nor an Event Grid event';
  }
  // Events that are no blob's may have any data; the type alone decides about those.
  if (urlFields.has(type) && !isFields(fields.data))
    return `data of ${type} must be an object, not ${kindOf(fields.data)}`;
  const data = isFields(fields.data) ? fields.data : {};
  return { type, ...identify(fields), source: typeof source === 'string' ? source : '', data };
}

/** What tells an event from others, as far as it can be read. */
function identify(fields: Fields): Pick<StorageEvent, 'id' | 'time'> {
  const id = typeof fields.id === 'string' ? printable(fields.id, 200) : '';
  return { id, time: readTime(fields.time ?? fields.eventTime) };
}

function refuse(
  event: Pick<StorageEvent, 'id' | 'time'>,
  reason: RefusedRequest['reason'],
  detail: string,
): RefusedRequest {
  return {
    kind: 'refused',
    verdict: reason === 'malformedMessage' ? 'failed' : 'skipped',
    reason,
    detail: printable(detail, 300),
    account: '',
    container: '',
    objectName: '',
    url: '',
    eventTime: event.time,
    eventId: event.id,
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'array' : typeof value;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${printable(value, 40)}"` : kindOf(value);
}

/** RFC 3339 with its zone; Event Grid writes seven digits of a second. */
const timePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

function readTime(value: unknown): string | undefined {
  if (typeof value !== 'string' || !timePattern.test(value)) return undefined;
  const time = new Date(value.toUpperCase());
  // Nothing was uploaded before 1970, and a negative year is no date to the tables the time ends up in.
  return time.getTime() >= 0 ? time.toISOString() : undefined;
}

function readApi(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(value) ? value : undefined;
}

function readSize(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * Without `W/` and quotes. What cannot be one is left out, and then the current version is scanned: above all `*`, which
 * as a condition would hold for any version.
 */
function readETag(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const bare = /^(?:W\/)?"?([\x21\x23-\x29\x2b-\x7e]{1,128})"?$/.exec(value)?.[1];
  return bare;
}

/** A version's id is the time it was written. */
function readVersionId(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) ? value : undefined;
}

const accountIdPattern =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[\p{L}\p{N}_.()-]{1,90}\/providers\/Microsoft\.Storage\/storageAccounts\/([a-z0-9]{3,24})$/iu;

/** The source, if it is the ARM id of that very account; `''` otherwise, so that rows never accuse another one. */
function readResourceId(source: string, account: string): string {
  return accountIdPattern.exec(source)?.[1]?.toLowerCase() === account ? source : '';
}

/**
 * The messages that the app sends to itself, through the same queue as the events of uploads. In the queue they are JSON:
 *
 *   {"scan": {url, eTag, …}, "replaced": […], "continue": ScanId, "generation": n,
 *    "rules": digest}                                                                the next slice of a scan
 *   {"scan": {url, eTag, …}, "replaced": […]}                                        look at the object (later, or again)
 *   {"deliver": ScanId, "attempt": n}                                                the next try to deliver a report
 *   {"react": ScanId, "attempt": n}                                                  the next try to react to a report
 *   {"walk": id, "account", …}                                                       go through the objects that exist
 *
 * They are read with the distrust that events are read with: what names an object passes the same allow-list, and whatever is
 * not as written here is refused with a reason.
 */
import { z } from 'zod';
import { printable } from '../base/redact.ts';
import type { AllowList } from './allow-list.ts';
import { blobEndpointOf } from './allow-list.ts';
import { parseObjectUrl } from './object-url.ts';
import type { DeliverRequest, ReactRequest, ReplacedVersion, ScanRequest, WalkRequest } from './scan-request.ts';

/** Versions that one scan may have seen go; more are a fault, since a scan gives up long before. */
const MAX_REPLACED = 20;
/** How often a message that had no fair try is put back. */
export const MAX_RETURNS = 3;

const eTag = z.string().regex(/^[\x21\x23-\x29\x2b-\x7e]{1,128}$/);
const scanId = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const version = {
  eTag: eTag.optional(),
  versionId: z.string().max(64).optional(),
  sizeInBytes: count.optional(),
  eventTime: z.string().max(64),
};

const scanMessage = z.strictObject({
  scan: z.strictObject({
    ...version,
    url: z.string().max(10_240),
    eventId: z.string().max(400),
    api: z.string().max(64).optional(),
    resourceId: z.string().max(400),
  }),
  replaced: z.array(z.strictObject({ ...version, eTag })).max(MAX_REPLACED),
  continue: scanId.optional(),
  rules: scanId.optional(),
  generation: count.optional(),
  again: z.literal(true).optional(),
  origin: z.enum(['sweep', 'rescan']).optional(),
  returns: z.int().min(1).max(MAX_RETURNS).optional(),
});
const walkMessage = z.strictObject({
  walk: z.uuid(),
  account: z.string().max(24),
  container: z
    .string()
    .regex(/^(\$root|\$web|[a-z0-9-]{3,63})$/)
    .optional(),
  prefix: z.string().max(1_024),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  only: z.enum(['unrecorded', 'unscanned', 'all']),
  containers: z.enum(['atOnce', 'inTurn', 'one']).optional(),
  perMinute: z.number().min(1).max(100_000),
  step: count.optional(),
  from: z.string().max(8_192).optional(),
  listed: count,
  sent: count,
});
const deliverMessage = z.strictObject({ deliver: scanId, attempt: z.int().min(1) });
const reactMessage = z.strictObject({ react: scanId, attempt: z.int().min(1) });

/** What is wrong with a message of our own, for a person. */
export interface OwnMessageFault {
  readonly reason: 'malformedMessage' | 'foreignAccount' | 'notABlobEvent';
  readonly fault: string;
}

/** Whether a queue message's value is one of these, right or wrong. */
export function isOwnMessage(value: Readonly<Record<string, unknown>>): boolean {
  return ['scan', 'deliver', 'react', 'walk'].some((name) => Object.hasOwn(value, name));
}

/** Reads one. Never throws. */
export function parseOwnMessage(
  value: Readonly<Record<string, unknown>>,
  allow: AllowList,
): ScanRequest | DeliverRequest | ReactRequest | WalkRequest | OwnMessageFault {
  if (Object.hasOwn(value, 'walk')) return parseWalk(value, allow);
  if (Object.hasOwn(value, 'deliver')) {
    const read = deliverMessage.safeParse(value);
    return read.success
      ? { kind: 'deliver', scanId: read.data.deliver, attempt: read.data.attempt }
      : malformed(read.error);
  }
  if (Object.hasOwn(value, 'react')) {
    const read = reactMessage.safeParse(value);
    return read.success
      ? { kind: 'react', scanId: read.data.react, attempt: read.data.attempt }
      : malformed(read.error);
  }
  const parsed = scanMessage.safeParse(value);
  if (!parsed.success) return malformed(parsed.error);
  const { scan, replaced, generation, again, origin, returns, continue: resumed, rules: rulesDigest } = parsed.data;
  const place = parseObjectUrl(scan.url, allow);
  if ('reason' in place) return { reason: place.reason, fault: place.detail };
  return {
    kind: 'scan',
    ...place,
    ...versionOf(scan),
    eTag: scan.eTag,
    eventId: scan.eventId,
    api: scan.api,
    resourceId: scan.resourceId,
    replaced: replaced.map((one) => ({ ...versionOf(one), eTag: one.eTag })),
    resumes: resumed === undefined ? undefined : { scanId: resumed, generation: generation ?? 0, rulesDigest },
    again: again ?? false,
    ...(origin !== undefined && { origin }),
    ...(returns !== undefined && { returns }),
  };
}

/** The message that has the request looked at (again); with `resumes` one that goes on with a scan. */
export function scanMessageOf(
  request: Pick<
    ScanRequest,
    | 'url'
    | 'eTag'
    | 'versionId'
    | 'sizeInBytes'
    | 'eventTime'
    | 'eventId'
    | 'api'
    | 'resourceId'
    | 'again'
    | 'origin'
    | 'returns'
  >,
  replaced: readonly ReplacedVersion[],
  resumes?: ScanRequest['resumes'],
): object {
  const {
    url,
    eTag: named,
    versionId,
    sizeInBytes,
    eventTime,
    eventId,
    api,
    resourceId,
    again,
    origin,
    returns,
  } = request;
  return {
    scan: { url, eTag: named, versionId, sizeInBytes, eventTime, eventId, api, resourceId },
    replaced: replaced.slice(-MAX_REPLACED),
    ...(resumes && { continue: resumes.scanId, generation: resumes.generation, rules: resumes.rulesDigest }),
    ...(again === true && { again }),
    ...(origin !== undefined && origin !== 'event' && { origin }),
    ...(returns !== undefined && { returns }),
  };
}

export function walkMessageOf({ kind: _, id, ...walk }: WalkRequest): object {
  return { walk: id, ...walk };
}

export function deliverMessageOf(scanIdOfReport: string, attempt: number): object {
  return { deliver: scanIdOfReport, attempt };
}

export function reactMessageOf(scanIdOfReport: string, attempt: number): object {
  return { react: scanIdOfReport, attempt };
}

function parseWalk(value: Readonly<Record<string, unknown>>, allow: AllowList): WalkRequest | OwnMessageFault {
  const parsed = walkMessage.safeParse(value);
  if (!parsed.success) return malformed(parsed.error);
  const { walk, account, container, prefix, since, until, only, perMinute, from, listed, sent } = parsed.data;
  const { containers = 'atOnce', step = 0 } = parsed.data;
  if (blobEndpointOf(account, allow) === undefined) {
    return { reason: 'foreignAccount', fault: `account ${printable(account, 40)} is not watched` };
  }
  const range = { account, container, prefix, since, until, only, containers, perMinute };
  return { kind: 'walk', id: walk, ...range, from, step, listed, sent };
}

function versionOf({ versionId, sizeInBytes, eventTime }: Omit<ReplacedVersion, 'eTag'> | VersionFields): {
  readonly versionId: string | undefined;
  readonly sizeInBytes: number | undefined;
  readonly eventTime: string;
} {
  return { versionId, sizeInBytes, eventTime };
}

interface VersionFields {
  readonly versionId?: string | undefined;
  readonly sizeInBytes?: number | undefined;
  readonly eventTime: string;
}

function malformed(error: z.ZodError): OwnMessageFault {
  const [first] = error.issues;
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  return {
    reason: 'malformedMessage',
    fault: printable(`a message of the app itself: ${where}${first?.message ?? ''}`, 300),
  };
}

/**
 * What somebody asks of the function `rescan`, as a message of its queue:
 *
 *   {"rescan": "begin", "account": NAME, "container"?, "prefix"?, "since"?, "until"?, "only"?, "perMinute"?, "id"?}
 *   {"rescan": "stop", "id": ID}
 *   {"rescan": "resume", "id": ID}
 *
 * Whoever may write to that queue is trusted with no more than this: the account must be watched, every text is bounded, and what is
 * not as written here is refused in words for whoever wrote it.
 */
import { z } from 'zod';
import { printable } from '../base/redact.ts';
import type { AllowList } from './allow-list.ts';
import { blobEndpointOf } from './allow-list.ts';
import { readMessageValues } from './message-values.ts';
import type { WalkRequest } from './scan-request.ts';

/** Which objects a rescan goes through, and how fast. */
export type RescanRange = Pick<
  WalkRequest,
  'account' | 'container' | 'prefix' | 'since' | 'until' | 'only' | 'perMinute'
>;

export type RescanOrder =
  | { readonly kind: 'begin'; readonly id: string; readonly range: RescanRange }
  | { readonly kind: 'stop' | 'resume'; readonly id: string };

export interface RescanOrderFault {
  /** What is wrong with it, for a person; at most 300 characters. */
  readonly fault: string;
  /** What it is to be known by: the id that it names where it names one, else the message's. */
  readonly id: string;
}

/** Behind the name of the queue of events: that of the queue of these. */
export const RESCAN_QUEUE_SUFFIX = '-rescan';
/** Scans asked for in a minute: above that the queue itself is what is slow. */
export const MAX_SCANS_PER_MINUTE = 100_000;

const time = z.union([z.iso.date(), z.iso.datetime()]);
const begin = z.strictObject({
  rescan: z.literal('begin'),
  id: z.uuid().optional(),
  account: z.string().max(24),
  container: z
    .string()
    .regex(/^(\$root|\$web|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*)$/, 'not the name of a container')
    .optional(),
  prefix: z.string().max(1_024).default(''),
  since: time.optional(),
  until: time.optional(),
  only: z.enum(['unscanned', 'unrecorded', 'all']).default('unscanned'),
  perMinute: z.int().min(1).max(MAX_SCANS_PER_MINUTE).default(600),
});
const control = z.strictObject({ rescan: z.enum(['stop', 'resume']), id: z.uuid() });
const either = z.discriminatedUnion('rescan', [begin, control]);

/**
 * Reads a message. `messageId` becomes the id of a rescan that is given none, so that a message that comes twice begins one rescan.
 * Never throws; O(bytes of the message).
 */
export function parseRescanOrder(
  message: unknown,
  messageId: string,
  allow: AllowList,
): RescanOrder | RescanOrderFault {
  const values = readMessageValues(message);
  if ('fault' in values) return { fault: printable(values.fault, 300), id: messageId };
  const named = z.looseObject({ id: z.uuid() }).safeParse(values[0]);
  const id = named.success ? named.data.id.toLowerCase() : messageId;
  const refused = (fault: string): RescanOrderFault => ({ fault, id });
  if (values.length > 1) return refused(`a message asks for one thing, and this one for ${values.length}`);
  const parsed = either.safeParse(values[0]);
  if (!parsed.success) return refused(faultOf(parsed.error));
  const order = parsed.data;
  if (order.rescan !== 'begin') return { kind: order.rescan, id };
  const { account, container, prefix, only, perMinute } = order;
  const since = instantOf(order.since);
  const until = instantOf(order.until);
  if (blobEndpointOf(account, allow) === undefined) {
    return refused(`account ${printable(account, 40)} is not watched`);
  }
  if (since !== undefined && until !== undefined && since >= until) {
    return refused('until: not after since, so that no object could be meant');
  }
  return { kind: 'begin', id, range: { account, container, prefix, since, until, only, perMinute } };
}

/** A day stands for its first moment in UTC. */
function instantOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : new Date(text).toISOString();
}

function faultOf(error: z.ZodError): string {
  const [first] = error.issues;
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  return printable(`${where}${first?.message ?? 'not an order'}`, 300);
}

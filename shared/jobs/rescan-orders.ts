/**
 * An order of the queue `…-rescan`, carried out: a rescan begins, stops or goes on (`rescan.ts`). An order that cannot be is said in
 * the log and kept beside the rescans under the id it names, and is no failure: it would come again and be refused again. What
 * rejects is storage that does not answer, and the host brings the order again.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../base/log.ts';
import type { AllowList } from '../events/allow-list.ts';
import type { RescanOrder } from '../events/rescan-order.ts';
import { parseRescanOrder } from '../events/rescan-order.ts';
import { walkNames, writeStored } from '../scanner/walk-store.ts';
import type { RescanParts } from './rescan.ts';
import { beginRescan, RescanRefusedError, resumeRescan, stopRescan } from './rescan.ts';

export interface RescanOrderParts extends RescanParts {
  readonly allow: AllowList;
  readonly log: Logger;
}

/** Ids of queue messages are UUIDs; anything else would be part of a blob's name. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Resolves once the order is carried out or refused. `metadata.id` is the message's. */
export async function handleRescanOrder(
  message: unknown,
  metadata: { readonly id?: unknown } | undefined,
  parts: RescanOrderParts,
): Promise<void> {
  const given = metadata?.id;
  const messageId = typeof given === 'string' && UUID.test(given) ? given.toLowerCase() : randomUUID();
  const order = parseRescanOrder(message, messageId, parts.allow);
  if ('fault' in order) {
    await refuse(order.id, order.fault, parts);
    return;
  }
  try {
    await carryOut(order, parts);
    parts.log.info(said[order.kind], { ...order });
  } catch (error) {
    if (!(error instanceof RescanRefusedError)) throw error;
    const { message: problem, hint } = error;
    await refuse(order.id, hint === undefined ? problem : `${problem}: ${hint}`, parts);
  }
}

const said = { begin: 'a rescan has begun', stop: 'a rescan is to stop', resume: 'a rescan goes on' } as const;

async function carryOut(order: RescanOrder, parts: RescanParts): Promise<void> {
  switch (order.kind) {
    case 'begin':
      return beginRescan(parts, order.id, order.range);
    case 'stop':
      return stopRescan(parts, order.id);
    case 'resume':
      return resumeRescan(parts, order.id);
  }
}

async function refuse(id: string, problem: string, { store, log }: RescanOrderParts): Promise<void> {
  await writeStored(store, walkNames.refused(id), { problem, at: new Date().toISOString() });
  log.warn('an order to rescan was refused', { id, problem });
}

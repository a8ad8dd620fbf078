/**
 * Goes through the objects that exist and has those scanned that should be: the daily sweep, which closes what events lose, and a
 * rescan that somebody asks for. It runs as messages in the queue, one for each page of the listing, so that it is as long as
 * it needs to be, goes on after a crash with the page it was at, and scans under way never wait for it.
 *
 *   {walk, …}  ─►  list the containers  ─►  {walk, container, …} for each
 *   {walk, container, from}  ─►  list a page  ─►  {scan} for each object, spread over time  ─►  {walk, container, next page}
 *
 * A page that is walked twice asks for the same scans twice; the ledger knows them.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../base/log.ts';
import type { AllowList } from '../events/allow-list.ts';
import { objectUrl } from '../events/object-url.ts';
import { scanMessageOf, walkMessageOf } from '../events/own-messages.ts';
import type { WalkRequest } from '../events/scan-request.ts';
import { STALE_AFTER_IN_MS } from '../ledger/entry-rules.ts';
import type { Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import type { ListedObject, ObjectPage, PageOptions } from '../objects/list-objects.ts';
import { isFinal } from './record-report.ts';

export interface WalkParts {
  readonly allow: AllowList;
  readonly ledger: Pick<Ledger, 'findVersion'>;
  /** ScanIds that a scan of the object with the present rules may have; one that has another is merely asked for again. */
  readonly scanIdsOf: (place: ListedPlace, object: ListedObject) => readonly string[];
  readonly queue: MessageSender;
  readonly listContainers: (account: string, abortSignal: AbortSignal) => Promise<readonly string[]>;
  readonly listObjects: (account: string, container: string, options: PageOptions) => Promise<ObjectPage>;
  /** Progress of walks, and whether they are to stop, by id. */
  readonly store: WalkStore;
  readonly log: Logger;
  /** Objects a page; 200 unless given. */
  readonly pageSize?: number;
}

export interface ListedPlace {
  readonly account: string;
  readonly container: string;
}

export interface WalkStore {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, content: Uint8Array): Promise<void>;
}

/** The name under which a walk's wish to stop, and its progress, are kept. */
export const walkNames = {
  stop: (id: string): string => `stop/${id}`,
  progress: (id: string, account: string, container: string): string => `progress/${id}/${account}/${container}.json`,
} as const;

/** Questions to the ledger at the same time. */
const PARALLEL_QUESTIONS = 16;

/** Takes one step of a walk, and sends the message for the next. Rejects when it cannot; the step may be taken again. */
export async function walkObjects(request: WalkRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<void> {
  const { log, store } = parts;
  const { id, account, container } = request;
  if ((await store.read(walkNames.stop(id))) !== undefined) {
    log.info('a walk was stopped', { id, account, container });
    return;
  }
  if (container === undefined) await walkAccount(request, parts, abortSignal);
  else await walkPage({ ...request, container }, parts, abortSignal);
}

async function walkAccount(request: WalkRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<void> {
  const containers = await parts.listContainers(request.account, abortSignal);
  for (const container of containers) await parts.queue.send(walkMessageOf({ ...request, container }));
  parts.log.info('a walk goes through an account', {
    id: request.id,
    account: request.account,
    containers: containers.length,
  });
}

async function walkPage(
  request: WalkRequest & { readonly container: string },
  parts: WalkParts,
  abortSignal: AbortSignal,
): Promise<void> {
  const { account, container, prefix, from, perMinute } = request;
  const { listObjects, queue, store, log, pageSize: objects = 200 } = parts;
  const page = await listObjects(account, container, { prefix, from, objects, abortSignal });
  const wanted = await chooseObjects(page.objects, request, parts, abortSignal);
  const gapInMs = 60_000 / perMinute;
  let sent = 0;
  for (const object of wanted) {
    const message = messageFor(object, request, parts.allow);
    if (message !== undefined) await queue.send(message, { delayInMs: Math.floor(sent++ * gapInMs) });
  }
  const counted = { listed: request.listed + page.objects.length, sent: request.sent + sent };
  const isDone = page.next === undefined;
  const progress = { ...counted, isDone, at: new Date().toISOString() };
  await store.write(walkNames.progress(request.id, account, container), Buffer.from(JSON.stringify(progress)));
  log.info('a walk has gone through a page', { id: request.id, account, container, ...progress });
  if (page.next === undefined) return;
  await queue.send(walkMessageOf({ ...request, ...counted, from: page.next }), {
    delayInMs: Math.ceil(sent * gapInMs),
  });
}

/** Those of the page that the walk is about. */
async function chooseObjects(
  objects: readonly ListedObject[],
  request: WalkRequest & { readonly container: string },
  { ledger, scanIdsOf }: WalkParts,
  abortSignal: AbortSignal,
): Promise<ListedObject[]> {
  const { account, container, since, until, only } = request;
  const isWithin = ({ lastModified }: ListedObject): boolean =>
    (since === undefined || lastModified.getTime() >= Date.parse(since)) &&
    (until === undefined || lastModified.getTime() < Date.parse(until));
  const candidates = objects.filter(isWithin);
  if (only === 'all') return candidates;
  const chosen: ListedObject[] = [];
  for (let at = 0; at < candidates.length; at += PARALLEL_QUESTIONS) {
    abortSignal.throwIfAborted();
    const some = candidates.slice(at, at + PARALLEL_QUESTIONS);
    const entries = await Promise.all(some.map((object) => ledger.findVersion({ account, container, ...object })));
    const isAboutIt = (object: ListedObject, { scanId }: LedgerEntry): boolean =>
      only === 'unrecorded' || scanIdsOf({ account, container }, object).includes(scanId);
    const about = (object: ListedObject, index: number) => entries[index]!.filter((entry) => isAboutIt(object, entry));
    chosen.push(...some.filter((object, index) => isOpen(object, about(object, index))));
  }
  return chosen;
}

/** Whether nothing that lasts is recorded of that version, and nobody is at it. */
function isOpen({ isArchived }: ListedObject, entries: readonly LedgerEntry[]): boolean {
  if (entries.length === 0) return true;
  return entries.every(({ run, verdict, reason, ...entry }) => {
    // What failed is kept for a person, whoever was at it last.
    if (verdict === 'failed') return false;
    if (run !== undefined) return Date.now() - run.heartbeatAt.getTime() > 20 * STALE_AFTER_IN_MS;
    if (verdict === 'incomplete') return reason === 'changing' || reason === 'sourceError';
    // What is archived still is found so each day.
    return !isArchived && !isFinal({ ...entry, run, verdict, reason });
  });
}

function messageFor(
  { objectName, eTag, versionId, sizeInBytes, lastModified }: ListedObject,
  { account, container, id }: WalkRequest & { readonly container: string },
  allow: AllowList,
): object | undefined {
  const url = objectUrl({ account, container, objectName }, allow);
  // A name that no URL carries cannot be read either.
  if (url === undefined) return undefined;
  const eventTime = lastModified.toISOString();
  const about = { url, eTag, versionId, sizeInBytes, eventTime, eventId: `walk-${id}`, api: undefined, resourceId: '' };
  return scanMessageOf({ ...about, again: true }, []);
}

/** The first message of a walk; `account` must be watched. */
export function firstWalk(about: Pick<WalkRequest, 'account'> & Partial<WalkRequest>): WalkRequest {
  return {
    kind: 'walk',
    id: randomUUID(),
    container: undefined,
    prefix: '',
    since: undefined,
    until: undefined,
    only: 'unrecorded',
    perMinute: 600,
    from: undefined,
    listed: 0,
    sent: 0,
    ...about,
  };
}

/**
 * Goes through the objects that exist and has those scanned that should be: the daily sweep, which closes what events lose, and a
 * rescan that somebody asks for. It runs as messages in the queue, one for each page of the listing, so that it is as long as
 * it needs to be, goes on after a crash with the page it was at, and scans under way never wait for it: where many messages wait in
 * the queue, it is the walk that waits.
 *
 *   {walk, …}  ─►  list the containers  ─►  {walk, container, …} for each, or for the first
 *   {walk, container, from}  ─►  list a page  ─►  {scan} for each object, spread over time  ─►  {walk, container, next page}
 *
 * A page that is walked twice asks for the same scans twice; the ledger knows them. The next step is sent before this one is noted,
 * so that a crash in between costs a second look at the page; what that sends a second time ends at the first step that is noted.
 */
import { randomUUID } from 'node:crypto';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { AllowList } from '../events/allow-list.ts';
import { objectUrl } from '../events/object-url.ts';
import { scanMessageOf, walkMessageOf } from '../events/own-messages.ts';
import type { WalkRequest } from '../events/scan-request.ts';
import { STALE_AFTER_IN_MS } from '../ledger/entry-rules.ts';
import type { Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import type { ListedObject, ObjectPage, PageOptions } from '../objects/list-objects.ts';
import { MAX_CONTAINERS } from '../objects/list-objects.ts';
import { isFinal } from './record-report.ts';
import type { WalkProgress, WalkStore } from './walk-store.ts';
import { isParked, readStored, walkNames, writeStored } from './walk-store.ts';

export interface WalkParts {
  readonly allow: AllowList;
  readonly ledger: Pick<Ledger, 'findVersion'>;
  /** ScanIds that a scan of the object with the present rules may have; one that has another is merely asked for again. */
  readonly scanIdsOf: (place: ListedPlace, object: ListedObject) => readonly string[];
  readonly queue: MessageSender;
  readonly listContainers: (account: string, abortSignal: AbortSignal) => Promise<readonly string[]>;
  readonly listObjects: (account: string, container: string, options: PageOptions) => Promise<ObjectPage>;
  /** Why no more scans should be asked for just now; undefined where they may be. */
  readonly reasonToWait: () => Promise<string | undefined>;
  readonly store: WalkStore;
  readonly log: Logger;
  /** Objects a page; 200 unless given. */
  readonly pageSize?: number;
}

export interface ListedPlace {
  readonly account: string;
  readonly container: string;
}

type PageRequest = WalkRequest & { readonly container: string };

/** When a step that waits looks again. */
const WAIT_IN_MS = 60_000;
/** Questions to the ledger at the same time. */
const PARALLEL_QUESTIONS = 16;

/** Takes one step of a walk, and sends the message for the next. Rejects when it cannot; the step may be taken again. */
export async function walkObjects(request: WalkRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<void> {
  const { log, store } = parts;
  const { id, account, container } = request;
  if (await isParked(request, store)) {
    log.info('a walk was stopped', { id, account, container });
    return;
  }
  const reason = await parts.reasonToWait();
  if (reason !== undefined) {
    log.info('a walk waits', { id, account, container, reason });
    await parts.queue.send(walkMessageOf(request), { delayInMs: WAIT_IN_MS });
    return;
  }
  if (container === undefined) await walkAccount(request, parts, abortSignal);
  else await walkContainer({ ...request, container }, parts, abortSignal);
}

async function walkAccount(request: WalkRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<void> {
  const { id, account } = request;
  const all = await allContainers(request, parts, abortSignal);
  parts.log.info('a walk goes through an account', { id, account, containers: all.length });
  const first = request.containers === 'inTurn' ? [...all].sort().slice(0, 1) : all;
  for (const container of first) await parts.queue.send(walkMessageOf({ ...request, container }));
  if (first.length === 0) await endWalk(request, parts);
}

async function allContainers(
  { id, account }: WalkRequest,
  { listContainers, log }: WalkParts,
  abortSignal: AbortSignal,
): Promise<readonly string[]> {
  const all = await listContainers(account, abortSignal);
  if (all.length >= MAX_CONTAINERS) log.warn('an account has more containers than are gone through', { id, account });
  return all;
}

async function walkContainer(request: PageRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<void> {
  const { id, account, container, step } = request;
  const { store, queue, log } = parts;
  const name = walkNames.progress(id, account, container);
  const before = await readStored<WalkProgress>(store, name);
  if (before !== undefined && step < before.step) {
    log.info('a step of a walk was taken before', { id, account, container, step });
    return;
  }
  const walked = await walkPage(request, parts, abortSignal);
  const counted = { listed: request.listed + walked.listed, sent: request.sent + walked.sent };
  const next = await nextRequest({ ...request, ...counted }, walked.next, parts, abortSignal);
  const delayInMs = Math.ceil((walked.sent * 60_000) / request.perMinute);
  if (next !== undefined) await queue.send(walkMessageOf(next), { delayInMs });
  const { problem } = walked;
  const isDone = walked.next === undefined;
  const progress = { ...counted, step: step + 1, isDone, problem, at: new Date().toISOString() };
  await writeStored(store, name, progress satisfies WalkProgress);
  log[problem === undefined ? 'info' : 'warn']('a walk has gone through a page', {
    id,
    account,
    container,
    ...progress,
  });
  if (next === undefined) await endWalk(request, parts);
}

interface WalkedPage {
  readonly listed: number;
  readonly sent: number;
  readonly next: string | undefined;
  readonly problem?: string;
}

/** Has a page's objects scanned. What no repetition mends, such as a container that is gone, is the container's end. */
async function walkPage(request: PageRequest, parts: WalkParts, abortSignal: AbortSignal): Promise<WalkedPage> {
  const { account, container, prefix, from, perMinute } = request;
  const { listObjects, queue, pageSize: objects = 200 } = parts;
  let page: ObjectPage;
  try {
    page = await listObjects(account, container, { prefix, from, objects, abortSignal });
  } catch (error) {
    if (!(error instanceof SluiceError) || error.retryable) throw error;
    return { listed: 0, sent: 0, next: undefined, problem: error.message };
  }
  const wanted = await chooseObjects(page.objects, request, parts, abortSignal);
  const gapInMs = 60_000 / perMinute;
  let sent = 0;
  for (const object of wanted) {
    const message = messageFor(object, request, parts.allow);
    if (message !== undefined) await queue.send(message, { delayInMs: Math.floor(sent++ * gapInMs) });
  }
  return { listed: page.objects.length, sent, next: page.next };
}

/** The next page, or the first of the container whose turn it is. */
async function nextRequest(
  request: PageRequest,
  from: string | undefined,
  parts: WalkParts,
  abortSignal: AbortSignal,
): Promise<WalkRequest | undefined> {
  if (from !== undefined) return { ...request, from, step: request.step + 1 };
  if (request.containers !== 'inTurn') return undefined;
  const containers = await allContainers(request, parts, abortSignal);
  const container = [...containers].sort().find((name) => name > request.container);
  return container === undefined ? undefined : { ...request, container, from, step: 0, listed: 0, sent: 0 };
}

/** Of a walk in which everything comes one after the other: it neither runs any more nor can it be stopped. */
async function endWalk({ id, account, containers }: WalkRequest, { store, log }: WalkParts): Promise<void> {
  if (containers === 'atOnce') return;
  await store.delete(walkNames.running(id));
  await store.delete(walkNames.stop(id));
  log.info('a walk has ended', { id, account });
}

/** Those of the page that the walk is about. */
async function chooseObjects(
  objects: readonly ListedObject[],
  request: PageRequest,
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
  { account, container, containers, id }: PageRequest,
  allow: AllowList,
): object | undefined {
  const url = objectUrl({ account, container, objectName }, allow);
  // A name that no URL carries cannot be read either.
  if (url === undefined) return undefined;
  const eventTime = lastModified.toISOString();
  const about = { url, eTag, versionId, sizeInBytes, eventTime, eventId: `walk-${id}`, api: undefined, resourceId: '' };
  const origin = containers === 'atOnce' ? 'sweep' : 'rescan';
  return scanMessageOf({ ...about, again: true, origin }, []);
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
    containers: 'atOnce',
    perMinute: 600,
    from: undefined,
    step: 0,
    listed: 0,
    sent: 0,
    ...about,
  };
}

/**
 * A rescan of objects that exist, for rules that are new: begun with one message, carried out by the app itself step by step
 * (`shared/scanner/walk-objects.ts`), so that whoever asks for it needs nothing but the scanner's own storage. What was scanned with
 * these very rules is not scanned again. It goes through the containers of an account in turn, so that its rate holds for all of
 * them; it can be stopped, goes on where it was, and says how far it is.
 */
import { SluiceError } from '../base/errors.ts';
import { walkMessageOf } from '../events/own-messages.ts';
import type { RescanRange } from '../events/rescan-order.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import { firstWalk } from '../scanner/walk-objects.ts';
import type { WalkProgress, WalkStore } from '../scanner/walk-store.ts';
import { readStored, walkNames, writeStored } from '../scanner/walk-store.ts';

export interface RescanStore extends WalkStore {
  /** Names that begin so, in their order. */
  list(limit: number, prefix?: string): Promise<string[]>;
}

export interface RescanParts {
  readonly store: RescanStore;
  /** The queue that the app's own messages go through. */
  readonly queue: MessageSender;
}

/** A rescan cannot be begun, stopped or gone on with; the message says why. Code `RESCAN_REFUSED`. */
export class RescanRefusedError extends SluiceError {
  readonly code = 'RESCAN_REFUSED';
}

/** How far a rescan came in one container. */
export interface RescanProgress extends Pick<WalkProgress, 'listed' | 'sent' | 'isDone' | 'problem'> {
  /** `account/container`. */
  readonly where: string;
}

export interface RescanStatus {
  readonly state: 'unknown' | 'refused' | 'running' | 'stopped' | 'done';
  /** Why the last order about it that was refused was so. */
  readonly refusal?: string | undefined;
  /** Those in which it has taken a step. */
  readonly progress: readonly RescanProgress[];
}

/** More would share the queue until none is done in its time. */
export const MAX_RESCANS_AT_ONCE = 16;
const MAX_CONTAINERS = 10_000;

/** Begins a rescan; one of that id that was begun before is left as it is. Rejects with `RescanRefusedError`. */
export async function beginRescan({ store, queue }: RescanParts, id: string, range: RescanRange): Promise<void> {
  if ((await store.read(walkNames.rescan(id))) !== undefined) return;
  const record = { ...range, begunAt: new Date().toISOString() };
  // It may have been begun by somebody who died before saying so here, and have ended since.
  if (!(await hasTakenSteps(store, id))) {
    await markRunning(store, id);
    const containers = range.container === undefined ? 'inTurn' : 'one';
    await queue.send(walkMessageOf(firstWalk({ ...range, containers, id })));
  }
  await writeStored(store, walkNames.rescan(id), record);
}

/**
 * Has it stop before its next step; what it has asked for already is still scanned. A sweep stops as well, whose id stands in the log.
 * Rejects with `RescanRefusedError` where there is none of that id.
 */
export async function stopRescan({ store }: RescanParts, id: string): Promise<void> {
  const { state } = await describeRescan(store, id);
  if (state === 'unknown' || state === 'refused') throw unknown(id);
  if (state === 'done') throw new RescanRefusedError('it has ended', { where: id });
  await store.write(walkNames.stop(id), new Uint8Array(0));
  await store.delete(walkNames.running(id));
}

/**
 * Has a stopped one go on where it was; one that has not come to its stop yet just goes on. Rejects with `RescanRefusedError` where
 * there is none of that id, or it is not stopped.
 */
export async function resumeRescan({ store, queue }: RescanParts, id: string): Promise<void> {
  const { state } = await describeRescan(store, id);
  if (state === 'unknown' || state === 'refused') throw unknown(id);
  const parked = (): Promise<string[]> => store.list(MAX_CONTAINERS, `parked/${id}/`);
  if (state !== 'stopped' && (await parked()).length === 0) {
    throw new RescanRefusedError(state === 'done' ? 'it has ended' : 'it is not stopped', { where: id });
  }
  if ((await store.read(walkNames.rescan(id))) !== undefined) await markRunning(store, id);
  // In this order: a step that finds no stop any more is not kept, and what is kept by now is sent.
  await store.delete(walkNames.stop(id));
  for (const name of await parked()) {
    const message = await readStored<object>(store, name);
    if (message !== undefined) await queue.send(message);
    await store.delete(name);
  }
}

/** What is known of it. */
export async function describeRescan(store: Omit<RescanStore, 'write' | 'delete'>, id: string): Promise<RescanStatus> {
  const [refusal, stop, running, record] = await Promise.all([
    readStored<{ problem: string }>(store, walkNames.refused(id)),
    store.read(walkNames.stop(id)),
    store.read(walkNames.running(id)),
    store.read(walkNames.rescan(id)),
  ]);
  const progress = await progressOf(store, id);
  const isUnderWay = running !== undefined || (record === undefined && progress.some(({ isDone }) => !isDone));
  const known = { refusal: refusal?.problem, progress };
  if (stop !== undefined) return { state: 'stopped', ...known };
  if (isUnderWay) return { state: 'running', ...known };
  if (record !== undefined || progress.length > 0) return { state: 'done', ...known };
  return { state: refusal === undefined ? 'unknown' : 'refused', ...known };
}

async function progressOf(store: Omit<RescanStore, 'write' | 'delete'>, id: string): Promise<RescanProgress[]> {
  const prefix = `progress/${id}/`;
  const found: RescanProgress[] = [];
  for (const name of await store.list(MAX_CONTAINERS, prefix)) {
    const stored = await readStored<WalkProgress>(store, name);
    if (stored === undefined) continue;
    const { listed, sent, isDone, problem } = stored;
    found.push({ where: name.slice(prefix.length).replace(/\.json$/, ''), listed, sent, isDone, problem });
  }
  return found;
}

async function hasTakenSteps(store: RescanStore, id: string): Promise<boolean> {
  return (await store.list(1, `progress/${id}/`)).length > 0;
}

async function markRunning(store: RescanStore, id: string): Promise<void> {
  const running = await store.list(MAX_RESCANS_AT_ONCE + 1, 'running/');
  if (running.length >= MAX_RESCANS_AT_ONCE && !running.includes(walkNames.running(id))) {
    throw new RescanRefusedError(`${MAX_RESCANS_AT_ONCE} rescans are under way`, {
      where: id,
      hint: 'wait for one to end, or stop one',
    });
  }
  await store.write(walkNames.running(id), new Uint8Array(0));
}

function unknown(id: string): RescanRefusedError {
  return new RescanRefusedError('there is no rescan of that id', { where: id });
}

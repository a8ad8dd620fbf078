/**
 * A rescan of objects that exist, for rules that are new: begun with one message, carried out by the app itself step by step
 * (`shared/scanner/walk-objects.ts`), so that whoever asks for it needs nothing but the queue. What was scanned with these very
 * rules is not scanned again.
 */
import { walkMessageOf } from '../events/own-messages.ts';
import type { WalkRequest } from '../events/scan-request.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import { firstWalk, walkNames } from '../scanner/walk-objects.ts';
import type { KeptBlobs } from './replay.ts';

export type RescanRange = Pick<WalkRequest, 'account'> &
  Partial<Pick<WalkRequest, 'container' | 'prefix' | 'since' | 'until' | 'only' | 'perMinute'>>;

/** How far a rescan came in one container. */
export interface RescanProgress {
  /** `account/container`. */
  readonly where: string;
  readonly listed: number;
  readonly sent: number;
  readonly isDone: boolean;
}

const MAX_CONTAINERS = 10_000;

/** Begins a rescan and returns its id. */
export async function startRescan(queue: MessageSender, range: RescanRange): Promise<string> {
  const request = firstWalk({ only: 'unscanned', ...range });
  await queue.send(walkMessageOf(request));
  return request.id;
}

/** Has it stop before its next step; what it has asked for already is still scanned. */
export async function stopRescan(walks: Pick<KeptBlobs, 'write'>, id: string): Promise<void> {
  await walks.write(walkNames.stop(id), new Uint8Array(0));
}

/** By container, those in which it has taken a step. */
export async function progressOfRescan(walks: Pick<KeptBlobs, 'list' | 'read'>, id: string): Promise<RescanProgress[]> {
  const prefix = `progress/${id}/`;
  const found: RescanProgress[] = [];
  for (const name of await walks.list(MAX_CONTAINERS, prefix)) {
    const content = await walks.read(name);
    if (content === undefined) continue;
    const { listed, sent, isDone } = JSON.parse(Buffer.from(content).toString('utf8')) as Omit<RescanProgress, 'where'>;
    found.push({ where: name.slice(prefix.length).replace(/\.json$/, ''), listed, sent, isDone });
  }
  return found;
}

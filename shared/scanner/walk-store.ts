/**
 * What is kept of walks through existing objects, as small blobs under the walk's id:
 *
 *   progress/ID/ACCOUNT/CONTAINER.json   how far it is in a container: {listed, sent, step, isDone, problem?, at}
 *   stop/ID                              it is to stop
 *   parked/ID/ACCOUNT[/CONTAINER].json   the message of a step that found it stopped: sent again, it goes on there
 *   running/ID                           a rescan that has not ended and is not stopped
 *   rescan/ID.json                       what somebody asked for
 *   refused/ID.json                      why nothing came of it
 */
import { walkMessageOf } from '../events/own-messages.ts';
import type { WalkRequest } from '../events/scan-request.ts';

export interface WalkStore {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, content: Uint8Array): Promise<void>;
  /** Does nothing where there is none of that name. */
  delete(name: string): Promise<void>;
}

export interface WalkProgress {
  /** Objects seen, and scans asked for. */
  readonly listed: number;
  readonly sent: number;
  /** Steps that were taken. */
  readonly step: number;
  readonly isDone: boolean;
  /** Why it is not gone through any further; for a person. */
  readonly problem?: string | undefined;
  /** ISO 8601. */
  readonly at: string;
}

export const walkNames = {
  progress: (id: string, account: string, container: string): string => `progress/${id}/${account}/${container}.json`,
  stop: (id: string): string => `stop/${id}`,
  parked: (id: string, account: string, container: string | undefined): string =>
    `parked/${id}/${[account, container].filter((part) => part !== undefined).join('/')}.json`,
  running: (id: string): string => `running/${id}`,
  rescan: (id: string): string => `rescan/${id}.json`,
  refused: (id: string): string => `refused/${id}.json`,
} as const;

/** JSON of a blob; undefined where there is none. */
export async function readStored<T>(store: Pick<WalkStore, 'read'>, name: string): Promise<T | undefined> {
  const content = await store.read(name);
  return content && (JSON.parse(Buffer.from(content).toString('utf8')) as T);
}

export async function writeStored(store: Pick<WalkStore, 'write'>, name: string, value: object): Promise<void> {
  await store.write(name, Buffer.from(JSON.stringify(value)));
}

/**
 * Whether the step is not to be taken, because its walk is stopped; its message is then kept for whoever has the walk go on.
 * Asked twice: one that goes on just now has looked for kept messages before this one was there.
 */
export async function isParked(request: WalkRequest, store: WalkStore): Promise<boolean> {
  const stop = walkNames.stop(request.id);
  if ((await store.read(stop)) === undefined) return false;
  const parked = walkNames.parked(request.id, request.account, request.container);
  await writeStored(store, parked, walkMessageOf(request));
  if ((await store.read(stop)) !== undefined) return true;
  await store.delete(parked);
  return false;
}

/**
 * What the paths of a command line stand for: one file, every file below a folder, or standard input. Files come in the order
 * of the arguments and below a folder in the order of their names' bytes, depth first, so that every run reports alike.
 *
 * Below a folder, links are not followed: what lies inside is met at its own place, and what lies outside was not asked for.
 * Pipes, sockets and devices have no bytes of their own and are passed over. Both are told. What cannot be read becomes a
 * target all the same, because a folder that was not seen is not clean.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { printableBytes } from '../scanner/printable-bytes.ts';

export type Target =
  /** `path` is bytes, because a file's name need not be UTF-8. */
  | { readonly kind: 'file'; readonly path: Buffer; readonly shown: string }
  | { readonly kind: 'input'; readonly shown: '-' }
  | { readonly kind: 'unreadable'; readonly shown: string; readonly why: string };

export interface FindOptions {
  /** Told what was passed over, and why. */
  readonly onPassedOver?: (shown: string, why: string) => void;
  readonly abortSignal: AbortSignal;
}

/** Holds the listings of the folders on the way to the current one. Rejects with the signal's reason after an abort. */
export async function* findTargets(places: readonly string[], options: FindOptions): AsyncGenerator<Target> {
  for (const place of places) {
    options.abortSignal.throwIfAborted();
    if (place === '-') yield { kind: 'input', shown: '-' };
    else if (await isFolder(place)) yield* walk(place, options);
    else yield { kind: 'file', path: Buffer.from(place), shown: place };
  }
}

/** The size of what the paths stand for, as far as it can be known: `onSize` is given the bytes of each file found. */
export async function measureTargets(
  places: readonly string[],
  abortSignal: AbortSignal,
  onSize: (bytes: number) => void,
): Promise<void> {
  for await (const target of findTargets(places, { abortSignal })) {
    if (target.kind !== 'file') continue;
    // What cannot be measured cannot be read either, and is told of then.
    const stats = await stat(target.path).catch(() => undefined);
    if (stats?.isFile() === true) onSize(stats.size);
  }
}

interface OpenFolder {
  readonly path: Buffer;
  readonly shown: string;
  /** The last is the next. */
  readonly entries: Dirent<Buffer>[];
}

async function* walk(root: string, { onPassedOver, abortSignal }: FindOptions): AsyncGenerator<Target> {
  const realRoot = await realpath(root).catch(() => root);
  const open: OpenFolder[] = [];
  const enter = async (folder: Buffer, shown: string): Promise<Target | undefined> => {
    try {
      const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
      entries.sort((a, b) => Buffer.compare(b.name, a.name));
      open.push({ path: folder, shown, entries });
      return undefined;
    } catch (error) {
      return { kind: 'unreadable', shown, why: `folder cannot be read: ${codeOf(error)}` };
    }
  };

  const fault = await enter(Buffer.from(root), root);
  if (fault !== undefined) yield fault;
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    abortSignal.throwIfAborted();
    const entry = folder.entries.pop();
    if (entry === undefined) {
      open.pop();
      continue;
    }
    const place = joinBytes(folder.path, entry.name);
    const shown = joinShown(folder.shown, entry.name);
    if (entry.isFile()) yield { kind: 'file', path: place, shown };
    else if (entry.isDirectory()) {
      const unreadable = await enter(place, shown);
      if (unreadable !== undefined) yield unreadable;
    } else {
      const why = entry.isSymbolicLink() ? await whyNotFollowed(place, realRoot) : `it is a ${kindOf(entry)}`;
      if (why !== undefined) onPassedOver?.(shown, why);
    }
  }
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
}

/** Undefined for a link to something inside, which is scanned where it is. */
async function whyNotFollowed(link: Buffer, realRoot: string): Promise<string | undefined> {
  try {
    const target = await realpath(link);
    const isInside =
      target === realRoot || target.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep);
    return isInside ? undefined : 'it is a link that leads out of the folder';
  } catch {
    return (await lstat(link).catch(() => undefined)) === undefined ? undefined : 'it is a link that leads nowhere';
  }
}

function kindOf(entry: Dirent<Buffer>): string {
  if (entry.isFIFO()) return 'pipe';
  return entry.isSocket() ? 'socket' : 'device';
}

function joinBytes(folder: Buffer, name: Buffer): Buffer {
  const separator = Buffer.from(path.sep);
  return Buffer.concat(folder.at(-1) === separator[0] ? [folder, name] : [folder, separator, name]);
}

function joinShown(folder: string, name: Buffer): string {
  const text = name.toString();
  // Names that are not UTF-8 would all look alike.
  const shown = Buffer.from(text).equals(name) ? text : printableBytes(name);
  return folder.endsWith(path.sep) ? folder + shown : `${folder}${path.sep}${shown}`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

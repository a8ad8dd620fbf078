/**
 * From the parts of an app to its walks: which containers and objects they go through, what of them was scanned with the rules in
 * use, and when they are to wait. The sweep is a walk of every watched account, begun by a timer.
 */
import type { BlobServiceClient } from '@azure/storage-blob';
import type { Logger } from '../base/log.ts';
import type { AllowList } from '../events/allow-list.ts';
import { walkMessageOf } from '../events/own-messages.ts';
import type { WalkRequest } from '../events/scan-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import { listContainers, listObjects } from '../objects/list-objects.ts';
import type { ReportFrames } from './report-frames.ts';
import type { RulesInUse } from './rules-in-use.ts';
import type { ScanJudge } from './scan-judge.ts';
import type { WalkParts } from './walk-objects.ts';
import { firstWalk, walkObjects } from './walk-objects.ts';
import type { WalkStore } from './walk-store.ts';

/** With more messages in the queue, those that workers hold among them, walks ask for no more scans. */
const MOST_WAITING = 5_000;
/** The sweep leaves younger objects to their events. */
const EVENT_MAY_TAKE_IN_MS = 30 * 60_000;

export interface WalkAccess {
  readonly allow: AllowList;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly queue: MessageSender;
  readonly store: WalkStore;
  readonly rules: RulesInUse<{ readonly frames: ReportFrames; readonly judge: ScanJudge }>;
  readonly serviceOf: (account: string) => BlobServiceClient;
  /** Containers that belong to the scanner: what is in them is not scanned. */
  readonly isOwn: (account: string, container: string) => boolean;
  readonly isOutboxFull: () => Promise<boolean>;
  /** About how many messages are in the queue. */
  readonly waiting: () => Promise<number>;
}

export interface WalkLimits extends Pick<WalkParts, 'pageSize'> {
  /** Messages in the queue above which walks wait; 5,000 unless given. */
  readonly mostWaiting?: number;
}

export interface Walks {
  /** Takes one step; see `walkObjects`. */
  readonly take: (request: WalkRequest, abortSignal: AbortSignal) => Promise<void>;
  /** Begins a walk of each account, through what was written within `sinceInMs` and is old enough to have been scanned. */
  readonly sweep: (accounts: Iterable<string>, sinceInMs: number) => Promise<void>;
}

export function connectWalks(access: WalkAccess, { mostWaiting = MOST_WAITING, ...limits }: WalkLimits = {}): Walks {
  const { allow, ledger, log, queue, store, rules, serviceOf, isOwn } = access;
  const parts: WalkParts = {
    allow,
    ledger,
    log,
    queue,
    store,
    reasonToWait: async () => {
      if (await access.isOutboxFull()) return 'too many reports wait for delivery';
      const waiting = await access.waiting();
      return waiting > mostWaiting ? `${waiting} messages are in the queue` : undefined;
    },
    scanIdsOf: ({ account, container }, object) => {
      const { frames, judge } = rules.current;
      const facts = { ...object, container, sizeInBytes: object.sizeInBytes ?? 0 };
      const decision = judge.decide(account, facts);
      return frames.listed(
        { ...object, account, container, url: '' },
        decision.kind === 'limit' ? decision.limit : undefined,
      );
    },
    listContainers: async (account, abortSignal) =>
      (await listContainers(serviceOf(account), abortSignal)).filter((container) => !isOwn(account, container)),
    listObjects: (account, container, options) => listObjects(serviceOf(account), container, options),
    ...limits,
  };
  return {
    take: async (request, abortSignal) => {
      await rules.choose();
      await walkObjects(request, parts, abortSignal);
    },
    sweep: async (accounts, sinceInMs) => {
      const now = Date.now();
      const since = new Date(now - sinceInMs).toISOString();
      const until = new Date(now - EVENT_MAY_TAKE_IN_MS).toISOString();
      for (const account of accounts) await queue.send(walkMessageOf(firstWalk({ account, since, until })));
    },
  };
}

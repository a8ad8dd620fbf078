/**
 * One slice of a claimed scan. It waits for its slot, takes up the checkpoint where there is one, and scans until the object or
 * the slice is at its end. A slice that ends first is left in this order, so that a crash between any two steps costs time and
 * never the scan:
 *
 *   checkpoint ─► ledger: generation + 1 ─► message for the next slice ─► return normally
 *
 * Throwing is for failures only: the host counts it against the message, and a long scan would end among the poisoned.
 */
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { LinkedAbort } from '../objects/linked-abort.ts';
import type { ByteSource } from '../objects/byte-source.ts';
import type { CompiledRules } from '../yara/index.ts';
import { DeadlineReached, withDeadline } from './deadline.ts';
import type { ScanCheckpoint } from './scan-checkpoint.ts';
import { decodeScanCheckpoint, encodeScanCheckpoint } from './scan-checkpoint.ts';
import type { ScanClaim } from './scan-claim.ts';
import type { ObjectScan, ScanObjectOptions } from './scan-object.ts';
import { scanSlice } from './scan-object.ts';
import type { ReleaseSlot, ScanSlots } from './scan-slots.ts';

/** Where checkpoints are kept, by ScanId. */
export interface CheckpointStore {
  read(scanId: string): Promise<Uint8Array | undefined>;
  write(scanId: string, bytes: Uint8Array): Promise<void>;
  delete(scanId: string): Promise<void>;
}

export interface SliceLimits {
  /** How long a slice may scan. */
  readonly sliceInMs: number;
  /** How long it may wait for its slot before its message is given back. */
  readonly slotWaitInMs: number;
  /**
   * How long a message that never failed may wait for it; a minute unless given. A worker takes many messages at once, for the
   * sake of small objects: the large ones among them are to be scanned by others meanwhile.
   */
  readonly firstSlotWaitInMs?: number;
  /** A minute unless given. */
  readonly checkpointEveryMs?: number;
  /** 8 GiB unless given. */
  readonly checkpointEveryBytes?: number;
}

export interface SliceRunnerParts {
  readonly rules: CompiledRules;
  readonly slots: ScanSlots;
  readonly checkpoints: CheckpointStore;
  readonly log: Logger;
  readonly limits: SliceLimits;
}

export interface SliceContext {
  readonly isAlone: boolean;
  /** The message was delivered before. Passed on, it would lose the count that gives it up in the end. */
  readonly isRedelivered: boolean;
  /** Ends the work with an error. */
  readonly abortSignal: AbortSignal;
  /** Ends the slice. */
  readonly yieldSignal: AbortSignal;
}

/**
 * `ended`: with the slot of a scan that was alone, to be given back once its outcome is recorded. Whoever is scanned next may end
 * this process, and with it what was learnt. `yielded`: with the generation of the slice that is to follow. `lost`: another
 * attempt has the scan.
 */
export type SliceEnd =
  | { readonly kind: 'ended'; readonly scan: ObjectScan; readonly slot?: ReleaseSlot }
  | { readonly kind: 'yielded'; readonly generation: number; readonly position: number }
  | { readonly kind: 'lost' };

/** So many slices that came no further are a scan that never ends. */
const MAX_IDLE_SLICES = 3;

const FIRST_SLOT_WAIT_IN_MS = 60_000;

/** The slice is over by its own clock. */
class SliceOver extends Error {}

export class SliceRunner {
  readonly #parts: SliceRunnerParts;

  constructor(parts: SliceRunnerParts) {
    this.#parts = parts;
  }

  /**
   * Runs one slice and, where it does not end the scan, leaves it. The message for the next one is the caller's. Rejects with
   * the abort's reason, the source's errors, and when the scan could not be left.
   */
  async run(
    claim: ScanClaim,
    source: ByteSource,
    options: Omit<ScanObjectOptions, 'abortSignal'>,
    context: SliceContext,
  ): Promise<SliceEnd> {
    const link = new LinkedAbort(context.abortSignal, claim.lost);
    try {
      const slot = await this.#waitForSlot(source.size ?? 0, { ...context, abortSignal: link.signal });
      if (slot === undefined) return await this.#leave(claim, undefined, false);
      let isKept = false;
      try {
        if (context.isAlone) await claim.startAlone();
        const end = await this.#scan(claim, source, options, { ...context, abortSignal: link.signal });
        if (end.kind !== 'ended' || !context.isAlone) return end;
        isKept = true;
        return { ...end, slot };
      } finally {
        if (!isKept) slot();
      }
    } finally {
      link.release();
    }
  }

  /** The scan has ended and is recorded: nobody goes on with it. Never rejects. */
  async forget(scanId: string): Promise<void> {
    try {
      await this.#parts.checkpoints.delete(scanId);
    } catch (error) {
      this.#parts.log.warn('a checkpoint of a scan that ended is left', { scanId, error: errorText(error) });
    }
  }

  async #scan(
    claim: ScanClaim,
    source: ByteSource,
    options: Omit<ScanObjectOptions, 'abortSignal'>,
    { abortSignal, yieldSignal }: SliceContext,
  ): Promise<SliceEnd> {
    const { limits, rules } = this.#parts;
    const { scanId } = claim.frame;
    const resume = await this.#readCheckpoint(claim);
    const over = new LinkedAbort(yieldSignal);
    const timer = setTimeout(() => {
      over.abort(new SliceOver());
    }, limits.sliceInMs);
    try {
      const slice = await scanSlice(source, rules, {
        ...options,
        abortSignal,
        resume,
        yieldSignal: over.signal,
        checkpointEveryMs: limits.checkpointEveryMs ?? 60_000,
        checkpointEveryBytes: limits.checkpointEveryBytes ?? 8 * 1024 ** 3,
        onCheckpoint: (checkpoint) => this.#keepCheckpoint(claim, checkpoint),
        onUnusable: (problem) => {
          this.#parts.log.warn('a checkpoint is of no use and the scan begins anew', { scanId, problem });
        },
      });
      if (slice.kind === 'ended') return slice;
      return await this.#leave(claim, slice.checkpoint, over.signal.reason instanceof SliceOver);
    } finally {
      clearTimeout(timer);
      over.release();
    }
  }

  /** `countsIfIdle`: the slice had all its time, so one that came no further is one too many of a few. */
  async #leave(claim: ScanClaim, checkpoint: ScanCheckpoint | undefined, countsIfIdle: boolean): Promise<SliceEnd> {
    const { scanId } = claim.frame;
    const { run } = claim;
    const position = checkpoint?.position ?? run.position;
    if (checkpoint !== undefined) {
      await this.#parts.checkpoints.write(scanId, encodeScanCheckpoint(scanId, checkpoint));
    }
    if (countsIfIdle && position <= run.position && run.idleSlices + 1 >= MAX_IDLE_SLICES) {
      return { kind: 'ended', scan: withoutProgress(position, checkpoint) };
    }
    const entry = await claim.yield(position, countsIfIdle);
    return entry?.run === undefined
      ? { kind: 'lost' }
      : { kind: 'yielded', generation: entry.run.generation, position };
  }

  async #readCheckpoint({ frame: { scanId }, run }: ScanClaim): Promise<ScanCheckpoint | undefined> {
    // A scan that nobody left has none, and most scans are those.
    if (run.position === 0) return undefined;
    const bytes = await this.#parts.checkpoints.read(scanId);
    const checkpoint = bytes === undefined ? 'it is gone' : decodeScanCheckpoint(bytes, scanId);
    if (typeof checkpoint !== 'string') return checkpoint;
    this.#parts.log.warn('a checkpoint is of no use and the scan begins anew', { scanId, problem: checkpoint });
    return undefined;
  }

  /** A checkpoint that cannot be kept costs time if the worker dies, and nothing else. */
  async #keepCheckpoint(claim: ScanClaim, checkpoint: ScanCheckpoint): Promise<void> {
    const { scanId } = claim.frame;
    try {
      await this.#parts.checkpoints.write(scanId, encodeScanCheckpoint(scanId, checkpoint));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#parts.log.warn('a checkpoint could not be kept', { scanId, error: errorText(error) });
      return;
    }
    await claim.keep(checkpoint.position);
  }

  /** Undefined when the time is up, or the process about to end, before there was one. */
  async #waitForSlot(sizeInBytes: number, context: SliceContext): Promise<ReleaseSlot | undefined> {
    const { slots, limits } = this.#parts;
    const { isAlone, isRedelivered, abortSignal, yieldSignal } = context;
    const firstWaitInMs = Math.min(limits.firstSlotWaitInMs ?? FIRST_SLOT_WAIT_IN_MS, limits.slotWaitInMs);
    const link = new LinkedAbort(abortSignal, yieldSignal);
    try {
      return await withDeadline(isRedelivered ? limits.slotWaitInMs : firstWaitInMs, link.signal, (signal) =>
        slots.acquire({ sizeInBytes, isAlone, abortSignal: signal }),
      );
    } catch (error) {
      abortSignal.throwIfAborted();
      if (error instanceof DeadlineReached || yieldSignal.aborted) return undefined;
      throw error;
    } finally {
      link.release();
    }
  }
}

function withoutProgress(position: number, checkpoint: ScanCheckpoint | undefined): ObjectScan {
  return {
    result: undefined,
    stoppedBy: 'noProgress',
    cause: undefined,
    detail: `${MAX_IDLE_SLICES} slices came no further than byte ${position}`,
    isWhole: false,
    bytesRead: position + (checkpoint?.bytesReadElsewhere ?? 0),
    sizeInBytes: undefined,
    digests: {},
    evidence: [],
  };
}

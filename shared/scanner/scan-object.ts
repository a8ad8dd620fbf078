/**
 * One object through the engine: its bytes in order into a `StreamScanner`, the same bytes through the digests, and at the end
 * the evidence of what matched. It knows nothing of accounts, messages or rows, so that the service, the local stack and the
 * command line all scan the same way.
 *
 * It answers in two forms. A scan that a bound or its source ended before its time is an answer, with `stoppedBy`: the caller
 * must be able to record it. An object that is not there as expected (changed, gone, archived) and an abort are errors, which
 * reach the caller as they are.
 *
 * A scan can be left in the middle and gone on with later, by another worker: `scanSlice` with a checkpoint. A scan in slices
 * gives the answer of one that was never left.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invariant, SluiceError } from '../base/errors.ts';
import type { EvidenceMode } from '../base/settings.ts';
import type { ByteSource } from '../objects/byte-source.ts';
import { LinkedAbort } from '../objects/linked-abort.ts';
import {
  CustomerKeyError,
  ObjectAccessError,
  ObjectArchivedError,
  ObjectGoneError,
  SourceReadError,
} from '../objects/object-errors.ts';
import type { CompiledRules, Externals, RuleMatch, ScanOptions, ScanResult } from '../yara/index.ts';
import { resumeScanner, SourceError, StreamScanner } from '../yara/index.ts';
import { DeadlineReached, withDeadline } from './deadline.ts';
import { collectEvidence } from './evidence.ts';
import { HEAD_BYTES } from './object-externals.ts';
import type { DigestName, DigestValues } from './object-digests.ts';
import { ObjectDigests } from './object-digests.ts';
import { RetainedBytes } from './retained-bytes.ts';
import type { ScanCheckpoint } from './scan-checkpoint.ts';
import type { EvidenceMatch } from './scan-report.ts';

export interface ScanObjectOptions {
  /** Values for the rules' externals, given the first bytes of the object (at most `HEAD_BYTES`). */
  readonly externals?: (head: Uint8Array) => Externals;
  /** `evidence` unless given; see the engine. */
  readonly report?: 'all' | 'evidence';
  readonly limits?: ScanOptions['limits'];
  /** Has the result say what each rule took, which makes the scan slower. */
  readonly profile?: boolean;
  /** Digests of the whole object; none unless given. */
  readonly digests?: readonly DigestName[];
  /**
   * `all` (default): along with the stream. `findings`: only of an object with a match, which is read a second time for them;
   * all others may then stop early. A source that cannot be read twice gives them along with the stream either way.
   */
  readonly digestsOf?: 'all' | 'findings';
  /** `excerpt` unless given. */
  readonly evidence?: EvidenceMode;
  /** Counted from the call, and of a scan in slices over all of them; no limit unless given. */
  readonly deadlineInMs?: number;
  readonly abortSignal?: AbortSignal;
  /** Called after each chunk with the number of bytes of the stream so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** How to leave a scan for later. Sources that cannot be read at any place are scanned in one go. */
export interface SliceOptions {
  /** Where to go on; the beginning unless given. One that is of no use is told to `onUnusable`, and the scan begins anew. */
  readonly resume?: ScanCheckpoint | undefined;
  readonly onUnusable?: (problem: string) => void;
  /** Ends the slice as soon as it fires. */
  readonly yieldSignal: AbortSignal;
  /** A checkpoint is due after so much time or so many bytes, whichever comes first. */
  readonly checkpointEveryMs: number;
  readonly checkpointEveryBytes: number;
  /** Gets the due ones; scanning goes on once it resolves. */
  readonly onCheckpoint: (checkpoint: ScanCheckpoint) => Promise<void>;
}

/** A scan that ended, or where to go on with one that did not; without a checkpoint from where its slice began. */
export type ScanSlice =
  | { readonly kind: 'ended'; readonly scan: ObjectScan }
  | { readonly kind: 'yielded'; readonly checkpoint: ScanCheckpoint | undefined };

export interface ObjectScan {
  /**
   * The engine's answer. Of a scan that was stopped, what had been found for certain by then: undefined when that was nothing.
   */
  readonly result: ScanResult | undefined;
  readonly stoppedBy: 'deadline' | 'sourceError' | 'noProgress' | undefined;
  /** The error behind `stoppedBy: 'sourceError'`; says whether trying again can help. */
  readonly cause: SluiceError | SourceError | undefined;
  /** For a person; why it stopped. */
  readonly detail: string | undefined;
  /** Every byte was matched, or no rule needed the rest. */
  readonly isWhole: boolean;
  /** Of the stream and at other places. */
  readonly bytesRead: number;
  /** In bytes; of a source without a known size only when it was read to its end. */
  readonly sizeInBytes: number | undefined;
  /** Empty unless the whole object was read. */
  readonly digests: DigestValues;
  /** For each of `result.matches`, in its order. */
  readonly evidence: readonly (readonly EvidenceMatch[])[];
}

/** A source in memory never waits, so nothing else would run: a turn of the event loop is given up this often. */
const TURN_IN_MS = 50;

/** From this size on it is worth a checkpoint that conditions go on from. */
const LARGE_OBJECT_BYTES = 64 * 1024 * 1024;

/** Reading excerpts is worth this much time; then the matches stand without them. */
const EVIDENCE_DEADLINE_IN_MS = 30_000;

/**
 * Scans the object to its end. Memory: the engine's, one read-ahead of the source, and 2 MiB for a source that cannot seek.
 * Rejects with the signal's reason after an abort, and with the source's own error when the object is not there as opened;
 * reads that failed for good, and a source that gave too few or too many bytes, are answers.
 */
export async function scanObject(
  source: ByteSource,
  rules: CompiledRules,
  options: ScanObjectOptions = {},
): Promise<ObjectScan> {
  const slice = await new RunningScan(source, rules, options, undefined).run();
  // Nothing asks it to be left.
  invariant(slice.kind === 'ended', 'a scan in one go was left');
  return slice.scan;
}

/** Scans the object from the checkpoint on, until it ends or is to be left. Memory and rejections as `scanObject`. */
export function scanSlice(
  source: ByteSource,
  rules: CompiledRules,
  options: ScanObjectOptions & SliceOptions,
): Promise<ScanSlice> {
  return new RunningScan(source, rules, options, options).run();
}

/** What the engine said, before anything else about the object is looked up. */
interface Answer {
  readonly result: ScanResult;
  readonly digests: DigestValues;
  readonly isWhole: boolean;
  readonly reachedEnd: boolean;
}

class RunningScan {
  readonly #source: ByteSource;
  readonly #rules: CompiledRules;
  readonly #options: ScanObjectOptions;
  readonly #slice: SliceOptions | undefined;
  readonly #names: readonly DigestName[];
  /** Whether digests are taken only of an object with a match, by reading it again. */
  readonly #isDigestedLater: boolean;
  readonly #retained: RetainedBytes | undefined;
  readonly #startedAt = performance.now();
  #bytesStreamed = 0;
  #bytesReadElsewhere = 0;
  /** The engine may dress a failed read in an error of its own; the first one says what really happened. */
  #readFailure: Error | undefined;
  #head = new Uint8Array(0);
  #scanner: StreamScanner | undefined;
  #digests: ObjectDigests | undefined;
  /** Set once the scanner can give none any more. */
  #lastCheckpoint: { readonly taken: ScanCheckpoint | undefined } | undefined;
  /** Of the slices before. */
  #activeBeforeInMs = 0;
  #checkpointAt = { time: 0, position: 0 };

  constructor(source: ByteSource, rules: CompiledRules, options: ScanObjectOptions, slice: SliceOptions | undefined) {
    this.#source = source;
    this.#rules = rules;
    this.#options = options;
    this.#slice = source.readAt === undefined ? undefined : slice;
    this.#names = options.digests ?? [];
    this.#isDigestedLater = options.digestsOf === 'findings' && source.readAt !== undefined;
    this.#retained = source.readAt === undefined ? new RetainedBytes() : undefined;
  }

  async run(): Promise<ScanSlice> {
    const { deadlineInMs, abortSignal } = this.#options;
    const yieldSignal = this.#slice?.yieldSignal;
    this.#activeBeforeInMs = this.#slice?.resume?.activeInMs ?? 0;
    const left = deadlineInMs === undefined ? undefined : Math.max(0, deadlineInMs - this.#activeBeforeInMs);
    let answer: Answer;
    try {
      answer = await withDeadline(left, abortSignal, async (signal) => {
        const link = new LinkedAbort(signal, yieldSignal);
        try {
          return await this.#match(link.signal);
        } finally {
          link.release();
        }
      });
    } catch (error) {
      const isYielding = yieldSignal?.aborted === true && abortSignal?.aborted !== true;
      if (isYielding && !(error instanceof DeadlineReached)) {
        const last = this.#lastCheckpoint;
        return { kind: 'yielded', checkpoint: last === undefined ? this.#takeCheckpoint() : last.taken };
      }
      return { kind: 'ended', scan: await this.#stopped(error) };
    }
    return { kind: 'ended', scan: await this.#complete(answer) };
  }

  async #match(signal: AbortSignal): Promise<Answer> {
    await this.#begin(signal);
    const { scanner, reachedEnd } = await this.#feed(signal);
    // Reading at other places for the conditions may take longer than what is left of the slice.
    this.#lastCheckpoint = { taken: this.#isLarge ? this.#takeCheckpoint() : undefined };
    const result = await scanner.end();
    return {
      result,
      digests: reachedEnd ? this.#digests!.finish() : {},
      isWhole: reachedEnd || scanner.undecidedRules === 0,
      reachedEnd,
    };
  }

  /** Takes up what the checkpoint holds, or starts at the object's first byte. */
  async #begin(signal: AbortSignal): Promise<void> {
    const names = this.#isDigestedLater ? [] : this.#names;
    const resume = this.#slice?.resume;
    this.#checkpointAt = { time: performance.now(), position: resume?.position ?? 0 };
    if (resume !== undefined) {
      try {
        await this.#resume(resume, names, signal);
        return;
      } catch (error) {
        if (!(error instanceof UnusableCheckpoint)) throw error;
        this.#slice?.onUnusable?.(error.message);
        this.#scanner = undefined;
      }
    }
    this.#digests = await ObjectDigests.create(names);
  }

  async #resume(from: ScanCheckpoint, names: readonly DigestName[], signal: AbortSignal): Promise<void> {
    const saved = Object.keys(from.digests);
    if (saved.length !== names.length || names.some((name) => !saved.includes(name))) {
      throw new UnusableCheckpoint('other digests are wanted');
    }
    try {
      this.#digests = await ObjectDigests.restore(from.digests);
      this.#scanner = resumeScanner(this.#rules, from.engine, this.#scanOptions(from.head, signal));
    } catch (error) {
      // The library that keeps the digests says it in a bare error.
      if (error instanceof Error) throw new UnusableCheckpoint(error.message);
      throw error;
    }
    if (this.#scanner.position !== from.position) throw new UnusableCheckpoint('it is of another place');
    this.#head = new Uint8Array(from.head);
    this.#bytesStreamed = from.position;
    this.#bytesReadElsewhere = from.bytesReadElsewhere;
  }

  get #isLarge(): boolean {
    return this.#slice !== undefined && (this.#source.size ?? 0) >= LARGE_OBJECT_BYTES;
  }

  get #activeInMs(): number {
    return this.#activeBeforeInMs + performance.now() - this.#startedAt;
  }

  /** What another worker goes on from; undefined before the first byte was scanned. */
  #takeCheckpoint(): ScanCheckpoint | undefined {
    if (this.#scanner === undefined || this.#digests === undefined) return undefined;
    invariant(this.#scanner.position === this.#bytesStreamed, 'scanner and stream are at different places');
    return {
      position: this.#bytesStreamed,
      bytesReadElsewhere: this.#bytesReadElsewhere,
      activeInMs: this.#activeInMs,
      head: this.#head.subarray(0, HEAD_BYTES),
      engine: this.#scanner.checkpoint(),
      digests: this.#digests.save(),
    };
  }

  async #keepCheckpoint(): Promise<void> {
    if (this.#slice === undefined) return;
    const { checkpointEveryMs, checkpointEveryBytes, onCheckpoint } = this.#slice;
    const { time, position } = this.#checkpointAt;
    const isDue =
      performance.now() - time >= checkpointEveryMs || this.#bytesStreamed - position >= checkpointEveryBytes;
    const checkpoint = isDue ? this.#takeCheckpoint() : undefined;
    if (checkpoint === undefined) return;
    await onCheckpoint(checkpoint);
    this.#checkpointAt = { time: performance.now(), position: checkpoint.position };
  }

  /** Adds evidence and late digests. From here on the answer stands, and nothing but an abort takes it away. */
  async #complete(answer: Answer): Promise<ObjectScan> {
    const evidence = await this.#collectEvidence(answer.result.matches);
    const isDigestMissing = this.#isDigestedLater && answer.result.matches.length > 0;
    const digests = isDigestMissing ? await this.#digestAgain() : answer.digests;
    return {
      result: answer.result,
      stoppedBy: undefined,
      cause: undefined,
      detail: undefined,
      isWhole: answer.isWhole,
      bytesRead: this.#bytesStreamed + this.#bytesReadElsewhere,
      sizeInBytes: this.#source.size ?? (answer.reachedEnd ? this.#bytesStreamed : undefined),
      digests,
      evidence,
    };
  }

  /**
   * The answer of a scan that `error` ended; throws it when it is none that can be recorded as such. What matched for certain
   * before the time was up, or before a read failed, is part of it. A source that broke its word about the size has shown
   * nothing for certain. An object that went away, or that may not be read any more, is told by its error where nothing had matched,
   * and by what had where something had: whoever takes it away in the middle hides nothing.
   */
  async #stopped(error: unknown): Promise<ObjectScan> {
    const actual = error instanceof SourceError ? (this.#readFailure ?? error) : error;
    if (actual instanceof DeadlineReached) return this.#stoppedBy('deadline', undefined, actual.message);
    if (actual instanceof SourceReadError || actual instanceof SourceError) {
      return this.#stoppedBy('sourceError', actual, actual.message);
    }
    if (isNoMoreReadable(actual)) {
      const scan = await this.#stoppedBy('sourceError', actual, actual.message);
      if (scan.result !== undefined) return scan;
    }
    throw actual;
  }

  async #stoppedBy(
    stoppedBy: 'deadline' | 'sourceError',
    cause: ObjectScan['cause'],
    detail: string,
  ): Promise<ObjectScan> {
    const result = cause instanceof SourceError ? undefined : this.#scanner?.resultSoFar();
    const matches = result?.matches ?? [];
    return {
      result: matches.length === 0 ? undefined : result,
      stoppedBy,
      cause,
      detail,
      isWhole: false,
      evidence: await this.#collectEvidence(matches),
      bytesRead: this.#bytesStreamed + this.#bytesReadElsewhere,
      sizeInBytes: this.#source.size,
      digests: {},
    };
  }

  async #feed(signal: AbortSignal): Promise<{ scanner: StreamScanner; reachedEnd: boolean }> {
    const { size } = this.#source;
    const isNothingElseWanted = this.#isDigestedLater || this.#names.length === 0;
    const mayStopEarly = isNothingElseWanted && (this.#options.report ?? 'evidence') === 'evidence';
    let turnStartedAt = performance.now();
    for await (const chunk of this.#source.stream({ start: this.#bytesStreamed, abortSignal: signal })) {
      // Nothing that was scanned may be missing in a checkpoint, so no chunk is begun after an abort.
      signal.throwIfAborted();
      this.#digests!.update(chunk);
      this.#retained?.write(chunk);
      this.#bytesStreamed += chunk.length;
      if (this.#scanner === undefined) {
        // The externals want the first bytes before the first byte is scanned, and a chunk may be a single one.
        this.#head = Buffer.concat([this.#head, chunk]);
        if (this.#head.length < HEAD_BYTES) continue;
        this.#startScanner(signal);
      } else {
        this.#scanner.write(chunk);
      }
      const scanner = this.#scanner!;
      this.#options.onProgress?.(this.#bytesStreamed);
      if (mayStopEarly && scanner.undecidedRules === 0) return { scanner, reachedEnd: this.#bytesStreamed === size };
      await this.#keepCheckpoint();
      if (performance.now() - turnStartedAt >= TURN_IN_MS) {
        await nextTurn();
        signal.throwIfAborted();
        turnStartedAt = performance.now();
      }
    }
    if (size !== undefined && this.#bytesStreamed !== size) {
      throw new SourceError(`the stream ended after ${this.#bytesStreamed} of ${size} bytes`);
    }
    return { scanner: this.#scanner ?? this.#startScanner(signal), reachedEnd: true };
  }

  /** A scanner that has been given the object's first bytes. */
  #startScanner(signal: AbortSignal): StreamScanner {
    const scanner = new StreamScanner(this.#rules, this.#scanOptions(this.#head, signal));
    scanner.write(this.#head);
    this.#scanner = scanner;
    // A chunk may be megabytes; only its beginning is wanted again.
    this.#head = new Uint8Array(this.#head.subarray(0, HEAD_BYTES));
    return scanner;
  }

  #scanOptions(head: Uint8Array, signal: AbortSignal): ScanOptions {
    const { externals, report = 'evidence', limits, profile = false } = this.#options;
    const { size, readAt } = this.#source;
    return {
      report,
      abortSignal: signal,
      ...(size === undefined ? {} : { size }),
      ...(readAt === undefined ? {} : { readAt: (offset, length) => this.#readElsewhere(offset, length, signal) }),
      ...(externals === undefined ? {} : { externals: externals(head.subarray(0, HEAD_BYTES)) }),
      profile,
      ...(limits === undefined ? {} : { limits }),
    };
  }

  async #readElsewhere(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const bytes = await this.#source.readAt!(offset, length, { abortSignal: signal });
      this.#bytesReadElsewhere += bytes.length;
      return bytes;
    } catch (error) {
      if (error instanceof Error) this.#readFailure ??= error;
      throw error;
    }
  }

  async #collectEvidence(matches: readonly RuleMatch[]): Promise<EvidenceMatch[][]> {
    const { evidence: mode = 'excerpt', abortSignal } = this.#options;
    try {
      return await withDeadline(EVIDENCE_DEADLINE_IN_MS, abortSignal, (signal) => {
        const readElsewhere = (offset: number, length: number) => this.#readElsewhere(offset, length, signal);
        const readAt = this.#source.readAt === undefined ? this.#retained?.readAt : readElsewhere;
        return collectEvidence(matches, { mode, readAt, abortSignal: signal });
      });
    } catch (error) {
      if (!(error instanceof DeadlineReached)) throw error;
      return collectEvidence(matches, { mode: 'offsets', readAt: undefined });
    }
  }

  /** The digests by a second reading; none when the object has gone since, or the time or the slice is up. */
  async #digestAgain(): Promise<DigestValues> {
    const { deadlineInMs, abortSignal } = this.#options;
    const left = deadlineInMs === undefined ? undefined : Math.max(0, deadlineInMs - this.#activeInMs);
    const link = new LinkedAbort(abortSignal, this.#slice?.yieldSignal);
    try {
      return await withDeadline(left, link.signal, async (signal) => {
        const digests = await ObjectDigests.create(this.#names);
        for await (const chunk of this.#source.stream({ abortSignal: signal })) {
          signal.throwIfAborted();
          digests.update(chunk);
          this.#bytesReadElsewhere += chunk.length;
        }
        return digests.finish();
      });
    } catch (error) {
      abortSignal?.throwIfAborted();
      if (error instanceof SluiceError || error instanceof DeadlineReached || link.signal.aborted) return {};
      throw error;
    } finally {
      link.release();
    }
  }
}

function isNoMoreReadable(error: unknown): error is SluiceError {
  return [ObjectGoneError, ObjectAccessError, ObjectArchivedError, CustomerKeyError].some(
    (kind) => error instanceof kind,
  );
}

/** The scan begins anew instead. */
class UnusableCheckpoint extends Error {}

/**
 * One object through the engine: its bytes in order into a `StreamScanner`, the same bytes through the digests, and at the end
 * the evidence of what matched. It knows nothing of accounts, messages or rows, so that the service, the local stack and the
 * command line all scan the same way.
 *
 * It answers in two forms. A scan that a bound or its source ended before its time is an answer, with `stoppedBy`: the caller
 * must be able to record it. An object that is not there as expected (changed, gone, archived) and an abort are errors, which
 * reach the caller as they are.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SluiceError } from '../base/errors.ts';
import type { EvidenceMode } from '../base/settings.ts';
import type { ByteSource } from '../objects/byte-source.ts';
import { SourceReadError } from '../objects/object-errors.ts';
import type { CompiledRules, Externals, RuleMatch, ScanOptions, ScanResult } from '../yara/index.ts';
import { SourceError, StreamScanner } from '../yara/index.ts';
import { DeadlineReached, withDeadline } from './deadline.ts';
import { collectEvidence } from './evidence.ts';
import { HEAD_BYTES } from './object-externals.ts';
import type { DigestName, DigestValues } from './object-digests.ts';
import { ObjectDigests } from './object-digests.ts';
import { RetainedBytes } from './retained-bytes.ts';
import type { EvidenceMatch } from './scan-report.ts';

export interface ScanObjectOptions {
  /** Values for the rules' externals, given the first bytes of the object (at most `HEAD_BYTES`). */
  readonly externals?: (head: Uint8Array) => Externals;
  /** `evidence` unless given; see the engine. */
  readonly report?: 'all' | 'evidence';
  readonly limits?: ScanOptions['limits'];
  /** Digests of the whole object; none unless given. */
  readonly digests?: readonly DigestName[];
  /**
   * `all` (default): along with the stream. `findings`: only of an object with a match, which is read a second time for them;
   * all others may then stop early. A source that cannot be read twice gives them along with the stream either way.
   */
  readonly digestsOf?: 'all' | 'findings';
  /** `excerpt` unless given. */
  readonly evidence?: EvidenceMode;
  /** Counted from the call; no limit unless given. */
  readonly deadlineInMs?: number;
  readonly abortSignal?: AbortSignal;
  /** Called after each chunk with the number of bytes of the stream so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface ObjectScan {
  /**
   * The engine's answer. Of a scan that was stopped, what had been found for certain by then: undefined when that was nothing.
   */
  readonly result: ScanResult | undefined;
  readonly stoppedBy: 'deadline' | 'sourceError' | undefined;
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
  const scan = new RunningScan(source, rules, options);
  let answer: Answer;
  try {
    answer = await withDeadline(options.deadlineInMs, options.abortSignal, (signal) => scan.match(signal));
  } catch (error) {
    return scan.stopped(error);
  }
  return scan.complete(answer);
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
  readonly #names: readonly DigestName[];
  /** Whether digests are taken only of an object with a match, by reading it again. */
  readonly #isDigestedLater: boolean;
  readonly #retained: RetainedBytes | undefined;
  readonly #startedAt = performance.now();
  #bytesStreamed = 0;
  #bytesReadElsewhere = 0;
  #scanner: StreamScanner | undefined;
  /** The engine may dress a failed read in an error of its own; the first one says what really happened. */
  #readFailure: Error | undefined;

  constructor(source: ByteSource, rules: CompiledRules, options: ScanObjectOptions) {
    this.#source = source;
    this.#rules = rules;
    this.#options = options;
    this.#names = options.digests ?? [];
    this.#isDigestedLater = options.digestsOf === 'findings' && source.readAt !== undefined;
    this.#retained = source.readAt === undefined ? new RetainedBytes() : undefined;
  }

  async match(signal: AbortSignal): Promise<Answer> {
    const digests = await ObjectDigests.create(this.#isDigestedLater ? [] : this.#names);
    const { scanner, reachedEnd } = await this.#feed(digests, signal);
    const result = await scanner.end();
    return {
      result,
      digests: reachedEnd ? digests.finish() : {},
      isWhole: reachedEnd || scanner.undecidedRules === 0,
      reachedEnd,
    };
  }

  /** Adds evidence and late digests. From here on the answer stands, and nothing but an abort takes it away. */
  async complete(answer: Answer): Promise<ObjectScan> {
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
   * nothing for certain.
   */
  async stopped(error: unknown): Promise<ObjectScan> {
    const actual = error instanceof SourceError ? (this.#readFailure ?? error) : error;
    if (actual instanceof DeadlineReached) return this.#stoppedBy('deadline', undefined, actual.message);
    if (actual instanceof SourceReadError || actual instanceof SourceError) {
      return this.#stoppedBy('sourceError', actual, actual.message);
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

  async #feed(digests: ObjectDigests, signal: AbortSignal): Promise<{ scanner: StreamScanner; reachedEnd: boolean }> {
    const { size } = this.#source;
    const isNothingElseWanted = this.#isDigestedLater || this.#names.length === 0;
    const mayStopEarly = isNothingElseWanted && (this.#options.report ?? 'evidence') === 'evidence';
    let scanner: StreamScanner | undefined;
    let head = new Uint8Array(0);
    let turnStartedAt = performance.now();
    for await (const chunk of this.#source.stream({ abortSignal: signal })) {
      digests.update(chunk);
      this.#retained?.write(chunk);
      this.#bytesStreamed += chunk.length;
      if (scanner === undefined) {
        // The externals want the first bytes before the first byte is scanned, and a chunk may be a single one.
        head = Buffer.concat([head, chunk]);
        if (head.length < HEAD_BYTES) continue;
        scanner = this.#startScanner(head, signal);
      } else {
        scanner.write(chunk);
      }
      this.#options.onProgress?.(this.#bytesStreamed);
      if (mayStopEarly && scanner.undecidedRules === 0) return { scanner, reachedEnd: this.#bytesStreamed === size };
      if (performance.now() - turnStartedAt >= TURN_IN_MS) {
        await nextTurn();
        signal.throwIfAborted();
        turnStartedAt = performance.now();
      }
    }
    if (size !== undefined && this.#bytesStreamed !== size) {
      throw new SourceError(`the stream ended after ${this.#bytesStreamed} of ${size} bytes`);
    }
    return { scanner: scanner ?? this.#startScanner(head, signal), reachedEnd: true };
  }

  /** A scanner that has been given `head`, the object's first bytes. */
  #startScanner(head: Uint8Array, signal: AbortSignal): StreamScanner {
    const { externals, report = 'evidence', limits } = this.#options;
    const { size, readAt } = this.#source;
    const scanner = new StreamScanner(this.#rules, {
      report,
      abortSignal: signal,
      ...(size === undefined ? {} : { size }),
      ...(readAt === undefined ? {} : { readAt: (offset, length) => this.#readElsewhere(offset, length, signal) }),
      ...(externals === undefined ? {} : { externals: externals(head.subarray(0, HEAD_BYTES)) }),
      ...(limits === undefined ? {} : { limits }),
    });
    this.#scanner = scanner;
    scanner.write(head);
    return scanner;
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

  /** The digests by a second reading; none when the object has gone since or the time is up. */
  async #digestAgain(): Promise<DigestValues> {
    const { deadlineInMs, abortSignal } = this.#options;
    const left =
      deadlineInMs === undefined ? undefined : Math.max(0, deadlineInMs - (performance.now() - this.#startedAt));
    try {
      return await withDeadline(left, abortSignal, async (signal) => {
        const digests = await ObjectDigests.create(this.#names);
        for await (const chunk of this.#source.stream({ abortSignal: signal })) {
          signal.throwIfAborted();
          digests.update(chunk);
          this.#bytesReadElsewhere += chunk.length;
        }
        return digests.finish();
      });
    } catch (error) {
      if (error instanceof SluiceError || error instanceof DeadlineReached) return {};
      throw error;
    }
  }
}

/**
 * One request to its recorded end. In goes what a message asked for; out come the reports that were recorded for it. Nothing is
 * returned before every sink has accepted its report (or it is safe in the outbox) and the ledger says `done`; whatever throws has left nothing half said, and
 * the message may come again.
 *
 *   ledger: done? ─► open the current version ─► ledger: claim ─► slot ─► scan ─► sinks ─► ledger ─► superseded versions
 *                            ▲                                          │  │
 *                            └───────────── changed (at most 5 times) ──┘  └─► slice over: a message for the next one
 *
 * The version that is scanned is always the one that is there. An event may name an older one, and a version may be replaced
 * while it is read (by new content, which has an event of its own, or by mere metadata, which has none). Both are recorded as
 * superseded, and only after the scan that took their place.
 */
import { invariant, SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { scanMessageOf } from '../events/own-messages.ts';
import type { RefusedRequest, ReplacedVersion, ScanRequest, SluiceRequest } from '../events/scan-request.ts';
import type { Claim, Ledger, LedgerEntry } from '../ledger/ledger.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import type { ByteSource, ObjectProperties } from '../objects/byte-source.ts';
import { LinkedAbort } from '../objects/linked-abort.ts';
import { ObjectChangedError, SourceReadError } from '../objects/object-errors.ts';
import type { ScanProfile } from '../yara/index.ts';
import type { ReportFrame } from './build-report.ts';
import { reportOutcome } from './build-report.ts';
import type { ExternalName } from './object-externals.ts';
import { declaredExternals, externalsOf, pickExternals } from './object-externals.ts';
import type { PolicyDecision } from './policies.ts';
import { isFinal } from './record-report.ts';
import type { ReportRecorder } from './record-report.ts';
import type { ReportFrames } from './report-frames.ts';
import type { RuleSet } from './rule-set.ts';
import { ScanClaim, TakenOverError } from './scan-claim.ts';
import type { JudgedObject, ScanJudge } from './scan-judge.ts';
import { outcomeOfPolicy } from './scan-judge.ts';
import type { ObjectScan, ScanObjectOptions } from './scan-object.ts';
import type { ScanReport } from './scan-report.ts';
import type { ReleaseSlot, ScanSlots } from './scan-slots.ts';
import type { CheckpointStore, SliceEnd, SliceLimits } from './slice-runner.ts';
import { SliceRunner } from './slice-runner.ts';
import type { ScannableProperties } from './unscannable.ts';
import { outcomeOfError, outcomeOfProperties } from './unscannable.ts';
import type { Outcome } from './verdict.ts';
import { incompleteOutcome, refusedOutcome, skippedOutcome, supersededOutcome } from './verdict.ts';

/** A version of an object, opened and pinned. */
export interface OpenedObject {
  readonly properties: ObjectProperties & ScannableProperties;
  readonly source: ByteSource;
  readonly readTags: JudgedObject['readTags'];
}

/** What handling requests needs from outside. */
export interface RequestHandlerParts {
  readonly ruleSet: RuleSet;
  readonly judge: ScanJudge;
  readonly ledger: Ledger;
  readonly slots: ScanSlots;
  readonly log: Logger;
  /** Opens the version that is there now, or the one that `versionId` names. */
  readonly open: (request: ScanRequest, options: { readonly abortSignal: AbortSignal }) => Promise<OpenedObject>;
  /** Whether an object is one that was taken out of its place. Nothing is, unless given. */
  readonly isQuarantined?: (url: string) => boolean;
  readonly recorder: ReportRecorder;
  readonly frames: ReportFrames;
  readonly scan: Pick<ScanObjectOptions, 'digests' | 'digestsOf' | 'evidence' | 'deadlineInMs' | 'limits'>;
  readonly checkpoints: CheckpointStore;
  /** Where the app's own messages go. */
  readonly queue: MessageSender;
  readonly limits: SliceLimits & {
    /** How often a running scan gives a sign of life; a minute unless given. */
    readonly heartbeatInMs?: number;
    /** When to look again for versions that are to be superseded by a scan that runs elsewhere; a minute unless given. */
    readonly lookAgainInMs?: number;
  };
}

export interface RequestContext {
  /** How often the message was delivered, this time included; undefined where nothing delivers it again. */
  readonly dequeueCount: number | undefined;
  /** Of the message; tells refusals apart whose event has no id. */
  readonly messageId: string;
  /** Ends the work with an error. */
  readonly abortSignal: AbortSignal;
  /** Leaves what is being scanned for another worker. */
  readonly yieldSignal: AbortSignal;
  /** Told what the request is at from now on: `ledger`, `open`, `claim`, `scan`, `record`. */
  readonly onStage?: (stage: string) => void;
  /** Where it is given, a scan measures what each rule took, and tells that when it ends. */
  readonly onProfile?: (profile: ScanProfile) => void;
}

export interface HandledRequest {
  readonly request: SluiceRequest;
  /** Of the scan that holds for the object now. */
  readonly scanId: string;
  /** In the order they were recorded; empty when all of it was recorded before, or is still to be. */
  readonly reports: readonly ScanReport[];
  /** Who records the outcome, where that is still to come: a message of the app itself, or another message that scans it. */
  readonly left?: 'nextSlice' | 'elsewhere';
}

/** From this delivery on a message runs alone: it may have taken the process down before. */
const ALONE_FROM_DELIVERY = 3;

/** A source that fails is tried again up to this delivery, which is one before the host gives a message up. */
const LAST_SOURCE_DELIVERY = 4;

const MAX_CHANGES = 5;

const LOOK_AGAIN_IN_MS = 60_000;

/** Operations that are known to raise the events that are scanned for. Others are too, with a word in the log. */
const knownApis = new Set([
  'PutBlob',
  'PutBlockList',
  'CopyBlob',
  'FlushWithClose',
  'SftpCommit',
  'RenameFile',
  'SftpRename',
  'SetBlobTier',
]);

/** Handles requests, any number at a time; holds nothing of them afterwards. */
export class RequestHandler {
  readonly #parts: RequestHandlerParts;
  readonly #recorder: ReportRecorder;
  readonly #judge: ScanJudge;
  readonly #frames: ReportFrames;
  readonly #slices: SliceRunner;
  readonly #externals: readonly ExternalName[];

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
    this.#slices = new SliceRunner({ ...parts, rules: parts.ruleSet.rules });
    this.#recorder = parts.recorder;
    this.#frames = parts.frames;
    this.#judge = parts.judge;
    this.#externals = declaredExternals(parts.ruleSet.rules);
  }

  /**
   * Resolves when everything the request asks for is recorded. Rejects when it could not be: with the abort's reason, or with an
   * error after which the request may be handled again from the start.
   */
  async handle(request: SluiceRequest, context: RequestContext): Promise<HandledRequest> {
    context.abortSignal.throwIfAborted();
    const attempt = request.kind === 'refused' ? this.#refuse(request, context) : this.#scan(request, context);
    const handled = await attempt;
    this.#logHandled(handled, context);
    return handled;
  }

  async #refuse(request: RefusedRequest, context: RequestContext): Promise<HandledRequest> {
    const frame = this.#frames.refused(request, context.messageId);
    const { scanId } = frame;
    if ((await this.#recorder.findDone(frame.object, scanId)) !== undefined) return { request, scanId, reports: [] };
    const outcome = refusedOutcome(request.verdict, request.reason, request.detail);
    return { request, scanId, reports: await this.#recordOutcome(frame, outcome) };
  }

  async #scan(request: ScanRequest, context: RequestContext): Promise<HandledRequest> {
    const asked = this.#frames.asked(request);
    if (request.api !== undefined && !knownApis.has(request.api)) {
      this.#parts.log.warn('an operation not known to this version raised the event; the object is scanned', {
        scanId: asked.scanId,
        api: request.api,
        url: request.url,
      });
    }
    context.onStage?.('ledger');
    if (this.#parts.isQuarantined?.(request.url) === true) {
      const outcome = skippedOutcome('policy:quarantine', 'it was scanned before it was moved there');
      return { request, scanId: asked.scanId, reports: await this.#recordOutcome(asked, outcome) };
    }
    const replaced = (request.replaced ?? []).map((version) => this.#frames.asked({ ...request, ...version }));
    if (request.eTag !== undefined && replaced.length === 0 && (await this.#isSettled(asked, request))) {
      return { request, scanId: asked.scanId, reports: [] };
    }
    // Versions that were there and are no more, oldest first, earlier slices' ones included.
    while (replaced.length < MAX_CHANGES) {
      const ended = await this.#tryCurrent(request, replaced, context);
      if (ended?.left !== undefined) return this.#leave(request, ended, replaced);
      if (ended !== undefined) return this.#finish(request, ended, replaced);
    }
    const frame = replaced.at(-1) ?? asked;
    const outcome = incompleteOutcome('changing', `it was replaced ${MAX_CHANGES} times while it was being scanned`);
    return this.#finish(request, { frame, reports: await this.#recordOutcome(frame, outcome) }, replaced);
  }

  /** Scans the version that is there. Undefined when it was replaced meanwhile; it is added to `replaced` then. */
  async #tryCurrent(
    request: ScanRequest,
    replaced: ReportFrame[],
    context: RequestContext,
  ): Promise<Ended | undefined> {
    let current: ReportFrame | undefined;
    context.onStage?.('open');
    try {
      const opened = await this.#open(request, context);
      try {
        const decision = this.#judge.decide(request.account, opened.properties);
        const limit = decision.kind === 'limit' ? decision.limit : undefined;
        current = this.#frames.found(request, opened.properties, limit);
        return await this.#scanOpened(request, current, opened, decision, context);
      } finally {
        await opened.source.close();
      }
    } catch (error) {
      if (error instanceof ObjectChangedError) {
        if (current !== undefined) replaced.push(current);
        return undefined;
      }
      if (error instanceof TakenOverError && current !== undefined) {
        return { frame: current, reports: [], left: { kind: 'elsewhere' } };
      }
      const outcome = outcomeOfError(error);
      if (outcome === undefined) throw error;
      const frame = current ?? replaced.at(-1) ?? this.#frames.asked(request);
      return { frame, reports: await this.#recordOutcome(frame, outcome) };
    }
  }

  /** Nothing was begun yet, so a process that is about to end gives up at once. */
  async #open(request: ScanRequest, { abortSignal, yieldSignal }: RequestContext): Promise<OpenedObject> {
    const link = new LinkedAbort(abortSignal, yieldSignal);
    try {
      return await this.#parts.open(request, { abortSignal: link.signal });
    } finally {
      link.release();
    }
  }

  async #scanOpened(
    request: ScanRequest,
    frame: ReportFrame,
    opened: OpenedObject,
    decision: PolicyDecision,
    context: RequestContext,
  ): Promise<Ended> {
    const { properties } = opened;
    const unscannable =
      outcomeOfProperties(properties) ?? outcomeOfPolicy(decision) ?? outcomeOfCopy(properties, isLastTry(context));
    if (unscannable !== undefined) return { frame, reports: await this.#recordOutcome(frame, unscannable) };
    const { resumes } = request;
    context.onStage?.('claim');
    const generation = resumes?.scanId === frame.scanId ? resumes.generation : undefined;
    // Another version or other rules: what earlier slices learnt is of no use.
    if (resumes !== undefined && generation === undefined) await this.#slices.forget(resumes.scanId);
    const answer = await this.#parts.ledger.claim(frame.object, frame.scanId, {
      attemptId: frame.attemptId,
      generation,
      isRedelivered: (context.dequeueCount ?? 1) > 1,
      mayRepeat: mayRepeat(request),
    });
    switch (answer.kind) {
      case 'done':
        return { frame, reports: [] };
      case 'elsewhere':
      case 'stale':
        return { frame, reports: [], left: { kind: 'elsewhere' } };
      case 'claimed': {
        const { run } = answer.entry;
        invariant(run !== undefined, 'a scan was claimed and does not run');
        const claim = new ScanClaim(frame, run, { ...this.#parts, ...this.#parts.limits });
        return this.#scanClaimed(claim, opened, decision, context);
      }
    }
  }

  /** Scans what is claimed until the scan or its slice ends. The claim is given up whatever happens. */
  async #scanClaimed(
    claim: ScanClaim,
    opened: OpenedObject,
    decision: PolicyDecision,
    context: RequestContext,
  ): Promise<Ended> {
    const { frame } = claim;
    context.onStage?.('scan');
    let slot: ReleaseSlot | undefined;
    try {
      const slice = await this.#runSlice(claim, opened, context);
      if (slice.kind === 'lost') return { frame, reports: [], left: { kind: 'elsewhere' } };
      if (slice.kind === 'yielded') return { frame, reports: [], left: slice };
      const { scan } = slice;
      slot = slice.slot;
      if (scan.cause !== undefined && isWorthAnotherTry(scan.cause) && !isLastTry(context)) throw scan.cause;
      const profile = scan.result?.stats.profile;
      if (profile !== undefined) context.onProfile?.(profile);
      context.onStage?.('record');
      const report = await this.#judge.report(frame, scan, opened, decision, context.abortSignal);
      const reports = asList(await this.#recorder.record(report, { isUrgent: slot !== undefined }));
      if (claim.hasCheckpoint) await this.#slices.forget(frame.scanId);
      return { frame, reports };
    } catch (error) {
      await claim.release();
      if (error instanceof ObjectChangedError && claim.hasCheckpoint) await this.#slices.forget(frame.scanId);
      throw error;
    } finally {
      slot?.();
      claim.end();
    }
  }

  #runSlice(claim: ScanClaim, { properties, source }: OpenedObject, context: RequestContext): Promise<SliceEnd> {
    const place = { path: `${properties.container}/${properties.objectName}` };
    const options = {
      ...this.#parts.scan,
      profile: context.onProfile !== undefined,
      externals: (head: Uint8Array) => pickExternals(externalsOf(place, head), this.#externals),
    };
    const deliveries = context.dequeueCount ?? 1;
    // Whose worker died may be what it died of: the others are not to go down with it a second time.
    const isAlone = claim.run.isSuspect || deliveries >= ALONE_FROM_DELIVERY;
    return this.#slices.run(claim, source, options, { ...context, isAlone, isRedelivered: deliveries > 1 });
  }

  async #isSettled(frame: ReportFrame, request: ScanRequest): Promise<boolean> {
    const entry = await this.#recorder.findDone(frame.object, frame.scanId);
    return entry !== undefined && !mayRepeat(request)(entry);
  }

  /** Sends the message that goes on with what is left, where there is nobody else to do so. */
  async #leave(
    request: ScanRequest,
    { frame, left }: Ended,
    replaced: readonly ReportFrame[],
  ): Promise<HandledRequest> {
    const { scanId } = frame;
    const versions = replaced.map(versionOf);
    if (left?.kind === 'yielded') {
      const resumes = { scanId, generation: left.generation, rulesDigest: this.#parts.ruleSet.digest };
      await this.#parts.queue.send(scanMessageOf(request, versions, resumes));
      return { request, scanId, reports: [], left: 'nextSlice' };
    }
    const isOther = request.eTag !== undefined && request.eTag !== frame.object.eTag;
    if (isOther || replaced.length > 0) {
      const delayInMs = this.#parts.limits.lookAgainInMs ?? LOOK_AGAIN_IN_MS;
      await this.#parts.queue.send(scanMessageOf(request, versions), { delayInMs });
    }
    return { request, scanId, reports: [], left: 'elsewhere' };
  }

  /** Records the versions that the ended scan took the place of: the one the event named, and those replaced since. */
  async #finish(request: ScanRequest, ended: Ended, replaced: readonly ReportFrame[]): Promise<HandledRequest> {
    const asked = request.eTag === undefined ? [] : [this.#frames.asked(request)];
    const reports = [...ended.reports];
    const eTags = new Set([ended.frame.object.eTag]);
    for (const frame of [...replaced, ...asked]) {
      if (eTags.has(frame.object.eTag)) continue;
      eTags.add(frame.object.eTag);
      reports.push(...(await this.#recordOutcome(frame, supersededOutcome(), ended.frame.scanId)));
    }
    return { request, scanId: ended.frame.scanId, reports };
  }

  async #recordOutcome(frame: ReportFrame, outcome: Outcome, supersededBy?: string): Promise<readonly ScanReport[]> {
    return asList(await this.#recorder.record(reportOutcome(frame, outcome, new Date(), supersededBy)));
  }

  #logHandled({ request, scanId, reports, left }: HandledRequest, { dequeueCount }: RequestContext): void {
    const about = { url: request.url, eventId: request.eventId, dequeueCount };
    if (reports.length === 0) this.#parts.log.info(whatHappened(left), { ...about, scanId });
    for (const { outcome, findings, ...report } of reports) {
      const isExpected = outcome.verdict !== 'failed' && outcome.verdict !== 'incomplete';
      this.#parts.log[isExpected ? 'info' : 'warn']('recorded', {
        ...about,
        scanId: report.scanId,
        verdict: outcome.verdict,
        reason: outcome.reason,
        detail: outcome.detail,
        rules: findings.map(({ namespace, rule }) => `${namespace}:${rule}`),
        bytesRead: report.bytesRead,
        supersededBy: report.supersededBy,
      });
    }
  }
}

interface Ended {
  readonly frame: ReportFrame;
  readonly reports: readonly ScanReport[];
  /** Set where the scan has not ended: its next slice is due, or it is another message's. */
  readonly left?: Extract<SliceEnd, { kind: 'yielded' }> | { readonly kind: 'elsewhere' };
}

function whatHappened(left: HandledRequest['left']): string {
  switch (left) {
    case undefined:
      return 'was recorded before';
    case 'nextSlice':
      return 'goes on in another slice';
    case 'elsewhere':
      return 'is scanned for another message';
  }
}

function isLastTry({ dequeueCount }: RequestContext): boolean {
  return (dequeueCount ?? LAST_SOURCE_DELIVERY) >= LAST_SOURCE_DELIVERY;
}

/** Whether a recorded outcome is no reason not to scan. */
function mayRepeat({ again }: ScanRequest): Claim['mayRepeat'] {
  return (entry: LedgerEntry) => !isFinal(entry) || (again === true && entry.verdict === 'incomplete');
}

function versionOf({ object, sizeInBytes, eventTime }: ReportFrame): ReplacedVersion {
  return { eTag: object.eTag, versionId: object.versionId, sizeInBytes, eventTime };
}

/** What a copy has not brought yet reads as zeros. It is waited for; one that takes longer is never called clean. */
function outcomeOfCopy({ isBeingCopied }: ScannableProperties, isLastTry: boolean): Outcome | undefined {
  if (!isBeingCopied) return undefined;
  const message = 'the object is still being copied';
  if (!isLastTry) throw new SourceReadError(message, { retryable: true });
  return incompleteOutcome('changing', message);
}

/** A stream of the wrong length says nothing about the next try; a read says so itself. */
function isWorthAnotherTry(cause: NonNullable<ObjectScan['cause']>): boolean {
  return cause instanceof SluiceError ? cause.retryable : true;
}

function asList(report: ScanReport | undefined): readonly ScanReport[] {
  return report === undefined ? [] : [report];
}

/**
 * One request to its recorded end. In goes what a message asked for; out come the reports that were recorded for it. Nothing is
 * returned before every sink has accepted its report and the ledger says `done`; whatever throws has left nothing half said, and
 * the message may come again.
 *
 *   ledger: done? ─► open the current version ─► ledger: done? ─► slot ─► scan ─► sinks ─► ledger ─► superseded versions
 *                            ▲                                          │
 *                            └───────────── changed (at most 5 times) ──┘
 *
 * The version that is scanned is always the one that is there. An event may name an older one, and a version may be replaced
 * while it is read (by new content, which has an event of its own, or by mere metadata, which has none). Both are recorded as
 * superseded, and only after the scan that took their place.
 */
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ExclusionSet } from '../exclusions/exclusion-set.ts';
import type { RefusedRequest, ScanRequest, SluiceRequest } from '../events/scan-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ByteSource, ObjectProperties } from '../objects/byte-source.ts';
import { ObjectChangedError, SourceReadError } from '../objects/object-errors.ts';
import { AskedRules } from './asked-rules.ts';
import type { ReportFrame } from './build-report.ts';
import { reportOutcome, reportScan } from './build-report.ts';
import { DeadlineReached, withDeadline } from './deadline.ts';
import { markFindings } from './mark-findings.ts';
import type { ExternalName } from './object-externals.ts';
import { declaredExternals, externalsOf, pickExternals } from './object-externals.ts';
import type { Policy, PolicyDecision, RuleLimit } from './policies.ts';
import { decidePolicy, isAsked } from './policies.ts';
import { isFinal, ReportRecorder } from './record-report.ts';
import { ReportFrames } from './report-frames.ts';
import type { RuleSet } from './rule-set.ts';
import type { ObjectScan, ScanObjectOptions } from './scan-object.ts';
import { scanObject } from './scan-object.ts';
import type { ScanReport } from './scan-report.ts';
import type { ReleaseSlot, ScanSlots } from './scan-slots.ts';
import type { ScannableProperties } from './unscannable.ts';
import { outcomeOfError, outcomeOfProperties } from './unscannable.ts';
import type { Outcome } from './verdict.ts';
import { incompleteOutcome, refusedOutcome, skippedOutcome, supersededOutcome } from './verdict.ts';

/** A version of an object, opened and pinned. */
export interface OpenedObject {
  readonly properties: ObjectProperties & ScannableProperties;
  readonly source: ByteSource;
  /** The object's index tags: a request of its own. */
  readonly readTags: (options: { readonly abortSignal: AbortSignal }) => Promise<Readonly<Record<string, string>>>;
}

/** What handling requests needs from outside. */
export interface RequestHandlerParts {
  readonly ruleSet: RuleSet;
  readonly exclusions: ExclusionSet;
  readonly policies: readonly Policy[];
  readonly ledger: Ledger;
  readonly slots: ScanSlots;
  readonly log: Logger;
  /** Opens the version that is there now, or the one that `versionId` names. */
  readonly open: (request: ScanRequest, options: { readonly abortSignal: AbortSignal }) => Promise<OpenedObject>;
  /** Resolves once every sink has accepted; rejects with `ReportRefusedError` when one never will. */
  readonly deliver: (report: ScanReport) => Promise<void>;
  readonly scan: Pick<ScanObjectOptions, 'digests' | 'digestsOf' | 'evidence' | 'deadlineInMs' | 'limits'>;
  /** How long a scan may wait for its slot before the message is given back. */
  readonly slotWaitInMs: number;
}

export interface RequestContext {
  /** How often the message was delivered, this time included; undefined where nothing delivers it again. */
  readonly dequeueCount: number | undefined;
  /** Of the message; tells refusals apart whose event has no id. */
  readonly messageId: string;
  readonly abortSignal: AbortSignal;
}

export interface HandledRequest {
  readonly request: SluiceRequest;
  /** Of the scan that holds for the object now. */
  readonly scanId: string;
  /** In the order they were recorded; empty when all of it was recorded before. */
  readonly reports: readonly ScanReport[];
}

/** Other scans hold the memory for longer than a message should be kept. */
export class ScanSlotsBusyError extends SluiceError {
  readonly code = 'SCAN_SLOTS_BUSY';
}

/** From this delivery on a message runs alone: it may have taken the process down before. */
const ALONE_FROM_DELIVERY = 3;

/** A source that fails is tried again up to this delivery, which is one before the host gives a message up. */
const LAST_SOURCE_DELIVERY = 4;

const MAX_CHANGES = 5;

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
  readonly #frames: ReportFrames;
  readonly #externals: readonly ExternalName[];

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
    this.#recorder = new ReportRecorder(parts);
    this.#frames = new ReportFrames(parts.ruleSet, parts.exclusions.digest);
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
    if (request.api !== undefined && !knownApis.has(request.api)) {
      this.#parts.log.warn('an operation not known to this version raised the event; the object is scanned', {
        api: request.api,
        url: request.url,
      });
    }
    const asked = this.#frames.asked(request);
    if (request.eTag !== undefined && (await this.#isSettled(asked)))
      return { request, scanId: asked.scanId, reports: [] };

    /** Versions that were there and are no more, oldest first. */
    const replaced: ReportFrame[] = [];
    for (let changes = 0; changes < MAX_CHANGES; changes += 1) {
      const ended = await this.#tryCurrent(request, replaced, context);
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
    try {
      const opened = await this.#parts.open(request, context);
      try {
        const decision = decidePolicy(
          this.#parts.policies,
          { ...opened.properties, account: request.account },
          new Date(),
        );
        const limit = decision.kind === 'limit' ? decision.limit : undefined;
        current = this.#frames.found(request, opened.properties, limit);
        return { frame: current, reports: await this.#scanOpened(current, opened, decision, context) };
      } finally {
        await opened.source.close();
      }
    } catch (error) {
      if (error instanceof ObjectChangedError) {
        if (current !== undefined) replaced.push(current);
        return undefined;
      }
      const outcome = outcomeOfError(error);
      if (outcome === undefined) throw error;
      const frame = current ?? replaced.at(-1) ?? this.#frames.asked(request);
      return { frame, reports: await this.#recordOutcome(frame, outcome) };
    }
  }

  async #scanOpened(
    frame: ReportFrame,
    opened: OpenedObject,
    decision: PolicyDecision,
    context: RequestContext,
  ): Promise<readonly ScanReport[]> {
    const { properties } = opened;
    const isLastTry = (context.dequeueCount ?? LAST_SOURCE_DELIVERY) >= LAST_SOURCE_DELIVERY;
    const unscannable =
      outcomeOfProperties(properties) ?? outcomeOfPolicy(decision) ?? outcomeOfCopy(properties, isLastTry);
    if (unscannable !== undefined) return this.#recordOutcome(frame, unscannable);
    if (!(await this.#claim(frame))) return [];
    const release = await this.#acquireSlot(properties.sizeInBytes, context);
    let scan: ObjectScan;
    try {
      scan = await this.#scanBytes(opened, context.abortSignal);
    } finally {
      release();
    }
    if (scan.cause !== undefined && isWorthAnotherTry(scan.cause) && !isLastTry) throw scan.cause;
    return this.#recordScan(frame, opened, decision, scan, context);
  }

  /** Under a policy's limit only findings of its rules count; then each finding is held against the exclusions. */
  async #recordScan(
    frame: ReportFrame,
    opened: OpenedObject,
    decision: PolicyDecision,
    scan: ObjectScan,
    context: RequestContext,
  ): Promise<readonly ScanReport[]> {
    const asked = decision.kind === 'limit' ? this.#limit(frame, scan, decision.limit) : { frame, scan };
    const hasFinding = (asked.scan.result?.matches.length ?? 0) > 0;
    const tags = hasFinding ? await this.#readTags(opened, context) : undefined;
    const { metadata } = opened.properties;
    const { sizeInBytes, digests } = asked.scan;
    const facts = { ...frame.object, sizeInBytes, sha256: digests.sha256, metadata, tags };
    const now = new Date();
    const report = reportScan(asked.frame, asked.scan, now, (findings) =>
      markFindings(findings, facts, this.#parts.exclusions, now),
    );
    return asList(await this.#recorder.record(report));
  }

  #limit(frame: ReportFrame, scan: ObjectScan, limit: RuleLimit): { frame: ReportFrame; scan: ObjectScan } {
    const { ruleSet } = this.#parts;
    const asked = new AskedRules(ruleSet.rules, (rule) => isAsked(limit, rule));
    const detail = `policy ${limit.policy}: ${asked.count} of ${ruleSet.ruleCount} rules were asked`;
    return {
      frame: { ...frame, ruleSet: { ...ruleSet, ruleCount: asked.count } },
      scan: { ...asked.only(scan), detail: scan.detail === undefined ? detail : `${scan.detail}; ${detail}` },
    };
  }

  /** Undefined where no exclusion asks for tags, and where they cannot be read: then none that does holds. */
  async #readTags(
    opened: OpenedObject,
    { abortSignal }: RequestContext,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    if (!this.#parts.exclusions.asksFor('tags')) return undefined;
    try {
      return await opened.readTags({ abortSignal });
    } catch (error) {
      abortSignal.throwIfAborted();
      const { url } = opened.properties;
      this.#parts.log.warn('tags cannot be read; exclusions that ask for them do not hold', { url, error });
      return undefined;
    }
  }

  #scanBytes({ properties, source }: OpenedObject, abortSignal: AbortSignal): Promise<ObjectScan> {
    const place = { path: `${properties.container}/${properties.objectName}` };
    return scanObject(source, this.#parts.ruleSet.rules, {
      ...this.#parts.scan,
      externals: (head) => pickExternals(externalsOf(place, head), this.#externals),
      abortSignal,
    });
  }

  /** Notes in the ledger that the scan runs. False when there is nothing to do because it ended before. */
  async #claim(frame: ReportFrame): Promise<boolean> {
    if (await this.#parts.ledger.begin(frame.object, frame.scanId, frame.attemptId)) return true;
    return !(await this.#isSettled(frame));
  }

  async #isSettled(frame: ReportFrame): Promise<boolean> {
    const entry = await this.#recorder.findDone(frame.object, frame.scanId);
    return entry !== undefined && isFinal(entry);
  }

  async #acquireSlot(sizeInBytes: number, context: RequestContext): Promise<ReleaseSlot> {
    const isAlone = (context.dequeueCount ?? 0) >= ALONE_FROM_DELIVERY;
    try {
      return await withDeadline(this.#parts.slotWaitInMs, context.abortSignal, (abortSignal) =>
        this.#parts.slots.acquire({ sizeInBytes, isAlone, abortSignal }),
      );
    } catch (cause) {
      if (!(cause instanceof DeadlineReached)) throw cause;
      const message = `other scans held the memory for ${this.#parts.slotWaitInMs} ms`;
      throw new ScanSlotsBusyError(message, { retryable: true, hint: 'allow more instances of the app', cause });
    }
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

  #logHandled({ request, scanId, reports }: HandledRequest, { dequeueCount }: RequestContext): void {
    const about = { url: request.url, eventId: request.eventId, dequeueCount };
    if (reports.length === 0) this.#parts.log.info('was recorded before', { ...about, scanId });
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
}

function outcomeOfPolicy(decision: PolicyDecision): Outcome | undefined {
  if (decision.kind !== 'skip') return undefined;
  const { name, description } = decision.policy;
  return skippedOutcome(`policy:${name}`, description);
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

/**
 * Scans one target after another with one set of rules, and says of each what came of it. The same on the main thread and on
 * a worker: settings and reports are plain values.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { SluiceError } from '../base/errors.ts';
import type { ByteSource } from '../objects/byte-source.ts';
import { openFile } from '../objects/file-source.ts';
import { ObjectChangedError } from '../objects/object-errors.ts';
import { streamSource } from '../objects/stream-source.ts';
import { AskedRules } from '../scanner/asked-rules.ts';
import { reportScan } from '../scanner/build-report.ts';
import type { ReportFrame } from '../scanner/build-report.ts';
import type { ExternalName } from '../scanner/object-externals.ts';
import { declaredExternals, externalsOf, pickExternals } from '../scanner/object-externals.ts';
import { isAsked } from '../scanner/policies.ts';
import { ruleSetOf } from '../scanner/rule-set.ts';
import type { ObjectScan } from '../scanner/scan-object.ts';
import { scanObject } from '../scanner/scan-object.ts';
import type { Finding } from '../scanner/scan-report.ts';
import type { Outcome } from '../scanner/verdict.ts';
import { incompleteOutcome } from '../scanner/verdict.ts';
import type { CompiledRules, Externals } from '../yara/index.ts';
import { OwnerNames } from './file-owner.ts';
import type { Target } from './find-targets.ts';

/** Can be sent to a worker. */
export interface ScanSettings {
  /** In the types that the rules declare; they take precedence over what the object says of itself. */
  readonly externals: Externals;
  /** Only rules with one of these are asked; all when there are none. */
  readonly tags: readonly string[];
  readonly wantsDigest: boolean;
  /** For each object. */
  readonly timeoutInMs: number | undefined;
}

export interface FileFinding extends Finding {
  /** More places matched than the evidence shows. */
  readonly hasMoreMatches: boolean;
}

export interface FileReport {
  readonly shown: string;
  readonly outcome: Outcome;
  /** Every byte matched and every rule decided; may be false for a match. */
  readonly isWhole: boolean;
  readonly sizeInBytes: number | undefined;
  /** Only when it was asked for and the object was wholly read. */
  readonly sha256: string | undefined;
  readonly findings: readonly FileFinding[];
  readonly bytesRead: number;
  readonly durationInMs: number;
}

export interface ScanCall {
  readonly abortSignal: AbortSignal;
  /** Given the number of bytes read since the last call. */
  readonly onProgress: (bytes: number) => void;
}

export class FileScanner {
  readonly #rules: CompiledRules;
  readonly #settings: ScanSettings;
  readonly #input: Readable | undefined;
  /** Of what is said about the object itself, that which the rules may ask. */
  readonly #objectExternals: readonly ExternalName[];
  readonly #asked: AskedRules;
  readonly #owners = new OwnerNames();

  /** `input`: what `-` stands for; without it no such target may be given. */
  constructor(rules: CompiledRules, settings: ScanSettings, input?: Readable) {
    this.#rules = rules;
    this.#settings = settings;
    this.#input = input;
    this.#objectExternals = declaredExternals(rules).filter((name) => !Object.hasOwn(settings.externals, name));
    const { tags } = settings;
    this.#asked = new AskedRules(rules, (rule) => isAsked({ tags, namespaces: [] }, rule));
  }

  /** Whatever keeps an object from being wholly scanned is a report. Rejects with the signal's reason after an abort. */
  async scan(target: Target, call: ScanCall): Promise<FileReport> {
    const startedAt = new Date();
    const started = performance.now();
    const finish = (report: Omit<FileReport, 'shown' | 'durationInMs'>): FileReport => {
      return { shown: target.shown, ...report, durationInMs: Math.round(performance.now() - started) };
    };
    if (target.kind === 'unreadable') return finish(unscanned(incompleteOutcome('sourceError', target.why)));
    let source: ByteSource | undefined;
    try {
      source = target.kind === 'input' ? streamSource(this.#input!, '-') : await openFile(target.path);
      const scan = await this.#scan(source, target, call);
      return finish(this.#report(target, scan, startedAt));
    } catch (error) {
      call.abortSignal.throwIfAborted();
      if (!(error instanceof SluiceError)) throw error;
      const reason = error instanceof ObjectChangedError ? 'changing' : 'sourceError';
      return finish(unscanned(incompleteOutcome(reason, error.message)));
    } finally {
      await source?.close();
    }
  }

  async #scan(source: ByteSource, target: Target, { abortSignal, onProgress }: ScanCall): Promise<ObjectScan> {
    const { externals, wantsDigest, timeoutInMs } = this.#settings;
    const owner = await this.#ownerOf(target);
    let seen = 0;
    return scanObject(source, this.#rules, {
      externals: (head) => {
        const ofObject = externalsOf({ path: fullPath(target), owner }, head);
        // Standard input has no place.
        const placed = target.kind === 'input' ? { ...ofObject, filepath: '' } : ofObject;
        return { ...pickExternals(placed, this.#objectExternals), ...externals };
      },
      ...(wantsDigest && { digests: ['sha256' as const] }),
      ...(timeoutInMs !== undefined && { deadlineInMs: timeoutInMs }),
      abortSignal,
      onProgress: (bytes) => {
        onProgress(bytes - seen);
        seen = bytes;
      },
    });
  }

  async #ownerOf(target: Target): Promise<string> {
    if (target.kind !== 'file' || !this.#objectExternals.includes('owner')) return '';
    const stats = await stat(target.path).catch(() => undefined);
    return stats === undefined ? '' : this.#owners.nameOf(stats.uid);
  }

  #report(target: Target, scan: ObjectScan, startedAt: Date): Omit<FileReport, 'shown' | 'durationInMs'> {
    const asked = this.#asked.only(scan);
    const report = reportScan(frameOf(target, this.#rules, startedAt), asked, new Date());
    const matches = asked.result?.matches ?? [];
    return {
      outcome: report.outcome,
      isWhole: asked.isWhole && asked.result?.undecided.length === 0,
      sizeInBytes: report.sizeInBytes,
      sha256: report.sha256,
      findings: report.findings.map((finding, index) => {
        const { patterns } = matches[index]!;
        const listed = patterns.reduce((sum, pattern) => sum + pattern.matches.length, 0);
        const hasMoreMatches = patterns.some(({ isTruncated }) => isTruncated) || listed > finding.evidence.length;
        return { ...finding, hasMoreMatches };
      }),
      bytesRead: report.bytesRead,
    };
  }
}

function unscanned(outcome: Outcome): Omit<FileReport, 'shown' | 'durationInMs'> {
  return { outcome, isWhole: false, sizeInBytes: undefined, sha256: undefined, findings: [], bytesRead: 0 };
}

function fullPath(target: Target): string {
  return target.kind === 'file' ? path.resolve(target.path.toString()) : '';
}

/** A file has no account and no version; only what the report of a scan needs is filled in. */
function frameOf(target: Target, rules: CompiledRules, startedAt: Date): ReportFrame {
  const { shown } = target;
  return {
    scanId: '',
    attemptId: '',
    object: { account: '', container: '', objectName: shown, url: '', eTag: '', versionId: undefined },
    resourceId: '',
    sizeInBytes: undefined,
    eventTime: '',
    startedAt,
    ruleSet: ruleSetOf(rules, ''),
    exclusionsDigest: '',
    isCanary: false,
  };
}

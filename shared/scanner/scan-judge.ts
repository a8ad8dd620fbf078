/**
 * What policies and exclusions make of an object. Before its scan: whether it is scanned, and which rules count. After it: the
 * report, in which each finding has been held against the exclusions.
 */
import type { Logger } from '../base/log.ts';
import type { ExclusionSet } from '../exclusions/exclusion-set.ts';
import type { ObjectProperties } from '../objects/byte-source.ts';
import { AskedRules } from './asked-rules.ts';
import type { ReportFrame } from './build-report.ts';
import { reportScan } from './build-report.ts';
import { markFindings } from './mark-findings.ts';
import type { Policy, PolicyDecision, PolicyFacts, RuleLimit } from './policies.ts';
import { decidePolicy, isAsked } from './policies.ts';
import type { RuleSet } from './rule-set.ts';
import type { ObjectScan } from './scan-object.ts';
import type { ScanReport } from './scan-report.ts';
import type { Outcome } from './verdict.ts';
import { skippedOutcome } from './verdict.ts';

export interface ScanJudgeParts {
  readonly ruleSet: RuleSet;
  readonly exclusions: ExclusionSet;
  readonly policies: readonly Policy[];
  readonly log: Logger;
}

/** What the judge asks of an object whose scan has ended. */
export interface JudgedObject {
  readonly properties: Pick<ObjectProperties, 'metadata' | 'url'>;
  /** Its index tags: a request of its own. */
  readonly readTags: (options: { readonly abortSignal: AbortSignal }) => Promise<Readonly<Record<string, string>>>;
}

export class ScanJudge {
  readonly #parts: ScanJudgeParts;

  constructor(parts: ScanJudgeParts) {
    this.#parts = parts;
  }

  /** The account in the request's words: rows spell it so. */
  decide(account: string, properties: Omit<PolicyFacts, 'account'>): PolicyDecision {
    return decidePolicy(this.#parts.policies, { ...properties, account }, new Date());
  }

  /**
   * The report of a scan. Under a limit only findings of its rules count, and the frame must be that of the limited scan.
   * Rejects with the signal's reason after an abort.
   */
  async report(
    frame: ReportFrame,
    scan: ObjectScan,
    { properties, readTags }: JudgedObject,
    decision: PolicyDecision,
    abortSignal: AbortSignal,
  ): Promise<ScanReport> {
    const asked = decision.kind === 'limit' ? this.#limit(frame, scan, decision.limit) : { frame, scan };
    const { sizeInBytes, digests, result } = asked.scan;
    const hasFinding = (result?.matches.length ?? 0) > 0;
    const tags = hasFinding ? await this.#tagsOf(frame, readTags, abortSignal) : undefined;
    const object = { ...frame.object, sizeInBytes, sha256: digests.sha256, metadata: properties.metadata, tags };
    const now = new Date();
    return reportScan(asked.frame, asked.scan, now, (findings) =>
      markFindings(findings, object, this.#parts.exclusions, now),
    );
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
  async #tagsOf(
    { scanId, object: { url } }: ReportFrame,
    readTags: JudgedObject['readTags'],
    abortSignal: AbortSignal,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    if (!this.#parts.exclusions.asksFor('tags')) return undefined;
    try {
      return await readTags({ abortSignal });
    } catch (error) {
      abortSignal.throwIfAborted();
      this.#parts.log.warn('tags cannot be read; exclusions that ask for them do not hold', { scanId, url, error });
      return undefined;
    }
  }
}

/** What is recorded of an object that a policy skips; undefined for one that is scanned. */
export function outcomeOfPolicy(decision: PolicyDecision): Outcome | undefined {
  if (decision.kind !== 'skip') return undefined;
  const { name, description } = decision.policy;
  return skippedOutcome(`policy:${name}`, description);
}

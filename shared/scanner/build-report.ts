/**
 * Makes the `ScanReport` of one attempt: what is known of the attempt before it runs (`ReportFrame`), and what came of it. Here
 * a rule's match becomes a finding; whether it makes the object a match is said by `outcomeOfScan` alone.
 */
import { ENGINE_VERSION } from '../yara/index.ts';
import type { RuleMatch } from '../yara/index.ts';
import type { ScanOrigin } from '../events/scan-request.ts';
import type { ObjectIdentity } from '../objects/byte-source.ts';
import type { DigestValues } from './object-digests.ts';
import { printableBytes } from './printable-bytes.ts';
import type { RuleSet } from './rule-set.ts';
import { findingIdOf } from './scan-ids.ts';
import type { ObjectScan } from './scan-object.ts';
import type { EvidenceMatch, Finding, ScanReport } from './scan-report.ts';
import { severityOf } from './severity.ts';
import type { Outcome } from './verdict.ts';
import { outcomeOfScan } from './verdict.ts';

/** What is known of an attempt before anything came of it. */
export interface ReportFrame {
  readonly scanId: string;
  readonly attemptId: string;
  readonly object: ObjectIdentity;
  readonly resourceId: string;
  readonly sizeInBytes: number | undefined;
  /** ISO 8601; `''` where the message named none. */
  readonly eventTime: string;
  readonly startedAt: Date;
  readonly ruleSet: RuleSet;
  /** `''` while there are no exclusions. */
  readonly exclusionsDigest: string;
  readonly isCanary: boolean;
  readonly origin?: ScanOrigin | undefined;
}

/** Looks at findings and says which of them an exclusion marks. */
export type MarkFindings = (findings: readonly Finding[]) => readonly Finding[];

/** The report of a scan that ran, whether it came to its end or not. Every finding stands unless `mark` says otherwise. */
export function reportScan(
  frame: ReportFrame,
  scan: ObjectScan,
  finishedAt: Date,
  mark: MarkFindings = (findings) => findings,
): ScanReport {
  const matches = scan.result?.matches ?? [];
  const findings = mark(matches.map((match, index) => findingOf(frame.scanId, match, scan.evidence[index] ?? [])));
  const outcome = outcomeOfScan({
    hasStandingFinding: findings.some(({ exclusion }) => exclusion === undefined),
    hasExcludedFinding: findings.some(({ exclusion }) => exclusion !== undefined),
    isWhole: scan.isWhole,
    undecided: scan.result?.undecided ?? [],
    stoppedBy: scan.stoppedBy,
    detail: scan.detail,
  });
  return assemble(frame, finishedAt, outcome, {
    findings,
    sizeInBytes: scan.sizeInBytes ?? frame.sizeInBytes,
    digests: scan.digests,
    bytesRead: scan.bytesRead,
  });
}

/** The report of an attempt whose outcome was plain without a scan, or that a scan never reached. */
export function reportOutcome(
  frame: ReportFrame,
  outcome: Outcome,
  finishedAt: Date,
  supersededBy?: string,
): ScanReport {
  return assemble(frame, finishedAt, outcome, { supersededBy });
}

interface Gathered {
  readonly findings?: readonly Finding[];
  readonly sizeInBytes?: number | undefined;
  readonly digests?: DigestValues;
  readonly bytesRead?: number;
  readonly supersededBy?: string | undefined;
}

function assemble(frame: ReportFrame, finishedAt: Date, outcome: Outcome, gathered: Gathered): ScanReport {
  const { ruleSet } = frame;
  return {
    scanId: frame.scanId,
    attemptId: frame.attemptId,
    outcome,
    object: frame.object,
    resourceId: frame.resourceId,
    sizeInBytes: gathered.sizeInBytes ?? frame.sizeInBytes,
    sha256: gathered.digests?.sha256,
    md5: gathered.digests?.md5,
    bytesRead: gathered.bytesRead ?? 0,
    eventTime: frame.eventTime,
    scanStartedAt: frame.startedAt.toISOString(),
    scanFinishedAt: finishedAt.toISOString(),
    ruleCount: ruleSet.ruleCount,
    skippedRuleCount: ruleSet.skippedRuleCount,
    rulesDigest: ruleSet.digest,
    exclusionsDigest: frame.exclusionsDigest,
    engineVersion: ENGINE_VERSION,
    isCanary: frame.isCanary,
    origin: frame.origin,
    findings: gathered.findings ?? [],
    supersededBy: gathered.supersededBy,
  };
}

function findingOf(scanId: string, match: RuleMatch, evidence: readonly EvidenceMatch[]): Finding {
  return {
    findingId: findingIdOf(scanId, match.namespace, match.rule),
    rule: match.rule,
    namespace: match.namespace,
    tags: match.tags,
    meta: match.meta.map(([name, value]) => [name, jsonReady(value)] as const),
    severity: severityOf(match.meta),
    evidence,
    exclusion: undefined,
    exclusionBasis: undefined,
    claims: [],
  };
}

/** JSON has no integers beyond 2^53, no bytes, and no infinities: those become text. */
function jsonReady(value: RuleMatch['meta'][number][1]): string | number | boolean {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return value instanceof Uint8Array ? printableBytes(value) : value;
}

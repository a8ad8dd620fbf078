/**
 * A report as rows of the two tables. In goes a `ScanReport`, out come one `ScanRow` and a `FindingRow` for each finding, with
 * exactly the columns of `infra/tables/*.json` (a test compares the two).
 *
 * Names, tags, metadata and excerpts come from whoever wrote the object or the rule. Whatever they hold, a row is valid JSON
 * of less than `maximumRowBytes`, and no field reaches the 64 KB at which the service would cut it silently.
 */
import type { EvidenceMatch, Finding, ScanReport } from '../scanner/scan-report.ts';
import { invariant } from '../base/errors.ts';
import { assertOutcome, rankOf } from '../scanner/verdict.ts';
import { boundEntries, shortenText } from './shorten.ts';

export const tables = { scans: 'SluiceScans_CL', findings: 'SluiceFindings_CL' } as const;

/** Columns of both tables. Text is `''` where there is nothing to say; times are ISO 8601 or null. */
export interface CommonColumns {
  readonly TimeGenerated: string;
  readonly ScanId: string;
  readonly AttemptId: string;
  readonly VerdictRank: number;
  readonly Verdict: string;
  readonly Reason: string;
  readonly Detail: string;
  readonly ResourceId: string;
  readonly Account: string;
  readonly Container: string;
  readonly ObjectName: string;
  readonly BlobUrl: string;
  readonly ETag: string;
  readonly VersionId: string;
  readonly SizeInBytes: number | null;
  readonly Sha256: string;
  readonly Md5: string;
  readonly BytesRead: number;
  readonly EventTime: string | null;
  readonly ScanStartedAt: string | null;
  readonly ScanFinishedAt: string | null;
  readonly RuleCount: number;
  readonly SkippedRuleCount: number;
  readonly RulesDigest: string;
  readonly ExclusionsDigest: string;
  readonly EngineVersion: string;
  readonly Canary: boolean;
  readonly Origin: string;
}

export interface ScanRow extends CommonColumns {
  readonly SupersededBy: string;
  /** Scans that the row stands for; 1 but for rows of an hour. */
  readonly ScanCount: number;
}

/** Stands last where evidence had to be left out. */
export interface OmittedEvidence {
  readonly omitted: number;
}

export interface FindingRow extends CommonColumns {
  readonly FindingId: string;
  readonly Rule: string;
  readonly Namespace: string;
  /** The last one is `… N more` where some were left out. */
  readonly Tags: readonly string[];
  /** Under a name that repeats stands an array. `…` says how many entries were left out. */
  readonly Meta: Readonly<Record<string, MetaColumn>>;
  readonly Severity: string;
  readonly Evidence: readonly (EvidenceMatch | OmittedEvidence)[];
  readonly Exclusion: string;
  readonly ExclusionBasis: string;
  /** By field, such as `process.name`. `…` says how many entries were left out. */
  readonly Claims: Readonly<Record<string, string>>;
}

type MetaScalar = string | number | boolean;
type MetaColumn = MetaScalar | readonly MetaScalar[];

export interface ReportRows {
  readonly scans: readonly ScanRow[];
  readonly findings: readonly FindingRow[];
}

/** No row is larger as JSON. */
export const maximumRowBytes = 400_000;

/** The three that may be long: below the 64 KB at which the service cuts. The others never are, unless somebody means harm. */
const longFieldBytes = 60_000;
const fieldBytes = 4_096;
const tagsBytes = 8_192;
const metaBytes = 30_000;
const evidenceBytes = 30_000;
const claimsBytes = 16_384;
const entryTextBytes = 4_096;

/**
 * The rows of one report; `now` becomes `TimeGenerated`. Throws (a bug) for a report whose outcome is ill-formed.
 * O(size of the report).
 */
export function toRows(report: ScanReport, now: Date): ReportRows {
  assertOutcome(report.outcome);
  const isSuperseded = report.outcome.verdict === 'superseded';
  invariant(isSuperseded === (report.supersededBy !== undefined), 'superseded and SupersededBy stand only together');
  const common = toCommonColumns(report, now);
  return {
    scans: [{ ...common, SupersededBy: field(report.supersededBy), ScanCount: report.scanCount ?? 1 }],
    findings: report.findings.map((finding) => ({ ...common, ...toFindingColumns(finding) })),
  };
}

function toCommonColumns(report: ScanReport, now: Date): CommonColumns {
  const { outcome, object } = report;
  return {
    TimeGenerated: now.toISOString(),
    ScanId: field(report.scanId),
    AttemptId: field(report.attemptId),
    VerdictRank: rankOf(outcome.verdict),
    Verdict: outcome.verdict,
    Reason: field(outcome.reason),
    Detail: field(outcome.detail),
    ResourceId: field(report.resourceId),
    Account: field(object.account),
    Container: field(object.container),
    ObjectName: shortenText(object.objectName, longFieldBytes),
    BlobUrl: shortenText(object.url, longFieldBytes),
    ETag: field(object.eTag),
    VersionId: field(object.versionId),
    SizeInBytes: report.sizeInBytes ?? null,
    Sha256: field(report.sha256),
    Md5: field(report.md5),
    BytesRead: report.bytesRead,
    EventTime: toTime(report.eventTime),
    ScanStartedAt: toTime(report.scanStartedAt),
    ScanFinishedAt: toTime(report.scanFinishedAt),
    RuleCount: report.ruleCount,
    SkippedRuleCount: report.skippedRuleCount,
    RulesDigest: field(report.rulesDigest),
    ExclusionsDigest: field(report.exclusionsDigest),
    EngineVersion: field(report.engineVersion),
    Canary: report.isCanary,
    Origin: report.isCanary ? 'canary' : (report.origin ?? 'event'),
  };
}

function toFindingColumns(finding: Finding): Omit<FindingRow, keyof CommonColumns> {
  return {
    FindingId: field(finding.findingId),
    Rule: field(finding.rule),
    Namespace: field(finding.namespace),
    Tags: toTags(finding.tags),
    Meta: toMeta(finding.meta),
    Severity: finding.severity,
    Evidence: toEvidence(finding.evidence),
    Exclusion: field(finding.exclusion),
    ExclusionBasis: field(finding.exclusionBasis),
    Claims: toClaims(finding.claims),
  };
}

function field(text: string | undefined): string {
  return text === undefined ? '' : shortenText(text, fieldBytes);
}

function toTags(tags: readonly string[]): string[] {
  const { kept, omitted } = boundEntries(tags, entryText, tagsBytes);
  return omitted === 0 ? kept : [...kept, `… ${omitted} more`];
}

function toMeta(meta: Finding['meta']): Record<string, MetaColumn> {
  const toEntry = ([name, value]: Finding['meta'][number]) => [entryText(name), entryValue(value)] as const;
  const { kept, omitted } = boundEntries(meta, toEntry, metaBytes);
  const byName = new Map<string, MetaScalar | MetaScalar[]>();
  for (const [name, value] of kept) {
    const earlier = byName.get(name);
    if (earlier === undefined) byName.set(name, value);
    else if (Array.isArray(earlier)) earlier.push(value);
    else byName.set(name, [earlier, value]);
  }
  if (omitted > 0) byName.set('…', `${omitted} more`);
  // fromEntries defines properties, so that a name such as `__proto__` is a name like any other.
  return Object.fromEntries(byName);
}

function toClaims(claims: Finding['claims']): Record<string, string> {
  const toEntry = ([name, value]: Finding['claims'][number]) => [entryText(name), entryText(value)] as const;
  const { kept, omitted } = boundEntries(claims, toEntry, claimsBytes);
  return Object.fromEntries(omitted === 0 ? kept : [...kept, ['…', `${omitted} more`] as const]);
}

function toEvidence(evidence: Finding['evidence']): (EvidenceMatch | OmittedEvidence)[] {
  const { kept, omitted } = boundEntries(evidence, toEvidenceMatch, evidenceBytes);
  return omitted === 0 ? kept : [...kept, { omitted }];
}

function toEvidenceMatch({ pattern, offset, length, excerpt }: EvidenceMatch): EvidenceMatch {
  return {
    pattern: entryText(pattern),
    offset,
    length,
    excerpt: excerpt === undefined ? undefined : entryText(excerpt),
  };
}

function entryText(text: string): string {
  return shortenText(text, entryTextBytes);
}

function entryValue(value: MetaScalar): MetaScalar {
  if (typeof value === 'string') return entryText(value);
  // JSON has no word for these; as null they would be lost.
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** ISO 8601 with up to seven digits of a second, as events carry it; anything else would become null on the way. */
function toTime(text: string): string | null {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  return isTime && !Number.isNaN(Date.parse(text)) ? text : null;
}

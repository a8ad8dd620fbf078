/**
 * The report of one attempt at one object: what sinks write rows from. It holds everything the rows need, so a sink never
 * looks anything up.
 */
import type { ScanOrigin } from '../events/scan-request.ts';
import type { ObjectIdentity } from '../objects/byte-source.ts';
import type { Outcome } from './verdict.ts';

export interface EvidenceMatch {
  /** Pattern identifier with its `$`. */
  readonly pattern: string;
  readonly offset: number;
  readonly length: number;
  /** Printable text of the matched bytes, at most 64 of them, others as `\xNN`; undefined where settings leave it out. */
  readonly excerpt: string | undefined;
}

export type Severity = 'High' | 'Medium' | 'Low' | 'Informational';

export interface Finding {
  /** SHA-256 over ScanId, namespace and rule, lower-case hex. */
  readonly findingId: string;
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  /** JSON-ready: integers beyond 2^53 as text, bytes as text with `\xNN`. */
  readonly meta: readonly (readonly [name: string, value: string | number | boolean])[];
  readonly severity: Severity;
  readonly evidence: readonly EvidenceMatch[];
  /** The id of the exclusion that marks it; undefined for a finding that stands. */
  readonly exclusion: string | undefined;
  readonly exclusionBasis: 'trusted' | 'claimed' | undefined;
  /** What the uploader says that exclusions ask for, by field, such as `process.name`. */
  readonly claims: readonly (readonly [field: string, value: string])[];
}

export interface ScanReport {
  /** SHA-256 over account, container, name, versionId if any, eTag, bundle digest, engine version; lower-case hex. */
  readonly scanId: string;
  /** A UUID for this attempt. */
  readonly attemptId: string;
  readonly outcome: Outcome;
  readonly object: ObjectIdentity;
  /** ARM id of the watched storage account; `''` where unknown. */
  readonly resourceId: string;
  readonly sizeInBytes: number | undefined;
  /** Lower-case hex; undefined when the object was not wholly read. */
  readonly sha256: string | undefined;
  readonly md5: string | undefined;
  readonly bytesRead: number;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly scanStartedAt: string;
  readonly scanFinishedAt: string;
  readonly ruleCount: number;
  readonly skippedRuleCount: number;
  readonly rulesDigest: string;
  readonly exclusionsDigest: string;
  readonly engineVersion: string;
  readonly isCanary: boolean;
  /** What asked for the scan; `event` unless given. */
  readonly origin?: ScanOrigin | undefined;
  readonly findings: readonly Finding[];
  /** Set only for `superseded`: the ScanId of the scan that took this one's place. */
  readonly supersededBy: string | undefined;
  /** Scans that it stands for: more than one only where clean scans are recorded by the hour. 1 unless given. */
  readonly scanCount?: number;
}

/**
 * A report as a CloudEvent 1.0, small enough for a queue's message whatever the object is called and however many rules matched. Its
 * id is the ScanId: whoever receives it twice can tell. It carries no bytes of the object.
 */
import { printable } from '../base/redact.ts';
import type { ScanReport } from '../scanner/scan-report.ts';

/** Rules that are named; their number is told besides. */
const MAX_RULES = 20;
const MAX_TEXT = 1_024;

export interface VerdictEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

/** At most 40,000 bytes as JSON. */
export function verdictEvent(report: ScanReport): VerdictEvent {
  const { object, outcome, findings } = report;
  const text = (value: string): string => printable(value, MAX_TEXT);
  const standing = findings.filter(({ exclusion }) => exclusion === undefined);
  return {
    specversion: '1.0',
    id: report.scanId,
    // An ARM id where it is known, as the storage account's own events have it.
    source: text(report.resourceId === '' ? `/sluice/${object.account}` : report.resourceId),
    type: `Sluice.Object.${outcome.verdict}`,
    subject: text(`/blobServices/default/containers/${object.container}/blobs/${object.objectName}`),
    time: report.scanFinishedAt,
    datacontenttype: 'application/json',
    data: {
      scanId: report.scanId,
      verdict: outcome.verdict,
      reason: outcome.reason,
      url: text(object.url),
      eTag: object.eTag,
      versionId: object.versionId,
      sizeInBytes: report.sizeInBytes,
      sha256: report.sha256,
      findings: standing.length,
      rules: standing.slice(0, MAX_RULES).map(({ rule, namespace, severity }) => ({
        rule: printable(rule, 128),
        namespace: printable(namespace, 128),
        severity,
      })),
      rulesDigest: report.rulesDigest,
      engineVersion: report.engineVersion,
    },
  };
}

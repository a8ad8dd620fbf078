/** Reports for tests of sinks: complete, and different by a number. */
import { createHash } from 'node:crypto';
import type { Finding, ScanReport } from '../../../../shared/scanner/scan-report.ts';
import { outcomeOfScan } from '../../../../shared/scanner/verdict.ts';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function makeFinding(scanId: string, rule: string, overrides: Partial<Finding> = {}): Finding {
  return {
    findingId: sha256(`${scanId} ${rule}`),
    rule,
    namespace: 'default',
    tags: ['apt', 'network'],
    meta: [
      ['description', 'EQGRP Toolset Firewall - Callback addresses'],
      ['author', 'Florian Roth'],
      ['score', 75],
    ],
    severity: 'Medium',
    evidence: [{ pattern: '$s1', offset: 4096, length: 16, excerpt: '30.40.50.60:9342' }],
    exclusion: undefined,
    exclusionBasis: undefined,
    claims: [],
    ...overrides,
  };
}

/** A report with `findingCount` findings: a match, or a clean one when there are none. */
export function makeReport(number = 1, findingCount = 1, overrides: Partial<ScanReport> = {}): ScanReport {
  const scanId = sha256(`scan ${number}`);
  const hasStandingFinding = findingCount > 0;
  return {
    scanId,
    attemptId: '8f14e45f-ceea-467f-a5ad-0b7b3b7c9a10',
    outcome: outcomeOfScan({ hasStandingFinding, hasExcludedFinding: false, isWhole: true, undecided: [] }),
    object: {
      account: 'uploads',
      container: 'incoming',
      objectName: `2026/11/sample-${number}.bin`,
      url: `https://uploads.blob.core.windows.net/incoming/2026/11/sample-${number}.bin`,
      eTag: '0x8DE2B1C3A4F5E60',
      versionId: undefined,
    },
    resourceId:
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/a/providers/Microsoft.Storage/storageAccounts/uploads',
    sizeInBytes: 8192,
    sha256: sha256(`content ${number}`),
    md5: undefined,
    bytesRead: 8192,
    eventTime: '2026-11-23T10:00:00.1234567Z',
    scanStartedAt: '2026-11-23T10:00:01.000Z',
    scanFinishedAt: '2026-11-23T10:00:02.500Z',
    ruleCount: 2,
    skippedRuleCount: 0,
    rulesDigest: sha256('rules'),
    exclusionsDigest: sha256('exclusions'),
    engineVersion: '0.1.0',
    isCanary: false,
    findings: Array.from({ length: findingCount }, (_, i) => makeFinding(scanId, `rule_${i}`)),
    supersededBy: undefined,
    ...overrides,
  };
}

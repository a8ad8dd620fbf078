/**
 * The names of scans and findings. A ScanId stands for "these bytes, these rules, this engine": the same scan has the same id
 * whoever runs it and however often, which is what makes a repeated row harmless and the ledger able to say "already done".
 *
 * Every part goes into the hash with its length, or container `a` with object `b/c` and container `a/b` with `c` would be one
 * scan.
 */
import { sha256Hex } from '../base/digest.ts';
import type { ObjectIdentity } from '../objects/byte-source.ts';

/** What of the scanning side decides an answer. */
export interface ScanBasis {
  /** `CompiledRules.digest` of the bundle. */
  readonly rulesDigest: string;
  readonly engineVersion: string;
  /** Digest of the limit that a policy sets on the rules; undefined when all are asked. */
  readonly limitDigest?: string | undefined;
}

/** The ScanId of one version of one object under these rules: lower-case hex, 64 characters. */
export function scanIdOf(object: ObjectIdentity, basis: ScanBasis): string {
  const { account, container, objectName, versionId, eTag } = object;
  const { rulesDigest, engineVersion, limitDigest } = basis;
  const limit = limitDigest === undefined ? [] : [limitDigest];
  return sha256Hex([account, container, objectName, versionId, eTag, rulesDigest, engineVersion, ...limit]);
}

/**
 * The ScanId of a message that asks for no scan. It comes from the event's own id, so that a message delivered twice is one
 * row and two broken messages are two. Never the ScanId of an object: those have no first part of this text, because an
 * account's name holds no space.
 */
export function refusalIdOf(
  refusal: {
    readonly eventId: string;
    readonly account: string;
    readonly container: string;
    readonly objectName: string;
  },
  basis: ScanBasis,
): string {
  const { eventId, account, container, objectName } = refusal;
  const parts = ['refused message', eventId, account, container, objectName];
  return sha256Hex([...parts, basis.rulesDigest, basis.engineVersion]);
}

/** The FindingId of one rule in one scan: lower-case hex, 64 characters. */
export function findingIdOf(scanId: string, namespace: string, rule: string): string {
  return sha256Hex([scanId, namespace, rule]);
}

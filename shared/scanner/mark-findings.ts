/**
 * Findings past the exclusions: each is marked or left as it is, and takes along the claims that bear on it. In go what is
 * known of the object; nothing is ever taken away.
 */
import type { ExclusionSet } from '../exclusions/exclusion-set.ts';
import type { FieldValue, FieldValues } from '../exclusions/evaluate.ts';
import { processMetadata } from '../exclusions/fields.ts';
import type { Finding } from './scan-report.ts';

/** What exclusions may ask of an object. Undefined: it could not be learnt. */
export interface ObjectFacts {
  readonly account: string;
  readonly container: string;
  readonly objectName: string;
  readonly sizeInBytes: number | undefined;
  /** Lower-case hex. */
  readonly sha256: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Index tags; undefined also where no exclusion asks for them. */
  readonly tags: Readonly<Record<string, string>> | undefined;
}

export function markFindings(
  findings: readonly Finding[],
  object: ObjectFacts,
  exclusions: ExclusionSet,
  now: Date,
): Finding[] {
  const known = objectValues(object);
  const unlearnt = new Set([
    ...(object.sha256 === undefined ? ['object.sha256'] : []),
    ...(object.sizeInBytes === undefined ? ['object.size'] : []),
    ...(object.tags === undefined ? ['tags'] : []),
  ]);
  return findings.map((finding) => {
    const { rule, namespace } = finding;
    const values = new Map([...known, ...findingValues(finding)]);
    const mark = exclusions.mark({ rule, namespace, values, unlearnt, now });
    const claims = exclusions.claims(finding, values);
    return { ...finding, exclusion: mark?.exclusion, exclusionBasis: mark?.basis, claims };
  });
}

/** The values of `rule.*`. */
export function findingValues(finding: Pick<Finding, 'rule' | 'namespace' | 'severity' | 'tags'>): FieldValues {
  return new Map<string, FieldValue>([
    ['rule.name', finding.rule],
    ['rule.namespace', finding.namespace],
    ['rule.severity', finding.severity],
    ['rule.tags', finding.tags],
  ]);
}

function objectValues(object: ObjectFacts): FieldValues {
  // Names of metadata have no case of their own; the service hands them over in lower case, others may not.
  const metadata = Object.entries(object.metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const byName = new Map(metadata);
  const entries: (readonly [string, FieldValue | undefined])[] = [
    ['blob.account', object.account],
    ['blob.container', object.container],
    ['blob.name', object.objectName],
    ['object.sha256', object.sha256],
    ['object.size', object.sizeInBytes],
    ...Object.entries(processMetadata).map(([field, key]) => [field, byName.get(key)] as const),
    ...metadata.map(([name, value]) => [`metadata.${name}`, value] as const),
    ...Object.entries(object.tags ?? {}).map(([name, value]) => [`tags.${name}`, value] as const),
  ];
  return new Map(entries.filter((entry): entry is [string, FieldValue] => entry[1] !== undefined && entry[1] !== ''));
}

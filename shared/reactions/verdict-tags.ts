/**
 * The index tags that tell of a verdict, merged into those that an object has. Setting tags replaces all of them, and an object has
 * ten at most, some of which belong to its owner and to other scanners: theirs are kept, ours fill what is left.
 *
 *   SluiceVerdict   match · excluded · clean · incomplete · failed · skipped
 *   SluiceETag      the version it is about; on another one the verdict says nothing
 *   SluiceScanned   when, ISO 8601
 *   SluiceRules     rules that matched, as many as there is room for
 *
 * Source: Set Blob Tags. Keys 1–128, values 0–256 characters of `A-Za-z0-9 +-./:=_`.
 */
import type { ScanReport } from '../scanner/scan-report.ts';

export const MAX_TAGS = 10;
const MAX_VALUE = 256;

/** In the order of their weight: the first is set where only one has room. */
const ownKeys = ['SluiceVerdict', 'SluiceETag', 'SluiceScanned', 'SluiceRules'] as const;

export type Tags = Readonly<Record<string, string>>;

/** The tags to set; undefined where the object has ten of its own already. O(tags). */
export function mergeVerdictTags(present: Tags, report: ScanReport): Tags | undefined {
  const merged = new Map(Object.entries(present).filter(([key]) => !ownKeys.some((own) => own === key)));
  const own = verdictTags(report);
  for (const key of ownKeys) {
    const value = own[key];
    if (value !== undefined && merged.size < MAX_TAGS) merged.set(key, value);
  }
  return merged.has('SluiceVerdict') ? Object.fromEntries(merged) : undefined;
}

/** Whether both hold the same tags. */
export function areSameTags(a: Tags, b: Tags): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

function verdictTags({
  outcome,
  object,
  scanFinishedAt,
  findings,
}: ScanReport): Partial<Record<(typeof ownKeys)[number], string>> {
  const standing = findings.filter(({ exclusion }) => exclusion === undefined).map(({ rule }) => legal(rule));
  return {
    SluiceVerdict: outcome.verdict,
    SluiceETag: cut(legal(object.eTag)),
    SluiceScanned: cut(legal(scanFinishedAt)),
    ...(standing.length > 0 && { SluiceRules: wholeNames(standing) }),
  };
}

/** Names between spaces, the last of them whole. */
function wholeNames(names: readonly string[]): string {
  let text = cut(names[0]!);
  for (const name of names.slice(1)) {
    if (text.length + 1 + name.length > MAX_VALUE) break;
    text += ` ${name}`;
  }
  return text;
}

function legal(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9 +\-./:=_]/g, '_');
}

function cut(text: string): string {
  return text.slice(0, MAX_VALUE);
}

/**
 * How severe a finding is, from what the rule's author said of it: meta `severity` as one of Sentinel's words or a number from
 * 0 to 100, else meta `score`, else Medium. What an author wrote that means nothing here counts as unsaid.
 */
import type { RuleMatch } from '../yara/index.ts';
import type { Severity } from './scan-report.ts';

type RuleMeta = RuleMatch['meta'];
type MetaValue = RuleMeta[number][1];

const words: Readonly<Record<string, Severity>> = {
  critical: 'High',
  high: 'High',
  medium: 'Medium',
  moderate: 'Medium',
  low: 'Low',
  informational: 'Informational',
  information: 'Informational',
  info: 'Informational',
};

const HIGH_SCORE = 80;
const MEDIUM_SCORE = 60;

export function severityOf(meta: RuleMeta): Severity {
  return firstKnown(meta, 'severity', severityFromText) ?? firstKnown(meta, 'score', severityFromScore) ?? 'Medium';
}

function firstKnown(
  meta: RuleMeta,
  name: string,
  read: (value: MetaValue) => Severity | undefined,
): Severity | undefined {
  for (const [key, value] of meta) {
    // A rule may repeat a key; the first one that can be read is meant.
    const severity = key.toLowerCase() === name ? read(value) : undefined;
    if (severity !== undefined) return severity;
  }
  return undefined;
}

function severityFromText(value: MetaValue): Severity | undefined {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return Object.hasOwn(words, word) ? words[word] : severityFromScore(value);
}

function severityFromScore(value: MetaValue): Severity | undefined {
  const score = scoreOf(value);
  if (Number.isNaN(score)) return undefined;
  if (score >= HIGH_SCORE) return 'High';
  return score >= MEDIUM_SCORE ? 'Medium' : 'Low';
}

/** NaN for what is no number. */
function scoreOf(value: MetaValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/**
 * The one table of outcomes (rank and reasons), and the two questions it answers: what a scan that ran amounts to, and
 * whether an outcome may be written over a recorded one.
 *
 * `match`, `excluded` and `clean` come only out of `outcomeOfScan`: nobody else may say what was in an object. The other
 * outcomes have a constructor each, which takes exactly the reasons of its verdict.
 */
import { invariant } from '../base/errors.ts';

export const verdicts = {
  match: { rank: 4, reasons: [] },
  excluded: { rank: 4, reasons: [] },
  clean: { rank: 3, reasons: [] },
  incomplete: {
    rank: 2,
    reasons: ['undecidedRule', 'deadline', 'noProgress', 'changing', 'limit:', 'sourceError'],
  },
  failed: { rank: 1, reasons: ['poison', 'malformedMessage', 'sinkRefused', 'rulesRefused'] },
  skipped: {
    rank: 0,
    reasons: ['policy:', 'blobType', 'archived', 'customerKey', 'gone', 'foreignAccount', 'notABlobEvent'],
  },
  superseded: { rank: 0, reasons: [] },
} as const;

export type Verdict = keyof typeof verdicts;

/** The reasons a verdict can have; `never` for those that stand without one. */
export type ReasonOf<V extends Verdict> = Named<(typeof verdicts)[V]['reasons'][number]>;

/** A reason from the closed list of its verdict; one that ends in `:` there carries a name behind the colon. */
export type Reason = ReasonOf<Verdict>;

type Named<R extends string> = R extends `${string}:` ? `${R}${string}` : R;

export interface Outcome {
  readonly verdict: Verdict;
  /** Present exactly for incomplete, failed and skipped. */
  readonly reason: Reason | undefined;
  /** For a person; what the reason alone does not say. At most 500 characters. */
  readonly detail: string | undefined;
}

/** What is known when a scan has run, whether it came to its end or not. */
export interface ScanFacts {
  /** A finding that no exclusion marks. */
  readonly hasStandingFinding: boolean;
  readonly hasExcludedFinding: boolean;
  /** Every byte was matched, or the engine said that no rule needed the rest. */
  readonly isWhole: boolean;
  /** Rules the engine could not decide. */
  readonly undecided: readonly { readonly rule: string; readonly namespace: string; readonly reason: string }[];
  /** What ended the scan before its time; undefined when nothing did. */
  readonly stoppedBy?: ReasonOf<'incomplete'> | undefined;
  /** For a person, such as the error that ended it. */
  readonly detail?: string | undefined;
}

export const maximumDetailLength = 500;

/** Length of the name behind `limit:` or `policy:`. */
const maximumNameLength = 100;
const maximumRulesNamed = 5;

export function rankOf(verdict: Verdict): number {
  return verdicts[verdict].rank;
}

/**
 * What a scan that ran amounts to: match › incomplete › excluded › clean. Clean and excluded need a whole scan with every
 * rule decided; a match needs neither, and its detail then says what is missing.
 */
export function outcomeOfScan(facts: ScanFacts): Outcome {
  const shortfall = shortfallOf(facts);
  if (facts.hasStandingFinding) {
    const partial = shortfall && `not wholly scanned (${shortfall.reason})`;
    return makeOutcome('match', undefined, joinDetails(partial, shortfall?.detail ?? facts.detail));
  }
  if (shortfall) return makeOutcome('incomplete', shortfall.reason, shortfall.detail);
  return makeOutcome(facts.hasExcludedFinding ? 'excluded' : 'clean', undefined, facts.detail);
}

export function incompleteOutcome(reason: ReasonOf<'incomplete'>, detail?: string): Outcome {
  return makeOutcome('incomplete', reason, detail);
}

export function failedOutcome(reason: ReasonOf<'failed'>, detail?: string): Outcome {
  return makeOutcome('failed', reason, detail);
}

export function skippedOutcome(reason: ReasonOf<'skipped'>, detail?: string): Outcome {
  return makeOutcome('skipped', reason, detail);
}

/** Only for a report that names, in `supersededBy`, the scan that took this one's place and is already recorded. */
export function supersededOutcome(detail?: string): Outcome {
  return makeOutcome('superseded', undefined, detail);
}

/**
 * The outcome of a request that was refused before any scan. For verdict and reason read from a value whose type does not
 * tie the two together; throws (a bug) when they do not belong together.
 */
export function refusedOutcome(verdict: 'failed' | 'skipped', reason: Reason, detail?: string): Outcome {
  return makeOutcome(verdict, reason, detail);
}

/** Throws (a bug) when the reason is missing, stands where none may, or is not one of its verdict's. */
export function assertOutcome(outcome: Outcome): void {
  const { verdict, reason, detail } = outcome;
  invariant(Object.hasOwn(verdicts, verdict), `unknown verdict ${verdict}`);
  const reasons: readonly string[] = verdicts[verdict].reasons;
  if (reasons.length === 0) invariant(reason === undefined, `${verdict} takes no reason, got ${String(reason)}`);
  else invariant(isListed(reason, reasons), `${String(reason)} is no reason for ${verdict}`);
  invariant(
    detail === undefined || detail.length <= maximumDetailLength,
    `detail of ${String(detail?.length)} characters`,
  );
}

/**
 * Whether an outcome of `newRank` may be written where one of `recordedRank` stands. The same scan means the same bytes,
 * rules and engine, so what was learnt before stays true: an outcome of lower rank never replaces one.
 */
export function mayReplace(recordedRank: number | undefined, newRank: number): boolean {
  return recordedRank === undefined || newRank >= recordedRank;
}

/** Why a scan is less than whole; undefined when it is whole. */
function shortfallOf(facts: ScanFacts): { reason: ReasonOf<'incomplete'>; detail: string | undefined } | undefined {
  const rules = facts.undecided.length === 0 ? undefined : describeUndecided(facts.undecided);
  const detail = joinDetails(facts.detail, rules);
  if (facts.stoppedBy !== undefined) return { reason: facts.stoppedBy, detail };
  // Bytes are missing and nobody said why: the source did not give them.
  if (!facts.isWhole) return { reason: 'sourceError', detail };
  return rules === undefined ? undefined : { reason: 'undecidedRule', detail };
}

function describeUndecided(undecided: ScanFacts['undecided']): string {
  const named = undecided.slice(0, maximumRulesNamed).map((r) => `${r.namespace}:${r.rule} (${r.reason})`);
  const more = undecided.length - named.length;
  return `undecided: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function joinDetails(...parts: readonly (string | undefined)[]): string | undefined {
  const present = parts.filter((part) => part !== undefined && part !== '');
  return present.length === 0 ? undefined : present.join('; ');
}

function makeOutcome(verdict: Verdict, reason: Reason | undefined, detail: string | undefined): Outcome {
  const outcome = { verdict, reason, detail: detail === undefined ? undefined : shortenDetail(detail) };
  assertOutcome(outcome);
  return outcome;
}

function shortenDetail(detail: string): string {
  if (detail.length <= maximumDetailLength) return detail;
  const cut = detail.slice(0, maximumDetailLength - 1);
  // Half a surrogate pair at the cut would not survive the way to a row.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

function isListed(reason: string | undefined, reasons: readonly string[]): boolean {
  if (reason === undefined) return false;
  const colon = reason.indexOf(':');
  if (colon < 0) return reasons.includes(reason);
  const name = reason.slice(colon + 1);
  return (
    reasons.includes(reason.slice(0, colon + 1)) && name.length <= maximumNameLength && /^\S(?:\P{Cc}*\S)?$/u.test(name)
  );
}

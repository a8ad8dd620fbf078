/**
 * The one table of outcomes (rank and reasons), and the two questions it answers: what a scan that ran amounts to, and
 * whether an outcome may be written over a recorded one.
 */

export const verdicts = {
  match: { rank: 4, reasons: [] },
  excluded: { rank: 4, reasons: [] },
  clean: { rank: 3, reasons: [] },
  incomplete: {
    rank: 2,
    reasons: ['undecidedRule', 'deadline', 'noProgress', 'changing', 'limit:', 'sourceError'],
  },
  failed: { rank: 1, reasons: ['poison', 'malformedMessage', 'sinkRefused'] },
  skipped: {
    rank: 0,
    reasons: ['policy:', 'blobType', 'archived', 'customerKey', 'gone', 'foreignAccount', 'notABlobEvent'],
  },
  superseded: { rank: 0, reasons: [] },
} as const;

export type Verdict = keyof typeof verdicts;

/** A reason from the closed list of its verdict; one that ends in `:` there carries a name behind the colon. */
export type Reason =
  | 'undecidedRule'
  | 'deadline'
  | 'noProgress'
  | 'changing'
  | `limit:${string}`
  | 'sourceError'
  | 'poison'
  | 'malformedMessage'
  | 'sinkRefused'
  | `policy:${string}`
  | 'blobType'
  | 'archived'
  | 'customerKey'
  | 'gone'
  | 'foreignAccount'
  | 'notABlobEvent';

export interface Outcome {
  readonly verdict: Verdict;
  /** Present exactly for incomplete, failed and skipped. */
  readonly reason: Reason | undefined;
  /** For a person; what the reason alone does not say. At most 500 characters. */
  readonly detail: string | undefined;
}

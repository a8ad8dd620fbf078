/**
 * Tells of a verdict by a message in a queue of the scanner's own account, as a CloudEvent. At least once: the id is the ScanId.
 * A queue and no topic, because a queue needs nothing but a role, holds what nobody has fetched yet, and Logic Apps, Functions and
 * anything with a storage client read it.
 */
import type { Verdict } from '../scanner/verdict.ts';
import { verdictEvent } from './cloud-event.ts';
import type { VerdictEvent } from './cloud-event.ts';
import type { Reaction } from './reaction.ts';

export interface NotifyParts {
  readonly send: (event: VerdictEvent) => Promise<void>;
  /** Which verdicts are told of. */
  readonly verdicts: readonly Verdict[];
}

export function createNotifyReaction({ send, verdicts }: NotifyParts): Reaction {
  return {
    name: 'notify',
    async react(report, { abortSignal }) {
      if (!verdicts.includes(report.outcome.verdict)) return { kind: 'notConcerned', detail: 'nobody is told of it' };
      abortSignal.throwIfAborted();
      await send(verdictEvent(report));
      return { kind: 'done', detail: 'a message was sent' };
    },
  };
}

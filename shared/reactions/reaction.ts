/**
 * A reaction changes the world because of a report: it labels the object, takes it away, tells somebody. Every reaction passes the
 * contract suite in `test/azure/reactions/reaction-contract.ts`.
 *
 * It is bound to the version that was scanned: where another one is there by now, nothing is changed and nothing is an error.
 */
import type { ReactionName } from '../base/settings.ts';
import type { ScanReport } from '../scanner/scan-report.ts';

export interface Reaction {
  readonly name: ReactionName;
  /**
   * Does it, or finds that it is done. Doing it twice is harmless. Rejects with a `SluiceError` when it could not be done and may
   * be done later (`retryable`) or not (then a person must see to it), and with the signal's reason after an abort.
   */
  react(report: ScanReport, options: { readonly abortSignal: AbortSignal }): Promise<ReactionResult>;
}

export interface ReactionResult {
  /**
   * `done`: the world is as it should be. `notConcerned`: the report asks for nothing. `changed`: another version is there, or none.
   * `refused`: the service will not have it done, however often it is asked.
   */
  readonly kind: 'done' | 'notConcerned' | 'changed' | 'refused';
  /** For a person: what was done and what remains, or why nothing was; at most 500 characters. */
  readonly detail: string;
}

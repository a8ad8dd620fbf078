/**
 * Whether this process could scan and record now: rules are there and none are refused, the ledger and the queue answer, the outbox
 * is not full, and a canary was recorded lately. What is wrong is for the log: whoever may only ask learns yes or no.
 *
 * All of it costs a handful of requests; answers are kept for a while, and those who ask meanwhile share one check, so that asking
 * often is no burden on storage.
 */
import { errorText } from '../base/describe-error.ts';
import type { Logger } from '../base/log.ts';

export interface Health {
  readonly isOk: boolean;
  /** What is wrong, by what was looked at; empty when nothing is. */
  readonly problems: Readonly<Record<string, string>>;
}

/** Each resolves with what is wrong, or with undefined; one that rejects says so too. */
export type HealthLooks = Readonly<Record<string, () => Promise<string | undefined>>>;

export interface HealthCheckOptions {
  readonly log: Logger;
  /** How long an answer is given again; 15 s unless given. */
  readonly keptForMs?: number | undefined;
  /** How long each look may take; 5 s unless given. */
  readonly lookInMs?: number | undefined;
}

export class HealthCheck {
  readonly #looks: HealthLooks;
  readonly #options: HealthCheckOptions;
  #answer: Promise<Health> | undefined;
  #keptUntil = 0;

  constructor(looks: HealthLooks, options: HealthCheckOptions) {
    this.#looks = looks;
    this.#options = options;
  }

  /** Never rejects. */
  check(): Promise<Health> {
    if (this.#answer === undefined || Date.now() >= this.#keptUntil) {
      this.#keptUntil = Date.now() + (this.#options.keptForMs ?? 15_000);
      this.#answer = this.#look();
    }
    return this.#answer;
  }

  async #look(): Promise<Health> {
    const { log, lookInMs = 5_000 } = this.#options;
    const looks = Object.entries(this.#looks).map(async ([name, look]): Promise<[string, string | undefined]> => {
      try {
        return [name, await Promise.race([look(), tooLate(lookInMs)])];
      } catch (error) {
        return [name, errorText(error, 200)];
      }
    });
    const found = await Promise.all(looks);
    const problems = Object.fromEntries(found.filter((each): each is [string, string] => each[1] !== undefined));
    const isOk = Object.keys(problems).length === 0;
    if (!isOk) log.warn('the scanner is not in order', { problems });
    return { isOk, problems };
  }
}

/** A look that never ends is left to itself: none of them changes anything. */
function tooLate(lookInMs: number): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(resolve, lookInMs, `no answer within ${lookInMs} ms`).unref();
  });
}

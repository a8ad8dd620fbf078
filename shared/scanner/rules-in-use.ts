/**
 * Which rules a scan is given, while the rules of the process may change: the newest, but for a scan that goes on from a
 * checkpoint of those before, which keeps them as long as this process has them. What was given is never changed under a scan.
 */
import type { RuleUnit } from './rule-unit.ts';

/** What is made of one unit, once: everything that scans with it. */
export interface RulesInUseParts<T> {
  readonly first: RuleUnit;
  readonly make: (unit: RuleUnit) => T;
  /** Other rules, where there are any. Never rejects. */
  readonly next?: (() => Promise<RuleUnit | undefined>) | undefined;
}

export class RulesInUse<T> {
  readonly #parts: RulesInUseParts<T>;
  #unit: RuleUnit;
  #current: T;
  #former: T | undefined;

  constructor(parts: RulesInUseParts<T>) {
    this.#parts = parts;
    this.#unit = parts.first;
    this.#current = parts.make(parts.first);
  }

  /** As of the last look. */
  get current(): T {
    return this.#current;
  }

  /** The newest, after a look for newer ones where one is due; or those before, if only they are the ones wanted. */
  async choose(isWanted: (scanner: T) => boolean = () => true): Promise<T> {
    const unit = await this.#parts.next?.();
    // Several who waited for one look are given the same unit.
    if (unit !== undefined && unit !== this.#unit) {
      this.#unit = unit;
      this.#former = this.#current;
      this.#current = this.#parts.make(unit);
    }
    if (this.#former !== undefined && !isWanted(this.#current) && isWanted(this.#former)) return this.#former;
    return this.#current;
  }
}

/** Collects differences: those that a dialect entry explains are counted, of the others the first of each rule is made small. */
import type { Found } from './campaign.ts';
import { textOf } from './corpus.ts';
import { explain, type Question } from './question.ts';
import { describe, shrink } from './shrink.ts';

/** Differences made small in one run; the rest are only counted. */
const MOST_SHRUNK = 25;

export class Findings {
  /** By name of the entry. */
  readonly explained = new Map<string, number>();
  readonly #rules = new Set<string>();
  readonly #print: (text: string) => void;
  readonly #mostShrunk: number;
  unexplained = 0;

  constructor(print: (text: string) => void, mostShrunk = MOST_SHRUNK) {
    this.#print = print;
    this.#mostShrunk = mostShrunk;
  }

  /** Rules with a difference that nothing explains. */
  get rules(): ReadonlySet<string> {
    return this.#rules;
  }

  async add(found: Found): Promise<void> {
    const { difference, rule, bytes, externals, sources, ours } = found;
    const company: Question = { sources, bytes, externals };
    const name = await explain(company, difference, ours);
    if (name !== undefined) {
      this.explained.set(name, (this.explained.get(name) ?? 0) + 1);
      return;
    }
    this.unexplained++;
    if (this.#rules.has(rule.key)) return;
    this.#rules.add(rule.key);
    if (this.#rules.size > this.#mostShrunk) return;
    this.#print(`\n=== ${rule.key}\n${JSON.stringify(difference).slice(0, 1000)}`);
    const [namespace] = difference.rule.split(':');
    const alone = { ...company, sources: [{ namespace: namespace!, text: textOf([rule]) }] };
    const shrunk = (await shrink(alone)) ?? (await shrink(company));
    this.#print(
      shrunk === undefined
        ? `asked anew it does not recur; it was asked by ${found.mode}, seed ${found.seed}, object of ${bytes.length} bytes`
        : describe(shrunk, found.seed),
    );
  }
}

/** Puts conditions about one object to the reference, many in one rule, and finds those that do not hold. */
import { compileByReference, type ReferenceRules } from '../reference.ts';

/** Conditions of one rule; more make the reference slow, fewer its compiler. */
const PER_RULE = 150;
/** What stands alone is compiled in parts of so many. */
const PER_SET = 1200;

/** The conditions that the reference says are false. Throws where it refuses one. */
export async function notHolding(module: string, conditions: readonly string[], bytes: Uint8Array): Promise<string[]> {
  const failing: string[] = [];
  for (const part of chunks(conditions, PER_SET)) {
    const groups = chunks(part, PER_RULE);
    const held = await ask(module, groups.map(conjunction), bytes);
    for (const [at, group] of groups.entries()) {
      if (held.has(at)) continue;
      const single = await ask(module, group, bytes);
      failing.push(...group.filter((_, index) => !single.has(index)));
    }
  }
  return failing;
}

/**
 * Asks about many copies of one object. Most of what is said of a copy is what is said of the object, and nearly all of the
 * time goes into compiling: so that is compiled once, each condition by itself, and for a copy only what is new.
 */
export class CopyAsker {
  readonly #module: string;
  readonly #places: ReadonlyMap<string, number>;
  readonly #conditions: readonly string[];
  #sets: ReferenceRules[] = [];

  /** `conditions` are those of the object itself. */
  constructor(module: string, conditions: readonly string[]) {
    this.#module = module;
    this.#conditions = [...new Set(conditions)];
    this.#places = new Map(this.#conditions.map((condition, at) => [condition, at]));
  }

  /** As `notHolding`. After a breakdown of the reference everything is compiled again by the next call. */
  async notHolding(conditions: readonly string[], bytes: Uint8Array): Promise<string[]> {
    try {
      if (this.#sets.length === 0) await this.#compile();
      const broken = new Set(this.#sets.flatMap((set, at) => heldBy(set, bytes).map((place) => at * PER_SET + place)));
      const fresh = conditions.filter((condition) => !this.#places.has(condition));
      const failing = conditions.filter((condition) => broken.has(this.#places.get(condition) ?? -1));
      return [...failing, ...(await notHolding(this.#module, fresh, bytes))];
    } catch (error) {
      this.free();
      throw error;
    }
  }

  free(): void {
    for (const set of this.#sets) set.free();
    this.#sets = [];
  }

  async #compile(): Promise<void> {
    for (const part of chunks(this.#conditions, PER_SET))
      this.#sets.push(await compile(this.#module, part.map(negation)));
  }
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function conjunction(conditions: readonly string[]): string {
  return conditions.map((condition) => `(${condition})`).join(' and ');
}

/** True where the condition is false or undefined. What matches takes the reference long to tell, so it is best that little does. */
function negation(condition: string): string {
  return `not ((${condition}) or filesize < 0)`;
}

/** Which of the conditions hold, by their place. */
async function ask(module: string, conditions: readonly string[], bytes: Uint8Array): Promise<ReadonlySet<number>> {
  const compiled = await compile(module, conditions);
  try {
    return new Set(heldBy(compiled, bytes));
  } finally {
    compiled.free();
  }
}

async function compile(module: string, conditions: readonly string[]): Promise<ReferenceRules> {
  const text = conditions.map((condition, at) => `rule r${at} { condition: ${condition} }`).join('\n');
  const compiled = await compileByReference([{ text: `import "${module}"\n${text}`, namespace: 'n' }], {});
  if ('errors' in compiled) throw new Error(compiled.errors.join('\n'));
  return compiled;
}

function heldBy(compiled: ReferenceRules, bytes: Uint8Array): number[] {
  return [...compiled.scan(bytes, {}).rules.keys()].map((name) => Number(/r(\d+)$/.exec(name)![1]));
}

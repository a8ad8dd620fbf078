/** Puts conditions about one object to the reference, many in one rule, and finds those that do not hold. */
import { compileByReference } from '../reference.ts';

/** Conditions of one rule; more make the reference slow, fewer its compiler. */
const PER_RULE = 150;

/** The conditions that the reference says are false. Throws where it refuses one. */
export async function notHolding(module: string, conditions: readonly string[], bytes: Uint8Array): Promise<string[]> {
  const failing: string[] = [];
  for (let from = 0; from < conditions.length; from += PER_RULE * 8) {
    const groups: string[][] = [];
    for (let at = from; at < Math.min(conditions.length, from + PER_RULE * 8); at += PER_RULE) {
      groups.push(conditions.slice(at, Math.min(conditions.length, from + PER_RULE * 8, at + PER_RULE)));
    }
    const held = await ask(module, groups.map(conjunction), bytes);
    for (const [at, group] of groups.entries()) {
      if (held.has(at)) continue;
      const single = await ask(module, group, bytes);
      failing.push(...group.filter((_, index) => !single.has(index)));
    }
  }
  return failing;
}

function conjunction(conditions: readonly string[]): string {
  return conditions.map((condition) => `(${condition})`).join(' and ');
}

/** Which of the conditions hold, by their place. */
async function ask(module: string, conditions: readonly string[], bytes: Uint8Array): Promise<ReadonlySet<number>> {
  const text = conditions.map((condition, at) => `rule r${at} { condition: ${condition} }`).join('\n');
  const compiled = await compileByReference([{ text: `import "${module}"\n${text}`, namespace: 'n' }], {});
  if ('errors' in compiled) throw new Error(compiled.errors.join('\n'));
  try {
    const { rules } = compiled.scan(bytes, {});
    return new Set([...rules.keys()].map((name) => Number(/r(\d+)$/.exec(name)![1])));
  } finally {
    compiled.free();
  }
}

/** Rules made of conditions: the text of one, and many of them over the same object as one case. */
import type { Case } from './case.ts';

/** One rule a condition, all in one source. `strings` is a `strings:` section's lines, one pattern a line. */
export function sheetOf(
  conditions: ReadonlyMap<string, boolean>,
  strings?: string,
): Pick<Case, 'sources' | 'expected' | 'statements'> {
  const texts: string[] = [];
  const names: Record<string, string> = {};
  for (const condition of conditions.keys()) {
    const name = `c${texts.length}`;
    names[condition] = name;
    texts.push(ruleText(patternsUsed(strings, condition), condition, name));
  }
  return {
    sources: [{ text: texts.join('\n') }],
    expected: { kind: 'verdicts', verdicts: Object.fromEntries(conditions), names },
    statements: conditions.size,
  };
}

export function ruleText(strings: string, condition: string, name = 'r'): string {
  const section = strings.trim() === '' ? '' : `  strings:\n${strings.trim().replace(/^\s*/gm, '    ')}\n`;
  return `rule ${name} {\n${section}  condition:\n    ${condition.trim()}\n}\n`;
}

/** Those lines of `strings` whose pattern the condition names, by itself, by a wildcard or by `them`. */
export function patternsUsed(strings: string | undefined, condition: string): string {
  const lines = (strings ?? '').split('\n').filter((line) => line.trim() !== '');
  if (/\bthem\b|\$\*/.test(condition)) return lines.join('\n');
  const mentions = [...condition.matchAll(/[$#@!](\w+)(\*?)/g)].map(([, name, star]) => ({
    name,
    isPrefix: star === '*',
  }));
  return lines
    .filter((line) => {
      const name = /^\s*\$(\w*)/.exec(line)?.[1] ?? '';
      return mentions.some((mention) => (mention.isPrefix ? name.startsWith(mention.name!) : name === mention.name));
    })
    .join('\n');
}

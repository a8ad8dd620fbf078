/** `shared/yara/DIALECT.md` is true: both engines answer its examples as it says, and it has an entry for every name in use. */
import { describe, expect, it } from 'vitest';
import { grammarCases } from '../unit/shared/yara/syntax/grammar-cases.ts';
import { dialect, SHARED_CONSTRAINTS } from '../differential/dialect.ts';
import { allCases } from './all-cases.ts';
import type { Answer } from './answer.ts';
import { page, readPage, sourceOf, type PageExample } from './dialect-page.ts';
import { answerOf, compileFor, wholeMode } from './engine-modes.ts';
import { openReference } from './reference.ts';

const reference = await openReference();
const entries = readPage(page);

/** What an engine says about rule `r`, in the words of the page. */
function inWords(answer: Answer, { rule }: PageExample): string {
  if (answer.errors.length > 0) return answer.errors[0]!;
  const found = answer.rules.find((one) => one.rule === 'r');
  const isCondition = !rule.includes('$');
  if (found === undefined) return isCondition ? 'false' : '–';
  const matches = found.patterns['$a'] ?? [];
  return matches.length === 0 ? 'true' : matches.map(([offset, length]) => `${offset}+${length}`).join(', ');
}

describe('the page of the dialect', () => {
  const predicates = new Set([...dialect.map(({ name }) => name), SHARED_CONSTRAINTS]);
  const cases = new Set(
    allCases().flatMap(({ dialect: meant, unasked }) => {
      const named = /^([a-z][a-z0-9-]*-[a-z0-9-]+): /.exec(unasked ?? '')?.[1];
      return [...(meant === undefined ? [] : [meant.name]), ...(named === undefined ? [] : [named])];
    }),
  );

  for (const { verdict, name } of grammarCases()) if (verdict === 'ours' || verdict === 'theirs') cases.add(name);

  it('has an entry for every name that tests use, and no other', () => {
    const names = entries.map(({ name }) => name);
    const onlyHere = entries.filter(({ toldBy }) => toldBy === 'example').map(({ name }) => name);
    expect([...names].sort()).toEqual([...new Set([...predicates, ...cases, ...onlyHere])].sort());
    expect(new Set(names).size).toBe(names.length);
  });

  it('says of each by what it is told', () => {
    for (const { name, toldBy, section, count } of entries) {
      expect([name, toldBy === 'predicate']).toEqual([name, predicates.has(name)]);
      if (toldBy === 'example') expect(entries.find((entry) => entry.name === name)?.examples).not.toEqual([]);
      else if (toldBy !== 'predicate') expect([name, cases.has(name)]).toEqual([name, true]);
      expect([name, count !== undefined]).toEqual([name, section === 'Defects of the reference']);
    }
  });

  const examples = entries.flatMap(({ name, examples }) => examples.map((example) => [name, example] as const));
  it.each(examples.map(([name, example]) => [name, example.rule, example] as const))(
    '%s: %s',
    async (_name, rule, example) => {
      const sources = [{ text: sourceOf(rule) }];
      const compiled = compileFor({ sources });
      const ours = compiled.rules
        ? answerOf(await wholeMode.run(compiled.rules, { name: rule, bytes: example.object }), compiled.warnings)
        : { errors: compiled.errors, warnings: [], rules: [] };
      expect(inWords(ours, example)).toBe(example.ours);
      // A million matches take the package of the reference minutes.
      if (/^(aborts|not asked)$/.test(example.reference)) return;
      expect(inWords(reference.ask(sources, example.object), example)).toBe(example.reference);
    },
  );
});

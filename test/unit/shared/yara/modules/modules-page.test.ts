/** `shared/yara/modules/README.md` lists what the modules with a format offer, and their bounds: all of it and nothing else. */
import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tablesOf } from './modules-page.ts';

const FOLDER = new URL('../../../../../shared/yara/modules/', import.meta.url);
const page = readFileSync(new URL('README.md', FOLDER), 'utf8');
const BEGIN = '<!-- tables -->\n\n';

it('the tables are those of the schemas', () => {
  const shown = page.slice(page.indexOf(BEGIN) + BEGIN.length);
  const names = Array.from(shown.matchAll(/^## `(\w+)`$/gm), ([, name]) => name!);
  expect(names).toEqual(['dotnet', 'elf', 'pe']);
  expect(shown).toBe(`${tablesOf(names)}\n`);
});

it('every bound of theirs has a row, and no other', () => {
  const sources = globSync('{*,{dotnet,elf,pe}/*}.ts', { cwd: FOLDER }).map((name) =>
    readFileSync(new URL(name, FOLDER), 'utf8'),
  );
  const met = sources.flatMap((text) => Array.from(text.matchAll(/'(limit:\w+)'/g), ([, name]) => name!));
  const shown = Array.from(page.matchAll(/^\| `(limit:\w+)` \|/gm), ([, name]) => name!);
  expect(shown.sort()).toEqual([...new Set(met)].filter((name) => name !== 'limit:evaluationSteps').sort());
});

/** `shared/yara/modules/README.md` lists what the modules with a format offer: all of it and nothing else. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tablesOf } from './modules-page.ts';

const page = readFileSync(new URL('../../../../../shared/yara/modules/README.md', import.meta.url), 'utf8');
const BEGIN = '<!-- tables -->\n\n';

it('the tables are those of the schemas', () => {
  const shown = page.slice(page.indexOf(BEGIN) + BEGIN.length);
  const names = Array.from(shown.matchAll(/^## `(\w+)`$/gm), ([, name]) => name!);
  expect(names).toEqual(expect.arrayContaining(['elf', 'pe']));
  expect(shown).toBe(`${tablesOf(names)}\n`);
});

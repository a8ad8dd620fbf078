/** What the README lists is what there is: settings, error codes, verdicts and commands. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { settings } from '../../shared/base/settings.ts';
import { counters, gauges, histograms } from '../../shared/base/telemetry.ts';
import { verdicts } from '../../shared/scanner/verdict.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The cells of every row of the table under a heading, without the row of titles. */
function tableUnder(heading: string): string[][] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function errorCodes(): string[] {
  const files = ['shared', 'functions'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  );
  return [
    ...new Set(files.flatMap((text) => [...text.matchAll(/readonly code = '([A-Z_]+)'/g)].map((match) => match[1]!))),
  ].sort();
}

describe('README', () => {
  it('lists every setting as the program knows it', () => {
    const listed = tableUnder('Settings').map(([name, form, , meaning]) => ({ name, form, meaning }));
    const known = Object.values(settings).map(({ name, form, meaning }) => ({ name: `\`${name}\``, form, meaning }));
    expect(listed).toEqual(known);
  });

  it('lists every metric with what it is', () => {
    const listed = tableUnder('What it tells of itself').map(([name, meaning]) => [name!.replaceAll('`', ''), meaning]);
    expect(listed).toEqual(Object.entries({ ...counters, ...histograms, ...gauges }));
  });

  it('lists every error code once', () => {
    const listed = tableUnder('Errors').map(([code]) => code!.replaceAll('`', ''));
    expect([...listed].sort()).toEqual(errorCodes());
  });

  it('lists every verdict with its reasons', () => {
    const rows = tableUnder('What is recorded');
    expect(rows.map(([verdict]) => verdict!.replaceAll('`', ''))).toEqual(Object.keys(verdicts));
    for (const [verdict, meaning] of rows) {
      const { reasons } = verdicts[verdict!.replaceAll('`', '') as keyof typeof verdicts];
      for (const reason of reasons) expect(meaning).toContain(`\`${reason}`);
    }
  });

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm (?:run (?:--silent )?)?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(
      (match) => match[1]!,
    );
    const builtin = new Set(['ci', 'run']);
    expect(named.filter((name) => !builtin.has(name) && scripts[name] === undefined)).toEqual([]);
  });
});

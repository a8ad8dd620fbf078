import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadTableDefinitions, TableDefinitionError } from '../../../../shared/local/table-definitions.ts';
import { tables } from '../../../../shared/sinks/rows.ts';

/** Names that Log Analytics keeps for itself. */
const reserved = ['id', '_ResourceId', '_SubscriptionId', 'TenantId', 'Type', 'UniqueId', 'Title'];

describe('infra/tables', () => {
  const definitions = loadTableDefinitions();

  test('holds the two tables that the sink writes to', () => {
    expect(definitions.map(({ name }) => name).sort()).toEqual(Object.values(tables).sort());
  });

  test.each(definitions)(
    '$name has a time, unique and free names, and a description of every column',
    ({ columns, description }) => {
      const names = columns.map(({ name }) => name.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
      expect(columns[0]).toMatchObject({ name: 'TimeGenerated', type: 'dateTime' });
      expect(reserved.filter((name) => names.includes(name.toLowerCase()))).toEqual([]);
      expect(description).toMatch(/\.$/);
      for (const column of columns) expect(column.description, column.name).toMatch(/\.$/);
    },
  );

  test('a column that both tables have is the same in both', () => {
    const [first, second] = definitions.map(({ columns }) => new Map(columns.map((column) => [column.name, column])));
    const shared = [...first!.keys()].filter((name) => second!.has(name));
    expect(shared.length).toBeGreaterThan(20);
    for (const name of shared) expect(first!.get(name)).toEqual(second!.get(name));
  });
});

describe('loadTableDefinitions', () => {
  test.each([
    [
      'an unknown type',
      { name: 'A_CL', description: '.', columns: [{ name: 'A', type: 'datetime', description: '' }] },
    ],
    [
      'a name that is none',
      { name: 'A"_CL', description: '.', columns: [{ name: 'A', type: 'string', description: '' }] },
    ],
    ['no columns', { name: 'A_CL', description: '.', columns: [] }],
  ])('refuses a file with %s and names it', (_name, content) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-tables-'));
    try {
      writeFileSync(join(folder, 'A.json'), JSON.stringify(content));
      const load = (): unknown => loadTableDefinitions(pathToFileURL(`${folder}/`));
      expect(load).toThrow(TableDefinitionError);
      expect(load).toThrow(expect.objectContaining({ where: join(folder, 'A.json') }) as Error);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { TableDefinition } from '../../../../shared/local/table-definitions.ts';
import { openRowStore } from '../../../../shared/local/row-store.ts';

const table: TableDefinition = {
  name: 'Things_CL',
  description: 'For the test.',
  columns: [
    { name: 'Text', type: 'string', description: '' },
    { name: 'Small', type: 'int', description: '' },
    { name: 'Large', type: 'long', description: '' },
    { name: 'Ratio', type: 'real', description: '' },
    { name: 'Flag', type: 'boolean', description: '' },
    { name: 'At', type: 'dateTime', description: '' },
    { name: 'Key', type: 'guid', description: '' },
    { name: 'Bag', type: 'dynamic', description: '' },
  ],
};
const row = {
  Text: 'a\u0000"\'; DROP TABLE Things_CL; --漢',
  Small: -1,
  Large: Number.MAX_SAFE_INTEGER,
  Ratio: 0.1,
  Flag: false,
  At: '2026-11-23T10:00:00.1234567Z',
  Key: '8f14e45f-ceea-467f-a5ad-0b7b3b7c9a10',
  Bag: { a: [1, null, { b: true }], é: '"' },
};
const empty = Object.fromEntries(Object.keys(row).map((name) => [name, null]));

describe('row store', () => {
  test('gives back every value as it was, of every type, and nulls', () => {
    const store = openRowStore({ tables: [table] });
    store.insert(table.name, [row, empty, { ...row, Flag: true, Ratio: 5, Bag: 'text' }]);
    expect(store.rows(table.name)).toEqual([row, empty, { ...row, Flag: true, Ratio: 5, Bag: 'text' }]);
    expect(store.count(table.name)).toBe(3);
    store.close();
    store.close();
  });

  test('adds all rows of a call or none', () => {
    const store = openRowStore({ tables: [table] });
    expect(() => {
      store.insert(table.name, [row, { ...row, Small: 'x' }]);
    }).toThrow();
    expect(store.count(table.name)).toBe(0);
    store.insert(table.name, [row]);
    expect(store.count(table.name)).toBe(1);
    store.close();
  });

  test('keeps the latest rows when there are too many', () => {
    const store = openRowStore({ tables: [table], rowsPerTable: 10 });
    for (let i = 0; i < 7; i++)
      store.insert(
        table.name,
        [1, 2, 3].map((n) => ({ ...row, Small: i * 3 + n })),
      );
    expect(store.rows(table.name).map(({ Small }) => Small)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    store.close();
  });

  test('an older file gets the columns it lacks, and its tables are typed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-rows-'));
    const file = join(folder, 'rows.sqlite');
    try {
      const older = openRowStore({ tables: [{ ...table, columns: table.columns.slice(0, 2) }], file });
      older.insert(table.name, [{ Text: 'old', Small: 1 }]);
      older.close();
      const store = openRowStore({ tables: [table], file });
      store.insert(table.name, [row]);
      expect(store.rows(table.name)).toEqual([{ ...empty, Text: 'old', Small: 1 }, row]);
      store.close();
      const database = new DatabaseSync(file);
      const types = database.prepare("SELECT name, type FROM pragma_table_info('Things_CL')").all();
      expect(types.map(({ name, type }) => `${String(name)} ${String(type)}`)).toEqual([
        '_row INTEGER',
        'Text TEXT',
        'Small INTEGER',
        'Large INTEGER',
        'Ratio REAL',
        'Flag INTEGER',
        'At TEXT',
        'Key TEXT',
        'Bag TEXT',
      ]);
      database.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('knows no other table', () => {
    const store = openRowStore({ tables: [table] });
    expect(() => store.rows('Other_CL')).toThrow('no table Other_CL');
    store.close();
  });
});

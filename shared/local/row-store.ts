/**
 * Keeps the rows of the local endpoint in SQLite, in tables named and typed like those of the workspace, so that a person can
 * open the file with any SQLite tool. In memory unless a file is named.
 *
 * | column type | in SQLite |
 * |---|---|
 * | string, guid, dateTime | TEXT |
 * | int, long | INTEGER |
 * | boolean | INTEGER 0 or 1 |
 * | real | REAL |
 * | dynamic | TEXT, JSON |
 */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import type { ColumnType, TableDefinition } from './table-definitions.ts';
import { invariant } from '../base/errors.ts';

export interface RowStoreOptions {
  readonly tables: readonly TableDefinition[];
  /** Path of the database; rows of earlier runs stay. In memory unless given. */
  readonly file?: string | undefined;
  /** The oldest rows of a table beyond this many are removed; 100,000 unless given. */
  readonly rowsPerTable?: number;
}

export interface RowStore {
  /** Adds rows, all or none. Values fit their columns: see `coerceRow`. */
  insert(table: string, rows: readonly Readonly<Record<string, unknown>>[]): void;
  /** All rows of a table, oldest first, with the values they were inserted with. */
  rows(table: string): Record<string, unknown>[];
  count(table: string): number;
  close(): void;
}

/** Makes the tables, and in an older file the columns, that are not there yet. Table names are checked by their definition. */
export function openRowStore({ tables, file, rowsPerTable = 100_000 }: RowStoreOptions): RowStore {
  const database = new DatabaseSync(file ?? ':memory:');
  const definitions = new Map(tables.map((table) => [table.name, table]));
  for (const table of tables) createTable(database, table);
  const statements = new Map(tables.map((table) => [table.name, prepareStatements(database, table, rowsPerTable)]));

  const find = (name: string): { table: TableDefinition; statements: ReturnType<typeof prepareStatements> } => {
    const table = definitions.get(name);
    const prepared = statements.get(name);
    invariant(table !== undefined && prepared !== undefined, `no table ${name}`);
    return { table, statements: prepared };
  };

  return {
    insert(name, rows) {
      const { table, statements } = find(name);
      database.exec('BEGIN');
      try {
        for (const row of rows) statements.insert.run(...table.columns.map((c) => encode(row[c.name], c.type)));
        statements.trim.run();
        database.exec('COMMIT');
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    rows(name) {
      const { table, statements } = find(name);
      return statements.select
        .all()
        .map((row) => Object.fromEntries(table.columns.map((c) => [c.name, decode(row[c.name], c.type)])));
    },
    count(name) {
      return Number(find(name).statements.count.get()?.n ?? 0);
    },
    close() {
      if (database.isOpen) database.close();
    },
  };
}

function createTable(database: DatabaseSync, { name, columns }: TableDefinition): void {
  const declared = columns.map((column) => `"${column.name}" ${sqliteTypes[column.type]}`);
  database.exec(`CREATE TABLE IF NOT EXISTS "${name}" ("_row" INTEGER PRIMARY KEY, ${declared.join(', ')}) STRICT`);
  const present = new Set(
    database
      .prepare(`SELECT name FROM pragma_table_info('${name}')`)
      .all()
      .map((row) => row.name),
  );
  for (const column of columns) {
    if (present.has(column.name)) continue;
    database.exec(`ALTER TABLE "${name}" ADD COLUMN "${column.name}" ${sqliteTypes[column.type]}`);
  }
}

const sqliteTypes: Readonly<Record<ColumnType, string>> = {
  string: 'TEXT',
  guid: 'TEXT',
  dateTime: 'TEXT',
  dynamic: 'TEXT',
  int: 'INTEGER',
  long: 'INTEGER',
  boolean: 'INTEGER',
  real: 'REAL',
};

function prepareStatements(database: DatabaseSync, { name, columns }: TableDefinition, rowsPerTable: number) {
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  // node:sqlite ends text at its first NUL character; as bytes it comes back whole.
  const selected = columns.map(({ name: column, type }) =>
    sqliteTypes[type] === 'TEXT' ? `CAST("${column}" AS BLOB) AS "${column}"` : `"${column}"`,
  );
  return {
    insert: database.prepare(`INSERT INTO "${name}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`),
    select: database.prepare(`SELECT ${selected.join(', ')} FROM "${name}" ORDER BY "_row"`),
    count: database.prepare(`SELECT count(*) AS n FROM "${name}"`),
    trim: database.prepare(
      `DELETE FROM "${name}" WHERE "_row" <= (SELECT max("_row") FROM "${name}") - ${Math.trunc(rowsPerTable)}`,
    ),
  };
}

function encode(value: unknown, type: ColumnType): SQLInputValue {
  if (value === null || value === undefined) return null;
  if (type === 'dynamic') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  invariant(typeof value === 'string' || typeof value === 'number', `a ${typeof value} for a column of type ${type}`);
  return value;
}

function decode(value: SQLOutputValue | undefined, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'boolean') return value === 1;
  if (!(value instanceof Uint8Array)) return value;
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  return type === 'dynamic' ? JSON.parse(text) : text;
}

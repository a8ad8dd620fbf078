/**
 * What the service makes of a row: a value that does not fit its column becomes null, an unknown column is dropped, a long
 * field is cut, a TimeGenerated that is missing or far away is replaced by the time of arrival. Azure does all that without a
 * word. Here every such change is told, because in a test each of them is a fault of the sender.
 */
import type { ColumnType, TableDefinition } from './table-definitions.ts';

export interface CoercedRow {
  /** All columns of the table, `''` or null where there is nothing. */
  readonly row: Record<string, unknown>;
  /** What was changed and why. */
  readonly changes: readonly { readonly column: string; readonly change: string }[];
}

const maximumFieldBytes = 65_536;
const dayInMs = 24 * 60 * 60 * 1000;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The row as the table holds it. Never throws; O(size of the row). */
export function coerceRow(given: Readonly<Record<string, unknown>>, table: TableDefinition, now: Date): CoercedRow {
  const row: Record<string, unknown> = {};
  const changes: { column: string; change: string }[] = [];
  for (const { name, type } of table.columns) {
    const value = Object.hasOwn(given, name) ? given[name] : null;
    const { stored, change } = name === 'TimeGenerated' ? coerceTimeGenerated(value, now) : coerceValue(value, type);
    row[name] = stored;
    if (change !== undefined) changes.push({ column: name, change });
  }
  for (const name of Object.keys(given)) {
    const isKnown = table.columns.some((column) => column.name === name);
    if (!isKnown) changes.push({ column: name.slice(0, 100), change: 'dropped: the stream has no such column' });
  }
  return { row, changes };
}

interface Coerced {
  readonly stored: unknown;
  readonly change?: string;
}

function coerceTimeGenerated(value: unknown, now: Date): Coerced {
  const stored = now.toISOString();
  if (typeof value !== 'string' || !isTime(value)) return { stored, change: 'set to the time of arrival: not a time' };
  const age = now.getTime() - Date.parse(value);
  const isNear = age <= 2 * dayInMs && age >= -dayInMs;
  return isNear ? { stored: value } : { stored, change: 'set to the time of arrival: too far from it' };
}

function coerceValue(value: unknown, type: ColumnType): Coerced {
  if (value === null || value === undefined) return { stored: type === 'string' ? '' : null };
  switch (type) {
    case 'string':
      return typeof value === 'string'
        ? cutText(value)
        : { stored: JSON.stringify(value), change: `${typeof value} made text` };
    case 'int':
      return keepIf(Number.isInteger(value) && Math.abs(value as number) < 2 ** 31, value, type);
    case 'long':
      return keepIf(Number.isSafeInteger(value), value, type);
    case 'real':
      return keepIf(typeof value === 'number', value, type);
    case 'boolean':
      return keepIf(typeof value === 'boolean', value, type);
    case 'dateTime':
      return keepIf(typeof value === 'string' && isTime(value), value, type);
    case 'guid':
      return keepIf(typeof value === 'string' && guid.test(value), value, type);
    case 'dynamic':
      return keepIf(Buffer.byteLength(JSON.stringify(value)) <= maximumFieldBytes, value, `${type} below 64 KB`);
    default:
      return type satisfies never;
  }
}

function keepIf(fits: boolean, value: unknown, wanted: string): Coerced {
  return fits ? { stored: value } : { stored: null, change: `made null: ${describe(value)} is no ${wanted}` };
}

function isTime(text: string): boolean {
  return iso.test(text) && !Number.isNaN(Date.parse(text));
}

function cutText(text: string): Coerced {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maximumFieldBytes) return { stored: text };
  let end = maximumFieldBytes;
  // 10xxxxxx continues a character.
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return { stored: bytes.subarray(0, end).toString('utf8'), change: `cut to 64 KB from ${bytes.length} bytes` };
}

function describe(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}

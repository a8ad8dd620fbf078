/**
 * Values compared, grouped, printed and converted as Kusto does it. A comparison with null has no answer, but that null
 * equals nothing and differs from everything else (Kusto documentation, "Null values").
 */
import { DateTime, isArray, isBag, KustoError, TimeSpan } from './table.ts';
import type { ScalarType, Value } from './table.ts';
import { parseDateTime, parseTimeSpan, printDateTime, printTimeSpan } from './time.ts';

/** Null where both are null. */
export function areEqual(left: Value, right: Value): boolean | null {
  if (left === null || right === null) return left === right ? null : false;
  return groupKey(left) === groupKey(right);
}

/** Negative, zero or positive; null where one is null or the two cannot be ordered. */
export function compareValues(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  if (left instanceof DateTime && right instanceof DateTime) return compare(left.ticks, right.ticks);
  if (left instanceof TimeSpan && right instanceof TimeSpan) return compare(left.ticks, right.ticks);
  if (typeof left === 'string' && typeof right === 'string') return compare(left, right);
  if (typeof left === 'number' && typeof right === 'number') return compare(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return compare(left, right);
  return null;
}

function compare<T extends string | number | bigint | boolean>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Equal for values that are equal, and for two nulls. */
export function groupKey(value: Value): string {
  return `${kindOf(value)}:${printValue(value, 'dynamic')}`;
}

function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof DateTime) return 'datetime';
  return value instanceof TimeSpan ? 'timespan' : typeof value;
}

/** What `tostring` gives; `''` for null. `type` tells `1.0` from `1`. */
export function printValue(value: Value, type: ScalarType): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return type === 'real' && Number.isInteger(value) ? `${value}.0` : String(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof DateTime) return printDateTime(value);
  if (value instanceof TimeSpan) return printTimeSpan(value);
  return JSON.stringify(toJson(value));
}

/** As JSON holds it: times as text. */
export function toJson(value: Value): unknown {
  if (value instanceof DateTime) return printDateTime(value);
  if (value instanceof TimeSpan) return printTimeSpan(value);
  if (isArray(value)) return value.map(toJson);
  if (isBag(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner)]));
  return value;
}

/** JSON as a dynamic value. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fromJson(inner)]));
  }
  throw new KustoError(`a ${typeof value} is no dynamic value`);
}

/** `tolong`, `toreal`, `todatetime` and so on: null (for a string `''`) where the value is none of that type. */
export function convertTo(value: Value, type: ScalarType): Value {
  switch (type) {
    case 'string':
      return printValue(value, 'dynamic');
    case 'long':
    case 'int':
      return toWhole(value);
    case 'real':
      return toNumber(value);
    case 'bool':
      return toBoolean(value);
    case 'datetime':
      if (value instanceof DateTime) return value;
      return typeof value === 'string' ? parseDateTime(value) : null;
    case 'timespan':
      if (value instanceof TimeSpan) return value;
      return typeof value === 'string' ? parseTimeSpan(value) : null;
    case 'guid':
      return typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
        ? value.toLowerCase()
        : null;
    case 'dynamic':
      return value;
    default:
      return type satisfies never;
  }
}

function toNumber(value: Value): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)) return null;
  return Number(value);
}

function toWhole(value: Value): number | null {
  const number = toNumber(value);
  if (number === null || !Number.isFinite(number)) return null;
  // Text with a fraction is no long, a real is cut.
  if (typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value)) return null;
  return checkWhole(Math.trunc(number));
}

function toBoolean(value: Value): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (typeof value !== 'string') return null;
  const word = value.trim().toLowerCase();
  return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : null;
}

/** Throws for a long that a JavaScript number does not hold. */
export function checkWhole(value: number): number {
  if (!Number.isSafeInteger(value)) throw new KustoError(`the long ${value} is beyond 2^53`);
  return value;
}

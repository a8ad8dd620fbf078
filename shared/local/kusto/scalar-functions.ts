/**
 * Kusto's functions from values to one value, by name. Every function takes its arguments evaluated, with the types that
 * the language service found. What an argument of the wrong kind gives is null, which a string column shows as `''`.
 * Source: Kusto documentation, "Scalar functions".
 */
import { toRegExp } from './regex.ts';
import { DateTime, isArray, isBag, KustoError, TimeSpan } from './table.ts';
import type { Bag, ScalarType, Value } from './table.ts';
import { floorDivide, parseDateTime, ticksPerSecond, toDate } from './time.ts';
import { areEqual, compareValues, convertTo, fromJson, printValue } from './values.ts';

export interface Argument {
  readonly value: Value;
  readonly type: ScalarType;
}

type ScalarFunction = (given: readonly Argument[]) => Value;

const text = (given: readonly Argument[], index: number): string =>
  given[index] === undefined ? '' : printValue(given[index].value, given[index].type);

const value = (given: readonly Argument[], index: number): Value => given[index]?.value ?? null;

const number = (given: readonly Argument[], index: number): number | null => {
  const found = value(given, index);
  return typeof found === 'number' ? found : null;
};

const ofText =
  (compute: (text: string) => Value): ScalarFunction =>
  (given) =>
    compute(text(given, 0));

const converting =
  (type: ScalarType): ScalarFunction =>
  (given) =>
    convertTo(value(given, 0), type);

const choose: ScalarFunction = (given) => (value(given, 0) === true ? value(given, 1) : value(given, 2));

export const scalarFunctions: Readonly<Record<string, ScalarFunction>> = {
  // Logic
  not: (given) => (typeof value(given, 0) === 'boolean' ? !(value(given, 0) as boolean) : null),
  iff: choose,
  iif: choose,
  case: (given) => {
    for (let index = 0; index + 1 < given.length; index += 2) {
      if (value(given, index) === true) return value(given, index + 1);
    }
    return value(given, given.length - 1);
  },
  // For strings the first that is not empty counts.
  coalesce: (given) => given.map((argument) => argument.value).find((each) => each !== null && each !== '') ?? null,
  isnull: (given) => value(given, 0) === null,
  isnotnull: (given) => value(given, 0) !== null,
  isempty: (given) => text(given, 0) === '',
  isnotempty: (given) => text(given, 0) !== '',

  // Conversion
  tostring: (given) => text(given, 0),
  tolong: converting('long'),
  toint: converting('int'),
  toreal: converting('real'),
  todouble: converting('real'),
  tobool: converting('bool'),
  todatetime: converting('datetime'),
  totimespan: converting('timespan'),

  // Text
  tolower: ofText((given) => given.toLowerCase()),
  toupper: ofText((given) => given.toUpperCase()),
  strlen: ofText((given) => Array.from(given).length),
  strcat: (given) => given.map((_, index) => text(given, index)).join(''),
  strcat_array: (given) => {
    const parts = value(given, 0);
    return isArray(parts) ? parts.map((each) => printValue(each, 'dynamic')).join(text(given, 1)) : null;
  },
  substring: (given) => {
    const start = number(given, 1) ?? 0;
    const characters = Array.from(text(given, 0));
    const from = start < 0 ? Math.max(0, characters.length + start) : start;
    return characters.slice(from, from + (number(given, 2) ?? characters.length)).join('');
  },
  split: (given) => {
    const parts = text(given, 0).split(text(given, 1));
    const index = number(given, 2);
    return index === null ? parts : parts.slice(index, index + 1);
  },
  trim: (given) => trimMatches(text(given, 1), text(given, 0), true, true),
  trim_start: (given) => trimMatches(text(given, 1), text(given, 0), true, false),
  trim_end: (given) => trimMatches(text(given, 1), text(given, 0), false, true),
  replace_string: (given) => text(given, 0).replaceAll(text(given, 1), () => text(given, 2)),
  indexof: (given) => text(given, 0).indexOf(text(given, 1)),
  extract: (given) => {
    const found = toRegExp(text(given, 0)).exec(text(given, 2))?.[number(given, 1) ?? 0] ?? '';
    return found;
  },

  // Time
  startofday: (given) => floorTime(value(given, 0), 86_400n * ticksPerSecond),
  bin: (given) => floorTo(value(given, 0), value(given, 1)),
  floor: (given) => floorTo(value(given, 0), value(given, 1)),
  datetime_diff: (given) => differenceIn(text(given, 0), value(given, 1), value(given, 2)),
  format_datetime: (given) => {
    const time = value(given, 0);
    return time instanceof DateTime ? formatDateTime(time, text(given, 1)) : null;
  },

  // Numbers
  abs: (given) => {
    const found = number(given, 0);
    return found === null ? null : Math.abs(found);
  },
  round: (given) => {
    const found = number(given, 0);
    const digits = 10 ** (number(given, 1) ?? 0);
    return found === null ? null : Math.round(found * digits) / digits;
  },
  max_of: (given) => extreme(given, 1),
  min_of: (given) => extreme(given, -1),

  // Dynamic values
  parse_json: (given) => parseJson(value(given, 0)),
  todynamic: (given) => parseJson(value(given, 0)),
  bag_pack: (given) => pack(given),
  pack: (given) => pack(given),
  pack_array: (given) => given.map((argument) => argument.value),
  bag_keys: (given) => {
    const bag = value(given, 0);
    return isBag(bag) ? Object.keys(bag) : null;
  },
  array_length: (given) => {
    const found = value(given, 0);
    return isArray(found) ? found.length : null;
  },
  array_concat: (given) => given.flatMap((argument) => (isArray(argument.value) ? argument.value : [])),
  set_has_element: (given) => {
    const found = value(given, 0);
    return isArray(found) ? found.some((each) => areEqual(each, value(given, 1)) === true) : null;
  },
  gettype: (given) => typeNameOf(value(given, 0), given[0]?.type ?? 'dynamic'),
};

function trimMatches(given: string, pattern: string, atStart: boolean, atEnd: boolean): string {
  const start = atStart ? (new RegExp(`^(?:${toRegExp(pattern).source})`).exec(given)?.[0].length ?? 0) : 0;
  const rest = given.slice(start);
  if (!atEnd) return rest;
  const end = new RegExp(`(?:${toRegExp(pattern).source})$`).exec(rest);
  return end === null ? rest : rest.slice(0, end.index);
}

function floorTo(given: Value, step: Value): Value {
  if (given instanceof DateTime && step instanceof TimeSpan) return floorTime(given, step.ticks);
  if (given instanceof TimeSpan && step instanceof TimeSpan) {
    return step.ticks <= 0n ? null : new TimeSpan(floorDivide(given.ticks, step.ticks) * step.ticks);
  }
  if (typeof given !== 'number' || typeof step !== 'number' || step <= 0) return null;
  return Math.floor(given / step) * step;
}

/** From 0001-01-01, where Kusto's time begins. */
const epoch = parseDateTime('0001-01-01')!.ticks;

function floorTime(given: Value, step: bigint): Value {
  if (!(given instanceof DateTime) || step <= 0n) return null;
  return new DateTime(epoch + floorDivide(given.ticks - epoch, step) * step);
}

const periods: Readonly<Record<string, bigint>> = {
  day: 86_400n * ticksPerSecond,
  hour: 3_600n * ticksPerSecond,
  minute: 60n * ticksPerSecond,
  second: ticksPerSecond,
  millisecond: 10_000n,
};

/** How many ends of such periods lie between the two. */
function differenceIn(period: string, later: Value, earlier: Value): Value {
  const step = periods[period.toLowerCase()];
  if (step === undefined) throw new KustoError(`the evaluator does not know datetime_diff in ${period}`);
  if (!(later instanceof DateTime) || !(earlier instanceof DateTime)) return null;
  return Number(floorDivide(later.ticks - epoch, step) - floorDivide(earlier.ticks - epoch, step));
}

function formatDateTime(time: DateTime, format: string): string {
  const iso = toDate(time).toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  };
  return format.replaceAll(/[A-Za-z]+/g, (word) => {
    if (!Object.hasOwn(parts, word)) throw new KustoError(`the evaluator does not know ${word} in format_datetime`);
    return parts[word]!;
  });
}

function extreme(given: readonly Argument[], sign: number): Value {
  return given
    .map((argument) => argument.value)
    .reduce((best, each) => ((compareValues(each, best) ?? (best === null ? sign : 0)) * sign > 0 ? each : best), null);
}

function parseJson(given: Value): Value {
  if (typeof given !== 'string') return given;
  try {
    return fromJson(JSON.parse(given));
  } catch {
    // What is no JSON stays the text that it is.
    return given;
  }
}

function pack(given: readonly Argument[]): Bag {
  const entries: [string, Value][] = [];
  for (let index = 0; index + 1 < given.length; index += 2) entries.push([text(given, index), value(given, index + 1)]);
  return Object.fromEntries(entries);
}

function typeNameOf(given: Value, type: ScalarType): string {
  if (type !== 'dynamic') return type;
  if (given === null) return 'null';
  if (isArray(given)) return 'array';
  if (isBag(given)) return 'dictionary';
  if (given instanceof DateTime) return 'datetime';
  if (given instanceof TimeSpan) return 'timespan';
  if (typeof given === 'number') return Number.isInteger(given) ? 'long' : 'real';
  return typeof given === 'boolean' ? 'bool' : 'string';
}

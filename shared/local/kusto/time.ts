/**
 * Datetimes and timespans as text, both ways, in the forms that Kusto reads and writes: `2026-11-24T10:00:00.1234567Z`,
 * `5m`, `1.02:03:04`.
 */
import { DateTime, TimeSpan } from './table.ts';

export const ticksPerSecond = 10_000_000n;
const ticksPerDay = 86_400n * ticksPerSecond;

const dateTime =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:\d{2})?$/;

/** Null where the text is no time. Without an offset it is UTC. */
export function parseDateTime(text: string): DateTime | null {
  const match = dateTime.exec(text.trim());
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const date = new Date(Date.UTC(2000, 0, 1, Number(hour), Number(minute), Number(second)));
  // Date.UTC takes a year below 100 for one of the last century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isReal = date.getUTCDate() === Number(day) && date.getUTCMonth() === Number(month) - 1;
  if (!isReal || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const inMs = date.getTime();
  const ticks = BigInt(inMs) * 10_000n + BigInt(fraction.padEnd(7, '0').slice(0, 7));
  const [, sign, zoneHours, zoneMinutes] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? ['', '+', '0', '0'];
  const shift = BigInt(Number(zoneHours) * 60 + Number(zoneMinutes)) * 60n * ticksPerSecond;
  return new DateTime(sign === '-' ? ticks + shift : ticks - shift);
}

export function fromDate(date: Date): DateTime {
  return new DateTime(BigInt(date.getTime()) * 10_000n);
}

/** Whole milliseconds; finer parts are cut. */
export function toDate(time: DateTime): Date {
  return new Date(Number(floorDivide(time.ticks, 10_000n)));
}

export function printDateTime(time: DateTime): string {
  const second = floorDivide(time.ticks, ticksPerSecond);
  const fraction = (time.ticks - second * ticksPerSecond).toString().padStart(7, '0');
  return `${new Date(Number(second) * 1_000).toISOString().slice(0, 19)}.${fraction}Z`;
}

const units: Readonly<Record<string, bigint>> = {
  d: ticksPerDay,
  h: 3_600n * ticksPerSecond,
  m: 60n * ticksPerSecond,
  s: ticksPerSecond,
  ms: 10_000n,
  microsecond: 10n,
  tick: 1n,
};
const longUnits: Readonly<Record<string, string>> = {
  day: 'd',
  days: 'd',
  hour: 'h',
  hours: 'h',
  hr: 'h',
  hrs: 'h',
  minute: 'm',
  minutes: 'm',
  min: 'm',
  second: 's',
  seconds: 's',
  sec: 's',
};
const short = /^(-?\d+(?:\.\d+)?)\s*([a-z]+)$/;
const clock = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?$/;

/** Null where the text is no timespan. */
export function parseTimeSpan(text: string): TimeSpan | null {
  const trimmed = text.trim();
  const shortParts = short.exec(trimmed);
  if (shortParts !== null) {
    const name = shortParts[2]!;
    const unit = units[longUnits[name] ?? name];
    if (unit === undefined) return null;
    return new TimeSpan(BigInt(Math.round(Number(shortParts[1]) * Number(unit))));
  }
  const parts = clock.exec(trimmed);
  if (parts === null) return null;
  const [, sign, day = '0', hour = '0', minute = '0', second = '0', fraction = ''] = parts;
  const seconds = ((BigInt(day) * 24n + BigInt(hour)) * 60n + BigInt(minute)) * 60n + BigInt(second);
  const ticks = seconds * ticksPerSecond + BigInt(fraction.padEnd(7, '0'));
  return new TimeSpan(sign === undefined ? ticks : -ticks);
}

export function printTimeSpan({ ticks }: TimeSpan): string {
  const size = ticks < 0n ? -ticks : ticks;
  const days = size / ticksPerDay;
  const seconds = (size % ticksPerDay) / ticksPerSecond;
  const fraction = size % ticksPerSecond;
  const two = (value: bigint): string => value.toString().padStart(2, '0');
  const time = `${two(seconds / 3_600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const day = days > 0n ? `${days}.` : '';
  return `${ticks < 0n ? '-' : ''}${day}${time}${fraction > 0n ? `.${fraction.toString().padStart(7, '0')}` : ''}`;
}

/** Rounds down, also below zero. */
export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by !== 0n && value < 0n !== by < 0n ? quotient - 1n : quotient;
}

/**
 * A small structured logger. A line is a message with fields: one JSON object in Azure, readable text on a terminal.
 * Secrets are taken out of every text, and a line is bounded, since fields carry names that strangers chose.
 *
 * JSON goes to standard output, where the Functions host takes each line of the worker as information (it takes lines of
 * standard error by the words in them). Text goes to standard error, so that results on standard output can be piped.
 */
import type { LogLevel } from './settings.ts';
import { describeError } from './describe-error.ts';
import { printable } from './redact.ts';

/** Values of any kind: errors are described, dates become ISO 8601, bytes only their number, `undefined` is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly format: 'json' | 'text';
  /** The least severe level that is written; `info` unless given. */
  readonly level?: LogLevel;
  readonly fields?: LogFields;
  /** Takes one line with its line feed; standard output for JSON and standard error for text unless given. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Makes a logger. Its methods never throw for what is in the fields. */
export function createLogger(options: LogOptions): Logger {
  const { format, level = 'info', fields = {}, now = () => new Date() } = options;
  const write = options.write ?? defaultWrite(format);
  const print = format === 'json' ? printJson : printText;
  const log = (lineLevel: LogLevel, message: string, lineFields: LogFields = {}): void => {
    if (severity[lineLevel] < severity[level]) return;
    write(`${print(now(), lineLevel, printable(message, MAX_TEXT), boundFields({ ...fields, ...lineFields }))}\n`);
  };
  return {
    debug: (message, lineFields) => {
      log('debug', message, lineFields);
    },
    info: (message, lineFields) => {
      log('info', message, lineFields);
    },
    warn: (message, lineFields) => {
      log('warn', message, lineFields);
    },
    error: (message, lineFields) => {
      log('error', message, lineFields);
    },
    child: (more) => createLogger({ ...options, write, fields: { ...fields, ...more } }),
  };
}

function defaultWrite(format: 'json' | 'text'): (line: string) => void {
  const stream = format === 'json' ? process.stdout : process.stderr;
  return (line) => {
    stream.write(line);
  };
}

type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

function printJson(time: Date, level: LogLevel, message: string, fields: Map<string, Plain>): string {
  const head = { time: time.toISOString(), level, message };
  // A field named like a part of the head must not take its place.
  const body = [...fields].map(([name, value]): [string, Plain] => [name in head ? `${name}_` : name, value]);
  return JSON.stringify(Object.fromEntries([...Object.entries(head), ...body]));
}

function printText(time: Date, level: LogLevel, message: string, fields: Map<string, Plain>): string {
  const body = [...fields].map(([name, value]) => {
    const isWord = typeof value === 'string' && /^[^\s"=]+$/.test(value);
    return ` ${name}=${isWord ? value : JSON.stringify(value)}`;
  });
  return `${time.toISOString().slice(11, 19)} ${level.padEnd(5)} ${message}${body.join('')}`;
}

const MAX_TEXT = 2_000;
const MAX_LINE = 16_000;
const MAX_ENTRIES = 40;
const MAX_DEPTH = 5;
const secretName =
  /(secret|password|token|authorization|signature|connectionstring|accountkey|credential)$|^(sas|sig)$/i;

interface Budget {
  characters: number;
}

function boundFields(fields: LogFields): Map<string, Plain> {
  const budget: Budget = { characters: MAX_LINE };
  const bounded = new Map<string, Plain>();
  for (const [name, value] of Object.entries(fields).slice(0, MAX_ENTRIES)) {
    if (value !== undefined) bounded.set(printable(name, 80), boundField(name, value, MAX_DEPTH, budget));
  }
  return bounded;
}

function boundField(name: string, value: unknown, depth: number, budget: Budget): Plain {
  if (secretName.test(name)) return '[redacted]';
  try {
    return bound(value, depth, budget);
  } catch {
    // A getter that throws must not take the line with it.
    return '[unreadable]';
  }
}

function bound(value: unknown, depth: number, budget: Budget): Plain {
  if (budget.characters <= 0) return '[cut]';
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      return value === null ? null : boundObject(value, depth, budget);
    case 'string':
    case 'bigint':
      return boundText(String(value), budget);
    case 'undefined':
    case 'symbol':
    case 'function':
      return `[${typeof value}]`;
    default:
      return '[unreadable]';
  }
}

function boundText(text: string, budget: Budget): string {
  const bounded = printable(text, Math.min(MAX_TEXT, budget.characters));
  budget.characters -= bounded.length;
  return bounded;
}

function boundObject(value: object, depth: number, budget: Budget): Plain {
  if (value instanceof Error) return bound(describeError(value), depth, budget);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
  // Bytes are an object's content more often than not.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth === 0) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item: unknown) => bound(item, depth - 1, budget));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries
      .filter(([, item]) => item !== undefined)
      .map(([name, item]): [string, Plain] => [boundText(name, budget), boundField(name, item, depth - 1, budget)]),
  );
}

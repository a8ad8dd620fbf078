/**
 * A YAML file read against a schema, with every fault at its place: what is no YAML, what the schema refuses, and, for a value
 * that holds a text of its own (a filter), where in the file a place of that text is.
 */
import type { Document } from 'yaml';
import { isCollection, isNode, isScalar, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Span } from '../yara/index.ts';
import type { Remark, RemarkText } from './remark.ts';
import { NamedText } from './remark.ts';

/** Larger files are refused: an allow-list of 10,000 hashes has 1 MiB. */
export const MAX_FILE_LENGTH = 8 * 1024 * 1024;

export type YamlPath = readonly PropertyKey[];

/** The file as YAML, and its value by the schema; `value` is undefined where there are remarks. */
export interface ReadYaml<T> {
  readonly file: YamlFile;
  readonly value: T | undefined;
  readonly remarks: readonly Remark[];
}

/** Never throws. O(length). */
export function readYaml<T>(text: string, name: string, schema: z.ZodType<T>): ReadYaml<T> {
  const file = new YamlFile(text, name);
  const faults = file.faults();
  if (faults.length > 0) return { file, value: undefined, remarks: faults };
  const parsed = schema.safeParse(file.value());
  if (parsed.success) return { file, value: parsed.data, remarks: [] };
  return { file, value: undefined, remarks: parsed.error.issues.map((issue) => file.issue(issue)) };
}

export class YamlFile {
  readonly #text: NamedText;
  readonly #document: Document.Parsed;

  constructor(text: string, name: string) {
    this.#text = new NamedText(text, name);
    this.#document = parseDocument(text.length > MAX_FILE_LENGTH ? '' : text, { prettyErrors: false });
  }

  get name(): string {
    return this.#text.name;
  }

  faults(): Remark[] {
    const { text } = this.#text;
    if (text.length > MAX_FILE_LENGTH) {
      const message = `a file of ${text.length} characters is longer than ${MAX_FILE_LENGTH}`;
      return [this.#text.remark({ start: 0, end: 0 }, fault('limit', message))];
    }
    return this.#document.errors.map(({ pos: [start, end], message }) =>
      this.#text.remark({ start, end }, fault('yaml', lowerFirst(message.split('\n')[0]!))),
    );
  }

  /** Aliases are refused: they would let a small file become a large value. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: 0 });
  }

  /** A remark on the value at `path`, or on the nearest thing around it. */
  remark(path: YamlPath, text: RemarkText): Remark {
    return this.#text.remark(this.#spanOf(path, false), text);
  }

  issue(issue: z.core.$ZodIssue): Remark {
    const isUnknownKey = issue.code === 'unrecognized_keys';
    const path = isUnknownKey ? [...issue.path, issue.keys[0]!] : issue.path;
    const where = path.length === 0 ? '' : `${path.join('.')}: `;
    const what = isUnknownKey ? 'nothing of this name is known here' : lowerFirst(issue.message);
    return this.#text.remark(this.#spanOf(path, isUnknownKey), fault('schema', where + what));
  }

  /**
   * A remark on a part of the text that stands at `path`: in the file itself where the text can be followed there, through
   * quotes and folded lines, else on the text alone.
   */
  remarkInside(path: YamlPath, text: string, span: Span, about: RemarkText): Remark {
    const node = this.#document.getIn(path, true);
    const range = isScalar(node) ? node.range : undefined;
    const placeOf = (at: number): number | undefined =>
      range ? followText(text, at, this.#text.text, range[0], range[1]) : undefined;
    const start = placeOf(span.start);
    const last = placeOf(Math.max(span.end - 1, span.start));
    if (start === undefined || last === undefined) {
      return new NamedText(text, `${this.name} (${path.join('.')})`).remark(span, about);
    }
    return this.#text.remark({ start, end: last + (span.end > span.start ? 1 : 0) }, about);
  }

  #spanOf(path: YamlPath, prefersKey: boolean): Span {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#document.getIn(path.slice(0, length - 1), true);
      const node = this.#document.getIn(path.slice(0, length), true);
      const key = isCollection(parent) ? keyRange(parent.items, path[length - 1]!) : undefined;
      const own = isNode(node) ? (node.range ?? undefined) : undefined;
      const isShort = isScalar(node) && own !== undefined && isOneLine(own, this.#text.text);
      const range = isShort && !prefersKey ? own : (key ?? own);
      if (range) return { start: range[0], end: range[1] };
    }
    return { start: 0, end: 0 };
  }
}

type FileRange = readonly [start: number, valueEnd: number, nodeEnd: number];

function keyRange(items: readonly unknown[], name: PropertyKey): FileRange | undefined {
  for (const item of items) {
    const { key } = item as { key?: unknown };
    if (isScalar(key) && key.value === name) return key.range ?? undefined;
  }
  return undefined;
}

/** A value over several lines is better shown by its key. */
function isOneLine(range: FileRange, text: string): boolean {
  return !text.slice(range[0], range[1]).trimEnd().includes('\n');
}

/**
 * Where the character `at` of a scalar's value stands between `from` and `to` of the file. White space counts as equal however
 * much there is of it, and a backslash in front of an equal character is an escape.
 */
function followText(value: string, at: number, file: string, from: number, to: number): number | undefined {
  const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);
  let place = from;
  // Quotes, or the head of a block with its indentation.
  const first = file.charAt(place);
  if ((first === '"' || first === "'") && !value.startsWith(first)) place++;
  else if (first === '|' || first === '>') place = file.indexOf('\n', place) + 1;
  for (let index = 0; index <= Math.min(at, value.length - 1); index++) {
    if (isSpace(value[index])) {
      if (index === at) return place;
      continue;
    }
    while (place < to && isSpace(file[place])) place++;
    if (file[place] === '\\' && value[index] !== '\\' && file[place + 1] === value[index]) place++;
    if (place >= to || file[place] !== value[index]) return undefined;
    if (index === at) return place;
    place++;
  }
  return at >= value.length ? place : undefined;
}

function fault(code: string, message: string): RemarkText {
  return { code, level: 'error', title: 'faulty file', message };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * What is said about a file of exclusions or policies: a code, where, what is wrong, what to do. Errors keep the file from
 * being used, warnings are for its owner to mend, notes say something that need not be mended. Rendered as the engine renders
 * what it says about rules: `file:line:column`, the line, carets.
 */
import { renderDiagnostic, SourceText } from '../yara/index.ts';
import type { Span } from '../yara/index.ts';

export type RemarkLevel = 'error' | 'warning' | 'note';

export interface Remark {
  /** A word, listed in `rules/README.md`. */
  readonly code: string;
  readonly level: RemarkLevel;
  /** Lower case, no full stop. */
  readonly message: string;
  readonly hint: string | undefined;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** Several lines, no colour. */
  readonly rendered: string;
}

export interface RemarkText {
  readonly code: string;
  readonly level: RemarkLevel;
  /** What kind of thing this is, in a few words: the heading. */
  readonly title: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A text with its name, in which places are counted in UTF-16 units. */
export class NamedText {
  readonly text: string;
  readonly name: string;
  readonly #source: SourceText;

  constructor(text: string, name: string) {
    this.text = text;
    this.name = name;
    this.#source = new SourceText(text, name);
  }

  remark({ start, end }: Span, { code, level, title, message, hint }: RemarkText): Remark {
    const source = this.#source;
    const span = { start: this.#bytesBefore(start), end: this.#bytesBefore(end) };
    const { line, column } = source.positionOf(span.start);
    const rendered = renderDiagnostic({ severity: level, code, title, message, source, span, labels: [], hint });
    return { code, level, message, hint, file: this.name, line, column, rendered };
  }

  #bytesBefore(units: number): number {
    return Buffer.byteLength(this.text.slice(0, units), 'utf8');
  }
}

/** The most severe level among the remarks; undefined where there are none. */
export function worstOf(remarks: readonly Remark[]): RemarkLevel | undefined {
  return (['error', 'warning', 'note'] as const).find((level) => remarks.some((remark) => remark.level === level));
}

/** The syntax tree of a filter. Spans count UTF-16 units of the filter's text. */
import type { CompiledTextRegex, Span } from '../yara/index.ts';

/** What a field can be asked. Of a missing field `!=` is true and every other operator false. */
export type Operator =
  '==' | '!=' | 'in' | 'startswith' | 'endswith' | 'contains' | 'matches' | '<' | '<=' | '>' | '>=';

export interface Comparison {
  readonly kind: 'comparison';
  readonly span: Span;
  readonly field: string;
  readonly fieldSpan: Span;
  readonly operator: Operator;
  /** One value, or for `in` at least one. */
  readonly values: readonly Value[];
  /** Upper and lower case differ. */
  readonly isCased: boolean;
}

export type Value = TextValue | NumberValue | RegexLiteral;

export interface TextValue {
  readonly kind: 'text';
  readonly span: Span;
  readonly text: string;
}

export interface NumberValue {
  readonly kind: 'number';
  readonly span: Span;
  readonly number: number;
}

export interface RegexLiteral {
  readonly kind: 'regex';
  readonly span: Span;
  /** Between the slashes, as written. */
  readonly source: string;
  /** The flag `s`. */
  readonly dotAll: boolean;
  readonly regex: CompiledTextRegex;
}

export type Filter =
  | Comparison
  | { readonly kind: 'not'; readonly span: Span; readonly operand: Filter }
  | { readonly kind: 'and' | 'or'; readonly span: Span; readonly operands: readonly Filter[] };

/** Every comparison of a filter, from left to right. */
export function comparisonsOf(filter: Filter): Comparison[] {
  switch (filter.kind) {
    case 'comparison':
      return [filter];
    case 'not':
      return comparisonsOf(filter.operand);
    case 'and':
    case 'or':
      return filter.operands.flatMap(comparisonsOf);
  }
}

/** The names of the fields that a filter asks for, each once, in the order of their first mention. */
export function fieldsOf(filter: Filter): string[] {
  return [...new Set(comparisonsOf(filter).map(({ field }) => field))];
}

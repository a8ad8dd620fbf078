/**
 * A filter's text into its tree.
 *
 *     filter     := and ( `or` and )*
 *     and        := unary ( `and` unary )*
 *     unary      := `not` unary | `(` filter `)` | comparison
 *     comparison := field ( `==` | `!=` | `startswith` | `endswith` | `contains` ) `cased:`? value
 *                 | field `not`? `in` `cased:`? `(` value ( `,` value )* `)`
 *                 | field `matches` `cased:`? regex
 *                 | field ( `<` | `<=` | `>` | `>=` ) number
 *
 * `not` binds closer than `and`, `and` closer than `or`. A syntax error ends the reading; errors about the meaning of a part
 * (an unknown field, a value of the wrong type) are collected. Never throws.
 */
import type { CompiledTextRegex, Span } from '../yara/index.ts';
import { compileTextRegex, nearest, RuleCompileError } from '../yara/index.ts';
import type { Field } from './fields.ts';
import { familyOf, fieldOf, fields } from './fields.ts';
import type { Comparison, Filter, Operator, RegexLiteral, Value } from './filter-ast.ts';
import type { Token, TokenKind } from './lexer.ts';
import { tokensOf } from './lexer.ts';

/** Something wrong in a filter. `span` counts UTF-16 units of its text. */
export interface FilterFault {
  readonly code: 'syntax' | 'unknown-field' | 'wrong-type' | 'regex' | 'limit';
  readonly span: Span;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface ParsedFilter {
  /** Undefined when there is a fault. */
  readonly filter: Filter | undefined;
  readonly faults: readonly FilterFault[];
}

export const MAX_FILTER_LENGTH = 64 * 1024;
const MAX_DEPTH = 100;
const MAX_REGEX_STATES = 10_000;

/** O(length); recursion at most `MAX_DEPTH` deep. */
export function parseFilter(text: string): ParsedFilter {
  if (text.length > MAX_FILTER_LENGTH) {
    const message = `a filter of ${text.length} characters is longer than ${MAX_FILTER_LENGTH}`;
    const span = { start: 0, end: 0 };
    return { filter: undefined, faults: [{ code: 'limit', span, message, hint: 'list hashes in an allow-list' }] };
  }
  const parser = new FilterParser(text);
  try {
    const filter = parser.whole();
    return { filter: parser.faults.length > 0 ? undefined : filter, faults: parser.faults };
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    return { filter: undefined, faults: parser.faults };
  }
}

/** Says only that an error was noted and that reading cannot go on. */
class SyntaxFailure extends Error {}

class FilterParser {
  readonly faults: FilterFault[] = [];
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  whole(): Filter {
    if (this.#is('end')) this.#fail(this.#token.span, 'the filter is empty', 'compare a field with a value');
    const filter = this.#or();
    if (!this.#is('end')) this.#unexpected('`and`, `or` or the end');
    return filter;
  }

  #or(): Filter {
    return this.#chain('or', () => this.#chain('and', () => this.#unary()));
  }

  #chain(kind: 'and' | 'or', read: () => Filter): Filter {
    const operands = [read()];
    while (this.#acceptKeyword(kind)) operands.push(read());
    if (operands.length === 1) return operands[0]!;
    return { kind, span: { start: operands[0]!.span.start, end: operands.at(-1)!.span.end }, operands };
  }

  #unary(): Filter {
    const { span, kind } = this.#token;
    if (++this.#depth > MAX_DEPTH) this.#fail(span, `parentheses or \`not\` go deeper than ${MAX_DEPTH}`);
    let filter: Filter;
    if (this.#acceptKeyword('not')) {
      const operand = this.#unary();
      filter = { kind: 'not', span: { start: span.start, end: operand.span.end }, operand };
    } else if (kind === '(') {
      this.#next();
      filter = this.#or();
      this.#expect(')');
    } else {
      filter = this.#comparison();
    }
    this.#depth--;
    return filter;
  }

  #comparison(): Filter {
    const name = this.#token;
    if (name.kind !== 'field') this.#unexpected('the name of a field', this.#hintForField(name));
    this.#next();
    const field = this.#field(name);
    const negation = this.#token;
    const isNegated = this.#acceptKeyword('not');
    const { operator, span: operatorSpan } = this.#operator(isNegated);
    const isCased = this.#accept('cased');
    const values = operator === 'in' ? this.#list() : [this.#value()];
    const end = this.#tokens[this.#index - 1]!.span.end;
    const comparison: Comparison = {
      kind: 'comparison',
      span: { start: name.span.start, end },
      field: field.name,
      fieldSpan: name.span,
      operator,
      values: values.map((value) => this.#finish(value, operator, isCased)).filter((value) => value !== undefined),
      isCased,
    };
    if (field.field !== undefined) this.#checkTypes(comparison, field.field, operatorSpan);
    if (!isNegated) return comparison;
    return { kind: 'not', span: { start: negation.span.start, end }, operand: comparison };
  }

  /** What is read of a value before its field and operator are known to fit it. */
  #value(): Token {
    const token = this.#token;
    if (token.kind !== 'text' && token.kind !== 'number' && token.kind !== 'regex') {
      const hint = token.kind === 'field' ? 'a text stands in double quotes' : this.#hintForQuotes(token);
      this.#unexpected('a value', hint);
    }
    this.#next();
    return token;
  }

  #list(): Token[] {
    this.#expect('(');
    const values = [this.#value()];
    while (this.#accept(',')) values.push(this.#value());
    this.#expect(')');
    return values;
  }

  #operator(isNegated: boolean): { readonly operator: Operator; readonly span: Span } {
    const { kind, text, span } = this.#token;
    if (isNegated && !(kind === 'keyword' && text === 'in')) {
      this.#unexpected('`in`', 'to negate a comparison, write `not` in front of the field');
    }
    if (kind === 'operator' || (kind === 'keyword' && text !== 'and' && text !== 'or')) {
      this.#next();
      return { operator: text as Operator, span };
    }
    const hint =
      text === '=' ? 'write == for equal' : text.includes('~') ? 'write == : case does not matter' : undefined;
    return this.#unexpected('an operator such as `==`, `in` or `startswith`', hint);
  }

  #field({ text, span }: Token): { readonly name: string; readonly field: Field | undefined } {
    const bracket = text.indexOf('[');
    const written = bracket < 0 ? text : `${text.slice(0, bracket)}.${unquote(text.slice(bracket + 1, -1)).text}`;
    // The service keeps the names of metadata without regard to case, and hands them over in lower case.
    const name = familyOf(written) === 'metadata' ? written.toLowerCase() : written;
    const field = fieldOf(name);
    if (field === undefined) {
      const names = [...Object.keys(fields), 'metadata.NAME', 'tags.NAME'];
      const hint = nearest(name, Object.keys(fields)) ?? `there are ${names.join(', ')}`;
      this.#note('unknown-field', span, `there is no field ${text}`, hint);
    }
    return { name, field };
  }

  #finish(token: Token, operator: Operator, isCased: boolean): Value | undefined {
    switch (token.kind) {
      case 'text':
        return this.#text(token);
      case 'number':
        return this.#number(token);
      default:
        if (operator === 'matches') return this.#regex(token, isCased);
        this.#note('wrong-type', token.span, `${operator} takes no regular expression`, 'write matches');
        return undefined;
    }
  }

  #text({ text, span }: Token): Value | undefined {
    const { text: value, unknownEscape } = unquote(text);
    if (unknownEscape !== undefined) {
      const at = span.start + unknownEscape;
      const message = `unknown escape \\${text[unknownEscape + 1]!}`;
      this.#note('syntax', { start: at, end: at + 2 }, message, 'write \\\\ for a backslash, \\" for a quote');
      return undefined;
    }
    if (value === '') {
      this.#note(
        'wrong-type',
        span,
        'an empty text',
        'an empty field counts as missing, and a missing one equals nothing',
      );
      return undefined;
    }
    return { kind: 'text', span, text: value };
  }

  #number({ text, span }: Token): Value | undefined {
    const [, digits = '', unit = ''] = /^(\d+)(\D*)$/.exec(text)!;
    const number = Number(digits) * units[unit]!;
    if (Number.isSafeInteger(number)) return { kind: 'number', span, number };
    this.#note('wrong-type', span, `${text} is too large`, undefined);
    return undefined;
  }

  #regex({ text, span }: Token, isCased: boolean): RegexLiteral | undefined {
    const slash = text.lastIndexOf('/');
    const flags = text.slice(slash + 1);
    if (isCased && flags.includes('i')) {
      this.#note('regex', span, 'cased: and the flag i exclude each other', 'leave one of them out');
      return undefined;
    }
    const regex = this.#compile(text, span, !isCased);
    const source = text.slice(1, slash);
    return regex && { kind: 'regex', span, source, dotAll: flags.includes('s'), regex };
  }

  #compile(text: string, span: Span, nocase: boolean): CompiledTextRegex | undefined {
    try {
      return compileTextRegex(text, { nocase, maxStates: MAX_REGEX_STATES });
    } catch (error) {
      if (!(error instanceof RuleCompileError)) throw error;
      for (const diagnostic of error.diagnostics) {
        const place = (offset: number): number => span.start + unitsBefore(text, offset);
        const at = { start: place(diagnostic.span.start), end: place(diagnostic.span.end) };
        this.#note('regex', at, diagnostic.message, diagnostic.hint);
      }
      return undefined;
    }
  }

  #checkTypes({ operator, values, field }: Comparison, { type }: Field, operatorSpan: Span): void {
    const allowed = operatorsOf[type];
    if (!allowed.includes(operator)) {
      const message = `${operator} cannot be asked of ${field}, which is a ${type}`;
      this.#note('wrong-type', operatorSpan, message, `a ${type} takes ${allowed.join(' ')}`);
      return;
    }
    const wanted = operator === 'matches' ? 'regex' : type === 'number' ? 'number' : 'text';
    for (const value of values) {
      if (value.kind === wanted) continue;
      const hint = wanted === 'number' ? 'such as 4096 or 10MB' : wanted === 'regex' ? 'such as /^a.*z$/' : undefined;
      this.#note('wrong-type', value.span, `${field} ${operator} takes a ${wanted}, not a ${value.kind}`, hint);
    }
  }

  #hintForField(token: Token): string | undefined {
    if (token.kind === 'text') {
      const last = this.#tokens.slice(0, this.#index).findLast(({ kind }) => kind === 'field');
      return last && `name the field again, as in ${last.text} == ${token.text}; or write ${last.text} in (…)`;
    }
    return token.text.startsWith('!') ? 'write `not`' : this.#hintForQuotes(token);
  }

  #hintForQuotes({ text }: Token): string | undefined {
    return /^['‘’“”]/.test(text) ? 'a text stands in plain double quotes' : undefined;
  }

  get #token(): Token {
    return this.#tokens[this.#index]!;
  }

  #is(kind: TokenKind): boolean {
    return this.#token.kind === kind;
  }

  #next(): void {
    if (this.#index < this.#tokens.length - 1) this.#index++;
  }

  #accept(kind: TokenKind): boolean {
    if (this.#token.kind !== kind) return false;
    this.#next();
    return true;
  }

  #acceptKeyword(word: string): boolean {
    return this.#token.kind === 'keyword' && this.#token.text === word && this.#accept('keyword');
  }

  #expect(kind: '(' | ')'): void {
    if (!this.#accept(kind)) this.#unexpected(`\`${kind}\``);
  }

  #note(code: FilterFault['code'], span: Span, message: string, hint: string | undefined): void {
    this.faults.push({ code, span, message, hint });
  }

  #fail(span: Span, message: string, hint?: string): never {
    this.#note('syntax', span, message, hint);
    throw new SyntaxFailure();
  }

  #unexpected(expected: string, hint?: string): never {
    const { kind, text, span } = this.#token;
    if (kind === 'unclosed') {
      const what = text.startsWith('"') ? 'text has no closing quote' : 'regular expression has no closing slash';
      this.#fail(span, `${what} in its line`, 'a backslash takes the meaning from what follows it: write \\\\ for one');
    }
    const logical = { '&&': 'and', '&': 'and', '||': 'or', '|': 'or', '!': 'not' }[text];
    const found = kind === 'end' ? 'the end' : `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
    this.#fail(span, `expected ${expected}, found ${found}`, logical === undefined ? hint : `write \`${logical}\``);
  }
}

const operatorsOf: Readonly<Record<Field['type'], readonly Operator[]>> = {
  text: ['==', '!=', 'in', 'startswith', 'endswith', 'contains', 'matches'],
  list: ['==', '!=', 'in', 'startswith', 'endswith', 'contains'],
  number: ['==', '!=', 'in', '<', '<=', '>', '>='],
};

/** Units of 1,024, as in rules. */
const units: Readonly<Record<string, number>> = { '': 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

const escapes: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n', r: '\r', t: '\t' };

/** The text between double quotes with its escapes resolved, and where the first escape is that means nothing. */
function unquote(quoted: string): { readonly text: string; readonly unknownEscape: number | undefined } {
  let unknownEscape: number | undefined;
  const text = quoted.slice(1, -1).replaceAll(/\\(.)/gsu, (whole, letter: string, at: number) => {
    const meant = escapes[letter];
    if (meant === undefined) unknownEscape ??= at + 1;
    return meant ?? whole;
  });
  return { text, unknownEscape };
}

/** Bytes of UTF-8 as UTF-16 units of the same text. */
function unitsBefore(text: string, bytes: number): number {
  return Buffer.from(text, 'utf8').subarray(0, bytes).toString('utf8').length;
}

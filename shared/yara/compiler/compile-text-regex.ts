/**
 * One regular expression in YARA's dialect, by itself: for programs around the engine that ask something of a text (a name, a
 * path) in the words that rules are written in. Reading, bounds and matching are those of `matches` in a condition.
 */
import { TextRegex } from '../scan/text-regex.ts';
import type { Span } from '../syntax/diagnostic.ts';
import { RuleCompileError } from '../syntax/diagnostic.ts';
import { Diagnostics } from '../syntax/diagnostics.ts';
import { ParseContext } from '../syntax/parse-context.ts';
import { parseRegex } from '../syntax/regex-parser.ts';
import { SourceText } from '../syntax/source-text.ts';
import { T } from '../syntax/tokens.ts';
import { MAX_STATES, statesOf, UNLIMITED } from './automaton.ts';
import { sizeOf } from './shape-size.ts';
import { shapeOfRegex } from './shape.ts';

export interface TextRegexOptions {
  /** ASCII case, as the flag `i`. */
  readonly nocase?: boolean;
  /** More states than this are refused; what rules may have unless given. */
  readonly maxStates?: number;
}

export interface CompiledTextRegex {
  /** Whether it matches anywhere in the text's UTF-8 bytes, the empty match included. O(bytes × states). */
  isIn(text: string): boolean;
}

/**
 * Compiles `/…/` with its flags. Throws a `RuleCompileError` with every error and every warning: what a rule may say with a
 * warning has two readings, and nobody reads warnings here. Spans count bytes from the first slash.
 */
export function compileTextRegex(text: string, options: TextRegexOptions = {}): CompiledTextRegex {
  const source = new SourceText(text, '<regex>');
  const diagnostics = new Diagnostics();
  const context = new ParseContext(source, diagnostics);
  const span: Span = { start: source.start, end: source.bytes.length };
  const { lexer } = context;
  if (!lexer.is(T.regex) || lexer.end !== span.end) {
    diagnostics.error('E001', source, span, 'this is not one regular expression between slashes');
    throw new RuleCompileError(diagnostics.all);
  }
  const shape = shapeOfRegex(parseRegex(context, span, { isPattern: false, nocase: options.nocase ?? false }).root);
  const maxStates = options.maxStates ?? MAX_STATES;
  const count = diagnostics.all.length > 0 ? 0 : sizeOf(shape, UNLIMITED).stateCount;
  if (count > maxStates) {
    const message = `the regular expression needs ${count} states, more than ${maxStates}`;
    diagnostics.error('E901', source, span, message, { hint: 'use smaller repeats, or fewer inside one another' });
  }
  if (diagnostics.all.length > 0) throw new RuleCompileError(diagnostics.all);
  const sets: Uint32Array[] = [];
  const states = statesOf(shape, UNLIMITED, (set) => sets.push(set) - 1);
  const regex = new TextRegex(() => ({ states, sets }));
  const encoder = new TextEncoder();
  return { isIn: (asked) => regex.ask(encoder.encode(asked)).isMatch };
}

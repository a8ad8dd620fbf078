/**
 * What all parsers of one source share: the lexer, where to report, and how to give up. A syntax error is reported once and
 * then thrown as `ParseFailure`, which the rule parser catches at the next place where reading can go on; it never leaves
 * this folder. Errors about the meaning of a part (an escape, a number) are reported and reading goes on.
 */
import type { ErrorCode, WarningCode } from './codes.ts';
import type { Label, Span } from './diagnostic.ts';
import type { Diagnostics } from './diagnostics.ts';
import { Lexer } from './lexer.ts';
import type { SourceText } from './source-text.ts';
import { describe, T, type TokenKind } from './tokens.ts';

/** Says only that an error was reported and that reading cannot go on here. */
export class ParseFailure extends Error {}

/** One for all: making a stack trace for each error would cost more than parsing. */
const FAILURE = new ParseFailure('syntax error');

export class ParseContext {
  readonly source: SourceText;
  readonly bytes: Uint8Array;
  readonly lexer: Lexer;
  readonly #diagnostics: Diagnostics;
  /** Name of the rule being read. */
  rule: string | undefined = undefined;
  /** Whether an error was reported since this was last set to false. */
  isBroken = false;

  constructor(source: SourceText, diagnostics: Diagnostics) {
    this.source = source;
    this.bytes = source.bytes;
    this.lexer = new Lexer(source);
    this.#diagnostics = diagnostics;
  }

  error(code: ErrorCode, span: Span, message: string, hint?: string, labels?: readonly Label[]): void {
    this.isBroken = true;
    this.#diagnostics.error(code, this.source, span, message, { rule: this.rule, hint, labels: labels ?? [] });
  }

  warning(code: WarningCode, span: Span, message: string, hint?: string): void {
    this.#diagnostics.warning(code, this.source, span, message, { rule: this.rule, hint });
  }

  /** Span of the token that the lexer stands on. */
  span(): Span {
    return { start: this.lexer.start, end: this.lexer.end };
  }

  fail(code: ErrorCode, span: Span, message: string, hint?: string): never {
    this.error(code, span, message, hint);
    throw FAILURE;
  }

  /** Reports that the current token is not what must stand here. `expected` in words, such as "`:` or `{`". */
  unexpected(expected: string, hint?: string): never {
    const { kind } = this.lexer;
    const span = this.span();
    if (kind === T.unclosedText) this.fail('E001', span, 'text has no closing quote in its line', UNCLOSED_TEXT);
    if (kind === T.unclosedRegex) this.fail('E001', span, 'regular expression has no closing slash in its line', SLASH);
    if (kind === T.unclosedComment) this.fail('E001', span, 'comment is never closed', 'add */ where it ends');
    const found = kind === T.end ? 'end of file' : `\`${this.source.excerpt(span)}\``;
    this.fail('E001', span, `expected ${expected}, found ${found}`, hint);
  }

  /** Steps over a token of this kind; anything else is a syntax error. */
  expect(kind: TokenKind): void {
    if (this.lexer.kind !== kind) this.unexpected(describe(kind));
    this.lexer.next();
  }

  /** Steps over a token of this kind if it stands here. */
  accept(kind: TokenKind): boolean {
    if (this.lexer.kind !== kind) return false;
    this.lexer.next();
    return true;
  }
}

const UNCLOSED_TEXT = 'close it with a quote; a quote inside is written \\", a backslash \\\\';
const SLASH = 'close it with a slash; a slash inside is written \\/; division is written \\';

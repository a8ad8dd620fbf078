/**
 * A filter's text into tokens, each with its place in UTF-16 units. Never throws: what begins no token is a token of kind
 * `unknown`, and a text or regex that is not closed one of kind `unclosed`. Every character is read a bounded number of times.
 */
import type { Span } from '../yara/index.ts';

export type TokenKind =
  | 'field'
  | 'keyword'
  | 'operator'
  | 'text'
  | 'regex'
  | 'number'
  | 'cased'
  | '('
  | ')'
  | ','
  | 'unclosed'
  | 'unknown'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly span: Span;
  /** As written; keywords in lower case. */
  readonly text: string;
}

export const keywords = ['and', 'or', 'not', 'in', 'startswith', 'endswith', 'contains', 'matches'] as const;

const spaces = /\s+/y;
/** A name with dots, whose last part may stand in brackets: `tags["cost center"]`. */
const names = /[A-Za-z_]\w*(?:\.[A-Za-z0-9_-]+)*(?:\["(?:[^"\\\p{Cc}]|\\["\\])+"\])?/uy;
const operators = /==|!=|<=|>=|<|>/y;
const texts = /"(?:[^"\\\n]|\\.)*"/y;
const regexes = /\/(?:[^/\\\n]|\\.)+\/[A-Za-z]*/y;
const numbers = /\d+(?:KB|MB|GB|TB)?(?![\w.])/y;
const casedMark = /cased\s*:/iy;

/** All tokens, the last of kind `end`. O(length). */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += lengthAt(spaces, text, at);
    if (at >= text.length) break;
    const token = tokenAt(text, at);
    tokens.push(token);
    at = token.span.end;
  }
  tokens.push({ kind: 'end', span: { start: text.length, end: text.length }, text: '' });
  return tokens;
}

function tokenAt(text: string, at: number): Token {
  const take = (kind: TokenKind, length: number): Token => {
    return { kind, span: { start: at, end: at + length }, text: text.slice(at, at + length) };
  };
  for (const [kind, pattern] of kinds) {
    const length = lengthAt(pattern, text, at);
    if (length > 0) return kind === 'field' ? nameOrKeyword(take(kind, length)) : take(kind, length);
  }
  const first = text[at]!;
  if (/[(),]/.test(first)) return take(first as '(' | ')' | ',', 1);
  const line = text.indexOf('\n', at);
  if (first === '"' || first === '/') return take('unclosed', (line < 0 ? text.length : line) - at);
  // A run of signs is one mistake: `=`, `&&`, `||`, `!`.
  const run = lengthAt(/[=!&|~]+/y, text, at);
  return take('unknown', run > 0 ? run : String.fromCodePoint(text.codePointAt(at)!).length);
}

const kinds: readonly (readonly [TokenKind, RegExp])[] = [
  ['cased', casedMark],
  ['field', names],
  ['number', numbers],
  ['operator', operators],
  ['text', texts],
  ['regex', regexes],
];

function nameOrKeyword(token: Token): Token {
  const word = token.text.toLowerCase();
  return keywords.some((keyword) => keyword === word) ? { ...token, kind: 'keyword', text: word } : token;
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

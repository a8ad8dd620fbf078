/**
 * The tree of a regex over bytes. Case is settled per node (`(?i)` may hold for a part only), classes are sets of bytes
 * with case already folded, `.` knows whether it takes a newline. A pattern's `nocase` has gone into the tree like the flag
 * `i`. Text that is not ASCII is its UTF-8 bytes.
 */
import type { Span } from './diagnostic.ts';

export interface Regex {
  readonly span: Span;
  /** Between the slashes, as written. */
  readonly source: Uint8Array;
  /** The flag `i` after the closing slash. */
  readonly ignoreCase: boolean;
  /** The flag `s` after the closing slash. */
  readonly dotAll: boolean;
  readonly root: RegexNode;
}

export type RegexNode =
  | RegexEmpty
  | RegexLiteralBytes
  | RegexDot
  | RegexClass
  | RegexAssertion
  | RegexGroup
  | RegexSequence
  | RegexAlternation
  | RegexRepeat;

/** Fits the empty text: an empty alternative, an empty group. */
export interface RegexEmpty {
  readonly kind: 'empty';
  readonly span: Span;
}

/** One or more bytes, one after the other. */
export interface RegexLiteralBytes {
  readonly kind: 'literal';
  readonly span: Span;
  readonly bytes: Uint8Array;
  /** ASCII letters fit in both cases. */
  readonly ignoreCase: boolean;
}

/** `.` */
export interface RegexDot {
  readonly kind: 'dot';
  readonly span: Span;
  /** With `/s`. */
  readonly includesNewline: boolean;
}

/** `[a-z]`, `\d`: one byte. May be empty (`[a&&b]`), and then fits nothing. */
export interface RegexClass {
  readonly kind: 'class';
  readonly span: Span;
  /** 256 bits: byte `b` fits when `set[b >> 5] >>> (b & 31) & 1`. Negation and case are applied. */
  readonly set: Uint32Array;
}

/** `^ $ \b \B`, `\A` as `^`, `\z` as `$`: start and end are those of the data. */
export interface RegexAssertion {
  readonly kind: 'assertion';
  readonly span: Span;
  readonly assertion: 'start' | 'end' | 'wordBoundary' | 'notWordBoundary';
}

/** `(a)`, `(?:a)`, `(?P<n>a)`: kept because a gap inside a group is treated unlike one outside. */
export interface RegexGroup {
  readonly kind: 'group';
  readonly span: Span;
  /** False for `(?:a)` and `(?i:a)`. */
  readonly isCapturing: boolean;
  readonly node: RegexNode;
}

/** One after the other: at least two items, none of them a sequence. */
export interface RegexSequence {
  readonly kind: 'sequence';
  readonly span: Span;
  readonly items: readonly RegexNode[];
}

/** `a|b`: the first that leads to a match. At least two; each may be empty. */
export interface RegexAlternation {
  readonly kind: 'alternation';
  readonly span: Span;
  readonly alternatives: readonly RegexNode[];
}

/** `x* x+ x? x{n,m}` and their lazy forms. */
export interface RegexRepeat {
  readonly kind: 'repeat';
  readonly span: Span;
  readonly node: RegexNode;
  readonly min: number;
  /** Undefined is without end. */
  readonly max: number | undefined;
  readonly isGreedy: boolean;
}

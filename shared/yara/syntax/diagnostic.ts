/**
 * What the compiler says about a rule: a stable code, where it is, what is wrong, what to do. Diagnostics are values; all
 * of them are collected, and only then is one `RuleCompileError` thrown.
 */

/** Byte offsets into one source, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A second place that explains the first, such as where a name was first declared. */
export interface Label {
  readonly span: Span;
  readonly message: string;
}

export interface Diagnostic {
  /** Such as `E009` or `slow_pattern`: listed in `shared/yara/README.md`. Errors begin with `E`, warnings are words. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** Lower case, no full stop: what is wrong and with which value. */
  readonly message: string;
  /** The source's `name`, or `<rules>` when it has none. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters of the line as decoded (UTF-8; a byte that is not UTF-8 counts as one). */
  readonly column: number;
  /** The rule it stands in, where there is one. */
  readonly rule: string | undefined;
  readonly span: Span;
  readonly labels: readonly Label[];
  readonly hint: string | undefined;
  /** What a person sees: `file:line:column`, the source line, a caret line, labels and hint. Several lines, no colour. */
  readonly rendered: string;
}

/** Thrown by `compileRules` after everything was checked; `diagnostics` holds every error, then every warning. */
export class RuleCompileError extends Error {
  readonly code = 'RULES_INVALID';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
    super(errors.map((diagnostic) => diagnostic.rendered).join('\n\n'));
    this.name = 'RuleCompileError';
    this.diagnostics = diagnostics;
  }
}

/**
 * The list that collects what is wrong, shared by parser, checker and compiler. Nothing is thrown: whoever began the
 * compilation looks at the list at the end. Bounded per source; what is beyond the bound is counted, and said once.
 */
import { type ErrorCode, titleOf, type WarningCode } from './codes.ts';
import type { Diagnostic, Label, Span } from './diagnostic.ts';
import { MAX_LISTED_PER_SOURCE } from './limits.ts';
import { renderDiagnostic } from './render-diagnostic.ts';
import type { SourceText } from './source-text.ts';

export interface DiagnosticDetails {
  /** Name of the rule it stands in. */
  readonly rule?: string | undefined;
  /** Places in the same source that explain it. */
  readonly labels?: readonly Label[];
  /** What to do about it. */
  readonly hint?: string | undefined;
}

export class Diagnostics {
  readonly #errors: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly #listed = new Map<SourceText, { errors: number; warnings: number }>();
  #errorCount = 0;

  /** Every error, then every warning, each in the order of reporting. */
  get all(): readonly Diagnostic[] {
    return [...this.#errors, ...this.#warnings];
  }

  get errors(): readonly Diagnostic[] {
    return this.#errors;
  }

  get warnings(): readonly Diagnostic[] {
    return this.#warnings;
  }

  /** Errors reported so far, those beyond the bound included: compare before and after to know whether a part was faulty. */
  get errorCount(): number {
    return this.#errorCount;
  }

  /** `message`: lower case, no full stop, what is wrong and with which value. */
  error(code: ErrorCode, source: SourceText, span: Span, message: string, details: DiagnosticDetails = {}): void {
    this.#errorCount++;
    const listed = this.#listedOf(source);
    listed.errors++;
    if (listed.errors < MAX_LISTED_PER_SOURCE) {
      this.#errors.push(diagnosticOf('error', code, source, span, message, details));
    } else if (listed.errors === MAX_LISTED_PER_SOURCE) {
      const text = `${listed.errors} or more errors in this source; further ones are not listed`;
      this.#errors.push(diagnosticOf('error', 'E901', source, span, text, {}));
    }
  }

  warning(code: WarningCode, source: SourceText, span: Span, message: string, details: DiagnosticDetails = {}): void {
    const listed = this.#listedOf(source);
    listed.warnings++;
    if (listed.warnings < MAX_LISTED_PER_SOURCE) {
      this.#warnings.push(diagnosticOf('warning', code, source, span, message, details));
    } else if (listed.warnings === MAX_LISTED_PER_SOURCE) {
      const text = `${listed.warnings} or more warnings in this source; further ones are not listed`;
      this.#warnings.push(diagnosticOf('warning', 'too_many_warnings', source, span, text, {}));
    }
  }

  #listedOf(source: SourceText): { errors: number; warnings: number } {
    let listed = this.#listed.get(source);
    if (listed === undefined) {
      listed = { errors: 0, warnings: 0 };
      this.#listed.set(source, listed);
    }
    return listed;
  }
}

function diagnosticOf(
  severity: 'error' | 'warning',
  code: ErrorCode | WarningCode,
  source: SourceText,
  span: Span,
  message: string,
  details: DiagnosticDetails,
): Diagnostic {
  const labels = details.labels ?? [];
  const { line, column } = source.positionOf(span.start);
  const rendering = { severity, code, title: titleOf(code), message, source, span, labels, hint: details.hint };
  return {
    code,
    severity,
    message,
    file: source.name,
    line,
    column,
    rule: details.rule,
    span,
    labels,
    hint: details.hint,
    rendered: renderDiagnostic(rendering),
  };
}

/**
 * The errors an operator meets. Every one says what happened (`message`), to what (`where`), what to do (`hint`), and
 * whether trying again can help (`retryable`). Faults in rules are not errors of this kind: they are diagnostics
 * (`shared/yara/syntax/diagnostic.ts`). Bugs are `invariant` failures and are never caught.
 */

export interface SluiceErrorDetails {
  /** The object, setting, message or file it is about; never a URL with its query. */
  readonly where?: string;
  /** What a person can do about it. */
  readonly hint?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export abstract class SluiceError extends Error {
  /** Stable and listed in the README. */
  abstract readonly code: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(message: string, details: SluiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.where = details.where;
    this.hint = details.hint;
    this.retryable = details.retryable ?? false;
  }
}

/** Throws when `condition` does not hold. For facts the program itself guarantees; never for input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}

/**
 * Makes anything that was thrown fit for a log line or a row: what it is, what it says, where and what to do, its causes.
 * Texts are redacted and bounded. Errors of SDKs are read by their shape, since this folder knows no SDK.
 */
import { SluiceError } from './errors.ts';
import { printable } from './redact.ts';

export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly where?: string;
  readonly hint?: string;
  readonly retryable?: boolean;
  /** Frames of the stack, innermost first; left out for a `SluiceError`, which is no bug. */
  readonly stack?: readonly string[];
  readonly causes?: readonly ErrorDescription[];
}

const MAX_DEPTH = 3;
const MAX_CAUSES = 3;
const MAX_FRAMES = 8;
const MAX_MESSAGE = 1_000;

/** Describes what was thrown, with `cause` and `errors` up to three levels down. Never throws. */
export function describeError(error: unknown): ErrorDescription {
  try {
    return describe(error, MAX_DEPTH);
  } catch {
    return { name: 'Unreadable', message: 'the error could not be read' };
  }
}

/** One line: code or name, message, and the innermost cause's message where it says more. At most `limit` characters. */
export function errorText(error: unknown, limit = 300): string {
  let description = describeError(error);
  const head = `${description.code ?? description.name}: ${description.message}`;
  while (description.causes?.[0] !== undefined) description = description.causes[0];
  const tail = head.includes(description.message) ? '' : ` (${description.message})`;
  return printable(head + tail, limit);
}

function describe(error: unknown, depth: number): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error, message: printable(String(error), MAX_MESSAGE) };
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  // An aggregate of the ingestion SDK prints its own message as "undefined\n}"; what it gathered says what happened.
  const { errors } = error as { errors?: unknown };
  const inner = [error.cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].filter(
    (cause) => cause !== undefined,
  );
  const causes = depth > 1 ? inner.slice(0, MAX_CAUSES).map((cause) => describe(unwrap(cause), depth - 1)) : [];
  return {
    name: printable(error.name, 80),
    message: printable(error.message, MAX_MESSAGE),
    ...(typeof code === 'string' && { code: printable(code, 80) }),
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(error instanceof SluiceError ? describeSluice(error) : { stack: frames(error) }),
    ...(causes.length > 0 && { causes }),
  };
}

/** Some aggregates hold `{cause}` objects that are no errors themselves. */
function unwrap(cause: unknown): unknown {
  if (typeof cause !== 'object' || cause === null || cause instanceof Error || !('cause' in cause)) return cause;
  return cause.cause;
}

function describeSluice({ where, hint, retryable }: SluiceError): Partial<ErrorDescription> {
  return {
    ...(where !== undefined && { where: printable(where, MAX_MESSAGE) }),
    ...(hint !== undefined && { hint: printable(hint, MAX_MESSAGE) }),
    retryable,
  };
}

function frames(error: Error): string[] {
  const lines = (error.stack ?? '').slice(0, 20_000).split('\n');
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => printable(line.trim(), 200));
}

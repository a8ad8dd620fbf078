/**
 * Turns what the storage SDK throws into the errors of `object-errors.ts`. The service's own words are kept short and without
 * URLs; the SDK's error itself is not passed on as the cause, because it holds the request with its query and headers.
 */
import { printable } from '../base/redact.ts';
import type { SluiceError } from '../base/errors.ts';
import {
  CustomerKeyError,
  ObjectAccessError,
  ObjectArchivedError,
  ObjectChangedError,
  ObjectGoneError,
  SourceReadError,
} from './object-errors.ts';

/** What the SDK's errors have in common; every field may be missing. */
interface ServiceFault {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  /** The service's, such as `BlobNotFound`, or the network's, such as `ECONNRESET`. */
  readonly code: string;
  readonly requestId: string | undefined;
}

const transientStatus = new Set([408, 429, 500, 502, 503, 504]);
const credentialErrors = new Set(['AuthenticationError', 'AuthenticationRequiredError', 'CredentialUnavailableError']);

/** Whether the same request may succeed when it is made again soon: no answer, a broken answer, or a server in trouble. */
export function isPassingFault(error: unknown): boolean {
  const { name, status } = readFault(error);
  if (credentialErrors.has(name) || error instanceof TypeError) return false;
  return status === undefined || transientStatus.has(status);
}

/** What the service answered, for those who must tell more cases apart; `code` is empty where there was no answer with one. */
export function serviceAnswerOf(error: unknown): { readonly status: number | undefined; readonly code: string } {
  const { status, code } = readFault(error);
  return { status, code };
}

/** The error that says what happened to the object named `where`. `doing` begins the message of a `SourceReadError`. */
export function toObjectError(error: unknown, where: string, doing: string): SluiceError {
  const fault = readFault(error);
  const { name, status, code } = fault;
  const details = { where, cause: safeCause(fault) };
  if (code.includes('CustomerSpecifiedEncryption')) {
    return new CustomerKeyError(`object is encrypted with a key of its owner: ${code}`, {
      ...details,
      hint: 'upload it without a customer-provided key, or record it as not scanned',
    });
  }
  if (code === 'BlobArchived' || code === 'BlobBeingRehydrated') {
    return new ObjectArchivedError(`object is archived: ${code}`, {
      ...details,
      hint: 'it can be scanned once it has been moved to another tier',
    });
  }
  if (status === 412 || code === 'ConditionNotMet') {
    return new ObjectChangedError('object changed: the version that was asked for is not the current one', details);
  }
  if (status === 404) return new ObjectGoneError(`object is gone: ${code || 'not found'}`, details);
  if (status === 401 || status === 403 || code === 'PublicAccessNotPermitted' || credentialErrors.has(name)) {
    return new ObjectAccessError(`reading was refused: ${code || name}`, {
      ...details,
      hint: accessHint(code, name),
      retryable: true,
    });
  }
  return new SourceReadError(`${doing}: ${describeFault(fault)}`, { ...details, retryable: isPassingFault(error) });
}

function accessHint(code: string, name: string): string {
  if (credentialErrors.has(name)) return 'give the scanner an identity that can get a token for Azure Storage';
  if (code === 'AuthorizationFailure') return "let the scanner's network through the account's firewall";
  if (code.startsWith('KeyVault')) return 'give the storage account access to its customer-managed key in Key Vault';
  if (code === 'AuthenticationFailed') return 'check the credential and the clock of this machine';
  return "assign Storage Blob Data Reader on the account to the scanner's identity; it takes some minutes to be known";
}

function readFault(error: unknown): ServiceFault {
  const { name, message, statusCode, code, response } = (error ?? {}) as {
    name?: unknown;
    message?: unknown;
    statusCode?: unknown;
    code?: unknown;
    response?: { headers?: { get?: (name: string) => string | undefined } } | null;
  };
  const header = (wanted: string): string | undefined => response?.headers?.get?.(wanted);
  // An answer to HEAD has no body to read the code from, and what the SDK puts into `code` then is its own.
  const serviceCode = header('x-ms-error-code') ?? (typeof code === 'string' ? code : '');
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : String(error),
    status: typeof statusCode === 'number' ? statusCode : undefined,
    code: printable(serviceCode, 80),
    requestId: header('x-ms-request-id'),
  };
}

function describeFault({ status, code, message }: ServiceFault): string {
  // The service appends its request id and time on lines of their own.
  const text = printable((message.split('\n', 1)[0] ?? '').trim(), 200);
  return [status, code, text].filter((part) => part !== undefined && part !== '').join(' ');
}

function safeCause(fault: ServiceFault): Error {
  const requestId = fault.requestId === undefined ? '' : ` (request ${printable(fault.requestId, 60)})`;
  const cause = new Error(describeFault(fault) + requestId);
  cause.name = fault.name;
  return cause;
}

/**
 * Why an object could not be read. The class says what happened to the object, so that a caller can record the outcome
 * without looking at status codes; `retryable` says whether reading the same version again can help.
 */
import { SluiceError } from '../base/errors.ts';

/** The version that was opened or asked for is no longer there: the object has another eTag, or the file was written to. */
export class ObjectChangedError extends SluiceError {
  readonly code = 'OBJECT_CHANGED';
}

/** There is no such object, container, version or file. */
export class ObjectGoneError extends SluiceError {
  readonly code = 'OBJECT_GONE';
}

/** The object is in the archive tier, or on its way out of it: its bytes cannot be read until that is done. */
export class ObjectArchivedError extends SluiceError {
  readonly code = 'OBJECT_ARCHIVED';
}

/** The object is encrypted with a key that only its owner holds and sends with each request. */
export class CustomerKeyError extends SluiceError {
  readonly code = 'OBJECT_CUSTOMER_KEY';
}

/** Reading was refused. Retryable, because a role that was just assigned takes minutes to be known everywhere. */
export class ObjectAccessError extends SluiceError {
  readonly code = 'OBJECT_ACCESS_DENIED';
}

/** Something that has no bytes to scan, such as a folder, a pipe or a device, or a name that no request can carry. */
export class NotReadableError extends SluiceError {
  readonly code = 'OBJECT_NOT_READABLE';
}

/** Everything else that kept bytes from being read: a broken line, a failing server, a wrong answer, a closed source. */
export class SourceReadError extends SluiceError {
  readonly code = 'OBJECT_READ_FAILED';
}

/**
 * Which objects are not scanned, and what is recorded of them instead. An answer here means that trying again soon cannot help;
 * whatever may pass by itself is left to the caller as an error.
 */
import { errorText } from '../base/describe-error.ts';
import type { BlobProperties } from '../objects/blob-properties.ts';
import { CustomerKeyError, NotReadableError, ObjectArchivedError, ObjectGoneError } from '../objects/object-errors.ts';
import type { Outcome } from './verdict.ts';
import { failedOutcome, skippedOutcome } from './verdict.ts';

/** What decides, from an object's properties, whether it is scanned. */
export type ScannableProperties = Pick<BlobProperties, 'blobType' | 'isArchived' | 'isBeingCopied'>;

/** The outcome of an object that was opened and is not scanned; undefined for one that is. */
export function outcomeOfProperties({ blobType, isArchived }: ScannableProperties): Outcome | undefined {
  // Both grow and change without an event, so what a scan says of them would not stay true.
  if (blobType !== 'BlockBlob') return skippedOutcome('blobType', `${blobType} objects change without an event`);
  return isArchived
    ? skippedOutcome('archived', 'it can be scanned once it has been moved to another tier')
    : undefined;
}

/** The outcome of an object that could not be opened or read for good; undefined for errors that say nothing of the kind. */
export function outcomeOfError(error: unknown): Outcome | undefined {
  if (error instanceof ObjectGoneError) return skippedOutcome('gone', errorText(error));
  if (error instanceof ObjectArchivedError) return skippedOutcome('archived', errorText(error));
  if (error instanceof CustomerKeyError) return skippedOutcome('customerKey', errorText(error));
  // A name that no request can carry never was an object's.
  if (error instanceof NotReadableError) return failedOutcome('malformedMessage', errorText(error));
  return undefined;
}

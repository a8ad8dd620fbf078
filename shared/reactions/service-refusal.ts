/**
 * What a storage service's "no" means to a reaction. Three kinds are told apart: the version is not there any more, which ends the
 * reaction without a fault; what passes by itself or with a role, which is thrown to be tried again; and what no repetition can
 * change (a legal hold, a kind of account that cannot do this), which is a result.
 */
import { isPassingFault, serviceAnswerOf, toObjectError } from '../objects/blob-errors.ts';
import { ObjectAccessError, ObjectChangedError, ObjectGoneError, SourceReadError } from '../objects/object-errors.ts';
import type { ReactionResult } from './reaction.ts';

/** A result, or throws a retryable `SluiceError`. `doing` begins the text, such as `tags could not be set`. */
export function resultOfRefusal(error: unknown, url: string, doing: string, abortSignal: AbortSignal): ReactionResult {
  abortSignal.throwIfAborted();
  const { status, code } = serviceAnswerOf(error);
  // A lease is answered with the status of a changed version, and ends by itself or with a person's help.
  if (status === 412 && code.startsWith('Lease')) {
    throw new SourceReadError(`${doing}: the object is leased (${code})`, { where: url, retryable: true });
  }
  const explained = toObjectError(error, url, doing);
  if (explained instanceof ObjectChangedError) return { kind: 'changed', detail: 'another version is there by now' };
  if (explained instanceof ObjectGoneError) return { kind: 'changed', detail: 'the object is gone' };
  if (explained instanceof ObjectAccessError) {
    throw new ObjectAccessError(`${doing}: ${code || 'refused'}`, {
      where: url,
      hint: "give the app's identity the role that this reaction needs (README, Reactions); it takes some minutes to be known",
      retryable: true,
      cause: explained.cause,
    });
  }
  if (status === undefined || isPassingFault(error)) throw explained;
  return { kind: 'refused', detail: `${doing}: ${status} ${code}${meaningOf(code)}` };
}

const meanings: Readonly<Record<string, string>> = {
  BlobImmutableDueToPolicy: ', a legal hold or an immutability policy keeps the object',
  SnapshotsPresent: ', it has snapshots, which were not scanned and are not deleted',
  FeatureNotYetSupportedForHierarchicalNamespaceAccounts: ', accounts with a hierarchical namespace cannot do this',
  BlobTagsNotSupportedForAccountType: ', this kind of account has no index tags',
  CannotVerifyCopySource:
    ', the quarantine may not read the object: a firewall between the two accounts, or a missing role',
};

function meaningOf(code: string): string {
  return meanings[code] ?? '';
}

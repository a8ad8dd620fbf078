import { describe, expect, it } from 'vitest';
import {
  CustomerKeyError,
  NotReadableError,
  ObjectAccessError,
  ObjectArchivedError,
  ObjectChangedError,
  ObjectGoneError,
  SourceReadError,
} from '../../../../shared/objects/object-errors.ts';
import { outcomeOfError, outcomeOfProperties } from '../../../../shared/scanner/unscannable.ts';

describe('outcomeOfError', () => {
  it.each([
    [new ObjectGoneError('x'), 'skipped', 'gone'],
    [new ObjectArchivedError('x'), 'skipped', 'archived'],
    [new CustomerKeyError('x'), 'skipped', 'customerKey'],
    [new NotReadableError('x'), 'failed', 'malformedMessage'],
  ])('%s is %s: %s', (error, verdict, reason) => {
    expect(outcomeOfError(error)).toMatchObject({ verdict, reason });
  });

  it.each([
    new ObjectAccessError('x'),
    new ObjectChangedError('x'),
    new SourceReadError('x'),
    new TypeError('x'),
    'x',
    undefined,
  ])('%s is left to the caller', (error) => {
    expect(outcomeOfError(error)).toBeUndefined();
  });
});

describe('outcomeOfProperties', () => {
  const scannable = { blobType: 'BlockBlob', isArchived: false, isBeingCopied: false } as const;

  it('lets a block blob be scanned', () => {
    expect(outcomeOfProperties(scannable)).toBeUndefined();
  });

  it.each(['AppendBlob', 'PageBlob'] as const)('skips %s, which changes without an event', (blobType) => {
    expect(outcomeOfProperties({ ...scannable, blobType })).toMatchObject({ verdict: 'skipped', reason: 'blobType' });
  });

  it('skips what is in the archive', () => {
    expect(outcomeOfProperties({ ...scannable, isArchived: true })).toMatchObject({ reason: 'archived' });
  });
});

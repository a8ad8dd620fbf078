/** The mapping from what the service answers; which of these the emulator really gives is tested under test/azure. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isPassingFault, toObjectError } from '../../../../shared/objects/blob-errors.ts';

const where = 'https://watched.blob.core.windows.net/inbox/a';

/** As the SDK throws it: status and code, the answer's headers within reach. */
function fault(
  statusCode: number | undefined,
  code: string | undefined,
  message = 'words\nRequestId:1\nTime:2',
): Error {
  const headers = new Map([['x-ms-request-id', 'req-1']]);
  if (code !== undefined) headers.set('x-ms-error-code', code);
  const request = { url: `${where}?sig=secret` };
  return Object.assign(new Error(message), {
    name: 'RestError',
    statusCode,
    code: 'RestError',
    request,
    response: { headers },
  });
}

describe('toObjectError', () => {
  it.each([
    [412, 'ConditionNotMet', 'ObjectChangedError', false],
    [404, 'BlobNotFound', 'ObjectGoneError', false],
    [404, 'ContainerNotFound', 'ObjectGoneError', false],
    [404, undefined, 'ObjectGoneError', false],
    [409, 'BlobArchived', 'ObjectArchivedError', false],
    [409, 'BlobBeingRehydrated', 'ObjectArchivedError', false],
    [409, 'BlobUsesCustomerSpecifiedEncryption', 'CustomerKeyError', false],
    [409, 'PublicAccessNotPermitted', 'ObjectAccessError', true],
    [401, 'NoAuthenticationInformation', 'ObjectAccessError', true],
    [403, 'AuthorizationPermissionMismatch', 'ObjectAccessError', true],
    [403, 'KeyVaultEncryptionKeyNotFound', 'ObjectAccessError', true],
    [400, 'InvalidQueryParameterValue', 'SourceReadError', false],
    [416, 'InvalidRange', 'SourceReadError', false],
    [429, undefined, 'SourceReadError', true],
    [500, 'InternalError', 'SourceReadError', true],
    [503, 'ServerBusy', 'SourceReadError', true],
    [undefined, 'ECONNRESET', 'SourceReadError', true],
  ])('makes of status %s with code %s a %s', (status, code, name, retryable) => {
    const error = toObjectError(fault(status, code), where, 'properties could not be read');
    expect(error).toMatchObject({ name, retryable, where });
    expect(error.code).toMatch(/^OBJECT_[A-Z_]+$/);
  });

  it('names the role that is missing, or the firewall', () => {
    expect(toObjectError(fault(403, 'AuthorizationPermissionMismatch'), where, '').hint).toContain(
      'Storage Blob Data Reader',
    );
    expect(toObjectError(fault(403, 'AuthorizationFailure'), where, '').hint).toContain('firewall');
  });

  it('takes a credential without token for refused access', () => {
    const error = Object.assign(new Error('no managed identity'), { name: 'CredentialUnavailableError' });
    expect(toObjectError(error, where, '')).toMatchObject({ name: 'ObjectAccessError', retryable: true });
    expect(isPassingFault(error)).toBe(false);
  });

  it("keeps the service's first line and request id, and nothing of the request", () => {
    const error = toObjectError(
      fault(503, 'ServerBusy', 'the server is busy at https://x/y?sig=secret\nRequestId:1'),
      where,
      'no',
    );
    expect(error.message).toBe('no: 503 ServerBusy the server is busy at https://x/y?[redacted]');
    expect(String(error.cause)).toContain('(request req-1)');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  it('makes an error of anything', () => {
    for (const thrown of [undefined, null, 'text', 7, {}, new TypeError('odd')]) {
      expect(toObjectError(thrown, where, 'no')).toMatchObject({ name: 'SourceReadError' });
    }
  });
});

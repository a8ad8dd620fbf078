import { describe, expect, it } from 'vitest';
import type { ObjectIdentity } from '../../../../shared/objects/byte-source.ts';
import { findingIdOf, refusalIdOf, scanIdOf } from '../../../../shared/scanner/scan-ids.ts';

const object: ObjectIdentity = {
  account: 'watched',
  container: 'uploads',
  objectName: '2026/rechnung ä.pdf',
  url: 'https://watched.blob.core.windows.net/uploads/2026/rechnung%20%C3%A4.pdf',
  eTag: '0x8DCFFFFFFFFFFFF',
  versionId: undefined,
};
const basis = { rulesDigest: 'a'.repeat(64), engineVersion: '1.2.3' };

describe('scanIdOf', () => {
  it('is the same for the same version, rules and engine, whatever the URL was spelled like', () => {
    expect(scanIdOf({ ...object, url: 'https://elsewhere/' }, basis)).toBe(scanIdOf(object, basis));
    expect(scanIdOf(object, basis)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['account', { ...object, account: 'other' }, basis],
    ['container', { ...object, container: 'other' }, basis],
    ['object', { ...object, objectName: 'other' }, basis],
    ['eTag', { ...object, eTag: 'other' }, basis],
    ['version', { ...object, versionId: '2026-01-01T00:00:00.0000000Z' }, basis],
    ['rules', object, { ...basis, rulesDigest: 'b'.repeat(64) }],
    ['engine', object, { ...basis, engineVersion: '1.2.4' }],
  ])('differs for another %s', (_, otherObject, otherBasis) => {
    expect(scanIdOf(otherObject, otherBasis)).not.toBe(scanIdOf(object, basis));
  });

  it('keeps apart what only differs in where one part ends and the next begins', () => {
    const one = { ...object, container: 'a', objectName: 'b/c' };
    const other = { ...object, container: 'a/b', objectName: 'c' };
    expect(scanIdOf(one, basis)).not.toBe(scanIdOf(other, basis));
    const versioned = { ...object, versionId: 'x', eTag: 'y' };
    expect(scanIdOf(versioned, basis)).not.toBe(scanIdOf({ ...object, versionId: undefined, eTag: 'xy' }, basis));
  });
});

describe('refusalIdOf', () => {
  const refusal = { eventId: 'event-1', account: '', container: '', objectName: '' };

  it('is the same for the same event and differs for another', () => {
    expect(refusalIdOf(refusal, basis)).toBe(refusalIdOf({ ...refusal }, basis));
    expect(refusalIdOf({ ...refusal, eventId: 'event-2' }, basis)).not.toBe(refusalIdOf(refusal, basis));
  });
});

describe('findingIdOf', () => {
  it('differs by scan, namespace and rule', () => {
    const scanId = scanIdOf(object, basis);
    const ids = [
      findingIdOf(scanId, 'default', 'a'),
      findingIdOf(scanId, 'default', 'b'),
      findingIdOf(scanId, 'other', 'a'),
      findingIdOf(scanIdOf({ ...object, eTag: 'x' }, basis), 'default', 'a'),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(findingIdOf(scanId, 'a', 'bc')).not.toBe(findingIdOf(scanId, 'ab', 'c'));
  });
});

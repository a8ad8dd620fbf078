import { expect, it } from 'vitest';
import { isETag, normaliseETag, quoteETag } from '../../../../shared/objects/e-tag.ts';

it.each([
  ['0x8DB', '0x8DB'],
  ['"0x8DB"', '0x8DB'],
  [' "0x8DB" ', '0x8DB'],
  ['W/"0x8DB"', '0x8DB'],
  ['""', ''],
  ['"', '"'],
  ['"open', '"open'],
])('takes the quotes off %s', (given, expected) => {
  expect(normaliseETag(given)).toBe(expected);
});

it('puts exactly one pair of quotes around it', () => {
  expect(quoteETag('0x8DB')).toBe('"0x8DB"');
  expect(quoteETag('"0x8DB"')).toBe('"0x8DB"');
  expect(quoteETag('*')).toBe('"*"');
});

it.each(['', '""', 'a b', 'a"b', 'a\r\nx-ms-foo: 1', 'é', 'x'.repeat(257)])('does not take %j for an eTag', (text) => {
  expect(isETag(text)).toBe(false);
});

it('takes what the service sends for an eTag', () => {
  expect(isETag('"0x8DCF4E2D8A1B2C3"')).toBe(true);
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DigestPart } from '../../../../shared/base/digest.ts';
import { sha256Hex } from '../../../../shared/base/digest.ts';

describe('sha256Hex', () => {
  it('hashes kind, length and content of each part', () => {
    const expected = createHash('sha256')
      .update(Buffer.from('01' + '0000000000000003' + '61c3a9' + '00' + '0000000000000000', 'hex'))
      .digest('hex');
    expect(sha256Hex(['aé', undefined])).toBe(expected);
  });

  it('tells lists apart that join to the same text', () => {
    const lists: DigestPart[][] = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['abc', ''],
      ['abc', undefined],
      [Buffer.from('abc')],
      ['\ud800'],
      ['\udc00'],
      ['\ufffd'],
      [],
    ];
    expect(new Set(lists.map((list) => sha256Hex(list))).size).toBe(lists.length);
  });

  it('gives equal lists, and only those, the same id', () => {
    const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }), (one, other) => {
        const isSame = one.length === other.length && one.every((value, index) => value === other[index]);
        expect(sha256Hex(one) === sha256Hex(other)).toBe(isSame);
        expect(sha256Hex([...one])).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundEntries, jsonBytes, shortenText } from '../../../../shared/sinks/shorten.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
);

describe('shortenText', () => {
  test('any text: within its limit, well formed, the beginning kept, and the mark counts what is missing', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 64, max: 400 }), (text, limit) => {
        const short = shortenText(text, limit);
        const whole = Buffer.from(text).toString();
        expect(jsonBytes(short)).toBeLessThanOrEqual(limit);
        expect(Buffer.from(short).toString()).toBe(short);
        if (short === whole) return;
        expect(jsonBytes(whole)).toBeGreaterThan(limit);
        const [, kept, missing] = /^(.*) … \[(\d+) bytes more\]$/s.exec(short)!;
        expect(whole.startsWith(kept!)).toBe(true);
        expect(Buffer.byteLength(whole.slice(kept!.length))).toBe(Number(missing));
      }),
      { numRuns: 1_000 },
    );
  });

  test('a text that just fits is left alone', () => {
    expect(shortenText('a'.repeat(100), 100)).toBe('a'.repeat(100));
    expect(shortenText('a'.repeat(101), 100)).toBe(`${'a'.repeat(60)} … [41 bytes more]`);
    expect(shortenText('"'.repeat(50), 100)).toBe('"'.repeat(50));
    expect(shortenText('\u0001'.repeat(17), 100)).toBe(`${'\u0001'.repeat(10)} … [7 bytes more]`);
  });

  test('a text of 200 MB costs no more than reading it', () => {
    expect(shortenText('é'.repeat(100_000_000), 100)).toBe(`${'é'.repeat(30)} … [199999940 bytes more]`);
  });
});

describe('boundEntries', () => {
  test('keeps the first that fit, asks for no other, and counts the rest', () => {
    const asked: number[] = [];
    const list = Array.from({ length: 1_000 }, (_, i) => i);
    const { kept, omitted } = boundEntries(list, (n) => (asked.push(n), 'x'.repeat(7)), 35);
    expect(kept).toEqual(Array.from({ length: 3 }, () => 'x'.repeat(7)));
    expect(omitted).toBe(997);
    expect(asked).toEqual([0, 1, 2, 3]);
  });
});

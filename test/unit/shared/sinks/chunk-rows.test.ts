import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callLimits, chunkRows } from '../../../../shared/sinks/chunk-rows.ts';

const itself = <T>(row: T): T => row;
const jsonBytes = (rows: readonly unknown[]): number => Buffer.byteLength(JSON.stringify(rows));

describe('chunkRows', () => {
  test('any rows: every call within both limits, order kept, each row once, no call that could have been one', () => {
    const rows = fc.array(
      fc.oneof(
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
        fc.record({ a: fc.string({ unit: 'binary', maxLength: 400 }) }),
      ),
      { maxLength: 60 },
    );
    const limits = fc.record({ bytes: fc.integer({ min: 2, max: 600 }), rows: fc.integer({ min: 1, max: 8 }) });
    fc.assert(
      fc.property(rows, limits, (given, limit) => {
        const { chunks, tooLarge } = chunkRows(given, itself, limit);
        for (const chunk of chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          expect(chunk.length).toBeLessThanOrEqual(limit.rows);
          expect(jsonBytes(chunk)).toBeLessThanOrEqual(limit.bytes);
        }
        for (const row of tooLarge) expect(jsonBytes([row])).toBeGreaterThan(limit.bytes);
        const fitting = given.filter((row) => !tooLarge.includes(row));
        expect(chunks.flat()).toEqual(fitting);
        expect(fitting.length + tooLarge.length).toBe(given.length);
        for (const [index, chunk] of chunks.entries()) {
          const next = chunks[index + 1];
          if (next === undefined) continue;
          const joined = [...chunk, next[0]!];
          expect(joined.length > limit.rows || jsonBytes(joined) > limit.bytes).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('142,857 tiny rows, which the SDK would send as one call that is too large', () => {
    const rows = Array.from({ length: 142_857 }, () => ({ a: 1 }));
    const { chunks, tooLarge } = chunkRows(rows, itself);
    expect(tooLarge).toEqual([]);
    expect(chunks).toHaveLength(Math.ceil(142_857 / 500));
    expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(142_857);

    const byBytes = chunkRows(rows, itself, { bytes: 900_000, rows: Infinity });
    expect(byBytes.chunks).toHaveLength(2);
    expect(jsonBytes(byBytes.chunks[0]!)).toBeGreaterThan(899_990);
    for (const chunk of byBytes.chunks) expect(jsonBytes(chunk)).toBeLessThanOrEqual(900_000);
  });

  test('a row of 2 MB is named and its neighbours go out', () => {
    const big = { a: 'x'.repeat(2_000_000) };
    const { chunks, tooLarge } = chunkRows([{ a: '1' }, big, { a: '2' }], itself);
    expect(tooLarge).toEqual([big]);
    expect(chunks).toEqual([[{ a: '1' }, { a: '2' }]]);
  });

  test('rows that fill a call to the byte', () => {
    // `[{"a":""}]` is 10 bytes; `,{"a":""}` 9.
    const fill = (bytes: number): { a: string } => ({ a: 'x'.repeat(bytes) });
    expect(chunkRows([fill(90)], itself, { bytes: 100, rows: 9 }).chunks).toHaveLength(1);
    expect(chunkRows([fill(91)], itself, { bytes: 100, rows: 9 }).tooLarge).toHaveLength(1);
    expect(chunkRows([fill(40), fill(41)], itself, { bytes: 100, rows: 9 }).chunks).toHaveLength(1);
    expect(chunkRows([fill(40), fill(42)], itself, { bytes: 100, rows: 9 }).chunks).toHaveLength(2);
  });

  test('counts bytes, not characters', () => {
    expect(chunkRows([{ a: '漢'.repeat(30) }], itself, { bytes: 100, rows: 9 }).chunks).toHaveLength(1);
    expect(chunkRows([{ a: '漢'.repeat(31) }], itself, { bytes: 100, rows: 9 }).tooLarge).toHaveLength(1);
  });

  test('no rows make no call', () => {
    expect(chunkRows([], itself)).toEqual({ chunks: [], tooLarge: [] });
  });

  test('the limits of a call stand below those of the service and of the SDK', () => {
    expect(callLimits.bytes).toBeLessThan(1_000_000);
  });
});

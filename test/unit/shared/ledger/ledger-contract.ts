/** What every ledger must do, run against each implementation. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../../shared/base/digest.ts';
import type { RecordedOutcome } from '../../../../shared/ledger/entry-rules.ts';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import type { ObjectIdentity } from '../../../../shared/objects/byte-source.ts';

export const match: RecordedOutcome = { verdict: 'match', rank: 4, reason: undefined };
export const clean: RecordedOutcome = { verdict: 'clean', rank: 3, reason: undefined };
export const incomplete: RecordedOutcome = { verdict: 'incomplete', rank: 2, reason: 'deadline' };
export const skipped: RecordedOutcome = { verdict: 'skipped', rank: 0, reason: 'gone' };

export function identity(change: Partial<ObjectIdentity> = {}): ObjectIdentity {
  return {
    account: 'contosouploads',
    container: 'intake',
    objectName: 'a.bin',
    url: 'https://contosouploads.blob.core.windows.net/intake/a.bin',
    eTag: '0x8DE783C1A2B3C4D',
    versionId: undefined,
    ...change,
  };
}

/** A scan nobody has recorded yet. */
export function freshScanId(): string {
  return sha256Hex([randomUUID()]);
}

/** Runs the suite against the ledger that `open` gives; its clock must be `now`. */
export function describeLedger(
  name: string,
  open: (now: () => Date) => Ledger,
  races: { readonly runs: number },
): void {
  const object = identity();
  let time = Date.parse('2026-03-04T05:06:07.089Z');
  const now = (): Date => new Date((time += 1_000));

  describe(`${name} as a ledger`, () => {
    it('knows nothing of a scan that never began', async () => {
      await expect(open(now).find(object, freshScanId())).resolves.toBeUndefined();
    });

    it('tells of a scan that runs who runs it and since when', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await expect(ledger.begin(object, scanId, 'attempt-1')).resolves.toBe(true);
      await expect(ledger.find(object, scanId)).resolves.toEqual({
        scanId,
        state: 'running',
        attemptId: 'attempt-1',
        startedAt: new Date(time),
        finishedAt: undefined,
        verdict: undefined,
        rank: undefined,
        reason: undefined,
      });
    });

    it('lets another attempt take over a scan that runs, since its worker may be gone', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.begin(object, scanId, 'attempt-1');
      await expect(ledger.begin(object, scanId, 'attempt-2')).resolves.toBe(true);
      await expect(ledger.find(object, scanId)).resolves.toMatchObject({
        attemptId: 'attempt-2',
        startedAt: new Date(time),
      });
    });

    it('keeps the outcome of a scan that ended, with its reason', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.begin(object, scanId, 'attempt-1');
      const startedAt = new Date(time);
      const expected = {
        scanId,
        state: 'done',
        attemptId: 'attempt-1',
        startedAt,
        finishedAt: new Date(time + 1_000),
        verdict: 'incomplete',
        rank: 2,
        reason: 'deadline',
      };
      await expect(ledger.finish(object, scanId, 'attempt-1', incomplete)).resolves.toEqual(expected);
      await expect(ledger.find(object, scanId)).resolves.toEqual(expected);
    });

    it('never goes back from done to running', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      for (const outcome of [skipped, clean]) {
        const entry = await ledger.finish(object, scanId, 'attempt-1', outcome);
        await expect(ledger.begin(object, scanId, 'attempt-2')).resolves.toBe(false);
        await expect(ledger.find(object, scanId)).resolves.toEqual(entry);
      }
    });

    it('records the end of a scan whose beginning it never saw', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const entry = await ledger.finish(object, scanId, 'attempt-1', match);
      expect(entry).toMatchObject({ state: 'done', verdict: 'match', rank: 4, reason: undefined });
      expect(entry.startedAt).toEqual(entry.finishedAt);
    });

    it('never writes an outcome of lower rank, and says what stands', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const best = await ledger.finish(object, scanId, 'attempt-1', match);
      for (const lower of [clean, incomplete, skipped]) {
        await expect(ledger.finish(object, scanId, 'attempt-2', lower)).resolves.toEqual(best);
      }
      await expect(ledger.find(object, scanId)).resolves.toEqual(best);
    });

    it('writes an outcome of higher rank, and the later one of equal rank', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const steps: RecordedOutcome[] = [skipped, { ...skipped, reason: 'archived' }, incomplete, clean, match];
      for (const [index, outcome] of steps.entries()) {
        const entry = await ledger.finish(object, scanId, `attempt-${index}`, outcome);
        expect(entry).toMatchObject({ ...outcome, attemptId: `attempt-${index}` });
        await expect(ledger.find(object, scanId)).resolves.toEqual(entry);
      }
    });

    it('keeps scans and objects apart', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.finish(object, scanId, 'attempt-1', match);
      await expect(ledger.find(object, freshScanId())).resolves.toBeUndefined();
      for (const other of [{ account: 'contosolake' }, { container: 'outtake' }, { objectName: 'b.bin' }]) {
        await expect(ledger.find(identity(other), scanId)).resolves.toBeUndefined();
      }
    });

    it('takes any name an object can have, and none at all', async () => {
      const ledger = open(now);
      const names = [
        "it's/a\\b?c#d%e+f.bin",
        '💾 ümlaut/…',
        '/',
        ' ',
        "' or 1 eq 1",
        'x'.repeat(1_024),
        '😀'.repeat(512),
        '',
      ];
      for (const objectName of names) {
        const scanId = freshScanId();
        const odd = identity({
          objectName,
          account: '',
          container: '',
          versionId: '2026-03-02T09:15:42.1835921Z',
          eTag: '',
        });
        await ledger.begin(odd, scanId, 'attempt-1');
        await ledger.finish(odd, scanId, 'attempt-1', clean);
        await expect(ledger.find(odd, scanId)).resolves.toMatchObject({ state: 'done', verdict: 'clean' });
      }
    });

    it('keeps the highest of ranks that ten attempts finish with at once', async () => {
      const ledger = open(now);
      const rank = fc.integer({ min: 0, max: 4 });
      await fc.assert(
        fc.asyncProperty(fc.array(rank, { minLength: 10, maxLength: 10 }), fc.boolean(), async (ranks, hasBegun) => {
          const scanId = freshScanId();
          if (hasBegun) await ledger.begin(object, scanId, 'attempt-x');
          const entries = await Promise.all(
            ranks.map((each, index) =>
              ledger.finish(object, scanId, `attempt-${index}`, {
                verdict: `rank-${each}`,
                rank: each,
                reason: undefined,
              }),
            ),
          );
          const highest = Math.max(...ranks);
          const standing = await ledger.find(object, scanId);
          expect(standing).toMatchObject({ state: 'done', rank: highest, verdict: `rank-${highest}` });
          // What an attempt is told stands is never below its own outcome.
          for (const [index, entry] of entries.entries()) expect(entry.rank).toBeGreaterThanOrEqual(ranks[index]!);
        }),
        { numRuns: races.runs },
      );
    });

    it('ends as done when attempts begin and finish at once', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const calls = Array.from({ length: 5 }, (_, index) => [
        ledger.begin(object, scanId, `begin-${index}`),
        ledger.finish(object, scanId, `finish-${index}`, index % 2 === 0 ? clean : incomplete),
      ]);
      await Promise.all(calls.flat());
      await expect(ledger.find(object, scanId)).resolves.toMatchObject({ state: 'done', verdict: 'clean' });
      await expect(ledger.begin(object, scanId, 'late')).resolves.toBe(false);
    });
  });
}

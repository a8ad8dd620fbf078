/** What every ledger must do, run against each implementation. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../../shared/base/digest.ts';
import { STALE_AFTER_IN_MS } from '../../../../shared/ledger/entry-rules.ts';
import type { Claim, Ledger, RecordedOutcome } from '../../../../shared/ledger/ledger.ts';
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

/** What an attempt brings that was told of an upload for the first time. */
export function claimOf(attemptId: string, change: Partial<Claim> = {}): Claim {
  return { attemptId, generation: undefined, isRedelivered: false, mayRepeat: () => false, ...change };
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
      const answer = await ledger.claim(object, scanId, claimOf('attempt-1'));
      expect(answer).toEqual({
        kind: 'claimed',
        entry: {
          scanId,
          state: 'running',
          attemptId: 'attempt-1',
          startedAt: new Date(time),
          finishedAt: undefined,
          verdict: undefined,
          rank: undefined,
          reason: undefined,
          run: {
            isHeld: true,
            heartbeatAt: new Date(time),
            generation: 0,
            position: 0,
            sliceStart: 0,
            idleSlices: 0,
            isSuspect: false,
            aloneStarts: 0,
          },
        },
      });
      await expect(ledger.find(object, scanId)).resolves.toEqual(answer.entry);
    });

    it('leaves a scan to the attempt that shows signs of life', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      await expect(ledger.claim(object, scanId, claimOf('attempt-2'))).resolves.toMatchObject({ kind: 'elsewhere' });
      time += STALE_AFTER_IN_MS - 10_000;
      await expect(ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat' })).resolves.toBeDefined();
      time += STALE_AFTER_IN_MS - 10_000;
      await expect(ledger.claim(object, scanId, claimOf('attempt-2'))).resolves.toMatchObject({ kind: 'elsewhere' });
    });

    it('gives it to another once those have ended, or once it was released', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      time += STALE_AFTER_IN_MS;
      await expect(ledger.claim(object, scanId, claimOf('attempt-2'))).resolves.toMatchObject({
        kind: 'claimed',
        entry: { attemptId: 'attempt-2' },
      });
      // The one before is told so at its next sign of life.
      await expect(ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat' })).resolves.toBeUndefined();
      await ledger.advance(object, scanId, 'attempt-2', { kind: 'released' });
      await expect(ledger.claim(object, scanId, claimOf('attempt-3'))).resolves.toMatchObject({ kind: 'claimed' });
    });

    it('gives it to the message that had it before, whose worker may be gone', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      const claim = claimOf('attempt-2', { isRedelivered: true });
      await expect(ledger.claim(object, scanId, claim)).resolves.toMatchObject({ kind: 'claimed' });
      await expect(ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat' })).resolves.toBeUndefined();
    });

    it('hands a scan from slice to slice, from where the last one came to', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      await ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat', position: 2 ** 40 });
      const yielded = { kind: 'yielded', position: 2 ** 41, hasRun: true } as const;
      await expect(ledger.advance(object, scanId, 'attempt-1', yielded)).resolves.toMatchObject({
        run: { isHeld: false, generation: 1, position: 2 ** 41, idleSlices: 0 },
      });
      const next = await ledger.claim(object, scanId, claimOf('attempt-2', { generation: 1 }));
      expect(next).toMatchObject({ kind: 'claimed', entry: { run: { sliceStart: 2 ** 41, generation: 1 } } });
      await expect(ledger.find(object, scanId)).resolves.toEqual(next.entry);
    });

    it('takes the same claim, and the same end of a slice, once more for the first time it came', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const first = await ledger.claim(object, scanId, claimOf('attempt-1'));
      await expect(ledger.claim(object, scanId, claimOf('attempt-1'))).resolves.toEqual(first);
      const yielded = { kind: 'yielded', position: 5, hasRun: true } as const;
      const left = await ledger.advance(object, scanId, 'attempt-1', yielded);
      expect(left).toMatchObject({ run: { isHeld: false, generation: 1, position: 5 } });
      await expect(ledger.advance(object, scanId, 'attempt-1', yielded)).resolves.toEqual(left);
      // A sign of life is none once the scan was left.
      await expect(ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat' })).resolves.toBeUndefined();
    });

    it('counts slices that had their time and came no further, and forgives them all for one that did', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const idle: (number | undefined)[] = [];
      for (const [slice, [position, hasRun]] of [
        [10, true],
        [10, true],
        [10, false],
        [10, true],
        [11, true],
      ].entries()) {
        await ledger.claim(object, scanId, claimOf(`attempt-${slice}`, { generation: slice }));
        const change = { kind: 'yielded', position: Number(position), hasRun: hasRun === true } as const;
        idle.push((await ledger.advance(object, scanId, `attempt-${slice}`, change))?.run?.idleSlices);
      }
      expect(idle).toEqual([0, 1, 1, 2, 0]);
    });

    it('turns a message away that asks for a slice which was taken since', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      await ledger.advance(object, scanId, 'attempt-1', { kind: 'yielded', position: 1, hasRun: true });
      const stale = claimOf('attempt-2', { generation: 0 });
      await expect(ledger.claim(object, scanId, stale)).resolves.toMatchObject({ kind: 'stale' });
      // Unless it comes again and nobody is at it: the message for the next slice may never have been sent.
      await expect(ledger.claim(object, scanId, { ...stale, isRedelivered: true })).resolves.toMatchObject({
        kind: 'claimed',
        entry: { run: { generation: 1, position: 1 } },
      });
      const other = { ...claimOf('attempt-3', { generation: 0 }), isRedelivered: true };
      await expect(ledger.claim(object, scanId, other)).resolves.toMatchObject({ kind: 'stale' });
    });

    it('lets an outcome stand while a scan that may repeat it runs', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const archived = { ...skipped, reason: 'archived' };
      await ledger.finish(object, scanId, 'attempt-1', archived);
      const claim = claimOf('attempt-2', { mayRepeat: ({ reason }) => reason === 'archived' });
      await expect(ledger.claim(object, scanId, claim)).resolves.toMatchObject({
        kind: 'claimed',
        entry: { state: 'running', ...archived },
      });
      await expect(ledger.finish(object, scanId, 'attempt-2', match)).resolves.toMatchObject({
        state: 'done',
        ...match,
      });
      // One that learns less ends it all the same, and what stood stands.
      await ledger.claim(object, scanId, { ...claim, attemptId: 'attempt-3', mayRepeat: () => true });
      await expect(ledger.finish(object, scanId, 'attempt-3', incomplete)).resolves.toMatchObject({ ...match });
      await expect(ledger.find(object, scanId)).resolves.toMatchObject({ state: 'done', run: undefined, ...match });
    });

    it('keeps the outcome of a scan that ended, with its reason', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      await ledger.claim(object, scanId, claimOf('attempt-1'));
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
        run: undefined,
      };
      await expect(ledger.finish(object, scanId, 'attempt-1', incomplete)).resolves.toEqual(expected);
      await expect(ledger.find(object, scanId)).resolves.toEqual(expected);
    });

    it('never goes back from done to running by itself', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      for (const outcome of [skipped, clean]) {
        const entry = await ledger.finish(object, scanId, 'attempt-1', outcome);
        const answer = await ledger.claim(object, scanId, claimOf('attempt-2', { isRedelivered: true }));
        expect(answer).toEqual({ kind: 'done', entry });
        await expect(ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat' })).resolves.toBeUndefined();
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

    it('leaves a scan to the attempt that holds it when only its message was given up', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const givenUp: RecordedOutcome = { verdict: 'failed', rank: 1, reason: 'poison', leavesRun: true };
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      const entry = await ledger.finish(object, scanId, 'poison', givenUp);
      expect(entry).toMatchObject({
        state: 'running',
        attemptId: 'attempt-1',
        verdict: 'failed',
        rank: 1,
        reason: 'poison',
        run: { isHeld: true },
      });
      expect(await ledger.find(object, scanId)).toEqual(entry);
      const beat = await ledger.advance(object, scanId, 'attempt-1', { kind: 'heartbeat', position: 7 });
      expect(beat).toMatchObject({ verdict: 'failed', run: { position: 7 } });
      await expect(ledger.finish(object, scanId, 'attempt-1', clean)).resolves.toMatchObject({
        state: 'done',
        verdict: 'clean',
        run: undefined,
      });
      // And later it says nothing any more.
      await expect(ledger.finish(object, scanId, 'poison', givenUp)).resolves.toMatchObject({ verdict: 'clean' });
    });

    it('ends a scan that nobody holds when its message was given up', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const givenUp: RecordedOutcome = { verdict: 'failed', rank: 1, reason: 'poison', leavesRun: true };
      await ledger.claim(object, scanId, claimOf('attempt-1'));
      await ledger.advance(object, scanId, 'attempt-1', { kind: 'released' });
      await expect(ledger.finish(object, scanId, 'poison', givenUp)).resolves.toMatchObject({
        state: 'done',
        verdict: 'failed',
        run: undefined,
      });
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

    it('tells of all scans of one version of an object', async () => {
      const ledger = open(now);
      const objectName = freshScanId();
      const [first, second, other] = [freshScanId(), freshScanId(), freshScanId()];
      await ledger.finish(identity({ objectName }), first, 'attempt-1', clean);
      await ledger.claim(identity({ objectName }), second, claimOf('attempt-2'));
      await ledger.finish(identity({ objectName, eTag: '0x2' }), other, 'attempt-3', match);
      const found = await ledger.findVersion(identity({ objectName }));
      expect(new Set(found.map(({ scanId }) => scanId))).toEqual(new Set([first, second]));
      for (const entry of found) expect(await ledger.find(identity({ objectName }), entry.scanId)).toEqual(entry);
      expect(await ledger.findVersion(identity({ objectName, eTag: "0x'3" }))).toEqual([]);
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
        await ledger.claim(odd, scanId, claimOf('attempt-1'));
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
          if (hasBegun) await ledger.claim(object, scanId, claimOf('attempt-x'));
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

    it('gives a scan to one of ten attempts that ask at once', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const asked = Array.from({ length: 10 }, (_, index) => ledger.claim(object, scanId, claimOf(`attempt-${index}`)));
      const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'claimed')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'elsewhere')).toHaveLength(9);
    });

    it('ends as done when attempts begin and finish at once', async () => {
      const ledger = open(now);
      const scanId = freshScanId();
      const calls = Array.from({ length: 5 }, (_, index) => [
        ledger.claim(object, scanId, claimOf(`begin-${index}`)),
        ledger.finish(object, scanId, `finish-${index}`, index % 2 === 0 ? clean : incomplete),
      ]);
      await Promise.all(calls.flat());
      await expect(ledger.find(object, scanId)).resolves.toMatchObject({ state: 'done', verdict: 'clean' });
      await expect(ledger.claim(object, scanId, claimOf('late'))).resolves.toMatchObject({ kind: 'done' });
    });
  });
}

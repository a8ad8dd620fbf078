/** What every reaction keeps to. A reaction's test calls `describeReactionContract` with the means to make one and to look behind it. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reactionNames } from '../../../shared/base/settings.ts';
import type { Reaction } from '../../../shared/reactions/reaction.ts';
import type { ScanReport } from '../../../shared/scanner/scan-report.ts';
import { skippedOutcome } from '../../../shared/scanner/verdict.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';
import type { Service } from '../app/service.ts';
import { malicious, startService } from '../app/service.ts';

export interface ReactionUnderTest {
  readonly make: (service: Service) => Reaction;
  /** Everything that the reaction did because of the report, as something to compare. */
  readonly effect: (service: Service, report: ScanReport) => Promise<unknown>;
  /** What `effect` is before anything was done. */
  readonly nothing: unknown;
}

/** A match in an object that is there, as a scan would report it. */
export async function plant(service: Service, number: number, bytes: Uint8Array = malicious): Promise<ScanReport> {
  const { name, eTag } = await service.upload(bytes, `${randomUUID()} ü%+#?.bin`);
  const { url } = service.container.getBlobClient(name);
  const report = makeReport(number);
  const scanId = randomUUID().replaceAll('-', '').repeat(2);
  const { accountName: account } = service.container;
  const object = {
    account,
    container: 'uploads',
    objectName: name,
    url,
    eTag: eTag.replaceAll('"', ''),
    versionId: undefined,
  };
  return { ...report, scanId, object, sizeInBytes: bytes.length };
}

export const inTime = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(30_000) });

export function describeReactionContract(name: string, { make, effect, nothing }: ReactionUnderTest): void {
  describe(`${name} keeps the reaction contract`, () => {
    let service: Service;
    let reaction: Reaction;
    beforeAll(async () => {
      service = await startService();
      reaction = make(service);
    });
    afterEach(() => {
      service.proxy.reset();
    });
    afterAll(() => service.close());

    it('has the name that stands in the settings', () => {
      expect(reaction.name).toBe(name);
      expect(reactionNames).toContain(name);
    });

    it('does what it is for, and a second time changes nothing more', async () => {
      const report = await plant(service, 1);
      expect(await effect(service, report)).toEqual(nothing);
      expect(await reaction.react(report, inTime())).toMatchObject({ kind: 'done' });
      const once = await effect(service, report);
      expect(once).not.toEqual(nothing);
      await reaction.react(report, inTime());
      expect(await effect(service, report)).toEqual(once);
    });

    it('is not concerned with what was not scanned', async () => {
      const report = { ...(await plant(service, 2)), outcome: skippedOutcome('archived'), findings: [] };
      expect(await reaction.react(report, inTime())).toMatchObject({ kind: 'notConcerned' });
      expect(await effect(service, report)).toEqual(nothing);
    });

    it('leaves another version as it is, its bytes and its tags', async () => {
      const report = await plant(service, 3);
      const client = service.container.getBlockBlobClient(report.object.objectName);
      await client.uploadData(Buffer.from('harmless'), { tags: { owner: 'someone' } });
      await reaction.react(report, inTime());
      expect((await client.downloadToBuffer()).toString()).toBe('harmless');
      expect((await client.getTags()).tags).toEqual({ owner: 'someone' });
    });

    it('ends with the reason of its signal', async () => {
      const reason = new Error('the app is stopping');
      const report = await plant(service, 4);
      await expect(reaction.react(report, { abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(await effect(service, report)).toEqual(nothing);
    });
  });
}

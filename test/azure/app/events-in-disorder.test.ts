/**
 * Events as Event Grid may deliver them: twice, late, in any order, about objects that are replaced or taken away meanwhile. Each
 * version ends with one outcome, and none of them hides another.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppOverrides } from '../../../shared/app.ts';
import type { Config } from '../../../shared/base/config.ts';
import type { FaultProxy } from '../objects/fault-proxy.ts';
import { startFaultProxy } from '../objects/fault-proxy.ts';
import { shownOutcomes, shownRules, shownScans } from './analyst.ts';
import type { HostedApp } from './hosted-app.ts';
import { hostApp } from './hosted-app.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';

const QUARANTINE = 'sluice-quarantine';

let service: Service;
const hosts: HostedApp[] = [];

beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  service.proxy.reset();
});
afterAll(() => service.close());

async function host(changes: Partial<Config> = {}, overrides: AppOverrides = {}): Promise<HostedApp> {
  const hosted = hostApp(service, await service.start(changes, { sliceLimits: { lookAgainInMs: 500 }, ...overrides }));
  hosts.push(hosted);
  return hosted;
}

const bare = (eTag: string): string => eTag.replaceAll('"', '');
/** Verdict by eTag, as analysts see it. */
const verdictsOf = (name: string): Record<string, string> =>
  Object.fromEntries(shownScans(service.endpoint, name).map(({ ETag, Verdict }) => [String(ETag), String(Verdict)]));

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const keyed = items.map((item, i) => [Math.sin(seed * 1_000 + i * 78.233), item] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item);
}

describe('events of one object', () => {
  it.each([1, 2, 3])(
    'in any order, each three times, to two workers: each version has one outcome (order %i)',
    async (seed) => {
      const name = `disorder-${randomUUID()}`;
      const versions: Upload[] = [];
      for (const bytes of [malicious, harmless, harmless, malicious]) versions.push(await service.upload(bytes, name));
      const workers = [await host(), await host()];
      const events = versions.flatMap((version) => {
        const event = service.event(version);
        return [event, event, event];
      });
      await workers[0]!.send(...shuffled(events, seed));
      await workers[0]!.untilEmpty(40_000);
      const current = versions.pop()!;
      expect(verdictsOf(name)).toEqual({
        ...Object.fromEntries(versions.map(({ eTag }) => [bare(eTag), 'superseded'])),
        [bare(current.eTag)]: 'match',
      });
      expect(shownRules(service.endpoint, name)).toEqual(['callback']);
      const entries = await service.entriesOf(name);
      expect(entries.map(({ state, verdict }) => [state, verdict]).sort()).toEqual([
        ['done', 'match'],
        ['done', 'superseded'],
        ['done', 'superseded'],
        ['done', 'superseded'],
      ]);
      expect(workers.flatMap(({ events: seen }) => seen).filter(({ kind }) => kind === 'failed')).toEqual([]);
    },
  );

  it('that comes while the object is being overwritten again and again: the last content is what is found', async () => {
    const name = `rewritten-${randomUUID()}`;
    const workers = [await host(), await host()];
    const versions: Upload[] = [];
    for (let i = 0; i < 12; i++) {
      versions.push(await service.upload(i % 2 === 0 ? malicious : harmless, name));
      await workers[0]!.send(service.event(versions.at(-1)!));
    }
    versions.push(await service.upload(malicious, name));
    await workers[0]!.send(service.event(versions.at(-1)!));
    await workers[0]!.untilEmpty(40_000);
    const verdicts = verdictsOf(name);
    expect(verdicts[bare(versions.at(-1)!.eTag)]).toBe('match');
    // Whatever was looked at in between is told as what it was, as replaced, or as changing too fast; nothing is missing.
    for (const [i, { eTag }] of versions.entries()) {
      expect([i % 2 === 0 ? 'match' : 'clean', 'superseded', 'incomplete']).toContain(verdicts[bare(eTag)]);
    }
    expect(workers.reduce((sum, { failures }) => sum + failures, 0)).toBe(0);
  });
});

describe('events of an object that was moved into the quarantine', () => {
  const settings = (): Partial<Config> => ({
    reactions: ['quarantine'],
    quarantine: `${service.proxy.endpoint}/${QUARANTINE}`,
  });
  const isThere = ({ name }: Upload): Promise<boolean> => service.container.getBlobClient(name).exists();

  it('say nothing new, whether they came before, with or after the first', async () => {
    const hosted = await host(settings());
    const object = await service.upload(malicious);
    const event = service.event(object);
    await hosted.send(event, event, event);
    await hosted.untilEmpty();
    expect(await isThere(object)).toBe(false);
    await hosted.send(event, event);
    await hosted.untilEmpty();
    expect(shownOutcomes(service.endpoint, object.name)).toEqual(['match']);
    expect(shownRules(service.endpoint, object.name)).toEqual(['callback']);
    expect(service.scansOf(object.name)).toHaveLength(1);
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'match' }]);
    expect(hosted.failures).toBe(0);
    const [scan] = shownScans(service.endpoint, object.name);
    expect(await service.blobsIn(QUARANTINE)).toContain(scan!.ScanId);
  });

  it('by a worker that died before the ledger knew: what was found stays what is shown', async () => {
    const tables = await startFaultProxy(/TableEndpoint=([^;]+)/.exec(service.connectionString)![1]!);
    try {
      const object = await service.upload(malicious);
      // From the moment the object is deleted this worker reaches the ledger no more.
      let isCut = false;
      service.proxy.reset(({ method, path }) => {
        if (method === 'DELETE' && path.includes(object.name)) isCut = true;
        return undefined;
      });
      tables.reset(() => (isCut ? { kind: 'answer', status: 403 } : undefined));
      const dying = await service.start({ ...settings(), state: behind(tables) });
      await expect(dying.handleMessage(service.event(object), { dequeueCount: 1 })).rejects.toMatchObject({
        retryable: true,
      });
      expect(await isThere(object)).toBe(false);
      expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'running' }]);
      const hosted = await host(settings(), { ledgerOptions: { staleAfterInMs: 1 } });
      await hosted.send(service.event(object));
      await hosted.untilEmpty();
      expect(shownOutcomes(service.endpoint, object.name)).toEqual(['match']);
      expect(shownRules(service.endpoint, object.name)).toEqual(['callback']);
      expect(hosted.failures).toBe(0);
    } finally {
      await tables.close();
    }
  });

  it('and uploaded anew under its name: what is there now is scanned, and moved as well', async () => {
    const hosted = await host(settings());
    const first = await service.upload(malicious);
    await hosted.send(service.event(first));
    await hosted.untilEmpty();
    const second = await service.upload(malicious, first.name);
    await hosted.send(service.event(first), service.event(second), service.event(first));
    await hosted.untilEmpty();
    expect(verdictsOf(first.name)).toEqual({ [bare(first.eTag)]: 'match', [bare(second.eTag)]: 'match' });
    expect(await isThere(first)).toBe(false);
    const ids = shownScans(service.endpoint, first.name).map(({ ScanId }) => ScanId);
    expect(new Set(ids).size).toBe(2);
    expect(await service.blobsIn(QUARANTINE)).toEqual(expect.arrayContaining(ids));
  });

  /** The scanner's own account, its tables by way of the proxy. */
  function behind(tables: FaultProxy): Config['state'] {
    const { state } = service.config;
    if (state.kind !== 'local') throw new Error('the emulator is what tests run on');
    const { connectionString } = state;
    return {
      ...state,
      connectionString: connectionString.replace(/TableEndpoint=[^;]+/, `TableEndpoint=${tables.endpoint}`),
    };
  }
});

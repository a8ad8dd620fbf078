/** Rules that are published to a blob while the app runs: taken up, refused, gone back to; over real storage. */
import { generateKeyPairSync } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import type { PublishedRulesConfig } from '../../../shared/base/config.ts';
import { encodeExclusions } from '../../../shared/exclusions/compiled-exclusions.ts';
import { readExclusion } from '../../../shared/exclusions/exclusion-file.ts';
import { encodePolicies } from '../../../shared/scanner/policy-file.ts';
import { decodeRelease, encodeRelease, publicKeyText, signRelease } from '../../../shared/scanner/rule-release.ts';
import { compileRules, encodeRules } from '../../../shared/yara/index.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Row, Service } from './service.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519').privateKey;
const publicKey = publicKeyText(privateKey);
const MiB = 1024 * 1024;

let service: Service;
let container: ContainerClient;
let blob: BlockBlobClient;
let url: string;

beforeAll(async () => {
  service = await startService();
  container = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient('rules');
  await container.create();
});
let count = 0;
beforeEach(() => {
  count += 1;
  blob = container.getBlockBlobClient(`rules ${count}.release`);
  url = `${service.proxy.endpoint}/rules/rules%20${count}.release`;
});
afterEach(async () => {
  service.proxy.reset();
  await service.takeMessages();
  const kept = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient('sluice-rules');
  if (await kept.exists()) for await (const { name } of kept.listBlobsFlat()) await kept.deleteBlob(name);
});
afterAll(() => service.close());

interface Release {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly rulesDigest: string;
}

/** Rules that find "callback" in malicious and harmless objects alike, under a name of their own. */
function release(rule: string, { isExcluded = false, key = privateKey } = {}): Release {
  const rules = compileRules([{ text: `rule ${rule} { strings: $a = "callback" condition: $a }`, namespace: 'new' }]);
  const text = `id: ${rule}\ntitle: t\ndescription: d\nrules: ['*']\nexcludeWhen: blob.container == "uploads"`;
  const { file } = readExclusion(text, 'e.yaml');
  const bytes = signRelease(
    encodeRelease({
      rules: encodeRules(rules),
      exclusions: encodeExclusions(isExcluded ? [file!.exclusion] : []),
      policies: encodePolicies([]),
    }),
    key,
  );
  return { bytes, digest: decodeRelease(bytes).digest, rulesDigest: rules.digest };
}

async function publish({ bytes }: Pick<Release, 'bytes'>): Promise<void> {
  await blob.uploadData(bytes);
}

function start(trust: Partial<PublishedRulesConfig> = { publicKey }, rulesEveryMs = 0): Promise<App> {
  return service.start(
    { publishedRules: { url, digest: undefined, publicKey: undefined, ...trust } },
    { rulesEveryMs },
  );
}

/** Rules that found a new object, each with the exclusion that marks it. */
async function found(app: App, bytes = malicious): Promise<string[]> {
  const object = await service.upload(bytes);
  await app.handleMessage(service.event(object), { dequeueCount: 1 });
  return service.findingsOf(object.name).map(({ Rule, Exclusion }) => [Rule, Exclusion].filter(Boolean).join(' '));
}

const refusals = (): Row[] => service.endpoint.rows('SluiceScans_CL').filter((row) => row.BlobUrl === url);
const linesWith = (text: string): string[] => service.lines.filter((line) => line.includes(text) && line.includes(url));
const asked = (): number => service.proxy.seen.filter(({ path }) => path.includes(`/rules/rules%20${count}.`)).length;

describe('published rules', () => {
  it('are scanned with from the start, and others from the next scan on, with their own exclusions', async () => {
    await publish(release('first'));
    const app = await start();
    expect(await found(app)).toEqual(['first']);
    const second = release('second', { isExcluded: true });
    await publish(second);
    expect(await found(app)).toEqual(['second second']);
    await publish(release('third'));
    expect(await found(app)).toEqual(['third']);
    expect(await service.blobsIn('sluice-rules')).toEqual(expect.arrayContaining(['accepted', second.digest]));
    expect(refusals()).toEqual([]);
  });

  it('are asked for once a minute at most, and with what is known', async () => {
    await publish(release('first'));
    const patient = await start({ publicKey }, 60_000);
    await Promise.all([found(patient), found(patient), found(patient)]);
    expect(asked()).toBe(1);
    service.proxy.reset();
    const app = await start();
    await found(app);
    const requests = service.proxy.seen.filter(({ path }) => path.includes(`/rules/rules%20${count}.`));
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      (await blob.getProperties()).etag,
    ]);
  });

  it('do not change under a scan that runs', async () => {
    await publish(release('first'));
    const app = await start();
    const object = await service.upload(Buffer.concat([Buffer.alloc(3 * MiB), harmless]));
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const reached = new Promise<void>((resolve) => {
      service.proxy.reset(({ path, range }) => {
        if (!path.includes(object.name) || (range?.first ?? 0) < MiB) return undefined;
        resolve();
        return { kind: 'hold', until: held };
      });
    });
    const scanning = app.handleMessage(service.event(object), { dequeueCount: 1 });
    await reached;
    await publish(release('second', { isExcluded: true }));
    expect(await found(app)).toEqual(['second second']);
    go();
    await scanning;
    expect(service.findingsOf(object.name)).toMatchObject([{ Rule: 'first', Exclusion: '' }]);
  });

  it('leave those before to a scan that goes on from their checkpoint', async () => {
    const first = release('first');
    await publish(first);
    const app = await start();
    const object = await service.upload(Buffer.concat([harmless, Buffer.alloc(6 * MiB, 'ab cd ')]));
    const reached = new Promise<void>((resolve) => {
      service.proxy.reset(({ path, range }) => {
        if (!path.includes(object.name) || (range?.first ?? 0) < 4 * MiB) return undefined;
        resolve();
        return { kind: 'hold', until: new Promise(() => undefined) };
      });
    });
    const short = await service.start(
      { publishedRules: { url, digest: undefined, publicKey } },
      { rulesEveryMs: 0, sliceLimits: { sliceInMs: 1_500 } },
    );
    const work = short.handleMessage(service.event(object), { dequeueCount: 1 });
    await reached;
    expect(await work).toMatchObject([{ left: 'nextSlice' }]);
    service.proxy.reset();
    await publish(release('second'));
    const [message] = await service.takeMessages();
    expect(message).toMatchObject({ rules: first.rulesDigest });
    expect(await found(app)).toEqual(['second']);
    await app.handleMessage(message, { dequeueCount: 1 });
    expect(service.findingsOf(object.name)).toMatchObject([{ Rule: 'first' }]);
  });
});

describe('published rules of no use', () => {
  const cut = (good: Release) => ({ bytes: good.bytes.subarray(0, -70) });
  it.each([
    ['damaged', () => cut(release('bad')), 'bytes'],
    ['signed by a stranger', () => release('bad', { key: stranger }), 'not of the key'],
    ['not signed', () => ({ bytes: release('bad').bytes.subarray(0, -64) }), 'not signed'],
    ['no release at all', () => ({ bytes: Buffer.from('rule a { condition: true }') }), 'no release'],
    [
      'of a bundle of another engine',
      () => {
        const { rules, ...beside } = decodeRelease(release('bad').bytes);
        const other = new Uint8Array(rules);
        new DataView(other.buffer).setUint32(8, 999, true);
        return { bytes: signRelease(encodeRelease({ rules: other, ...beside }), privateKey) };
      },
      'its rules',
    ],
  ])('(%s) are refused: in a log line, a row and the canary; those before stay', async (_, bad, problem) => {
    await publish(release('good'));
    const app = await start();
    await publish(bad());
    expect(await found(app)).toEqual(['good']);
    expect(await found(app)).toEqual(['good']);
    expect(linesWith('"message":"published rules are refused')).toHaveLength(1);
    expect(linesWith('"message":"published rules are refused')[0]).toContain(problem);
    expect(refusals()).toMatchObject([{ Verdict: 'failed', Reason: 'rulesRefused' }]);
    expect(String(refusals()[0]!.Detail)).toContain(problem);
    const canary = await app.scanCanary();
    expect(canary.outcome.detail).toContain('the published rules are refused');

    // Another worker says it of the same version, and one row stands for both.
    expect(await found(await start())).toEqual(['good']);
    expect(new Set(refusals().map(({ ScanId }) => ScanId)).size).toBe(1);

    await publish(release('better'));
    expect(await found(app)).toEqual(['better']);
    expect((await app.scanCanary()).outcome.detail ?? '').not.toContain('refused');
  });

  it('leave an app that begins without any to the rules that it was deployed with', async () => {
    const app = await start();
    expect(await found(app)).toEqual(['callback']);
    expect(String(refusals()[0]!.Detail)).toContain('no such blob');
    await publish(release('late'));
    expect(await found(app)).toEqual(['late']);
  });

  it('are too large where they are larger than 256 MiB, and are not read', async () => {
    await publish(release('good'));
    const app = await start();
    // Three hundred times the same MiB, so that nothing large is sent.
    const block = Buffer.from('block').toString('base64');
    await blob.stageBlock(block, Buffer.alloc(8 * MiB), 8 * MiB);
    await blob.commitBlockList(Array.from({ length: 33 }, () => block));
    expect(await found(app)).toEqual(['good']);
    expect(String(refusals()[0]!.Detail)).toContain(`it has ${33 * 8 * MiB} bytes`);
  });
});

describe('a blob that cannot be read', () => {
  const down = ({ path }: { path: string }) =>
    path.includes(`/rules/rules%20${count}.`) ? ({ kind: 'answer', status: 403 } as const) : undefined;

  it('changes nothing for an app that has rules, and brings one that begins those accepted last', async () => {
    await publish(release('good'));
    const app = await start();
    await publish(release('unseen'));
    service.proxy.reset(down);
    expect(await found(app)).toEqual(['good']);
    expect(await found(await start())).toEqual(['good']);
    expect(linesWith('cannot be read; those in use stay')).not.toEqual([]);
    expect(refusals()).toEqual([]);
    service.proxy.reset();
    expect(await found(app)).toEqual(['unseen']);
  });

  it('keeps an app from beginning that never had any: nobody chose the rules it would scan with', async () => {
    await publish(release('good'));
    service.proxy.reset(down);
    await expect(start()).rejects.toMatchObject({ code: 'RULES_UNAVAILABLE', retryable: true });
  });
});

describe('a pinned digest', () => {
  it('lets no other release in, signed or not', async () => {
    const pinned = release('pinned');
    await publish(pinned);
    const app = await start({ digest: pinned.digest });
    await publish(release('other'));
    expect(await found(app)).toEqual(['pinned']);
    // There is nothing to look for any more.
    expect(asked()).toBe(1);
    const begun = await start({ digest: release('third').digest });
    expect(await found(begun)).toEqual(['pinned']);
    expect(String(refusals()[0]!.Detail)).toContain('is pinned');
  });

  it('goes back to a release that was accepted before, whatever is published now', async () => {
    const first = release('first');
    await publish(first);
    await start();
    await publish(release('second'));
    expect(await found(await start())).toEqual(['second']);
    expect(await found(await start({ digest: first.digest, publicKey }))).toEqual(['first']);
    expect(await found(await start({ digest: first.digest }))).toEqual(['first']);
    // What is kept is held against the key like anything else.
    const strange = publicKeyText(stranger);
    expect(await found(await start({ digest: first.digest, publicKey: strange }))).toEqual(['callback']);
  });
});

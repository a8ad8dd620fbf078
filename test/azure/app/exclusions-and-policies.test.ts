/**
 * Exclusions and policies in the real app, from objects with their metadata and tags in Azurite to rows in the local ingestion
 * endpoint; and an app that starts without them.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import type { BlockBlobParallelUploadOptions, ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { createApp } from '../../../shared/app.ts';
import { readConfig } from '../../../shared/base/config.ts';
import type { Config } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { readExclusion } from '../../../shared/exclusions/exclusion-file.ts';
import { ExclusionSet } from '../../../shared/exclusions/exclusion-set.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { readPolicies } from '../../../shared/scanner/policy-file.ts';
import { compileRules } from '../../../shared/yara/index.ts';
import { writeRules } from '../rules-beside.ts';
import type { BlobProxy } from './blob-proxy.ts';
import { startBlobProxy } from './blob-proxy.ts';

const rules = compileRules([
  { namespace: 'net', text: 'rule callback : network { strings: $s1 = "30.40.50.60:9342" condition: $s1 }' },
  { namespace: 'misc', text: 'rule marker { strings: $s1 = "marker" condition: $s1 }' },
]);
const malicious = Buffer.from('callback = 30.40.50.60:9342\n');

let folder: string;
let azurite: AzuriteServer;
let proxy: BlobProxy;
let endpoint: IngestionEndpoint;
let container: ContainerClient;
let rulesPath: string;
const apps: App[] = [];
const lines: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-exclusions-'));
  [azurite, endpoint] = await Promise.all([startAzurite(), startIngestionEndpoint()]);
  proxy = await startBlobProxy(azurite);
  await writeFile(join(folder, 'ca.pem'), endpoint.certificatePem);
  rulesPath = join(folder, 'rules.sluice');
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('uploads');
  await container.create();
});
afterEach(async () => {
  proxy.reset();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await Promise.all([proxy.close(), endpoint.close(), azurite.close(), rm(folder, { recursive: true })]);
});

function config(): Config {
  return readConfig({
    SLUICE_ACCOUNTS: azurite.account,
    SLUICE_LOCAL_CONNECTION: proxy.connectionString,
    SLUICE_INGESTION_ENDPOINT: endpoint.url,
    SLUICE_DCR_ID: endpoint.dcrId,
    SLUICE_LOCAL_CA: join(folder, 'ca.pem'),
    SLUICE_RULES: rulesPath,
  });
}

interface Content {
  /** One line each: `excludeWhen: …`, with more keys behind it where needed. */
  readonly exclusions?: readonly string[];
  readonly policies?: string;
}

function exclusionsOf(texts: readonly string[]) {
  return texts.map((text, index) => {
    const head = [`id: e${index}`, 'title: t', 'description: d', "rules: ['*']"];
    const { file, remarks } = readExclusion([...head, text].join('\n'), `e${index}.yaml`);
    if (file === undefined) throw new Error(remarks.map(({ rendered }) => rendered).join('\n'));
    return file.exclusion;
  });
}

async function start({ exclusions = [], policies = '[]' }: Content): Promise<App> {
  const read = readPolicies(`policies: ${policies}`, 'policies.yaml');
  await writeRules(rulesPath, rules, exclusionsOf(exclusions), read.policies);
  const app = await createApp(config(), {
    credential: localCredential(),
    log: createLogger({ format: 'json', level: 'debug', write: (line) => lines.push(line) }),
    messageLimits: { resultInMs: 0 },
    openOptions: { retryDelayInMs: 1, attemptsPerRange: 2 },
  });
  apps.push(app);
  return app;
}

/** Uploads and has it scanned; resolves with the rows about it. */
async function scan(
  app: App,
  options: BlockBlobParallelUploadOptions = {},
  bytes = malicious,
  name = `${randomUUID()}.conf`,
) {
  const { etag } = await container.getBlockBlobClient(name).uploadData(bytes, options);
  return { name, ...(await tell(app, name, etag!)) };
}

async function tell(app: App, name: string, eTag: string) {
  await app.handleMessage({
    specversion: '1.0',
    id: randomUUID(),
    type: 'Microsoft.Storage.BlobCreated',
    source: `/subscriptions/x/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${azurite.account}`,
    time: '2026-11-24T04:05:06Z',
    data: { api: 'PutBlob', url: `${proxy.endpoint}/uploads/${name}`, eTag, contentLength: 1 },
  });
  const of = (table: string) => endpoint.rows(table).filter((row) => row.ObjectName === name);
  return { scans: of('SluiceScans_CL'), findings: of('SluiceFindings_CL') };
}

describe('an exclusion', () => {
  const claimed = 'excludeWhen: process.name == "a.exe" and process.parent_process.name == "b.exe"';
  const metadata = { process_name: 'A.exe', process_parent_name: 'B.EXE', note: 'private' };

  it('marks the finding of an object whose metadata makes the claims, and drops nothing', async () => {
    const { scans, findings } = await scan(await start({ exclusions: [claimed] }), { metadata });
    expect(scans).toMatchObject([{ Verdict: 'excluded', VerdictRank: 4 }]);
    expect(findings).toMatchObject([
      {
        Rule: 'callback',
        Verdict: 'excluded',
        Exclusion: 'e0',
        ExclusionBasis: 'claimed',
        Claims: { 'process.name': 'A.exe', 'process.parent_process.name': 'B.EXE' },
        ExclusionsDigest: new ExclusionSet(exclusionsOf([claimed])).digest,
      },
    ]);
    expect(endpoint.problems).toEqual([]);
  });

  it('is vouched for by its owner', async () => {
    const app = await start({ exclusions: [`${claimed}\ntrustClaims: true\nowner: soc`] });
    expect((await scan(app, { metadata })).findings).toMatchObject([{ Exclusion: 'e0', ExclusionBasis: 'trusted' }]);
  });

  it('leaves the finding of any other object standing', async () => {
    const app = await start({ exclusions: [claimed] });
    const { scans, findings } = await scan(app, { metadata: { process_name: 'a.exe' } });
    expect(scans).toMatchObject([{ Verdict: 'match' }]);
    expect(findings).toMatchObject([{ Exclusion: '', ExclusionBasis: '', Claims: { 'process.name': 'a.exe' } }]);
  });

  it('of one rule leaves the match of another, and the object a match', async () => {
    const app = await start({ exclusions: ['excludeWhen: rule.name == "callback" and blob.container == "uploads"'] });
    const { scans, findings } = await scan(app, {}, Buffer.from('marker 30.40.50.60:9342'));
    expect(scans).toMatchObject([{ Verdict: 'match' }]);
    expect(findings.map(({ Rule, Exclusion, ExclusionBasis }) => [Rule, Exclusion, ExclusionBasis])).toEqual([
      ['callback', 'e0', 'trusted'],
      ['marker', '', ''],
    ]);
  });

  it('knows an object by its bytes', async () => {
    const other = await start({ exclusions: [`sha256: [{ value: '${'0'.repeat(64)}', note: n }]`] });
    const [{ Sha256 }] = (await scan(other)).findings as [{ Sha256: string }];
    const app = await start({ exclusions: [`sha256: [{ value: '${Sha256}', note: n }]`] });
    expect((await scan(app)).findings).toMatchObject([{ Exclusion: 'e0', ExclusionBasis: 'trusted' }]);
  });

  it('asks for tags only where there is a finding, and does not hold where they cannot be read', async () => {
    const app = await start({
      exclusions: ['excludeWhen: tags.purpose == "test"', 'excludeWhen: tags.purpose != "test"'],
    });
    const asked: string[] = [];
    proxy.before = ({ path }) => {
      if (path.includes('comp=tags')) asked.push(path);
      return undefined;
    };
    await scan(app, { tags: { purpose: 'test' } }, Buffer.from('nothing'));
    expect(asked).toEqual([]);
    const tagged = await scan(app, { tags: { purpose: 'test' } });
    expect(tagged.findings).toMatchObject([{ Exclusion: 'e0', Claims: { 'tags.purpose': 'test' } }]);
    expect(asked).toHaveLength(1);
    proxy.before = ({ path }) =>
      path.includes('comp=tags')
        ? { status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } }
        : undefined;
    const refused = await scan(app, { tags: { purpose: 'test' } });
    expect(refused.findings).toMatchObject([{ Exclusion: '', Verdict: 'match', Claims: {} }]);
    expect(lines.at(-2)).toContain('tags cannot be read');
  });
});

describe('a policy', () => {
  it('skips an object under its name, and is asked again once it has changed', async () => {
    const skipping = await start({
      policies: '[{ name: caches, description: build output, when: { prefix: out- }, skip: true }]',
    });
    const { name, scans } = await scan(skipping, {}, malicious, `out-${randomUUID()}`);
    expect(scans).toMatchObject([
      { Verdict: 'skipped', Reason: 'policy:caches', Detail: 'build output', BytesRead: 0 },
    ]);
    const { etag } = await container.getBlobClient(name).getProperties();
    expect((await tell(skipping, name, etag!)).scans).toHaveLength(1);
    const scanning = await start({});
    expect((await tell(scanning, name, etag!)).scans.map(({ Verdict }) => Verdict)).toEqual(['skipped', 'match']);
  });

  it('limits the rules: the others’ findings do not count, and the scan is another one than with all rules', async () => {
    const limited = await start({ policies: '[{ name: few, when: { suffix: .CONF }, rules: { namespaces: misc } }]' });
    const { name, scans, findings } = await scan(limited);
    expect(findings).toEqual([]);
    expect(scans).toMatchObject([{ Verdict: 'clean', RuleCount: 1, Detail: 'policy few: 1 of 2 rules were asked' }]);
    const { etag } = await container.getBlobClient(name).getProperties();
    const whole = await tell(await start({}), name, etag!);
    expect(whole.scans).toMatchObject([{ Verdict: 'clean' }, { Verdict: 'match', RuleCount: 2 }]);
    expect(new Set(whole.scans.map(({ ScanId }) => ScanId)).size).toBe(2);
  });

  it('limits the rules by tag', async () => {
    const app = await start({ policies: '[{ name: few, when: { suffix: .conf }, rules: { tags: network } }]' });
    const { findings } = await scan(app, {}, Buffer.from('marker 30.40.50.60:9342'));
    expect(findings.map(({ Rule }) => Rule)).toEqual(['callback']);
  });
});

describe('an app', () => {
  const startPlain = () =>
    createApp(config(), {
      credential: localCredential(),
      log: createLogger({ format: 'json', level: 'error', write: () => undefined }),
    });

  it.each([
    ['exclusions', 'EXCLUSIONS_UNAVAILABLE'],
    ['policies', 'POLICIES_UNAVAILABLE'],
  ])('does not start without its %s, or with damaged ones', async (kind, code) => {
    await start({});
    const path = join(folder, `rules.${kind}.json`);
    await writeFile(path, '{"version": 1');
    await expect(startPlain()).rejects.toMatchObject({
      code,
      where: path,
      hint: expect.stringContaining('npm run rules'),
    });
    await rm(path);
    await expect(startPlain()).rejects.toMatchObject({ code, message: `${path}: the ${kind} cannot be used: ENOENT` });
  });

  it('does not start with a policy that leaves no rule', async () => {
    const policies = '[{ name: none, when: { suffix: .x }, rules: { tags: nosuch } }]';
    await expect(start({ policies })).rejects.toMatchObject({
      code: 'POLICIES_UNAVAILABLE',
      message: expect.stringContaining('policy none leaves no rule to scan with'),
    });
  });
});

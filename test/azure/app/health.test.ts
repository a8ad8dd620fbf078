/** Whether the app says that it is in order when it is, and not when it is not; over real storage. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppOverrides } from '../../../shared/app.ts';
import type { Config, StateStorage } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { encodeExclusions } from '../../../shared/exclusions/compiled-exclusions.ts';
import { HealthCheck } from '../../../shared/scanner/check-health.ts';
import { encodePolicies } from '../../../shared/scanner/policy-file.ts';
import { encodeRelease } from '../../../shared/scanner/rule-release.ts';
import { ruleSetOf } from '../../../shared/scanner/rule-set.ts';
import { compileRules, encodeRules } from '../../../shared/yara/index.ts';
import { malicious, startService } from './service.ts';
import type { Service } from './service.ts';

const finding = compileRules([{ text: 'rule eicar { strings: $a = "EICAR-STANDARD" condition: $a }' }]);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const start = (changes: Partial<Config> = {}, overrides: AppOverrides = {}) =>
  service.start(changes, {
    ruleSet: ruleSetOf(finding, 'a test'),
    healthLimits: { keptForMs: 0, lookInMs: 4_000 },
    ...overrides,
  });

async function mark(at: Date, verdict = 'match'): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient(
    'sluice-health',
  );
  await container.createIfNotExists();
  const text = JSON.stringify({ at: at.toISOString(), verdict });
  await container.getBlockBlobClient('canary.json').upload(text, text.length);
}

describe('the health of the app', () => {
  it('is good once a canary was recorded, by whatever process', async () => {
    const app = await start();
    expect(await app.checkHealth()).toEqual({ isOk: false, problems: { canary: 'none was recorded yet' } });
    await (await start()).scanCanary();
    expect(await app.checkHealth()).toEqual({ isOk: true, problems: {} });
  });

  it.each([
    ['is long ago', new Date(Date.now() - 46 * 60_000), 'match', 'the last was recorded at 20'],
    ['was not found', new Date(), 'clean', 'its verdict was clean'],
  ])('is not when the last canary %s', async (_, at, verdict, problem) => {
    const app = await start();
    await mark(at, verdict);
    const { isOk, problems } = await app.checkHealth();
    expect(isOk).toBe(false);
    expect(problems.canary).toContain(problem);
    await mark(new Date());
    expect((await app.checkHealth()).isOk).toBe(true);
  });

  it('is not when ledger or queue do not answer, and says which', async () => {
    // A port that was just free refuses connections.
    const server = createServer().listen(0);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { state } = service.config as { state: Extract<StateStorage, { kind: 'local' }> };
    const connectionString = state.connectionString.replaceAll(
      /(Queue|Table)Endpoint=http:\/\/127\.0\.0\.1:\d+/g,
      `$1Endpoint=http://127.0.0.1:${port}`,
    );
    const app = await start({ state: { ...state, connectionString } });
    const { isOk, problems } = await app.checkHealth();
    expect(isOk).toBe(false);
    expect(Object.keys(problems)).toEqual(['ledger', 'queue']);
    expect(service.lines.some((line) => line.includes('the scanner is not in order'))).toBe(true);
  });

  it('is not when too many reports wait in the outbox', async () => {
    const app = await start({}, { outboxLimits: { reports: 0, firstDelayInMs: 60_000, countedForMs: 0 } });
    expect((await app.checkHealth()).isOk).toBe(true);
    service.endpoint.failNext(Array.from({ length: 500 }, () => ({ status: 503 })));
    await app.handleMessage(service.event(await service.upload(malicious)), { dequeueCount: 1 });
    service.endpoint.clearFaults();
    // Others find out when they count next.
    expect((await app.checkHealth()).problems).toEqual({ outbox: 'too many reports wait' });
  });

  it('is not while published rules are refused', async () => {
    const rules = { rules: encodeRules(finding), exclusions: encodeExclusions([]), policies: encodePolicies([]) };
    const container = BlobServiceClient.fromConnectionString(service.connectionString).getContainerClient('rules');
    await container.createIfNotExists();
    await container.getBlockBlobClient('a').uploadData(encodeRelease(rules));
    const publishedRules = { url: `${service.proxy.endpoint}/rules/a`, digest: '0'.repeat(64), publicKey: undefined };
    const { problems } = await (await start({ publishedRules })).checkHealth();
    expect(problems.rules).toContain('is pinned');
  });

  it('is looked into once for all who ask at the same time, and for a while', async () => {
    const app = await start({}, { healthLimits: { keptForMs: 60_000 } });
    service.proxy.reset();
    const answers = await Promise.all([app.checkHealth(), app.checkHealth(), app.checkHealth()]);
    expect(new Set(answers).size).toBe(1);
    const reads = service.proxy.seen.filter(({ path, method }) => path.includes('canary.json') && method === 'GET');
    expect(reads).toHaveLength(1);
  });

  it('does not wait for what does not answer', async () => {
    const log = createLogger({ format: 'json', write: () => undefined });
    const never = new Promise<undefined>(() => undefined);
    const check = new HealthCheck({ silent: () => never, fine: async () => undefined }, { log, lookInMs: 20 });
    expect(await check.check()).toEqual({ isOk: false, problems: { silent: 'no answer within 20 ms' } });
  });
});

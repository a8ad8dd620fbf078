/**
 * The entry files as the host sees them. Outside the host the library only warns and registers nothing ("test mode"), so
 * loading them here shows that they load: in the host, one that throws while loading would take the whole app down.
 */
import type { InvocationContext } from '@azure/functions';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../shared/base/config.ts';
import { RulesUnavailableError } from '../../../shared/scanner/rule-set.ts';

const context = { triggerMetadata: { dequeueCount: 1, id: 'message' } } as unknown as InvocationContext;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  for (const name of Object.keys(process.env)) if (name.startsWith('SLUICE_')) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('functions/scan-on-upload', () => {
  it('loads without any setting, and tells each message which are missing', async () => {
    const { scanOnUpload } = await import('../../../functions/scan-on-upload.ts');
    for (let message = 0; message < 2; message += 1) {
      const error: unknown = await scanOnUpload({}, context).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toContain('SLUICE_ACCOUNTS');
    }
  });

  it('sees settings that were put right since', async () => {
    const { scanOnUpload } = await import('../../../functions/scan-on-upload.ts');
    await expect(scanOnUpload({}, context)).rejects.toBeInstanceOf(ConfigError);
    vi.stubEnv('SLUICE_ACCOUNTS', 'devstoreaccount1');
    vi.stubEnv('SLUICE_LOCAL_CONNECTION', 'UseDevelopmentStorage=true');
    vi.stubEnv('SLUICE_SINKS', 'console');
    vi.stubEnv('SLUICE_RULES', 'no/such/rules.sluice');
    await expect(scanOnUpload({}, context)).rejects.toBeInstanceOf(RulesUnavailableError);
  });
});

describe('the other functions', () => {
  it.each([
    ['record-poison', async () => (await import('../../../functions/record-poison.ts')).recordPoison({}, context)],
    ['rescan', async () => (await import('../../../functions/rescan.ts')).takeRescanOrder({}, context)],
    ['canary', async () => (await import('../../../functions/canary.ts')).runCanary()],
    ['clean-hours', async () => (await import('../../../functions/clean-hours.ts')).recordCleanHours()],
    ['sweep', async () => (await import('../../../functions/sweep.ts')).startSweep()],
  ])('%s loads without any setting, and tells which are missing', async (_, run) => {
    await expect(run()).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('functions/health', () => {
  it('loads without any setting, and says one word whatever is wrong', async () => {
    const { answerHealth } = await import('../../../functions/health.ts');
    expect(await answerHealth()).toEqual({
      status: 503,
      headers: { 'cache-control': 'no-store' },
      jsonBody: { status: 'degraded' },
    });
  });
});

describe('functions/lifecycle', () => {
  it('loads, and drains nothing when there was no message yet', async () => {
    const { drainOnTerminate } = await import('../../../functions/lifecycle.ts');
    await expect(drainOnTerminate()).resolves.toBeUndefined();
  });
});

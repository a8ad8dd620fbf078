/** Sinks made from settings, as the app makes them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { createSinks } from '../../../shared/sinks/registry.ts';
import { tables } from '../../../shared/sinks/rows.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';

const refuseCredential = (): never => {
  throw new Error('nobody signs in');
};

describe('createSinks', () => {
  test('makes the sinks that the settings name, in their order, and each records', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-ca-'));
    const endpoint = await startIngestionEndpoint();
    try {
      const caPath = join(folder, 'ca.pem');
      await writeFile(caPath, endpoint.certificatePem);
      const ingestion = {
        endpoint: endpoint.url,
        dcrId: endpoint.dcrId,
        audience: 'https://monitor.azure.com',
        caPath,
      };
      const lines: string[] = [];
      const sinks = await createSinks(
        { sinks: ['console', 'log-analytics'], ingestion },
        { credential: localCredential, write: (line) => void lines.push(line), consoleFormat: 'readable' },
      );
      expect(sinks.map(({ name }) => name)).toEqual(['console', 'log-analytics']);
      for (const sink of sinks) await sink.record(makeReport(1, 1));
      for (const sink of sinks) await sink.close();
      expect(lines).toEqual([expect.stringMatching(/^match /)]);
      expect(endpoint.count(tables.findings)).toBe(1);
    } finally {
      await endpoint.close();
      await rm(folder, { recursive: true });
    }
  });

  test('a sink that does not sign in asks for no credential', async () => {
    const sinks = await createSinks(
      { sinks: ['console'], ingestion: undefined },
      { credential: refuseCredential, write: () => undefined },
    );
    expect(sinks).toHaveLength(1);
  });

  test('tokens are asked for the audience of the settings', async () => {
    const audience = 'https://monitor.azure.us';
    const folder = await mkdtemp(join(tmpdir(), 'sluice-ca-'));
    const endpoint = await startIngestionEndpoint({ audience });
    try {
      const caPath = join(folder, 'ca.pem');
      await writeFile(caPath, endpoint.certificatePem);
      const context = { credential: localCredential, write: () => undefined };
      const settings = { endpoint: endpoint.url, dcrId: endpoint.dcrId, caPath };
      const [right] = await createSinks({ sinks: ['log-analytics'], ingestion: { ...settings, audience } }, context);
      await right!.record(makeReport(1, 0));
      const wrongAudience = { ...settings, audience: 'https://monitor.azure.com' };
      const [wrong] = await createSinks({ sinks: ['log-analytics'], ingestion: wrongAudience }, context);
      await expect(wrong!.record(makeReport(2, 0))).rejects.toMatchObject({ status: 403, retryable: false });
    } finally {
      await endpoint.close();
      await rm(folder, { recursive: true });
    }
  });
});

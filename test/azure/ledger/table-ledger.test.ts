import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../shared/base/digest.ts';
import { LEDGER_TABLE, LedgerError, TableLedger } from '../../../shared/ledger/table-ledger.ts';
import type { AzuriteServer } from '../../../shared/local/azurite.ts';
import { startAzurite } from '../../../shared/local/azurite.ts';
import { startFaultProxy } from '../objects/fault-proxy.ts';
import {
  clean,
  describeLedger,
  freshScanId,
  identity,
  incomplete,
  match,
  claimOf,
} from '../../unit/shared/ledger/ledger-contract.ts';

let azurite: AzuriteServer;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.close();
});

function openTable(tableName: string = LEDGER_TABLE): TableClient {
  return TableClient.fromConnectionString(azurite.connectionString, tableName, { allowInsecureConnection: true });
}

async function ledgerError(call: Promise<unknown>): Promise<LedgerError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LedgerError)) throw new Error(`no LedgerError: ${String(error)}`);
  return error;
}

// A ledger of its own for each test, all over one table, as workers are.
describeLedger('TableLedger', (now) => new TableLedger(openTable(), { now }), { runs: 8 });

describe('TableLedger', () => {
  const object = identity();

  it('keeps the highest rank that ten workers finish with at once', async () => {
    for (let round = 0; round < 5; round++) {
      const scanId = freshScanId();
      const ranks = Array.from({ length: 10 }, () => Math.floor(Math.random() * 5));
      const workers = ranks.map((rank, index) =>
        new TableLedger(openTable()).finish(object, scanId, `worker-${index}`, {
          verdict: `rank-${rank}`,
          rank,
          reason: undefined,
        }),
      );
      await Promise.all(workers);
      const standing = await new TableLedger(openTable()).find(object, scanId);
      expect(standing?.rank, `ranks ${ranks.join(' ')}`).toBe(Math.max(...ranks));
    }
  });

  it('knows its own write whose answer was lost', async () => {
    const proxy = await startFaultProxy(azurite.tableEndpoint);
    try {
      const connection = azurite.connectionString.replace(/TableEndpoint=[^;]+/, `TableEndpoint=${proxy.endpoint}`);
      const table = TableClient.fromConnectionString(connection, LEDGER_TABLE, { allowInsecureConnection: true });
      const ledger = new TableLedger(table);
      await ledger.ensureTable();
      const loseNextAnswer = (): void => {
        let isLost = false;
        proxy.reset(({ method }) => {
          if (isLost || method === 'GET') return undefined;
          isLost = true;
          return { kind: 'reset', after: 0 };
        });
      };
      const scanId = freshScanId();
      loseNextAnswer();
      await expect(ledger.claim(object, scanId, claimOf('attempt-1'))).resolves.toMatchObject({ kind: 'claimed' });
      loseNextAnswer();
      const change = { kind: 'yielded', position: 7, hasRun: true } as const;
      await expect(ledger.advance(object, scanId, 'attempt-1', change)).resolves.toMatchObject({
        run: { generation: 1, position: 7 },
      });
      loseNextAnswer();
      await expect(ledger.finish(object, scanId, 'attempt-1', match)).resolves.toMatchObject({ verdict: 'match' });
      // Each of them was asked for more than once.
      expect(proxy.seen.filter(({ method }) => method !== 'GET').length).toBeGreaterThan(1);
    } finally {
      await proxy.close();
    }
  });

  it('writes a row that people can read, under keys that hold any name', async () => {
    const scanId = freshScanId();
    const odd = identity({ objectName: 'a/b?c#d.bin', versionId: '2026-03-02T09:15:42.1835921Z' });
    await new TableLedger(openTable()).finish(odd, scanId, 'attempt-1', incomplete);
    const row = await openTable().getEntity(sha256Hex(['contosouploads', 'intake', 'a/b?c#d.bin']), scanId);
    expect(row).toMatchObject({
      state: 'done',
      attemptId: 'attempt-1',
      verdict: 'incomplete',
      rank: 2,
      reason: 'deadline',
      account: 'contosouploads',
      container: 'intake',
      objectName: 'a/b?c#d.bin',
      objectETag: '0x8DE783C1A2B3C4D',
      versionId: '2026-03-02T09:15:42.1835921Z',
    });
    expect(row.startedAt).toBeInstanceOf(Date);
  });

  it('drops the reason of an outcome that a better one without a reason replaces', async () => {
    const scanId = freshScanId();
    const ledger = new TableLedger(openTable());
    await ledger.finish(object, scanId, 'attempt-1', incomplete);
    await ledger.finish(object, scanId, 'attempt-2', clean);
    await expect(ledger.find(object, scanId)).resolves.toMatchObject({ verdict: 'clean', reason: undefined });
  });

  it('creates its table once, however many ask', async () => {
    const table = openTable('SluiceLedgerNew');
    let creations = 0;
    table.pipeline.addPolicy({
      name: 'count-creations',
      sendRequest: (request, next) => {
        if (request.method === 'POST' && request.url.includes('/Tables')) creations++;
        return next(request);
      },
    });
    const ledger = new TableLedger(table);
    await Promise.all([
      ledger.ensureTable(),
      ledger.find(object, freshScanId()),
      ledger.claim(object, freshScanId(), claimOf('a')),
    ]);
    await ledger.ensureTable();
    expect(creations).toBe(1);
    await new TableLedger(openTable('SluiceLedgerNew')).ensureTable();
  });

  it('makes the table again after somebody deleted it', async () => {
    const table = openTable('SluiceLedgerGone');
    const ledger = new TableLedger(table);
    const scanId = freshScanId();
    await ledger.claim(object, scanId, claimOf('attempt-1'));
    await table.deleteTable();
    const error = await ledgerError(ledger.finish(object, scanId, 'attempt-1', clean));
    expect(error.message).toContain('status 404 TableNotFound');
    await expect(ledger.finish(object, scanId, 'attempt-1', clean)).resolves.toMatchObject({ verdict: 'clean' });
  });

  it('takes a row that holds no valid entry for none, and writes over it', async () => {
    const ledger = new TableLedger(openTable());
    await ledger.ensureTable();
    const partitionKey = sha256Hex([object.account, object.container, object.objectName]);
    const valid = { attemptId: 'a', startedAt: new Date(), finishedAt: new Date(), verdict: 'match', rank: 4 };
    const invalid = [
      {},
      { ...valid, state: 'finished' },
      { ...valid, state: 'done', rank: 'high' },
      { ...valid, state: 'done', verdict: 7 },
      { ...valid, state: 'done', finishedAt: 'today' },
      { ...valid, state: 'done', attemptId: true },
    ];
    for (const columns of invalid) {
      const scanId = freshScanId();
      await openTable().createEntity({ partitionKey, rowKey: scanId, ...columns });
      await expect(ledger.find(object, scanId)).resolves.toBeUndefined();
      await expect(ledger.claim(object, scanId, claimOf('attempt-1'))).resolves.toMatchObject({ kind: 'claimed' });
      await expect(ledger.finish(object, scanId, 'attempt-1', clean)).resolves.toMatchObject({ verdict: 'clean' });
    }
  });

  it('reads again when somebody wrote between its reading and its writing', async () => {
    const scanId = freshScanId();
    const rival = new TableLedger(openTable());
    const table = openTable();
    let isFirstWrite = true;
    table.pipeline.addPolicy({
      name: 'write-in-between',
      sendRequest: async (request, next) => {
        if (isFirstWrite && request.method === 'PUT') {
          isFirstWrite = false;
          await rival.finish(object, scanId, 'rival', match);
        }
        return next(request);
      },
    });
    const ledger = new TableLedger(table);
    await ledger.claim(object, scanId, claimOf('attempt-1'));
    await expect(ledger.finish(object, scanId, 'attempt-1', clean)).resolves.toMatchObject({
      attemptId: 'rival',
      verdict: 'match',
    });
    expect(isFirstWrite).toBe(false);
  });

  it('says who must be let in when it is refused, without the key', async () => {
    const wrong = new AzureNamedKeyCredential(azurite.account, Buffer.alloc(64).toString('base64'));
    const table = new TableClient(azurite.tableEndpoint, LEDGER_TABLE, wrong, { allowInsecureConnection: true });
    const error = await ledgerError(new TableLedger(table).find(object, freshScanId()));
    expect(error).toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true, where: 'SluiceLedger' });
    expect(error.message).toMatch(/^the ledger cannot create its table: status 403/);
    expect(error.hint).toContain('Storage Table Data Contributor');
  });

  it('is unavailable, and no worse, while the table service is down', async () => {
    const other = await startAzurite();
    const table = TableClient.fromConnectionString(other.connectionString, LEDGER_TABLE, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    });
    const ledger = new TableLedger(table);
    const scanId = freshScanId();
    await ledger.claim(object, scanId, claimOf('attempt-1'));
    await other.close();
    for (const call of [
      ledger.find(object, scanId),
      ledger.claim(object, scanId, claimOf('attempt-1')),
      ledger.finish(object, scanId, 'attempt-1', clean),
    ]) {
      const error = await ledgerError(call);
      expect(error).toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
      expect(error.hint).toContain('SLUICE_STATE__tableServiceUri');
    }
  });
});

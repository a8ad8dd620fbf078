/** The local endpoint's protocol, spoken without the SDK. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { startIngestionEndpoint } from '../../../shared/local/ingestion-endpoint.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';
import { tables, toRows } from '../../../shared/sinks/rows.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

interface Call {
  readonly path?: string;
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: string | Buffer;
  readonly encoding?: string;
}

const stream = `Custom-${tables.scans}`;
const scanRow = (): Record<string, unknown> => ({ ...toRows(makeReport(1, 0), new Date()).scans[0]! });

async function tokenFor(scope = 'https://monitor.azure.com/.default', now?: Date): Promise<string> {
  const token = await localCredential(now && (() => now)).getToken(scope);
  return token!.token;
}

describe('local ingestion endpoint', () => {
  let endpoint: IngestionEndpoint;

  beforeEach(async () => {
    endpoint = await startIngestionEndpoint();
  });

  afterEach(async () => {
    endpoint.resume();
    await endpoint.close();
  });

  async function send(given: Call = {}): Promise<Answer> {
    const call = {
      method: 'POST',
      body: '[]',
      path: `/dataCollectionRules/${endpoint.dcrId}/streams/${stream}?api-version=2023-01-01`,
      token: await tokenFor(),
      ...given,
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${endpoint.url}${call.path}`,
        {
          method: call.method,
          ca: endpoint.certificatePem,
          agent: false,
          headers: {
            'content-type': 'application/json',
            ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
            ...(call.encoding !== undefined && { 'content-encoding': call.encoding }),
          },
        },
        (response) => {
          response.setEncoding('utf8');
          let body = '';
          response.on('data', (chunk: string) => (body += chunk));
          response.on('error', reject);
          response.on('end', () => {
            const code = response.headers['x-ms-error-code'];
            const retryAfter = response.headers['retry-after'];
            resolve({ status: response.statusCode!, code: code as string | undefined, body, retryAfter });
          });
        },
      );
      request.on('error', reject);
      request.end(call.body);
    });
  }

  const sendRows = (rows: readonly unknown[]): Promise<Answer> => send({ body: JSON.stringify(rows) });

  test('takes rows with 204 and no body, gzipped or not, with either form of the version parameter', async () => {
    const body = JSON.stringify([scanRow()]);
    const encoded = `/dataCollectionRules/${endpoint.dcrId}/streams/${stream}?api%2Dversion=2023-01-01`;
    expect(await send({ body })).toMatchObject({ status: 204, body: '' });
    expect(await send({ body: gzipSync(body), encoding: 'gzip', path: encoded })).toMatchObject({
      status: 204,
      body: '',
    });
    expect(endpoint.rows(tables.scans)).toEqual(
      [scanRow(), scanRow()].map((row) => ({ ...row, TimeGenerated: expect.any(String) as string })),
    );
    expect(endpoint.counters).toMatchObject({ requests: 2, rows: 2, answers: { 204: 2 } });
    expect(endpoint.problems).toEqual([]);
  });

  describe('refuses', () => {
    const query = '?api-version=2023-01-01';

    test('who shows no token, or one that is none, is not of this time, or is for another service', async () => {
      expect(await send({ token: undefined })).toMatchObject({ status: 401 });
      for (const token of ['', 'x', 'a.b', 'a.b.c', '!.!.!', `e30.${'A'.repeat(20)}.`, 'e30.W10.', 'e30.bnVsbA.']) {
        expect(await send({ token }), token).toMatchObject({ status: 401 });
      }
      expect(await send({ token: await tokenFor(undefined, new Date(Date.now() - 7_200_000)) })).toMatchObject({
        status: 401,
      });
      expect(await send({ token: await tokenFor(undefined, new Date(Date.now() + 7_200_000)) })).toMatchObject({
        status: 401,
      });
      expect(await send({ token: await tokenFor('https://storage.azure.com/.default') })).toMatchObject({
        status: 403,
      });
      expect(endpoint.counters.answers).toEqual({ 401: 11, 403: 1 });
    });

    test('what is not served there', async () => {
      const rule = `/dataCollectionRules/${endpoint.dcrId}`;
      expect(await send({ path: `/dataCollectionRules/dcr-other/streams/${stream}${query}` })).toMatchObject({
        status: 404,
        code: 'NotFound',
      });
      expect(await send({ path: `${rule}/streams/Custom-Other_CL${query}` })).toMatchObject({
        status: 400,
        code: 'InvalidStream',
      });
      expect(await send({ path: `${rule}/streams/%ff${query}` })).toMatchObject({ status: 400, code: 'InvalidStream' });
      expect(await send({ path: `${rule}/streams/${stream}` })).toMatchObject({
        status: 400,
        code: 'InvalidApiVersion',
      });
      expect(await send({ path: `${rule}/streams/${stream}?api-version=1999-01-01` })).toMatchObject({ status: 400 });
      expect(await send({ path: `/${query}` })).toMatchObject({ status: 404 });
      expect(await send({ method: 'PUT' })).toMatchObject({ status: 405 });
    });

    test.each([
      ['not JSON', '{'],
      ['no array', '{"ScanId":"x"}'],
      ['an array of something else', '[{"ScanId":"x"},1]'],
      ['an array of arrays', '[[]]'],
      ['null', 'null'],
      ['nothing', ''],
      ['no UTF-8', Buffer.from('5b7b2261223a22ff227d5d', 'hex')],
    ])('a body that is %s, wholly', async (_name, body) => {
      expect(await send({ body })).toMatchObject({ status: 400, code: 'InvalidPayload' });
      expect(endpoint.count(tables.scans)).toBe(0);
    });

    test('what calls itself gzip and is not, and other encodings', async () => {
      expect(await send({ body: '[]', encoding: 'gzip' })).toMatchObject({ status: 400, code: 'InvalidPayload' });
      const cut = gzipSync(JSON.stringify([scanRow()])).subarray(0, 100);
      expect(await send({ body: cut, encoding: 'gzip' })).toMatchObject({ status: 400, code: 'InvalidPayload' });
      expect(await send({ body: '[]', encoding: 'br' })).toMatchObject({ status: 415 });
    });

    test('more than 1 MB, compressed or not', async () => {
      const padded = (bytes: number): string => `[${' '.repeat(bytes - 2)}]`;
      expect(await send({ body: padded(1_048_576) })).toMatchObject({ status: 204 });
      expect(await send({ body: padded(1_048_577) })).toMatchObject({
        status: 413,
        code: 'ContentLengthLimitExceeded',
      });
      expect(await send({ body: gzipSync(padded(1_048_576)), encoding: 'gzip' })).toMatchObject({ status: 204 });
      expect(await send({ body: gzipSync(padded(1_048_577)), encoding: 'gzip' })).toMatchObject({ status: 413 });
      expect(await send({ body: gzipSync(Buffer.alloc(200_000_000)), encoding: 'gzip' })).toMatchObject({
        status: 413,
      });
      expect(await send({ body: randomBytes(8_000_000) })).toMatchObject({ status: 413 });
    });
  });

  describe('does to a row what Azure does, and tells', () => {
    const sendAndRead = async (changes: Record<string, unknown>): Promise<Record<string, unknown>> => {
      expect(await sendRows([{ ...scanRow(), ...changes }])).toMatchObject({ status: 204 });
      return endpoint.rows(tables.scans)[0]!;
    };

    test('an unknown column is dropped', async () => {
      expect(await sendAndRead({ Surprise: 1, ['__proto__x']: 2 })).not.toHaveProperty('Surprise');
      expect(endpoint.problems).toEqual([
        { stream, column: 'Surprise', change: expect.stringContaining('dropped') as string },
        { stream, column: '__proto__x', change: expect.stringContaining('dropped') as string },
      ]);
    });

    test.each([
      ['VerdictRank', 1.5],
      ['VerdictRank', 2 ** 31],
      ['VerdictRank', '4'],
      ['SizeInBytes', 2 ** 53],
      ['SizeInBytes', true],
      ['Canary', 'true'],
      ['Canary', 1],
      ['EventTime', 'yesterday'],
      ['EventTime', 1_700_000_000],
    ])('a value that does not fit becomes null: %s %j', async (column, value) => {
      expect((await sendAndRead({ [column]: value }))[column]).toBeNull();
      expect(endpoint.problems).toEqual([{ stream, column, change: expect.stringContaining('made null') as string }]);
    });

    test("a missing column is empty, and that is nobody's fault", async () => {
      const { ScanId: _, SizeInBytes: __, ...rest } = scanRow();
      await sendRows([rest]);
      expect(endpoint.rows(tables.scans)[0]).toMatchObject({ ScanId: '', SizeInBytes: null });
      expect(endpoint.problems).toEqual([]);
    });

    test('something else becomes text in a column of text', async () => {
      expect(await sendAndRead({ Reason: { a: 1 } })).toMatchObject({ Reason: '{"a":1}' });
      expect(endpoint.problems).toHaveLength(1);
    });

    test('a field is cut to 64 KB between two characters', async () => {
      const { ObjectName } = await sendAndRead({ ObjectName: '漢'.repeat(30_000) });
      expect(ObjectName).toBe('漢'.repeat(Math.floor(65_536 / 3)));
      expect(endpoint.problems).toMatchObject([{ column: 'ObjectName', change: 'cut to 64 KB from 90000 bytes' }]);
    });

    test('a time of sending that is missing or far away becomes the time of arrival', async () => {
      const hours = (n: number): string => new Date(Date.now() + n * 3_600_000).toISOString();
      const near = [hours(-47), hours(23)];
      await sendRows(
        [...near, hours(-49), hours(25), undefined, 'x'].map((TimeGenerated) => ({ ...scanRow(), TimeGenerated })),
      );
      const times = endpoint.rows(tables.scans).map((row) => String(row.TimeGenerated));
      expect(times.slice(0, 2)).toEqual(near);
      for (const time of times.slice(2)) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
      expect(endpoint.problems).toHaveLength(4);
    });

    test('the list of problems is bounded', async () => {
      for (let i = 0; i < 3; i++)
        await sendRows(Array.from({ length: 500 }, () => ({ ...scanRow(), [`Extra${i}`]: 1 })));
      expect(endpoint.problems).toHaveLength(1_000);
      expect(endpoint.problems.at(-1)).toMatchObject({ column: 'Extra2' });
    });
  });

  describe('for tests', () => {
    test('fails as asked, one request each, and then serves again', async () => {
      endpoint.failNext([
        { status: 429, retryAfterInSeconds: 7 },
        { status: 503, code: 'Busy' },
        { resetConnection: 'beforeBody' },
      ]);
      expect(await sendRows([scanRow()])).toMatchObject({ status: 429, retryAfter: '7' });
      expect(await sendRows([scanRow()])).toMatchObject({ status: 503, code: 'Busy', retryAfter: undefined });
      await expect(sendRows([scanRow()])).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(endpoint.count(tables.scans)).toBe(0);
      expect(await sendRows([scanRow()])).toMatchObject({ status: 204 });
      expect(endpoint.counters).toMatchObject({ requests: 4, answers: { 429: 1, 503: 1, 204: 1 }, rows: 1 });
    });

    test('a connection cut after storing leaves the rows', async () => {
      endpoint.failNext([{ resetConnection: 'afterStoring' }]);
      await expect(sendRows([scanRow()])).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(endpoint.count(tables.scans)).toBe(1);
    });

    test('refuses calls that hold a row of a kind, until told otherwise', async () => {
      endpoint.refuseRows((row) => row.Account === 'bad');
      expect(await sendRows([scanRow(), { ...scanRow(), Account: 'bad' }])).toMatchObject({ status: 400 });
      expect(await sendRows([scanRow()])).toMatchObject({ status: 204 });
      endpoint.refuseRows(undefined);
      expect(await sendRows([{ ...scanRow(), Account: 'bad' }])).toMatchObject({ status: 204 });
    });

    test('waiting for rows ends when they are there, and at once when they were', async () => {
      const waiting = endpoint.waitForRows(({ count }) => count(tables.scans) >= 2);
      await sendRows([scanRow()]);
      await sendRows([scanRow()]);
      await waiting;
      await endpoint.waitForRows(({ count }) => count(tables.scans) === 2);
    });

    test('waiting in vain ends with the endpoint', async () => {
      const waiting = endpoint.waitForRows(() => false);
      const inVain = expect(waiting).rejects.toThrow('closed');
      await endpoint.close();
      await inVain;
      await endpoint.close();
    });

    test('a condition that throws is told to who waits', async () => {
      await expect(
        endpoint.waitForRows(() => {
          throw new Error('wrong table');
        }),
      ).rejects.toThrow('wrong table');
    });
  });

  test('rows in a file are there after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-rows-'));
    const file = join(folder, 'rows.sqlite');
    try {
      await endpoint.close();
      endpoint = await startIngestionEndpoint({ file });
      await sendRows([scanRow()]);
      const before = endpoint.rows(tables.scans);
      await endpoint.close();
      endpoint = await startIngestionEndpoint({ file });
      expect(endpoint.rows(tables.scans)).toEqual(before);
      expect(before).toHaveLength(1);
    } finally {
      await endpoint.close();
      await rm(folder, { recursive: true });
    }
  });

  test('a port that is taken is told, and one of its own is on 127.0.0.1 only', async () => {
    await expect(startIngestionEndpoint({ port: endpoint.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(endpoint.url).toBe(`https://127.0.0.1:${endpoint.port}`);
  });

  test('a client that does not trust its certificate does not talk to it', async () => {
    const other = await startIngestionEndpoint();
    try {
      const untrusting = new Promise((_resolve, reject) => {
        httpsRequest(endpoint.url, { ca: other.certificatePem, agent: false }).on('error', reject).end();
      });
      await expect(untrusting).rejects.toMatchObject({ code: expect.stringMatching(/CERT|SIGNATURE/) as string });
    } finally {
      await other.close();
    }
  });
});

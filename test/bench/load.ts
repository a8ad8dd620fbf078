/**
 * Many small objects: uploads them to Azurite, puts their events into the queue, and lets one worker with the settings of
 * `host.json` and the project's rules go through them. Prints objects a second, CPU of the worker an object, and calls of the
 * ingestion endpoint a thousand objects.
 *
 *   npm run bench:load [-- --objects 10000 --size 10240]      exit status 1 above 20 calls a thousand, or when a row is missing
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { startAzurite } from '../../shared/local/azurite.ts';
import { startIngestionEndpoint } from '../../shared/local/ingestion-endpoint.ts';
import { compileRuleFiles, readRuleFiles } from '../../shared/scanner/rule-files.ts';
import { writeRules } from '../azure/rules-beside.ts';

const CALLS_LIMIT = 20;
const UPLOADS_AT_ONCE = 16;
const LIMIT_IN_MS = 15 * 60_000;
const QUEUE = 'sluice-scan';

const { values } = parseArgs({
  options: { objects: { type: 'string', default: '10000' }, size: { type: 'string', default: '10240' } },
});
const objects = Number(values.objects);
const size = Number(values.size);

const folder = await mkdtemp(join(tmpdir(), 'sluice-load-'));
const [azurite, endpoint] = await Promise.all([startAzurite(), startIngestionEndpoint()]);
try {
  process.exitCode = await bench();
} finally {
  await Promise.all([azurite.close(), endpoint.close()]);
  await rm(folder, { recursive: true, force: true });
}

async function bench(): Promise<number> {
  const caPath = join(folder, 'ca.pem');
  const rulesPath = join(folder, 'rules.sluice');
  await writeFile(caPath, endpoint.certificatePem);
  await writeRules(rulesPath, compileRuleFiles(readRuleFiles('rules', 'rules')));
  await upload();
  const before = performance.now();
  const worker = fork(join(import.meta.dirname, 'load-worker.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning', ...process.execArgv.filter((each) => each.includes('prof'))],
    env: {
      ...process.env,
      SLUICE_ACCOUNTS: azurite.account,
      SLUICE_LOCAL_CONNECTION: azurite.connectionString,
      SLUICE_INGESTION_ENDPOINT: endpoint.url,
      SLUICE_DCR_ID: endpoint.dcrId,
      SLUICE_LOCAL_CA: caPath,
      SLUICE_RULES: rulesPath,
      SLUICE_QUEUE: QUEUE,
      SLUICE_LOG_LEVEL: 'warn',
      HOST_CONNECTION: azurite.connectionString,
    },
  });
  const late = setTimeout(() => worker.kill(), LIMIT_IN_MS);
  await endpoint.waitForRows(({ count }) => count('SluiceScans_CL') >= objects);
  clearTimeout(late);
  const seconds = (performance.now() - before) / 1_000;
  const told = once(worker, 'message') as Promise<[{ cpuInMs: number; peakBytes: number }]>;
  worker.send('end');
  const [{ cpuInMs, peakBytes }] = await told;
  return report({ seconds, cpuInMs, peakBytes });
}

async function upload(): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('uploads');
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(QUEUE);
  await Promise.all([container.create(), queue.create()]);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < objects; index = next++) {
      const bytes = Buffer.alloc(size, `object ${index} `);
      const blob = container.getBlockBlobClient(`${index}.txt`);
      const { etag } = await blob.upload(bytes, bytes.length);
      const event = {
        specversion: '1.0',
        id: String(index),
        type: 'Microsoft.Storage.BlobCreated',
        source: '/subscriptions/x',
        time: new Date().toISOString(),
        data: { api: 'PutBlob', url: blob.url, eTag: etag, contentLength: size },
      };
      await queue.sendMessage(Buffer.from(JSON.stringify(event)).toString('base64'));
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, work));
}

function report(run: { readonly seconds: number; readonly cpuInMs: number; readonly peakBytes: number }): number {
  const scans = endpoint.rows('SluiceScans_CL');
  const names = new Set(scans.filter(({ Verdict }) => Verdict === 'clean').map(({ ObjectName }) => ObjectName));
  const callsPerThousand = (endpoint.counters.requests / objects) * 1_000;
  const isRight = names.size === objects && scans.length === objects && callsPerThousand <= CALLS_LIMIT;
  console.log(`${objects} objects of ${size} bytes, one worker`);
  console.log(`objects a second             ${(objects / run.seconds).toFixed(1)}`);
  console.log(`CPU of the worker an object  ${(run.cpuInMs / objects).toFixed(2)} ms`);
  console.log(`calls a thousand objects     ${callsPerThousand.toFixed(1)} (at most ${CALLS_LIMIT})`);
  console.log(`rows                         ${scans.length}, ${names.size} of them of different objects and clean`);
  console.log(`peak memory of the worker    ${Math.round(run.peakBytes / 1e6)} MB`);
  console.log(isRight ? 'as it must be' : 'FAILED');
  return isRight ? 0 : 1;
}

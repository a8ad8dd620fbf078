/**
 * Many small objects: uploads them to Azurite, puts their events into the queue, and lets one worker with the settings of
 * `host.json` and the project's rules go through them. Prints objects a second, CPU of the worker and requests it sent an object,
 * and calls of the ingestion endpoint a thousand objects.
 *
 *   npm run bench:load [-- --objects 10000 --size 10240 --wave 1000]
 *
 * Exit status 1 above 20 calls a thousand, when a row is missing or doubled, or when it takes too long.
 *
 * The objects come in waves, each in a container of its own that is deleted after it: each request costs the emulator a look at
 * every blob and every message that it holds, so that ten thousand at once measure nothing but that. The clock runs while a wave
 * is scanned, from its first event in the queue to its last row.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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
import type { LoadWorkerUse } from './load-worker.ts';

const CALLS_LIMIT = 20;
const UPLOADS_AT_ONCE = 16;
/** Of the slowest machine that is worth the wait. */
const LIMIT_IN_MS_PER_OBJECT = 200;
const LIMIT_IN_MS_AT_LEAST = 60_000;
const QUEUE = 'sluice-scan';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '10000' },
    size: { type: 'string', default: '10240' },
    wave: { type: 'string', default: '1000' },
  },
});
const objects = Number(values.objects);
const size = Number(values.size);
const wave = Number(values.wave);
if (!(objects > 0 && size > 0 && wave > 0)) throw new Error('--objects, --size or --wave is no number above 0');

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
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(QUEUE);
  await queue.create();
  const worker = startWorker({ SLUICE_LOCAL_CA: caPath, SLUICE_RULES: rulesPath });
  // The rows that are waited for would never come.
  const late = setTimeout(() => worker.kill(), Math.max(objects * LIMIT_IN_MS_PER_OBJECT, LIMIT_IN_MS_AT_LEAST));
  const ended = once(worker, 'exit').then(() => false);
  let emulatorCpuInMs = 0;
  let seconds = 0;
  for (let first = 0; first < objects; first += wave) {
    const last = Math.min(first + wave, objects);
    const container = blobs.getContainerClient(`wave-${first / wave}`);
    await container.create();
    const events: string[] = [];
    await inParallel(first, last, async (index) => {
      const bytes = Buffer.alloc(size, `object ${index} `);
      const blob = container.getBlockBlobClient(`${index}.txt`);
      const { etag } = await blob.upload(bytes, bytes.length);
      events.push(eventOf({ index, url: blob.url, eTag: etag }));
    });
    const [before, emulatorBefore] = [performance.now(), cpuOf(azurite.processId)];
    const scanned = endpoint.waitForRows(({ count }) => count('SluiceScans_CL') >= last).then(() => true);
    await inParallel(0, events.length, async (index) => {
      await queue.sendMessage(events[index]!);
    });
    if (!(await Promise.race([scanned, ended]))) return fail('the worker ended, or took too long');
    const took = (performance.now() - before) / 1_000;
    seconds += took;
    emulatorCpuInMs += cpuOf(azurite.processId) - emulatorBefore;
    process.stderr.write(`${last} scanned, ${((last - first) / took).toFixed(1)} a second\n`);
    await container.delete();
  }
  clearTimeout(late);
  const told = once(worker, 'message') as Promise<[LoadWorkerUse]>;
  worker.send('end');
  const [use] = await told;
  return report(use, seconds, emulatorCpuInMs);
}

function startWorker(settings: Readonly<Record<string, string>>): ChildProcess {
  return fork(join(import.meta.dirname, 'load-worker.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning', ...process.execArgv.filter((each) => each.includes('prof'))],
    env: {
      ...process.env,
      ...settings,
      SLUICE_ACCOUNTS: azurite.account,
      SLUICE_LOCAL_CONNECTION: azurite.connectionString,
      SLUICE_INGESTION_ENDPOINT: endpoint.url,
      SLUICE_DCR_ID: endpoint.dcrId,
      SLUICE_QUEUE: QUEUE,
      SLUICE_LOG_LEVEL: 'warn',
      HOST_CONNECTION: azurite.connectionString,
    },
  });
}

function eventOf({ index, url, eTag }: { index: number; url: string; eTag: string | undefined }): string {
  const event = {
    specversion: '1.0',
    id: String(index),
    type: 'Microsoft.Storage.BlobCreated',
    source: '/subscriptions/x',
    time: new Date().toISOString(),
    data: { api: 'PutBlob', url, eTag, contentLength: size },
  };
  return Buffer.from(JSON.stringify(event)).toString('base64');
}

async function inParallel(first: number, end: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = first;
  const workOn = async (): Promise<void> => {
    for (let index = next++; index < end; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, workOn));
}

/** User and system time of another process; 0 where the system does not tell. */
function cpuOf(processId: number): number {
  try {
    const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]!.split(' ');
    // Fields 14 and 15 of proc(5), in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

function fail(problem: string): number {
  console.log(`FAILED: ${problem}`);
  return 1;
}

function report(use: LoadWorkerUse, seconds: number, emulatorCpuInMs: number): number {
  const scans = endpoint.rows('SluiceScans_CL');
  const names = new Set(scans.filter(({ Verdict }) => Verdict === 'clean').map(({ ObjectName }) => ObjectName));
  const callsPerThousand = (endpoint.counters.requests / objects) * 1_000;
  const isRight = names.size === objects && scans.length === objects && callsPerThousand <= CALLS_LIMIT;
  console.log(`${objects} objects of ${size} bytes, one worker`);
  console.log(`objects a second             ${(objects / seconds).toFixed(1)}`);
  console.log(`CPU of the worker an object  ${(use.cpuInMs / objects).toFixed(2)} ms`);
  console.log(`CPU of Azurite an object     ${(emulatorCpuInMs / objects).toFixed(2)} ms`);
  console.log(`requests an object           ${requestsAnObject(use.requests)}`);
  console.log(`calls a thousand objects     ${callsPerThousand.toFixed(1)} (at most ${CALLS_LIMIT})`);
  console.log(`rows                         ${scans.length}, ${names.size} of them of different objects and clean`);
  console.log(`peak memory of the worker    ${Math.round(use.peakBytes / 1e6)} MB`);
  console.log(isRight ? 'as it must be' : 'FAILED');
  return isRight ? 0 : 1;
}

/** Of each service, by method; those to the queue are the host's. */
function requestsAnObject(requests: LoadWorkerUse['requests']): string {
  const services = Object.entries({
    objects: azurite.blobEndpoint,
    ledger: azurite.tableEndpoint,
    queue: azurite.queueEndpoint,
  });
  return services
    .map(([name, url]) => {
      const prefix = `${new URL(url).port} `;
      const ofIt = Object.entries(requests).filter(([key]) => key.startsWith(prefix));
      const counts = ofIt.map(([key, count]) => `${(count / objects).toFixed(2)} ${key.slice(prefix.length)}`);
      return `${name} ${counts.join(', ')}`;
    })
    .join('; ');
}

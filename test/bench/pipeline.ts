/**
 * What scanning costs beside downloading: CPU seconds per GiB of a process that only downloads a blob, of one that also scans it
 * with 5,000 rules, and of one that hashes it too, all from Azurite over HTTP through the service's own client; and how much of
 * the engine's own speed is left when a source in memory gives 1 GB/s. Ends with status 1 when a bound is not kept.
 *
 *   npm run bench:pipeline -- [--size 256] [--rounds 3]        size in MiB
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { startAzurite } from '../../shared/local/azurite.ts';
import { compileRules, encodeRules } from '../../shared/yara/index.ts';
import { bytesOfKind, KINDS } from './inputs.ts';
import type { PipelineScan } from './pipeline-scan.ts';
import { externals, publicRules } from './rule-sets.ts';
import { median, printTable } from './tables.ts';

const MIB = 2 ** 20;
const MOST_ADDED = 4;
const LEAST_OF_ENGINE = 0.8;
const CONTAINER = 'bench';
const BLOB = 'mixed.bin';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: { size: { type: 'string', default: '256' }, rounds: { type: 'string', default: '3' } },
});
const size = Number(values.size) * MIB;
const modes = ['download', 'scan', 'scan+sha256', 'engine', 'memory'] as const;

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const azurite = await startAzurite({ memoryLimitInMiB: size / MIB + 256 });
try {
  await bench();
} finally {
  await azurite.close();
  rmSync(folder, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', import.meta.dirname]);
  const rules = publicRules(5000);
  const bundle = join(folder, 'rules.sluice');
  writeFileSync(bundle, encodeRules(compileRules([...rules.sources], { externals })));
  const object = mixed();
  const file = join(folder, BLOB);
  writeFileSync(file, object);
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(CONTAINER);
  await container.create();
  await container.getBlockBlobClient(BLOB).uploadData(object, { blockSize: 8 * MIB });
  const scans = new Map(modes.map((mode) => [mode, [] as PipelineScan[]]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const mode of modes) scans.get(mode)!.push(await measure(mode, bundle, file));
  }
  report(rules.name, scans);
}

/** Equal parts of each kind of data that the machine has. */
function mixed(): Buffer {
  const part = Math.ceil(size / KINDS.length);
  const parts = KINDS.map((kind) => bytesOfKind(kind, 'scan', Math.min(part, 32 * MIB))).filter(
    (it) => it !== undefined,
  );
  const all = Buffer.concat(parts);
  return Buffer.alloc(size, all);
}

async function measure(mode: string, bundle: string, file: string): Promise<PipelineScan> {
  const script = join(root, 'dist/test/bench/pipeline-scan.js');
  const { stdout } = await run(process.execPath, [script, mode, bundle, CONTAINER, BLOB, file], {
    env: { ...process.env, SLUICE_BENCH_CONNECTION: azurite.connectionString },
  });
  return JSON.parse(stdout) as PipelineScan;
}

function report(name: string, scans: ReadonlyMap<string, readonly PipelineScan[]>): void {
  const of = (mode: string): number =>
    (median(scans.get(mode)!.map(({ cpuSeconds }) => cpuSeconds)) * (1024 * MIB)) / size;
  const download = of('download');
  console.log(`\n${name} rules, ${size / MIB} MiB of mixed data, CPU seconds per GiB\n`);
  printTable(
    ['process', 'CPU s/GiB', 'above download'],
    ['download', 'scan', 'scan+sha256'].map((mode) => [mode, of(mode).toFixed(2), (of(mode) - download).toFixed(2)]),
  );
  const engine = of('engine');
  const memory = of('memory');
  console.log(`\nfrom memory: the engine alone ${engine.toFixed(2)} CPU s/GiB, as a pipeline ${memory.toFixed(2)}`);
  const faults = [
    ...(of('scan') - download <= MOST_ADDED ? [] : [`scanning adds more than ${MOST_ADDED} CPU s/GiB`]),
    ...(engine / memory >= LEAST_OF_ENGINE ? [] : [`the pipeline reaches less than ${LEAST_OF_ENGINE} of the engine`]),
  ];
  for (const fault of faults) console.error(`below its bound: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/**
 * Shows that memory does not grow with the object: a blob of 64 MiB and one of 1 GiB are uploaded to Azurite and scanned with
 * the project's rules by the compiled program, each in a process of its own, whose peak of resident memory is compared. The
 * blobs end in what a rule looks for, and their digest is known, so a scan that was not whole counts as failed.
 *
 *   npm run bench:memory        exit status 0 when both limits are kept, 1 when not
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import type { BlockBlobClient } from '@azure/storage-blob';
import { startAzurite } from '../../shared/local/azurite.ts';
import type { MeasuredScan } from './memory-scan.ts';

const MIB = 1024 * 1024;
const SMALL = 64 * MIB;
const LARGE = 1024 * MIB;
const BLOCK = 8 * MIB;
const PEAK_LIMIT = 200e6;
const RATIO_LIMIT = 1.2;
const CONTAINER = 'bench';
/** What the rule of the project finds, at the very end. */
const ENDING = ' 30.40.50.60:9342';
const EXPECTED_RULES = ['EQGRP_callbacks'];

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const azurite = await startAzurite({ memoryLimitInMiB: (LARGE + SMALL) / MIB + 256 });
try {
  process.exitCode = await bench();
} finally {
  await azurite.close();
  await rm(folder, { recursive: true, force: true });
}

async function bench(): Promise<number> {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', import.meta.dirname]);
  const bundle = join(folder, 'rules.sluice');
  await run(process.execPath, [join(root, 'dist/shared/cli/main.js'), 'rules', 'build', '--out', bundle]);
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(CONTAINER);
  await container.create();
  const scans: MeasuredScan[] = [];
  for (const size of [SMALL, LARGE]) {
    const name = `${size / MIB}-mib.bin`;
    const sha256 = await upload(container.getBlockBlobClient(name), size);
    const scan = await measure(bundle, name);
    requireWhole(scan, size, sha256);
    scans.push(scan);
  }
  return judge(scans);
}

/** Uploads `size` bytes of mixed content, one block at a time, and returns their digest. */
async function upload(blob: BlockBlobClient, size: number): Promise<string> {
  const hash = createHash('sha256');
  const blocks: string[] = [];
  for (let offset = 0; offset < size; offset += BLOCK) {
    const block = makeBlock(offset / BLOCK);
    if (offset + BLOCK === size) block.write(ENDING, BLOCK - ENDING.length, 'latin1');
    hash.update(block);
    const id = Buffer.from(String(blocks.length).padStart(6, '0')).toString('base64');
    await blob.stageBlock(id, block, block.length);
    blocks.push(id);
  }
  await blob.commitBlockList(blocks);
  return hash.digest('hex');
}

/** A quarter each of zeros, text, text in UTF-16 and noise, the same in every run and different in every block. */
function makeBlock(index: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const quarter = BLOCK / 4;
  const line = `block ${index}: connect 10.20.30.40:${9_000 + (index % 1_000)} as user, retry in 300 seconds\n`;
  block.fill(line, quarter, 2 * quarter);
  block.fill(Buffer.from(line, 'utf16le'), 2 * quarter, 3 * quarter);
  let state = index + 1;
  for (let at = 3 * quarter; at < BLOCK; at += 4) {
    // The linear congruential generator of Numerical Recipes, for its speed.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block.writeUInt32LE(state, at);
  }
  return block;
}

async function measure(bundle: string, name: string): Promise<MeasuredScan> {
  const script = join(root, 'dist/test/bench/memory-scan.js');
  const { stdout } = await run(process.execPath, [script, bundle, CONTAINER, name], {
    env: { ...process.env, SLUICE_BENCH_CONNECTION: azurite.connectionString },
  });
  return JSON.parse(stdout) as MeasuredScan;
}

function requireWhole(scan: MeasuredScan, size: number, sha256: string): void {
  const isRight =
    scan.isWhole &&
    scan.sizeInBytes === size &&
    scan.sha256 === sha256 &&
    JSON.stringify(scan.rules) === JSON.stringify(EXPECTED_RULES);
  if (!isRight) throw new Error(`the scan of ${size} bytes was not whole or not right: ${JSON.stringify(scan)}`);
}

function judge(scans: readonly MeasuredScan[]): number {
  const [small, large] = scans as [MeasuredScan, MeasuredScan];
  const ratio = large.peakInBytes / small.peakInBytes;
  const rows = scans.map(({ sizeInBytes, seconds, peakInBytes }) => [
    `${sizeInBytes / MIB} MiB`,
    seconds.toFixed(2),
    (sizeInBytes / 1e6 / seconds).toFixed(0),
    (peakInBytes / MIB).toFixed(1),
    (peakInBytes / small.peakInBytes).toFixed(2),
  ]);
  for (const row of [['object', 'seconds', 'MB/s', 'peak MiB', 'ratio'], ...rows]) {
    console.log(row.map((cell) => cell.padStart(10)).join(''));
  }
  const faults = [
    ...(large.peakInBytes < PEAK_LIMIT ? [] : [`the peak of the large object is not below ${PEAK_LIMIT / 1e6} MB`]),
    ...(ratio <= RATIO_LIMIT ? [] : [`the peak of the large object is more than ${RATIO_LIMIT} times the small one's`]),
  ];
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

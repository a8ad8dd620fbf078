/**
 * The process that `pipeline.ts` measures. What it took to begin (Node, modules, rules) is not counted.
 *
 *   node dist/test/bench/pipeline-scan.js MODE BUNDLE CONTAINER BLOB FILE       connection string in SLUICE_BENCH_CONNECTION
 *
 * MODE: `download` · `scan` · `scan+sha256`, all of the blob · `engine`, the same bytes from FILE straight into the engine ·
 * `memory`, from a source in memory through the scanner
 */
import { readFileSync } from 'node:fs';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ByteSource } from '../../shared/objects/byte-source.ts';
import { createBlobServiceClient } from '../../shared/objects/blob-client.ts';
import { openBlob } from '../../shared/objects/blob-source.ts';
import { virtualSource } from '../../shared/objects/virtual-source.ts';
import { declaredExternals, externalsOf, pickExternals } from '../../shared/scanner/object-externals.ts';
import { loadRuleSet } from '../../shared/scanner/rule-set.ts';
import { scanObject } from '../../shared/scanner/scan-object.ts';
import { StreamScanner } from '../../shared/yara/index.ts';

export interface PipelineScan {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const CHUNK_BYTES = 1 << 20;

const [mode = '', bundle = '', container = '', objectName = '', file = ''] = process.argv.slice(2);
const { rules } = await loadRuleSet(bundle);
const work = await prepared();
const started = performance.now();
const before = process.cpuUsage();
await work();
const { user, system } = process.cpuUsage(before);
const scan: PipelineScan = { seconds: (performance.now() - started) / 1e3, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify(scan)}\n`);
// Sockets that idle must not hold the process.
process.exit(0);

async function prepared(): Promise<() => Promise<void>> {
  if (mode === 'engine' || mode === 'memory') {
    const object = new Uint8Array(readFileSync(file));
    if (mode === 'engine') return () => engineAlone(object);
    const source = virtualSource({ sizeInBytes: object.length, block: object, chunkSizeInBytes: CHUNK_BYTES });
    return () => through(source, false);
  }
  const connection = BlobServiceClient.fromConnectionString(process.env.SLUICE_BENCH_CONNECTION ?? '');
  const service = createBlobServiceClient(connection.url, connection.credential);
  const { source } = await openBlob(service, { container, objectName });
  return mode === 'download' ? () => download(source) : () => through(source, mode === 'scan+sha256');
}

async function download(source: ByteSource): Promise<void> {
  let bytes = 0;
  for await (const chunk of source.stream()) bytes += chunk.length;
  if (bytes !== source.size) throw new Error(`downloaded ${bytes} bytes of ${source.size}`);
}

async function through(source: ByteSource, isHashed: boolean): Promise<void> {
  const { isWhole } = await scanObject(source, rules, {
    externals: (head) => pickExternals(externalsOf({ path: objectName }, head), declaredExternals(rules)),
    digests: isHashed ? ['sha256'] : [],
  });
  if (!isWhole) throw new Error('the scan was not whole');
}

async function engineAlone(object: Uint8Array): Promise<void> {
  const scanner = new StreamScanner(rules, {
    size: object.length,
    report: 'evidence',
    readAt: (offset, length) => Promise.resolve(object.subarray(offset, offset + length)),
  });
  for (let at = 0; at < object.length; at += CHUNK_BYTES) scanner.write(object.subarray(at, at + CHUNK_BYTES));
  await scanner.end();
}

/**
 * The process that `memory.ts` measures: scans one blob the way the service does and prints what it took as one line of JSON.
 * It is compiled first, as the service is when it is deployed: taking the types out while it runs would cost 30 MiB more.
 *
 *   node dist/test/bench/memory-scan.js BUNDLE CONTAINER BLOB     with the connection string in SLUICE_BENCH_CONNECTION
 */
import { BlobServiceClient } from '@azure/storage-blob';
import { createBlobServiceClient } from '../../shared/objects/blob-client.ts';
import { openBlob } from '../../shared/objects/blob-source.ts';
import { declaredExternals, externalsOf, pickExternals } from '../../shared/scanner/object-externals.ts';
import { loadRuleSet } from '../../shared/scanner/rule-set.ts';
import { scanObject } from '../../shared/scanner/scan-object.ts';

/** What the measured process says. */
export interface MeasuredScan {
  readonly seconds: number;
  readonly peakInBytes: number;
  readonly sizeInBytes: number;
  readonly sha256: string | undefined;
  readonly rules: readonly string[];
  readonly isWhole: boolean;
}

const [bundle = '', container = '', objectName = ''] = process.argv.slice(2);
const connection = BlobServiceClient.fromConnectionString(process.env.SLUICE_BENCH_CONNECTION ?? '');
const { rules } = await loadRuleSet(bundle);
const started = performance.now();
const service = createBlobServiceClient(connection.url, connection.credential);
const { source, properties } = await openBlob(service, { container, objectName });
const scan = await scanObject(source, rules, {
  externals: (head) => pickExternals(externalsOf({ path: objectName }, head), declaredExternals(rules)),
  digests: ['sha256'],
});
await source.close();
const measured: MeasuredScan = {
  seconds: (performance.now() - started) / 1_000,
  // The library gives kibibytes on every system.
  peakInBytes: process.resourceUsage().maxRSS * 1_024,
  sizeInBytes: properties.sizeInBytes,
  sha256: scan.digests.sha256,
  rules: (scan.result?.matches ?? []).map(({ rule }) => rule),
  isWhole: scan.isWhole,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
// Sockets that idle must not hold the process.
process.exit(0);

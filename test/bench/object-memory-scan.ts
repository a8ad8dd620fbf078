/**
 * The process that `object-memory.ts` measures: scans a virtual object of so many bytes (a MiB of zeros, text, UTF-16 and noise,
 * over and over) the way the service does, and prints what it took as one line of JSON.
 *
 *   node dist/test/bench/object-memory-scan.js BUNDLE BYTES
 */
import { readFileSync } from 'node:fs';
import { virtualSource } from '../../shared/objects/virtual-source.ts';
import { declaredExternals, externalsOf, pickExternals } from '../../shared/scanner/object-externals.ts';
import { loadRuleSet } from '../../shared/scanner/rule-set.ts';
import { scanObject } from '../../shared/scanner/scan-object.ts';

export interface ScannedVirtual {
  readonly sizeInBytes: number;
  readonly peakInBytes: number;
  readonly cpuSeconds: number;
}

const QUARTER = 262_143;

/** A quarter each of zeros, text, text in UTF-16 and noise. */
function block(): Uint8Array {
  const bytes = Buffer.alloc(4 * QUARTER);
  const line = 'connect 10.20.30.40:9443 as user, retry in 300 seconds\n';
  bytes.fill(line, QUARTER, 2 * QUARTER);
  bytes.fill(Buffer.from(line, 'utf16le'), 2 * QUARTER, 3 * QUARTER);
  let state = 1;
  for (let at = 3 * QUARTER; at < bytes.length; at++) {
    // The linear congruential generator of Numerical Recipes, for its speed.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/**
 * Since this program began. Not `resourceUsage`: on Linux its peak begins with that of the process that started this one.
 */
function peakInBytes(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))!;
    return Number(kibibytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

const [bundle = '', size = ''] = process.argv.slice(2);
const sizeInBytes = Number(size);
const { rules } = await loadRuleSet(bundle);
const source = virtualSource({ sizeInBytes, block: block() });
const scan = await scanObject(source, rules, {
  externals: (head) => pickExternals(externalsOf({ path: 'virtual' }, head), declaredExternals(rules)),
});
if (!scan.isWhole) throw new Error('the scan was not whole');
const { user, system } = process.cpuUsage();
const scanned: ScannedVirtual = {
  sizeInBytes,
  peakInBytes: peakInBytes(),
  cpuSeconds: (user + system) / 1e6,
};
process.stdout.write(`${JSON.stringify(scanned)}\n`);

/**
 * Peak memory by the object's size: virtual objects, each scanned in a process of its own from the compiled program with a
 * bundle, whose peak of resident memory is compared.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileRules, encodeRules } from '../../shared/yara/index.ts';
import type { ScannedVirtual } from './object-memory-scan.ts';
import { externals, type BenchRules } from './rule-sets.ts';
import { printTable } from './tables.ts';

const MIB = 2 ** 20;
const COMPARED_BYTES = 64 * MIB;
const MOST_RATIO = 1.2;
const MOST_BYTES = 250e6;

const root = join(import.meta.dirname, '../..');

/** `sizes` in MiB, 64 among them. Prints its table; returns what took more than it may. */
export function benchObjectMemory(rules: BenchRules, sizes: readonly number[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', import.meta.dirname]);
    const bundle = join(folder, 'rules.sluice');
    writeFileSync(bundle, encodeRules(compileRules([...rules.sources], { externals })));
    const scans = sizes.map((size) => {
      const script = join(root, 'dist/test/bench/object-memory-scan.js');
      return JSON.parse(
        execFileSync(process.execPath, [script, bundle, String(size * MIB)], { encoding: 'utf8' }),
      ) as ScannedVirtual;
    });
    return report(rules, scans);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(rules: BenchRules, scans: readonly ScannedVirtual[]): string[] {
  const compared = scans.find(({ sizeInBytes }) => sizeInBytes === COMPARED_BYTES);
  const faults: string[] = [];
  const rows = scans.map(({ sizeInBytes, peakInBytes, cpuSeconds }) => {
    const ratio = compared === undefined ? NaN : peakInBytes / compared.peakInBytes;
    const name = `${sizeInBytes / MIB} MiB`;
    if (ratio > MOST_RATIO) faults.push(`${name} takes ${ratio.toFixed(2)} times the memory of 64 MiB`);
    if (peakInBytes > MOST_BYTES) faults.push(`${name} takes ${(peakInBytes / 1e6).toFixed(0)} MB`);
    return [name, (peakInBytes / 1e6).toFixed(0), ratio.toFixed(2), cpuSeconds.toFixed(1)];
  });
  console.log(`\n${rules.name} rules, peak memory by the object's size\n`);
  printTable(['object', 'peak, MB', 'of 64 MiB', 'CPU s'], rows);
  return faults;
}

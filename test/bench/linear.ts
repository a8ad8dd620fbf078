/**
 * Shows that time grows with the object and not with its square: eight times as many bytes of `a` take at most nine times as
 * long, for patterns that match, or nearly match, at every byte. Each scan has a process of its own, whose peak of resident
 * memory is shown and bounded.
 *
 *   npm run bench:linear        exit status 0 when every ratio and peak is within its limit, 1 when not
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MIB = 1024 * 1024;
const SMALL = 8 * MIB;
const LARGE = 64 * MIB;
const RATIO_LIMIT = 9;
const PEAK_LIMIT = 400e6;
/** What takes less than this is told by the clock's mood. */
const LEAST_SECONDS = 0.05;
const ROUNDS = 2;

const patterns = ['/(a+)+b/', '/a+/', '/a.*/', '/a+b/', '/(.*)(.*)(.*)x/s', '"a"', '{ 61 [-] 62 }', '/a{1,3000}/'];

interface Measured {
  readonly seconds: number;
  readonly peakInBytes: number;
}

const run = promisify(execFile);
const worker = join(import.meta.dirname, 'linear-scan.ts');
const faults: string[] = [];
printRow('pattern', '8 MiB s', '64 MiB s', 'ratio', 'peak MiB');
for (const pattern of patterns) {
  const small = await fastest(pattern, SMALL);
  const large = await fastest(pattern, LARGE);
  const ratio = large.seconds / Math.max(small.seconds, LEAST_SECONDS);
  const peak = Math.max(small.peakInBytes, large.peakInBytes);
  printRow(pattern, small.seconds.toFixed(2), large.seconds.toFixed(2), ratio.toFixed(1), (peak / MIB).toFixed(0));
  if (ratio > RATIO_LIMIT) faults.push(`${pattern}: 64 MiB take ${ratio.toFixed(1)} times as long as 8 MiB`);
  if (peak > PEAK_LIMIT) faults.push(`${pattern}: the peak of ${(peak / MIB).toFixed(0)} MiB is above the limit`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** The fastest of some rounds: what else the machine does only ever takes longer. */
async function fastest(pattern: string, size: number): Promise<Measured> {
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(pattern, size));
  return rounds.reduce((best, one) => (one.seconds < best.seconds ? one : best));
}

async function measure(pattern: string, size: number): Promise<Measured> {
  const node = ['--disable-warning=ExperimentalWarning', worker, pattern, String(size)];
  const { stdout } = await run(process.execPath, node);
  return JSON.parse(stdout) as Measured;
}

function printRow(first: string, ...cells: readonly string[]): void {
  console.log(first.padEnd(20) + cells.map((cell) => cell.padStart(10)).join(''));
}

/** How long one small object takes, with everything loaded: the middle one of many scans, each engine by itself. */
import { openSluice, openYaraX } from './engines.ts';
import type { BenchRules } from './rule-sets.ts';
import { median, printTable } from './tables.ts';

const SIZES = [1_000, 100_000];
const SCANS = 61;

export async function benchSmallObjects(
  rules: BenchRules,
  object: Uint8Array,
  asked: readonly string[],
): Promise<void> {
  const engines = [openSluice(rules, 'evidence'), ...(asked.includes('yarax') ? [await openYaraX(rules)] : [])];
  const rows: string[][] = [];
  for (const size of SIZES) {
    const bytes = object.slice(0, size);
    const cells: string[] = [];
    for (const engine of engines) {
      const times: number[] = [];
      for (let scan = 0; scan < SCANS; scan++) times.push(await engine.scan(bytes));
      cells.push((median(times) * 1000).toFixed(2));
    }
    rows.push([`${size / 1000} KB`, ...cells]);
  }
  for (const engine of engines) engine.close();
  console.log(`\n${rules.name} rules, CPU milliseconds of one small object\n`);
  printTable(['object', ...engines.map(({ name }) => `${name} ms`)], rows);
}

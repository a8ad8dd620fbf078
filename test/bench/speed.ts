/** Tables of speed by kind of data: every engine in turn on the same bytes with the same rules, medians of the rounds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSluice, openYara, openYaraX, type Engine } from './engines.ts';
import type { Kind } from './inputs.ts';
import type { BenchRules } from './rule-sets.ts';
import { median, printTable } from './tables.ts';

export interface SpeedOptions {
  readonly rounds: number;
  /** Of `sluice`, `yarax`, `yara`. */
  readonly engines: readonly string[];
}

/** Prints the table of one rule set. */
export async function benchSpeed(
  rules: BenchRules,
  inputs: ReadonlyMap<Kind, Uint8Array>,
  { rounds, engines: asked }: SpeedOptions,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const engines = await openEngines(rules, asked, folder);
    const compiling = engines.map(({ name, compileSeconds }) => `${name} ${compileSeconds.toFixed(2)} s`).join(', ');
    console.log(`\n${rules.name} rules, from text: ${compiling}\n`);
    const others = engines.filter((engine) => !isOwn(engine));
    const rows: string[][] = [];
    for (const [kind, bytes] of inputs) {
      const speeds = await measure(engines, bytes, rounds);
      const own = speeds.filter((_, at) => isOwn(engines[at]!));
      const ratios = others.map((other) =>
        own.map((speed) => shown(speed / speeds[engines.indexOf(other)]!, 1)).join(', '),
      );
      rows.push([
        kind,
        (bytes.length / 2 ** 20).toFixed(1),
        ...speeds.map((speed) => shown(speed, speed < 10 ? 1 : 0)),
        ...ratios,
      ]);
    }
    printTable(
      [
        'data',
        'MiB',
        ...engines.map(({ name }) => `${name} MB/s`),
        ...others.map(({ name }) => `× ${name} (all, evidence)`),
      ],
      rows,
    );
    for (const engine of engines) engine.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openEngines(rules: BenchRules, asked: readonly string[], folder: string): Promise<Engine[]> {
  const engines: Engine[] = [];
  if (asked.includes('sluice')) engines.push(openSluice(rules, 'all'), openSluice(rules, 'evidence'));
  if (asked.includes('yarax')) engines.push(await openYaraX(rules));
  if (asked.includes('yara')) {
    const yara = openYara(rules, folder);
    if (yara === undefined) console.log('yara is not installed here (Debian: apt-get install yara), left out');
    else engines.push(yara);
  }
  return engines;
}

/** NaN is of an engine that did not get to the end. */
function shown(number: number, digits: number): string {
  return Number.isNaN(number) ? '–' : number.toFixed(digits);
}

/**
 * Medians, in MB/s. Engines take turns, so that what else the machine does falls on all of them. One round more is not counted:
 * what an engine makes ready when it first needs it belongs to no object. One that fails is left out with a word, and has NaN;
 * our own must not.
 */
export async function measure(
  engines: readonly (Pick<Engine, 'scan'> & Partial<Pick<Engine, 'name'>>)[],
  bytes: Uint8Array,
  rounds: number,
): Promise<number[]> {
  const times = engines.map((): number[] => []);
  const failed = new Set<number>();
  for (let round = 0; round <= rounds; round++) {
    for (const [at, engine] of engines.entries()) {
      if (failed.has(at)) continue;
      try {
        const seconds = await engine.scan(bytes);
        if (round > 0) times[at]!.push(seconds);
      } catch (error) {
        if (engine.name === undefined || isOwn({ name: engine.name })) throw error;
        failed.add(at);
        console.log(`${engine.name} fails, left out: ${(error as Error).message}`);
      }
    }
  }
  return times.map((list, at) => (failed.has(at) ? NaN : bytes.length / 1e6 / median(list)));
}

function isOwn({ name }: Pick<Engine, 'name'>): boolean {
  return name.startsWith('sluice');
}

/**
 * Speed, side by side: Sluice, YARA-X as its npm package, and the system's `yara`, in turn on the same bytes with the same
 * rules, several rounds. Prints medians in MB/s of CPU time and Sluice's ratio to each of the others.
 *
 *   npm run bench -- [--sets seed,1000,Neo23x0__signature-base] [--kinds elf,pe,text] [--size 16] [--rounds 5] [--engines sluice,yarax,yara]
 *
 * `--size` is in MiB. Kinds of data that the machine does not have, and engines that it has not installed, are left out with
 * a word. Rules are those of `SLUICE_CORPUS`, or synthetic without it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSluice, openYara, openYaraX, type Engine } from './engines.ts';
import { bytesOfKind, KINDS, type Kind } from './inputs.ts';
import { publicRules, seedRule, type BenchRules } from './rule-sets.ts';

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: 'seed,1000,Neo23x0__signature-base' },
    kinds: { type: 'string', default: KINDS.join() },
    size: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '5' },
    engines: { type: 'string', default: 'sluice,yarax,yara' },
  },
});

const size = Number(values.size) << 20;
const inputs = new Map<Kind, Uint8Array>();
for (const kind of values.kinds.split(',') as Kind[]) {
  const bytes = bytesOfKind(kind, 'scan', size);
  if (bytes === undefined) console.log(`${kind}: there is none here, left out`);
  else inputs.set(kind, bytes);
}
for (const set of values.sets.split(',')) await benchSet(rulesNamed(set));

/** `seed`, a number of public rules, or the beginning of a source's name: all that it has. */
function rulesNamed(set: string): BenchRules {
  if (set === 'seed') return seedRule();
  return /^\d+$/.test(set) ? publicRules(Number(set)) : publicRules(Infinity, set);
}

async function benchSet(rules: BenchRules): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const engines = await openEngines(rules, folder);
    console.log(
      `\n${rules.name} rules, from text: ${engines.map((it) => `${it.name} ${it.compileSeconds.toFixed(2)} s`).join(', ')}\n`,
    );
    console.log(
      `| data | MiB | ${engines.map(({ name }) => `${name} MB/s`).join(' | ')} | ${others(engines)
        .map(({ name }) => `× ${name} (all, evidence)`)
        .join(' | ')} |`,
    );
    console.log(`|---|---|${'---|'.repeat(engines.length + others(engines).length)}`);
    for (const [kind, bytes] of inputs) {
      const speeds = await measure(engines, bytes);
      const own = engines.map((engine, at) => ({ engine, speed: speeds[at]! })).filter(({ engine }) => isOwn(engine));
      const ratios = engines.flatMap((engine, at) =>
        isOwn(engine) ? [] : [own.map(({ speed }) => (speed / speeds[at]!).toFixed(1)).join(', ')],
      );
      console.log(
        `| ${[kind, (bytes.length / 2 ** 20).toFixed(1), ...speeds.map((speed) => speed.toFixed(speed < 10 ? 1 : 0)), ...ratios].join(' | ')} |`,
      );
    }
    for (const engine of engines) engine.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openEngines(rules: BenchRules, folder: string): Promise<Engine[]> {
  const asked = values.engines.split(',');
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

/** Medians, in MB/s. Engines take turns, so that what else the machine does falls on all of them. */
async function measure(engines: readonly Engine[], bytes: Uint8Array): Promise<number[]> {
  const times = engines.map((): number[] => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [at, engine] of engines.entries()) times[at]!.push(await engine.scan(bytes));
  }
  return times.map((list) => bytes.length / 1e6 / list.sort((a, b) => a - b)[list.length >> 1]!);
}

function isOwn({ name }: Engine): boolean {
  return name.startsWith('sluice');
}

function others(engines: readonly Engine[]): Engine[] {
  return engines.filter((engine) => !isOwn(engine));
}

/**
 * What the engine is held to, in one run: speed next to YARA-X (npm package) and the system's `yara`, data made to be slow,
 * small objects, the first verdict after a start, memory by the object's size. Ends with status 1 when a bound was not kept.
 *
 *   npm run bench -- [--parts speed,adversarial,small,start,memory] [--sets seed,10,100,1000,5000,15000] [--kinds elf,pe,text]
 *                    [--size 16] [--rounds 5] [--engines sluice,yarax,yara] [--large 8192]
 *
 * `--size` is in MiB, `--large` the largest object of `memory`. Kinds of data that the machine does not have, and engines that it
 * has not installed, are left out with a word. Rules are those of `SLUICE_CORPUS`, or synthetic without it or beyond it. The
 * parts but for `speed` use 5,000 rules.
 */
import { parseArgs } from 'node:util';
import { benchAdversarial } from './adversarial.ts';
import { benchColdStart } from './cold-start.ts';
import { bytesOfKind, KINDS, type Kind } from './inputs.ts';
import { benchObjectMemory } from './object-memory.ts';
import { publicRules, seedRule, type BenchRules } from './rule-sets.ts';
import { benchSmallObjects } from './small-objects.ts';
import { benchSpeed } from './speed.ts';

const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: 'speed,adversarial,small,start,memory' },
    sets: { type: 'string', default: 'seed,10,100,1000,5000,15000' },
    kinds: { type: 'string', default: KINDS.join() },
    size: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '5' },
    engines: { type: 'string', default: 'sluice,yarax,yara' },
    large: { type: 'string', default: '8192' },
  },
});
const MANY_RULES = 5000;
/** So that a time of the seed's rule is not too short to be measured. */
const SEED_BYTES = 64 << 20;

const parts = values.parts.split(',');
const engines = values.engines.split(',');
const rounds = Number(values.rounds);
const faults: string[] = [];

if (parts.includes('speed')) {
  for (const set of values.sets.split(',')) {
    const size = set === 'seed' ? SEED_BYTES : Number(values.size) << 20;
    await benchSpeed(rulesNamed(set), inputsOf(size), { rounds, engines });
  }
}
const inputs = inputsOf(Number(values.size) << 20);
const many = publicRules(MANY_RULES);
const object = inputs.get('elf') ?? inputs.get('text') ?? new Uint8Array(1 << 20);
if (parts.includes('adversarial')) faults.push(...(await benchAdversarial(many, inputs, rounds)));
if (parts.includes('small')) await benchSmallObjects(many, object, engines);
if (parts.includes('start')) faults.push(...benchColdStart(many, object, rounds, engines));
if (parts.includes('memory')) {
  faults.push(
    ...benchObjectMemory(
      many,
      [1, 64, 1024, 8192].filter((size) => size <= Number(values.large)),
    ),
  );
}
for (const fault of faults) console.error(`below its bound: ${fault}`);
if (faults.length > 0) process.exitCode = 1;

function inputsOf(size: number): Map<Kind, Uint8Array> {
  const found = new Map<Kind, Uint8Array>();
  for (const kind of values.kinds.split(',') as Kind[]) {
    const bytes = bytesOfKind(kind, 'scan', size);
    if (bytes === undefined) console.log(`${kind}: there is none here, left out`);
    else found.set(kind, bytes);
  }
  return found;
}

/** `seed`, a number of public rules, or the beginning of a source's name: all that it has. */
function rulesNamed(set: string): BenchRules {
  if (set === 'seed') return seedRule();
  return /^\d+$/.test(set) ? publicRules(Number(set)) : publicRules(Infinity, set);
}

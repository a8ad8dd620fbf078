/**
 * Data made to be slow: runs, repeats, atoms that lead nowhere, a match at every byte. A scanner that anyone may feed must not
 * fall far below what it does with ordinary data, which is the middle one of its speeds on programs and text.
 */
import { loaded } from '../../shared/yara/bundle/loaded-rules.ts';
import { decodeBundle } from '../../shared/scanner/rule-set.ts';
import { compileRules, encodeRules } from '../../shared/yara/index.ts';
import { openSluice } from './engines.ts';
import type { Kind } from './inputs.ts';
import { externals, type BenchRules } from './rule-sets.ts';
import { measure } from './speed.ts';
import { median, printTable } from './tables.ts';

/** Of the ordinary figure. */
const AT_LEAST = 1 / 5;
const AT_LEAST_WHERE_ALL_MATCHES = 1 / 20;
const ORDINARY: readonly Kind[] = ['elf', 'pe', 'text'];

interface Row {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly atLeast: number;
}

/** Prints its table; returns what fell below its bound. */
export async function benchAdversarial(
  rules: BenchRules,
  inputs: ReadonlyMap<Kind, Uint8Array>,
  rounds: number,
): Promise<string[]> {
  const all = { text: 'rule every_byte { strings: $a = "aa" condition: $a }', name: 'every', namespace: 'every' };
  const withAll = { ...rules, sources: [...rules.sources, all] };
  const rows = rowsFor(rules, inputs);
  const faults: string[] = [];
  const lines: string[][] = [];
  for (const report of ['all', 'evidence'] as const) {
    const engine = openSluice(rules, report);
    const engineOfAll = openSluice(withAll, report);
    const figures: number[] = [];
    for (const kind of ORDINARY) {
      const bytes = inputs.get(kind);
      if (bytes !== undefined) figures.push((await measure([engine], bytes, rounds))[0]!);
    }
    const ordinary = median(figures);
    for (const { name, bytes, atLeast } of rows) {
      const isOfAll = name === 'a match at every byte';
      const [speed] = await measure([isOfAll ? engineOfAll : engine], bytes, rounds);
      const part = speed! / ordinary;
      lines.push([name, report, speed!.toFixed(0), part.toFixed(2), atLeast.toFixed(2)]);
      if (part < atLeast)
        faults.push(`${name}, ${report}: ${part.toFixed(3)} of the ordinary ${ordinary.toFixed(0)} MB/s`);
    }
    engine.close();
    engineOfAll.close();
  }
  console.log(`\n${rules.name} rules, data made to be slow\n`);
  printTable(['data', 'report', 'MB/s', 'of ordinary', 'at least'], lines);
  return faults;
}

function rowsFor(rules: BenchRules, inputs: ReadonlyMap<Kind, Uint8Array>): Row[] {
  const size = 4 << 20;
  const literals = literalsOf(rules);
  const pe = inputs.get('pe')?.subarray(0, 100_000);
  const base64 = inputs.get('base64')?.subarray(0, size);
  return [
    { name: 'zeros', bytes: new Uint8Array(size), atLeast: AT_LEAST },
    { name: 'all a', bytes: new Uint8Array(size).fill(0x61), atLeast: AT_LEAST },
    ...(base64 === undefined ? [] : [{ name: 'base64', bytes: base64, atLeast: AT_LEAST }]),
    ...(pe === undefined ? [] : [{ name: 'a PE over and over', bytes: repeated(pe, size), atLeast: AT_LEAST }]),
    { name: 'every literal in turn', bytes: repeated(literals, size), atLeast: AT_LEAST_WHERE_ALL_MATCHES },
    {
      name: 'one literal over and over',
      bytes: repeated(Buffer.from('http://www.'), size),
      atLeast: AT_LEAST_WHERE_ALL_MATCHES,
    },
    {
      name: 'a match at every byte',
      bytes: new Uint8Array(size).fill(0x61),
      atLeast: AT_LEAST_WHERE_ALL_MATCHES,
    },
  ];
}

/** The rules' literals, one behind the other. */
function literalsOf({ sources }: BenchRules): Uint8Array {
  const rules = decodeBundle(encodeRules(compileRules([...sources], { externals })));
  return loaded(rules).image.literalBytes;
}

function repeated(part: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += part.length) bytes.set(part.subarray(0, size - at), at);
  return bytes;
}

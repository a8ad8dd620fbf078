/**
 * The run of an entry: what its masks do not say, or do not reach. A class of bytes that is no mask, or what stands behind the bytes
 * that are compared; of these the sixteen that ordinary data has least often.
 */
import { COMPARED_BYTES, FILTER, MAX_RUN, MAX_RUN_DISTANCE, PASS, runClass } from '../bundle/filter-layout.ts';
import { bytesAt, type FilterEntry } from './filter-entries.ts';
import { byteFrequency, gramFrequency } from './frequency.ts';
import type { TableWriter } from './filter-writer.ts';

interface Run {
  /** From the first of the compared bytes. */
  readonly distance: number;
  readonly length: number;
  readonly bytes: readonly number[];
}

/** A run that lets more pass than this is not worth a look. */
const MOST_PASSED = 0.7;
const MAX_RUNS = 0xffff;

/** `starts`: the first compared byte of each entry. */
export function writeRuns(writer: TableWriter, entries: readonly FilterEntry[], starts: Int32Array): void {
  const numbers = new Uint16Array(entries.length);
  const rows = new Map<string, number>();
  const words: number[] = [];
  const classes = new Map<readonly number[], number>();
  entries.forEach((entry, at) => {
    const run = runOf(entry, starts[at]!);
    if (run === undefined || rows.size === MAX_RUNS) return;
    let classAt = classes.get(run.bytes);
    if (classAt === undefined) classes.set(run.bytes, (classAt = classes.size));
    const key = `${classAt} ${run.distance} ${run.length}`;
    let number = rows.get(key);
    if (number === undefined) {
      rows.set(key, (number = rows.size + 1));
      words.push(classAt, run.distance, run.length);
    }
    numbers[at] = number;
  });
  if (rows.size === 0) return;
  writer.pass(PASS.runs);
  writer.header[FILTER.runCount] = rows.size;
  writer.header[FILTER.runClassCount] = classes.size;
  writer.table('runNumbers', numbers);
  writer.table('runs', Uint32Array.from(words));
  writer.table('runClasses', concatenated([...classes.keys()].map(tableOf)));
}

function tableOf(bytes: readonly number[]): Uint8Array {
  const set = new Set(bytes);
  return runClass((byte) => set.has(byte));
}

function concatenated(tables: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(tables.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const table of tables) {
    all.set(table, at);
    at += table.length;
  }
  return all;
}

/** Where the entry has bytes of one class one after the other that comparing does not settle. */
function runOf(entry: FilterEntry, start: number): Run | undefined {
  const { length } = entry;
  let best: Run | undefined;
  let bestPassed = MOST_PASSED;
  for (let from = start; from < length && from - start <= MAX_RUN_DISTANCE; from++) {
    if (isSettled(entry, start, from)) continue;
    const bytes = bytesAt(entry, from);
    if (bytes.length === 256) continue;
    let to = from;
    while (to < length && to - from < MAX_RUN && bytesAt(entry, to) === bytes) to++;
    const passed = passedBy(bytes, to - from);
    // The farther one of two alike: what stands near is compared, and like it.
    if (passed > bestPassed) continue;
    bestPassed = passed;
    best = { distance: from - start, length: to - from, bytes };
  }
  return best;
}

/** Do value and mask say what fits? */
function isSettled(entry: FilterEntry, start: number, at: number): boolean {
  return at < start + COMPARED_BYTES && entry.sets?.[at] === undefined;
}

function passedBy(bytes: readonly number[], length: number): number {
  const frequency = bytes.reduce((sum, byte) => sum + byteFrequency(byte), 0);
  const [only] = bytes;
  if (bytes.length === 1 && length >= 4) return gramFrequency(Math.imul(only!, 0x01010101));
  return Math.min(1, frequency) ** length;
}

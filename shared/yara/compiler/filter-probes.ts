/**
 * The smallest rule sets: one entry, or two that have a byte in common, as a text and its wide form have. Chooses that byte and
 * another one of each entry near it, so that ordinary data seldom has both: two comparisons say more than a look-up.
 */
import { PROBE_SPAN, PROBE_TABLE_BYTES } from '../bundle/filter-layout.ts';
import type { FilterEntry } from './filter-entries.ts';
import { byteFrequency, pairFrequency } from './frequency.ts';

/** Above this part of all positions there are too many candidates for a look that branches on them. */
const MAX_COST = 1e-3;
/** Probes are looked for in this many first bytes of an entry. */
const MAX_PLACE = 512;

export interface ProbePlan {
  /** The byte that all entries have at the position where they are found. */
  readonly shared: number;
  readonly probes: readonly Probe[];
}

interface Probe {
  /** Of the shared byte in the entry. */
  readonly offset: number;
  /** Of the other byte, from there. */
  readonly distance: number;
  readonly byte: number;
  readonly cost: number;
}

/** Undefined where entries share no byte, or what they share says too little. */
export function planProbes(entries: readonly FilterEntry[]): ProbePlan | undefined {
  let best: ProbePlan | undefined;
  let bestCost = MAX_COST;
  for (let shared = 0; shared < 256; shared++) {
    const probes = entries.map((entry) => rarestWith(entry, shared));
    if (!probes.every((probe) => probe !== undefined)) continue;
    const cost = probes.reduce((sum, probe) => sum + probe.cost, 0);
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = { shared, probes };
  }
  return best;
}

function rarestWith(entry: FilterEntry, shared: number): Probe | undefined {
  let best: Probe | undefined;
  const past = Math.min(entry.length, MAX_PLACE);
  for (let offset = 0; offset < past; offset++) {
    if (entry.value[offset] !== shared || !isOneByte(entry, offset)) continue;
    for (let at = Math.max(0, offset - PROBE_SPAN + 1); at < Math.min(past, offset + PROBE_SPAN); at++) {
      const byte = entry.value[at]!;
      // A byte that was met is likely to be met again.
      if (byte === shared || !isOneByte(entry, at)) continue;
      const cost = costOf(shared, byte, at - offset);
      if (best === undefined || cost < best.cost) best = { offset, distance: at - offset, byte, cost };
    }
  }
  return best;
}

function isOneByte({ mask, sets }: FilterEntry, at: number): boolean {
  return mask[at] === 0xff && sets?.[at] === undefined;
}

function costOf(shared: number, byte: number, distance: number): number {
  const cost = byteFrequency(shared) * byteFrequency(byte);
  if (distance === 1) return Math.max(cost, pairFrequency(shared | (byte << 8)));
  if (distance === -1) return Math.max(cost, pairFrequency(byte | (shared << 8)));
  return cost;
}

/** As the kernel reads it. */
export function probeTable({ shared, probes }: ProbePlan): Uint8Array {
  const table = new Uint8Array(PROBE_TABLE_BYTES);
  table.set([shared, ...probes.flatMap(({ byte, distance }) => [byte, distance])]);
  return table;
}

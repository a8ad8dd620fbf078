/**
 * Straight programs: from a start there is one way to read on, so no automaton is needed. They are sequences of bytes and
 * repeats where at every place the next byte tells whether a repeat goes on: `\x00[a-z0-9]{3000}`, `[A-Za-z0-9+\/]{40,}={0,2}`,
 * `a{1,3000}b`. Unrolled these are the largest automata there are, and where they match, they match everywhere.
 */
import type { Shape } from './shape.ts';

/** Bytes of one round at most. */
const MAX_UNIT = 64;
/** What has more items is written out too far to be walked. */
const MAX_ITEMS = 4096;

interface Run {
  readonly kind: 'run';
  /** The bytes of one round. */
  readonly unit: readonly Uint32Array[];
  readonly min: number;
  /** Rounds; Infinity where they have no bound. */
  readonly max: number;
  readonly isGreedy: boolean;
}

interface Place {
  readonly kind: 'assertion';
  readonly assertion: number;
}

type Item = Run | Place;

interface LongRun {
  readonly set: Uint32Array;
  readonly length: number;
}

/** Shorter runs are not looked for by themselves. */
const LONG = 64;

export interface StraightProgram {
  readonly items: readonly Item[];
  /** One of the longest runs of bytes of one set, if it is long, that each match holds. */
  readonly longRun: LongRun | undefined;
  /** From this item on none is needed: a match may end before it. */
  readonly firstNeedless: number;
}

/** Undefined where there may be several ways to read on. */
export function straightOf(shape: Shape): StraightProgram | undefined {
  const items = itemsOf(shape);
  if (items === undefined || items.length > MAX_ITEMS) return undefined;
  let firstNeedless = items.length;
  // What may come first behind an item; undefined where an assertion may.
  let follow: Uint32Array | undefined = new Uint32Array(8);
  let isNeedless = true;
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at]!;
    if (item.kind === 'assertion') {
      follow = undefined;
      isNeedless = false;
      continue;
    }
    const first = item.unit[0]!;
    if (item.min !== item.max && (follow === undefined || intersects(first, follow))) return undefined;
    isNeedless &&= item.min === 0;
    if (isNeedless) firstNeedless = at;
    follow = item.min === 0 && follow !== undefined ? follow.map((word, index) => word | first[index]!) : first.slice();
  }
  return { items, firstNeedless, longRun: longRunOf(items) };
}

function longRunOf(items: readonly Item[]): LongRun | undefined {
  let longest: LongRun | undefined;
  for (const item of items) {
    if (item.kind !== 'run' || item.unit.length !== 1 || item.min < LONG) continue;
    if (longest === undefined || item.min > longest.length) longest = { set: item.unit[0]!, length: item.min };
  }
  return longest;
}

function itemsOf(shape: Shape): Item[] | undefined {
  switch (shape.kind) {
    case 'byte':
      return [{ kind: 'run', unit: [shape.set], min: 1, max: 1, isGreedy: true }];
    case 'assertion':
      return [{ kind: 'assertion', assertion: shape.assertion }];
    case 'sequence': {
      const all: Item[] = [];
      for (const part of shape.items) {
        const items = itemsOf(part);
        if (items === undefined || all.length + items.length > MAX_ITEMS) return undefined;
        for (const item of items) all.push(item);
      }
      return all;
    }
    case 'alternation': {
      const set = new Uint32Array(8);
      for (const item of shape.items) {
        if (item.kind !== 'byte') return undefined;
        item.set.forEach((word, at) => (set[at]! |= word));
      }
      return [{ kind: 'run', unit: [set], min: 1, max: 1, isGreedy: true }];
    }
    case 'repeat': {
      if (shape.max === 0) return [];
      const unit = unitOf(shape.item);
      return unit && [{ kind: 'run', unit, min: shape.min, max: shape.max, isGreedy: shape.isGreedy }];
    }
  }
}

/** The bytes of what has one length only. */
function unitOf(shape: Shape): Uint32Array[] | undefined {
  const unit: Uint32Array[] = [];
  for (const item of itemsOf(shape) ?? [undefined]) {
    if (item?.kind !== 'run' || item.min !== item.max) return undefined;
    if (unit.length + item.unit.length * item.min > MAX_UNIT) return undefined;
    for (let round = 0; round < item.min; round++) unit.push(...item.unit);
  }
  return unit.length === 0 ? undefined : unit;
}

function intersects(left: Uint32Array, right: Uint32Array): boolean {
  return left.some((word, at) => (word & right[at]!) !== 0);
}

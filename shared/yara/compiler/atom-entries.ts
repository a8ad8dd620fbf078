/**
 * What the filter looks for of an atom: its own bytes, and those that stand behind them in every match, as far as one can be told
 * from the other: the rounds that a repeat must have, and one byte of whatever comes then.
 */
import type { Atom } from './atoms.ts';
import { entryOfSets, type FilterEntry } from './filter-entries.ts';
import { factsOf } from './frequency.ts';
import { extentOf, type Shape } from './shape.ts';

/** As far as the filter reads behind an atom. */
const MOST_BYTES = 256;

export function entryOfAtom({ sets, behind }: Atom): FilterEntry {
  const all = [...sets];
  for (let at = 0; at < behind.length && all.length < MOST_BYTES; at++) {
    const item = behind[at]!;
    if (item.kind === 'assertion') continue;
    if (item.kind === 'byte') {
      all.push(item.set);
      continue;
    }
    let rest: readonly Shape[] = behind.slice(at);
    if (item.kind === 'repeat' && item.item.kind === 'byte') {
      for (let round = 0; round < item.min && all.length < MOST_BYTES; round++) all.push(item.item.set);
      if (item.min === item.max) continue;
      rest = [{ ...item, min: 0, max: item.max - item.min }, ...rest.slice(1)];
    }
    const next = firstOf(rest);
    if (next !== undefined && all.length < MOST_BYTES) all.push(next);
    break;
  }
  let last = all.length;
  while (last > sets.length && factsOf(all[last - 1]!).size === 256) last--;
  return entryOfSets(all.slice(0, last));
}

/** The bytes that items may begin with; undefined where they may be empty. */
function firstOf(items: readonly Shape[]): Uint32Array | undefined {
  const first = new Uint32Array(8);
  for (const item of items) {
    const own = ownFirst(item);
    own.forEach((word, at) => (first[at]! |= word));
    if (extentOf(item).min > 0) return first;
  }
  return undefined;
}

/** Those that the item itself may begin with. */
function ownFirst(item: Shape): Uint32Array {
  switch (item.kind) {
    case 'byte':
      return item.set;
    case 'repeat':
      return ownFirst(item.item);
    case 'assertion':
      return new Uint32Array(8);
    case 'sequence':
    case 'alternation': {
      const first = new Uint32Array(8);
      for (const part of item.items) {
        ownFirst(part).forEach((word, at) => (first[at]! |= word));
        if (item.kind === 'sequence' && extentOf(part).min > 0) break;
      }
      return first;
    }
  }
}

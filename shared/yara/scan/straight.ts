/**
 * Straight programs: from a start there is one way to read on, so no automaton is needed. They are sequences of bytes and
 * repeats where at every place the next byte tells whether a repeat goes on: `\x00[a-z0-9]{3000}`, `[A-Za-z0-9+\/]{40,}={0,2}`,
 * `a{1,3000}b`. Unrolled these are the largest automata there are, and where they match, they match everywhere.
 *
 * A match is walked item by item. How far the rounds of a repeat reach is remembered from one start to the next, so that dense
 * starts cost what the bytes they stand in do.
 */
import type { Shape } from '../compiler/shape.ts';
import { hasByte } from '../syntax/byte-set.ts';
import { assertionHolds, type Stretch } from './automaton.ts';

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

export interface StraightProgram {
  readonly items: readonly Item[];
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
  return { items, firstNeedless };
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

export class StraightWalker {
  readonly #program: StraightProgram;
  readonly #stretch: Stretch;
  /** Per item: where known rounds reach from and to, by the place of a round's start within a unit. */
  readonly #known: readonly (Rounds | undefined)[];

  /** Starts should ascend; what is remembered of one serves the next. No match is followed further than `limit`. */
  constructor(program: StraightProgram, stretch: Stretch, limit: number) {
    this.#program = program;
    this.#stretch = stretch;
    this.#known = program.items.map((item) =>
      item.kind === 'run' && item.max > 1 ? new Rounds(item.unit, stretch.bytes, limit) : undefined,
    );
  }

  /** Length of the match that begins at `start` and ends at `limit` or before it; 0 for none, since it reads a byte. */
  lengthAt(start: number, limit: number): number {
    const { items, firstNeedless } = this.#program;
    const { bytes } = this.#stretch;
    let at = start;
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!;
      if (item.kind === 'assertion') {
        if (!assertionHolds(item.assertion, this.#stretch, at)) return 0;
        continue;
      }
      const { unit, min, max, isGreedy } = item;
      const known = this.#known[index];
      if (known === undefined) {
        // A byte, or a round that may be left out.
        let place = at;
        for (const set of unit) if (place < limit && hasByte(set, bytes[place]!)) place++;
        const isThere = place - at === unit.length;
        if (!isThere && min > 0) return 0;
        if (isThere && (min > 0 || isGreedy || firstNeedless > index)) at = place;
        continue;
      }
      const fitting = Math.floor((limit - at) / unit.length);
      const rounds = Math.min(known.from(at), max, fitting);
      if (rounds < min) return 0;
      at += (isGreedy || firstNeedless > index + 1 ? rounds : min) * unit.length;
    }
    return at - start;
  }
}

/** How often a unit stands one behind the other. */
class Rounds {
  readonly #unit: readonly Uint32Array[];
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #from: Int32Array;
  readonly #to: Int32Array;

  constructor(unit: readonly Uint32Array[], bytes: Uint8Array, limit: number) {
    this.#unit = unit;
    this.#bytes = bytes;
    this.#limit = limit;
    this.#from = new Int32Array(unit.length).fill(-1);
    this.#to = new Int32Array(unit.length).fill(-1);
  }

  from(start: number): number {
    const { length } = this.#unit;
    const phase = start % length;
    const knownFrom = this.#from[phase]!;
    const knownTo = this.#to[phase]!;
    if (start < knownFrom || start > knownTo) {
      let at = start;
      while (this.#standsAt(at)) {
        at += length;
        if (at === knownFrom) at = knownTo;
      }
      this.#from[phase] = start;
      this.#to[phase] = at;
    }
    return (this.#to[phase]! - start) / length;
  }

  #standsAt(at: number): boolean {
    const unit = this.#unit;
    if (at + unit.length > this.#limit) return false;
    for (let index = 0; index < unit.length; index++)
      if (!hasByte(unit[index]!, this.#bytes[at + index]!)) return false;
    return true;
  }
}

/**
 * Chooses the atoms of an automaton: short runs of bytes of which every match has at least one, and how far from the run a
 * match may begin and end. The filter looks for atoms; the automaton is run only around them.
 */
import { RunCosts, type SharedRuns } from './atom-costs.ts';
import { factsOf } from './frequency.ts';
import { extentOf, type Shape } from './shape.ts';

export interface Atom {
  /** Sets of bytes, one after the other: one to four that were chosen, and what always stands around them. */
  readonly sets: readonly Uint32Array[];
  /** Bytes from the match's start to the atom; the most may be Infinity. */
  readonly minBefore: number;
  readonly maxBefore: number;
  /** What stands before the run and behind it in every match, nearest first; `ANYTHING` where that is not known. */
  readonly before: readonly Shape[];
  readonly behind: readonly Shape[];
}

const ANYTHING: Shape = {
  kind: 'repeat',
  item: { kind: 'byte', set: new Uint32Array(8).fill(0xffffffff) },
  min: 0,
  max: Infinity,
  isGreedy: true,
};
/** Items kept on either side; what is farther away says little more. */
const MAX_SURROUNDINGS = 48;

type ByteShape = Extract<Shape, { kind: 'byte' }>;

interface Choice {
  readonly atoms: readonly Atom[];
  /** Of the bytes of ordinary data, the part at which one of the atoms stands. */
  readonly cost: number;
}

/** An automaton whose atoms stand at more places than this is run everywhere instead. */
const MAX_COST = 0.02;
/** Nor is it worth the filter's room to look for more atoms than this. */
const MAX_ATOMS = 256;
/** On either side of what was chosen, that many sets make an atom rarer still: the filter compares sixteen bytes. */
const MAX_NEIGHBOURS = 12;
/**
 * Behind a repeat that nearly anything fits, as often as this or more, an atom must be much rarer to be worth it: a match may
 * begin anywhere before it, and no guard sees beyond. Rounds that are counted make far more states.
 */
const FAR = 64;
const OPEN_SET = 0.5;
const WIDE_COST = 64;
const COUNTED_COST = 1024;
/** On either side of alternatives, that many sets count as parts of each. */
const MAX_SHARED_SETS = 3;
/** Repeats are unrolled this far to find a run. */
const UNROLLED = 4;

/** Undefined when every choice is too common: then matches are looked for everywhere. `shared` has counted all shapes. */
export function chooseAtoms(shape: Shape, shared: SharedRuns): readonly Atom[] | undefined {
  const choice = bestOf(shape, shared);
  return choice === undefined || choice.cost > MAX_COST || choice.atoms.length > MAX_ATOMS ? undefined : choice.atoms;
}

/** Counts the runs from which atoms of the shape are chosen. */
export function countRuns(shape: Shape, shared: SharedRuns): void {
  const items = flatten(shape);
  if (items.some(isVariable)) shared.count(items, flatten(shape, 'back'));
  else shared.count(items);
  for (const item of items) {
    if (item.kind === 'repeat') countRuns(item.item, shared);
    else if (item.kind === 'alternation') for (const alternative of item.items) countRuns(alternative, shared);
  }
}

function bestOf(shape: Shape, shared: SharedRuns): Choice | undefined {
  const items = flatten(shape);
  const best = bestIn(items, shared);
  if (!items.some(isVariable)) return best;
  const other = bestIn(flatten(shape, 'back'), shared);
  return best === undefined || (other !== undefined && other.cost < best.cost) ? other : best;
}

/** Is it a repeat that says something at either end? */
function isVariable(item: Shape): boolean {
  if (item.kind !== 'repeat' || item.max === item.min) return false;
  return item.item.kind !== 'byte' || factsOf(item.item.set).size < 256;
}

function bestIn(items: readonly Shape[], shared: SharedRuns): Choice | undefined {
  const extents = items.map(extentOf);
  const costs = new RunCosts(items);
  let best: Choice | undefined;
  const consider = (cost: number, atoms: () => readonly Atom[]): void => {
    if (best === undefined || cost < best.cost) best = { cost, atoms: atoms() };
  };
  let before = { min: 0, max: 0 };
  let weight = 1;
  items.forEach((item, at) => {
    const { min, max } = before;
    if (item.kind === 'byte') {
      for (let length = 1; length <= 4; length++) {
        if (items[at + length - 1]?.kind !== 'byte') break;
        const run = costs.run(at, length);
        if (run === undefined) break;
        const from = at - neighbours(items, at, -1);
        const past = at + length + neighbours(items, at + length - 1, 1);
        let cost = run * weight;
        for (let place = at - 1; place >= from; place--) cost *= costs.neighbour(place, 1);
        for (let place = at + length; place < past; place++) cost *= costs.neighbour(place, -1);
        if (best !== undefined && cost >= best.cost) continue;
        cost += shared.cost(items, from, past);
        consider(cost, () => [
          {
            sets: items.slice(from, past).map((part) => (part as ByteShape).set),
            minBefore: min - (at - from),
            maxBefore: max - (at - from),
            before: itemsBefore(items, from),
            behind: itemsBehind(items, past),
          },
        ]);
      }
    } else if (item.kind === 'alternation' || item.kind === 'repeat') {
      const isRepeat = item.kind === 'repeat';
      const ahead = isRepeat ? 0 : Math.min(MAX_SHARED_SETS, neighbours(items, at, -1));
      const past = at + 1 + (isRepeat ? 0 : Math.min(MAX_SHARED_SETS, neighbours(items, at, 1)));
      const inner = isRepeat
        ? [item.min > 0 ? bestOf(item.item, shared) : undefined]
        : item.items.map((alternative) =>
            bestOf(
              { kind: 'sequence', items: [...items.slice(at - ahead, at), alternative, ...items.slice(at + 1, past)] },
              shared,
            ),
          );
      if (inner.every((choice) => choice !== undefined)) {
        const cost = inner.reduce((sum, choice) => sum + choice.cost, 0) * weight;
        const longest = extents[at]!.max;
        // In a repeat the run may stand in any round: only the item's whole extent bounds where.
        consider(cost, () =>
          inner.flatMap(({ atoms }) =>
            atoms.map((atom) => ({
              sets: atom.sets,
              minBefore: min - ahead + atom.minBefore,
              maxBefore: max - ahead + (isRepeat ? longest : atom.maxBefore),
              before: [...atom.before, ...(isRepeat ? [ANYTHING] : itemsBefore(items, at - ahead))],
              behind: [...atom.behind, ...(isRepeat ? [ANYTHING] : itemsBehind(items, past))],
            })),
          ),
        );
      }
    }
    before = { min: min + extents[at]!.min, max: max + extents[at]!.max };
    weight = Math.max(weight, weightBehind(item));
  });
  return best;
}

function weightBehind(item: Shape): number {
  if (item.kind !== 'repeat' || item.max - item.min < FAR) return 1;
  // With `wide` every other byte is zero.
  const isOpen = flatten(item.item).some((part) => part.kind !== 'byte' || factsOf(part.set).frequency > OPEN_SET);
  if (!isOpen) return 1;
  return item.max === Infinity ? WIDE_COST : COUNTED_COST;
}

function itemsBefore(items: readonly Shape[], at: number): Shape[] {
  const near = items.slice(Math.max(0, at - MAX_SURROUNDINGS), at).reverse();
  return at > MAX_SURROUNDINGS ? [...near, ANYTHING] : near;
}

function itemsBehind(items: readonly Shape[], at: number): Shape[] {
  const near = items.slice(at, at + MAX_SURROUNDINGS);
  return at + MAX_SURROUNDINGS < items.length ? [...near, ANYTHING] : near;
}

/** How many sets always stand next to the one at `at`, up to the last that says something; `step` is −1 for those before. */
function neighbours(items: readonly Shape[], at: number, step: 1 | -1): number {
  let count = 0;
  for (let distance = 1; distance <= MAX_NEIGHBOURS; distance++) {
    const item = items[at + distance * step];
    if (item?.kind !== 'byte') break;
    if (factsOf(item.set).size < 256) count = distance;
  }
  return count;
}

/** The parts that stand one after the other, repeats unrolled a little, at one of their ends, so that runs show. */
function flatten(shape: Shape, end: 'front' | 'back' = 'front'): Shape[] {
  if (shape.kind === 'sequence') return shape.items.flatMap((item) => flatten(item, end));
  if (shape.kind === 'alternation') {
    const single = singleByte(shape);
    return [single ?? shape];
  }
  if (shape.kind !== 'repeat' || shape.min === 0) return [shape];
  const unrolled = Math.min(shape.min, UNROLLED);
  const rounds = Array.from({ length: unrolled }, () => flatten(shape.item, end)).flat();
  const rest: Shape = { ...shape, min: shape.min - unrolled, max: shape.max - unrolled };
  if (rest.max === 0) return rounds;
  return end === 'front' ? [...rounds, rest] : [rest, ...rounds];
}

/** `(a|b)` is one byte of two. */
function singleByte(shape: Extract<Shape, { kind: 'alternation' }>): Shape | undefined {
  const set = new Uint32Array(8);
  for (const item of shape.items) {
    const parts = flatten(item);
    const [part] = parts;
    if (parts.length !== 1 || part?.kind !== 'byte') return undefined;
    part.set.forEach((word, at) => (set[at]! |= word));
  }
  return { kind: 'byte', set };
}

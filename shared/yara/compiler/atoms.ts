/**
 * Chooses the atoms of an automaton: short runs of bytes of which every match has at least one, and how far from the run a
 * match may begin and end. The filter looks for atoms; the automaton is run only around them.
 */
import { MAX_SPELLINGS } from './filter-windows.ts';
import { factsOf } from './frequency.ts';
import { extentOf, type Shape } from './shape.ts';

export interface Atom {
  /** Sets of bytes, one after the other: one to four that were chosen, and what always stands around them. */
  readonly sets: readonly Uint32Array[];
  /** Bytes from the match's start to the atom, and from the atom's start to the match's end; the longest may be Infinity. */
  readonly minBefore: number;
  readonly maxBefore: number;
  readonly maxBehind: number;
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
/** What a neighbour is taken to be worth: its frequency, a little more because bytes do not stand independently, bounded. */
const NEIGHBOUR_DEPENDENCE = 4;
const LEAST_NEIGHBOUR_COST = 1 / 16;
/** Repeats are unrolled this far to find a run. */
const UNROLLED = 4;

/** Undefined when every choice is too common: then matches are looked for everywhere. */
export function chooseAtoms(shape: Shape): readonly Atom[] | undefined {
  const choice = bestOf(shape);
  return choice === undefined || choice.cost > MAX_COST || choice.atoms.length > MAX_ATOMS ? undefined : choice.atoms;
}

function bestOf(shape: Shape): Choice | undefined {
  const items = flatten(shape);
  const extents = items.map(extentOf);
  let best: Choice | undefined;
  const consider = (choice: Choice | undefined): void => {
    if (choice !== undefined && (best === undefined || choice.cost < best.cost)) best = choice;
  };
  let before = { min: 0, max: 0 };
  const behindOf = tails(extents);
  items.forEach((item, at) => {
    const { min, max } = before;
    if (item.kind === 'byte') {
      for (let length = 1; length <= 4; length++) {
        const run = items.slice(at, at + length);
        if (run.length < length || !run.every((part) => part.kind === 'byte')) break;
        const sets = run.map((part) => part.set);
        if (length > 2 && spellings(sets) > MAX_SPELLINGS) break;
        const ahead = neighbours(items, at - 1, -1);
        const behind = neighbours(items, at + length, 1);
        const cost = runCost(sets) * neighbourCost(ahead) * neighbourCost(behind);
        if (best !== undefined && cost >= best.cost) continue;
        const atom = {
          sets: [...ahead.reverse(), ...sets, ...behind],
          minBefore: min - ahead.length,
          maxBefore: max - ahead.length,
          maxBehind: behindOf[at]! + ahead.length,
          before: itemsBefore(items, at - ahead.length),
          behind: itemsBehind(items, at + length + behind.length),
        };
        consider({ atoms: [atom], cost });
      }
    } else if (item.kind === 'alternation' || item.kind === 'repeat') {
      const inner =
        item.kind === 'repeat' ? (item.min > 0 ? [bestOf(item.item)] : [undefined]) : item.items.map(bestOf);
      if (inner.every((choice) => choice !== undefined)) {
        const longest = extents[at]!.max;
        // In a repeat the run may stand in any round: only the item's whole extent bounds where.
        const isRepeat = item.kind === 'repeat';
        consider({
          cost: inner.reduce((sum, choice) => sum + choice.cost, 0),
          atoms: inner.flatMap(({ atoms }) =>
            atoms.map((atom) => ({
              sets: atom.sets,
              minBefore: min + atom.minBefore,
              maxBefore: max + (isRepeat ? longest : atom.maxBefore),
              maxBehind: behindOf[at + 1]! + (isRepeat ? longest : atom.maxBehind),
              before: [...atom.before, ...(isRepeat ? [ANYTHING] : itemsBefore(items, at))],
              behind: [...atom.behind, ...(isRepeat ? [ANYTHING] : itemsBehind(items, at + 1))],
            })),
          ),
        });
      }
    }
    before = { min: min + extents[at]!.min, max: max + extents[at]!.max };
  });
  return best;
}

function itemsBefore(items: readonly Shape[], at: number): Shape[] {
  const near = items.slice(Math.max(0, at - MAX_SURROUNDINGS), at).reverse();
  return at > MAX_SURROUNDINGS ? [...near, ANYTHING] : near;
}

function itemsBehind(items: readonly Shape[], at: number): Shape[] {
  const near = items.slice(at, at + MAX_SURROUNDINGS);
  return at + MAX_SURROUNDINGS < items.length ? [...near, ANYTHING] : near;
}

/** The sets that always stand next to a run, nearest first, up to the last that says something; `step` is −1 for those before. */
function neighbours(items: readonly Shape[], from: number, step: 1 | -1): Uint32Array[] {
  const sets: Uint32Array[] = [];
  let length = 0;
  for (let at = from; sets.length < MAX_NEIGHBOURS; at += step) {
    const item = items[at];
    if (item?.kind !== 'byte') break;
    sets.push(item.set);
    if (factsOf(item.set).size < 256) length = sets.length;
  }
  return sets.slice(0, length);
}

function neighbourCost(sets: readonly Uint32Array[]): number {
  let cost = 1;
  for (const set of sets) {
    cost *= Math.max(LEAST_NEIGHBOUR_COST, Math.min(1, factsOf(set).frequency * NEIGHBOUR_DEPENDENCE));
  }
  return cost;
}

/** Longest extent from each item to the end; one entry more than there are items. */
function tails(extents: readonly { readonly max: number }[]): number[] {
  const behind = new Array<number>(extents.length + 1).fill(0);
  for (let at = extents.length - 1; at >= 0; at--) behind[at] = behind[at + 1]! + extents[at]!.max;
  return behind;
}

/** The parts that stand one after the other, repeats unrolled a little so that runs show. */
function flatten(shape: Shape): Shape[] {
  if (shape.kind === 'sequence') return shape.items.flatMap(flatten);
  if (shape.kind === 'alternation') {
    const single = singleByte(shape);
    return [single ?? shape];
  }
  if (shape.kind !== 'repeat' || shape.min === 0) return [shape];
  const unrolled = Math.min(shape.min, UNROLLED);
  const rounds = Array.from({ length: unrolled }, () => flatten(shape.item)).flat();
  const rest: Shape = { ...shape, min: shape.min - unrolled, max: shape.max - unrolled };
  return rest.max === 0 ? rounds : [...rounds, rest];
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

function spellings(sets: readonly Uint32Array[]): number {
  return sets.reduce((product, set) => product * factsOf(set).size, 1);
}

function runCost(sets: readonly Uint32Array[]): number {
  let cost = 1;
  let previous: Uint32Array | undefined;
  for (const set of sets) {
    const { size, frequency } = factsOf(set);
    // A run of one byte is far likelier than its parts: padding, rulers, zeros.
    cost *= size === 1 && isSame(set, previous) ? Math.max(frequency, 0.5) : frequency;
    previous = set;
  }
  return cost;
}

function isSame(set: Uint32Array, other: Uint32Array | undefined): boolean {
  return set === other || (other !== undefined && set.every((word, at) => word === other[at]));
}

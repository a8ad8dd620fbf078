/**
 * Chooses the masks of one pivot: which of the bytes around it tell its entries apart. Each mask costs a look wherever the pivot
 * stands, and each entry a comparison wherever what its mask takes stands there too; so masks are added as long as they save more
 * than they cost.
 */
import { MASKED_BYTES, MAX_PIVOT_MASKS } from '../bundle/filter-layout.ts';
import { isPlainAt, type FilterEntry } from './filter-entries.ts';
import { byteFrequency } from './frequency.ts';

export interface MaskedEntry {
  readonly entry: FilterEntry;
  /** Of the pivot in the entry. */
  readonly offset: number;
}

export interface PivotMask {
  /** Of the first of the bytes from the pivot's first. */
  readonly distance: number;
  /** The bits that are taken of each of `MASKED_BYTES`. */
  readonly bits: Uint8Array;
}

/** Masks begin from here to there around a pivot. */
const FIRST_DISTANCE = -14;
const LAST_DISTANCE = 14;
/** Bytes that a mask which several entries share takes. */
const MOST_SHARED = 4;
/** What a look costs, in comparisons. */
const LOOK_COST = 1;
/** Bytes of code stand by some bytes far more often than by others. */
const DEPENDENCE = 4;
const MOST_LIKELY = 0.6;
/** With fewer entries their own bytes say nothing about what stands by the pivot. */
const FEW = 8;

/** For each entry its mask, undefined where there is no room for another one. */
export function planMasks(members: readonly MaskedEntry[]): (PivotMask | undefined)[] {
  const likely = likelihoods(members);
  const options = members.map((member) => optionsOf(member, likely));
  const choices = chooseShared(options);
  const masks = new Map<number, PivotMask>();
  const own = new Map<string, PivotMask>();
  return members.map((member, at) => {
    const choice = choices[at]!;
    if (choice >= 0) {
      let mask = masks.get(choice);
      if (mask === undefined) masks.set(choice, (mask = maskOf(choice)));
      return mask;
    }
    const mask = ownMask(member);
    const key = `${mask.distance},${mask.bits.join()}`;
    const known = own.get(key);
    if (known !== undefined) return known;
    if (masks.size + own.size >= MAX_PIVOT_MASKS) return undefined;
    own.set(key, mask);
    return mask;
  });
}

/** Masks that an entry can have, as numbers, and how often what one takes stands by the pivot, about. */
interface Options {
  readonly masks: Uint16Array;
  readonly costs: Float64Array;
}

/** A number's lower eight bits are the bytes taken, the rest the distance. */
function maskOf(number: number): PivotMask {
  const bits = Uint8Array.from({ length: MASKED_BYTES }, (_, at) => (((number >>> at) & 1) === 0 ? 0 : 0xff));
  return { distance: (number >>> MASKED_BYTES) + FIRST_DISTANCE, bits };
}

type Likelihood = (byte: number, distance: number) => number;

/** How likely a byte stands that far from the pivot: as in ordinary data, or as in the entries themselves. */
function likelihoods(members: readonly MaskedEntry[]): Likelihood {
  const counts = new Map<number, number>();
  const keyOf = (byte: number, distance: number): number => distance * 256 + byte;
  for (const { entry, offset } of members) {
    for (let distance = FIRST_DISTANCE; distance < LAST_DISTANCE + MASKED_BYTES; distance++) {
      if (!isWhole(entry, offset + distance)) continue;
      const key = keyOf(entry.value[offset + distance]!, distance);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const weight = members.length > FEW ? 1 / members.length : 0;
  return (byte, distance) => {
    const share = (counts.get(keyOf(byte, distance)) ?? 0) * weight;
    return Math.min(MOST_LIKELY, Math.max(DEPENDENCE * byteFrequency(byte), share));
  };
}

function isWhole(entry: FilterEntry, at: number): boolean {
  return at >= 0 && at < entry.length && entry.mask[at] === 0xff && entry.sets?.[at] === undefined;
}

function optionsOf({ entry, offset }: MaskedEntry, likely: Likelihood): Options {
  const masks: number[] = [];
  const costs: number[] = [];
  for (let distance = FIRST_DISTANCE; distance <= LAST_DISTANCE; distance++) {
    // The pivot's own bytes say nothing more; a mask begins with a byte that it takes.
    const isTaken = (at: number): boolean => at !== 0 && at !== 1 && isWhole(entry, offset + at);
    if (!isTaken(distance)) continue;
    const places: number[] = [];
    for (let at = 1; at < MASKED_BYTES; at++) if (isTaken(distance + at)) places.push(at);
    const add = (bits: number, cost: number, from: number, left: number): void => {
      masks.push(((distance - FIRST_DISTANCE) << MASKED_BYTES) | bits);
      costs.push(cost);
      for (let place = from; left > 0 && place < places.length; place++) {
        const at = places[place]!;
        const further = likely(entry.value[offset + distance + at]!, distance + at);
        add(bits | (1 << at), cost * further, place + 1, left - 1);
      }
    };
    add(1, likely(entry.value[offset + distance]!, distance), 0, MOST_SHARED - 1);
  }
  return { masks: Uint16Array.from(masks), costs: Float64Array.from(costs) };
}

/** For each entry the number of its mask, −1 where none of those chosen is for it. */
function chooseShared(options: readonly Options[]): Int32Array {
  const choices = new Int32Array(options.length).fill(-1);
  const costs = new Float64Array(options.length).fill(1);
  const gains = new Float64Array((LAST_DISTANCE - FIRST_DISTANCE + 1) << MASKED_BYTES);
  // Room is left for entries' own masks.
  for (let chosen = 0; chosen < MAX_PIVOT_MASKS - FEW; chosen++) {
    gains.fill(0);
    options.forEach(({ masks, costs: ofMask }, at) => {
      const cost = costs[at]!;
      for (let option = 0; option < masks.length; option++) {
        const gain = cost - ofMask[option]!;
        if (gain > 0) gains[masks[option]!]! += gain;
      }
    });
    let best = 0;
    for (let mask = 1; mask < gains.length; mask++) if (gains[mask]! > gains[best]!) best = mask;
    if (gains[best]! <= LOOK_COST && chosen > 0) break;
    if (gains[best] === 0) break;
    options.forEach(({ masks, costs: ofMask }, at) => {
      const option = masks.indexOf(best);
      if (option < 0 || ofMask[option]! >= costs[at]!) return;
      costs[at] = ofMask[option]!;
      choices[at] = best;
    });
  }
  return choices;
}

/** The eight bytes of which most are known, the pivot's left out. */
function ownMask({ entry, offset }: MaskedEntry): PivotMask {
  let best: PivotMask = { distance: 0, bits: new Uint8Array(MASKED_BYTES) };
  let mostBits = 0;
  for (let distance = FIRST_DISTANCE; distance <= LAST_DISTANCE; distance++) {
    const bits = new Uint8Array(MASKED_BYTES);
    let known = 0;
    for (let at = 0; at < MASKED_BYTES; at++) {
      const place = offset + distance + at;
      const isPivot = distance + at === 0 || distance + at === 1;
      if (isPivot || place < 0 || place >= entry.length) continue;
      bits[at] = entry.mask[place]!;
      known += isPlainAt(entry, place) ? 8 : entry.mask[place] === 0 ? 0 : 2;
    }
    if (known <= mostBits) continue;
    mostBits = known;
    best = { distance, bits };
  }
  return best;
}

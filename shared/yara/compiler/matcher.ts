/**
 * Builds the filter's tables from the literals. Every literal is found through one window of its bytes: four of them where
 * they can be spelled out in a few ways, otherwise two. The window chosen is the one that ordinary data holds least often,
 * since every place that passes the filter must be verified.
 */
import {
  GRAM_BITS,
  GRAM_BUCKET_BITS,
  hashGram,
  LITERAL,
  LITERAL_FIELDS,
  REACH,
  SCALAR,
  SCALAR_COUNT,
  USER_FIELDS,
} from '../bundle/image.ts';
import type { MatchingSection } from '../bundle/image-builder.ts';
import type { RuleImage } from '../bundle/image.ts';
import { byteFrequency, MAX_GRAM_SPELLINGS } from './byte-frequency.ts';
import { hasByte } from '../syntax/byte-set.ts';
import { layOutPrograms } from './lay-out-programs.ts';
import type { Literal } from './literals.ts';
import type { ProgramSet } from './programs.ts';

/**
 * Bytes of context that a match may need on either side: a two-byte neighbour of a wide word, or the rest of a group of
 * four wide base64 characters.
 */
const CONTEXT = 8;

export function buildMatcher(
  literals: readonly Literal[],
  programs: ProgramSet,
  readsPages: boolean,
): Pick<RuleImage, MatchingSection> {
  const grams = new Buckets(1 << GRAM_BUCKET_BITS);
  const gramBits = new Uint32Array(1 << (GRAM_BITS - 5));
  const pairs = new Buckets(1 << 16);
  let leftReach = CONTEXT;
  let rightReach = CONTEXT;
  const addWindow = (sets: readonly (readonly number[])[], item: number, offset: number): void => {
    const spellings = spellingsOf(sets);
    if (sets.length === 4) {
      for (const hash of spellings.map(hashGram)) {
        const bit = hash >>> (32 - GRAM_BITS);
        gramBits[bit >>> 5]! |= 1 << (bit & 31);
        grams.add(hash >>> (32 - GRAM_BUCKET_BITS), [hash, item, offset]);
      }
    } else {
      for (const pair of spellings) pairs.add(pair, [item, offset]);
    }
  };

  literals.forEach((literal, id) => {
    const window = chooseWindow(literal);
    leftReach = Math.max(leftReach, window.offset + CONTEXT);
    rightReach = Math.max(rightReach, literal.value.length - window.offset + CONTEXT);
    const sets = Array.from({ length: window.length }, (_, at) => byteSpellings(literal, window.offset + at));
    addWindow(sets, id, window.offset);
  });

  const laidOut = layOutPrograms(programs);
  programs.programs.forEach(({ atoms, maxLength }) => {
    // Without a longest match whole blocks are run, and each beyond its end.
    const reach = maxLength === Infinity ? 2 * REACH : maxLength;
    leftReach = Math.max(leftReach, reach + CONTEXT);
    rightReach = Math.max(rightReach, reach + CONTEXT);
    if (atoms === undefined) return;
    for (const [at, { sets }] of atoms.entries()) {
      const spelled = sets.map((set) => allBytes.filter((byte) => hasByte(set, byte)));
      if (spelled.length === 1) spelled.push([...allBytes]);
      addWindow(spelled, ~(laidOut.firstAtom.get(atoms)! + at), 0);
    }
  });

  const scalars = new Int32Array(SCALAR_COUNT);
  scalars[SCALAR.leftReach] = leftReach;
  scalars[SCALAR.rightReach] = rightReach;
  scalars[SCALAR.readsPages] = readsPages ? 1 : 0;
  const gramTable = grams.isEmpty ? emptyTable : grams.build();
  const pairTable = pairs.isEmpty ? emptyTable : pairs.build();
  return {
    ...layOutLiterals(literals),
    ...laidOut.sections,
    gramBits: grams.isEmpty ? new Uint32Array(0) : gramBits,
    gramStarts: gramTable.starts,
    gramItems: gramTable.items,
    pairStarts: pairTable.starts,
    pairItems: pairTable.items,
    scalars,
  };
}

const emptyTable = { starts: new Uint32Array(0), items: new Int32Array(0) };

/** Items by bucket number, laid out at the end as one array cut by another. */
class Buckets {
  readonly #lists = new Map<number, number[]>();
  readonly #size: number;
  #fields = 1;

  constructor(size: number) {
    this.#size = size;
  }

  get isEmpty(): boolean {
    return this.#lists.size === 0;
  }

  /** All items of a table have the same number of fields. */
  add(bucket: number, item: readonly number[]): void {
    this.#fields = item.length;
    const list = this.#lists.get(bucket);
    if (list === undefined) this.#lists.set(bucket, [...item]);
    else list.push(...item);
  }

  /** `starts` counts items. */
  build(): { starts: Uint32Array; items: Int32Array } {
    const starts = new Uint32Array(this.#size + 1);
    let total = 0;
    for (const list of this.#lists.values()) total += list.length;
    const items = new Int32Array(total);
    let at = 0;
    for (let bucket = 0; bucket < this.#size; bucket++) {
      starts[bucket] = at / this.#fields;
      const list = this.#lists.get(bucket);
      if (list === undefined) continue;
      items.set(list, at);
      at += list.length;
    }
    starts[this.#size] = at / this.#fields;
    return { starts, items };
  }
}

interface ByteWindow {
  readonly offset: number;
  readonly length: 2 | 4;
}

function chooseWindow(literal: Literal): ByteWindow {
  const length = literal.value.length;
  let best: ByteWindow = { offset: 0, length: 2 };
  let bestCost = Infinity;
  for (let offset = 0; offset + 4 <= length; offset++) {
    if (spellingCount(literal, offset, 4) > MAX_GRAM_SPELLINGS) continue;
    const cost = windowCost(literal, offset, 4);
    if (cost < bestCost) {
      bestCost = cost;
      best = { offset, length: 4 };
    }
  }
  if (bestCost < Infinity) return best;
  for (let offset = 0; offset < Math.max(1, length - 1); offset++) {
    const cost = windowCost(literal, offset, 2);
    if (cost < bestCost) {
      bestCost = cost;
      best = { offset, length: 2 };
    }
  }
  return best;
}

/** How likely random ordinary data fits the window: the product over its bytes of the spellings' summed frequency. */
function windowCost(literal: Literal, offset: number, length: number): number {
  let cost = 1;
  let previous = -1;
  for (let at = offset; at < offset + length; at++) {
    let likelihood = 0;
    const spellings = byteSpellings(literal, at);
    for (const byte of spellings) likelihood += byteFrequency(byte);
    // A run of one byte is far likelier than its parts: padding, rulers, zeros.
    const only = spellings.length === 1 ? spellings[0]! : -1;
    cost *= only !== -1 && only === previous ? Math.max(likelihood, 0.5) : likelihood;
    previous = only;
  }
  return cost;
}

/** Every value of one byte that fits; a place after the literal's end fits all. */
function byteSpellings(literal: Literal, at: number): readonly number[] {
  if (at >= literal.value.length) return allBytes;
  const value = literal.value[at]!;
  const mask = literal.mask === undefined ? 0xff : literal.mask[at]!;
  const isNegated = literal.negated?.[at] === 1;
  if (mask === 0xff && !isNegated) return [value];
  return allBytes.filter((byte) => ((byte & mask) === value) !== isNegated);
}

const allBytes: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);

function spellingCount(literal: Literal, offset: number, length: number): number {
  let count = 1;
  for (let at = offset; at < offset + length; at++) {
    if (literal.negated?.[at] === 1) return Infinity;
    const mask = literal.mask === undefined ? 0xff : literal.mask[at]!;
    for (let bits = ~mask & 0xff; bits !== 0; bits &= bits - 1) count *= 2;
    if (count > MAX_GRAM_SPELLINGS) return count;
  }
  return count;
}

/** Little-endian numbers of all the windows that fit. */
function spellingsOf(sets: readonly (readonly number[])[]): number[] {
  let spellings = [0];
  sets.forEach((bytes, at) => {
    spellings = spellings.flatMap((low) => bytes.map((byte) => low | (byte << (8 * at))));
  });
  return spellings;
}

function layOutLiterals(literals: readonly Literal[]): Pick<RuleImage, 'literals' | 'literalBytes' | 'literalUsers'> {
  const fields = new Int32Array(literals.length * LITERAL_FIELDS);
  const users: number[] = [];
  let byteCount = 0;
  for (const { value, mask, negated } of literals) {
    byteCount += value.length * (1 + Number(mask !== undefined) + Number(negated !== undefined));
  }
  const bytes = new Uint8Array(byteCount);
  let at = 0;
  const place = (part: Uint8Array | undefined): number => {
    if (part === undefined) return -1;
    bytes.set(part, at);
    at += part.length;
    return at - part.length;
  };
  literals.forEach((literal, id) => {
    const row = id * LITERAL_FIELDS;
    fields[row + LITERAL.value] = place(literal.value);
    fields[row + LITERAL.length] = literal.value.length;
    fields[row + LITERAL.mask] = place(literal.mask);
    fields[row + LITERAL.negation] = place(literal.negated);
    fields[row + LITERAL.firstUser] = users.length / USER_FIELDS;
    fields[row + LITERAL.userCount] = literal.users.length;
    for (const { target, flags, detail, rank } of literal.users) users.push(target, flags, detail, rank);
  });
  return { literals: fields, literalBytes: bytes, literalUsers: Int32Array.from(users) };
}

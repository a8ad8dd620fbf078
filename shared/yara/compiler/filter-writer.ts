/**
 * The parts of the filter's tables, as the compiler writes them for all entries and `narrow-filter.ts` for some of them:
 * buckets behind hashes with the bits in front of them, and the table of pairs.
 */
import {
  BUCKET_ITEM_BYTES,
  FILTER,
  FILTER_FIELDS,
  GROUP_BYTES,
  GROUP_COUNT,
  LOOK,
  lookOf,
  packItem,
  PASS,
  SPARE_ITEMS,
} from '../bundle/filter-layout.ts';
import { groupEntries, type PivotPairs, type PlacedEntry } from './filter-groups.ts';

export class TableWriter {
  readonly header = new Int32Array(FILTER_FIELDS);
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  pass(pass: number): void {
    this.header[FILTER.passes]! |= pass;
  }

  table(field: keyof typeof FILTER, { buffer, byteOffset, byteLength }: Uint8Array | Uint16Array | Uint32Array): void {
    const padding = -this.#length & 15;
    this.#parts.push(new Uint8Array(padding), new Uint8Array(buffer, byteOffset, byteLength));
    this.header[FILTER[field]] = this.#length + padding;
    this.#length += padding + byteLength;
  }

  /** Items of 4 bytes behind the numbers at which each list starts. */
  lists(
    startsField: keyof typeof FILTER,
    itemsField: keyof typeof FILTER,
    lists: readonly (readonly number[])[],
  ): void {
    const starts = new Uint32Array(lists.length + 1);
    lists.forEach((list, at) => (starts[at + 1] = starts[at]! + list.length));
    this.table(startsField, starts);
    this.table(itemsField, Uint32Array.from(lists.flat()));
  }

  finish(): Uint8Array {
    const tables = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      tables.set(part, at);
      at += part.length;
    }
    return tables;
  }
}

/** Beyond these a table leaves the nearer caches, which costs more than it lets through less. */
const MOST_GRAM_BITS = 21;
/** Of more grams than this a table twice as large is worth it: otherwise every fourth place would be looked at again. */
const MANY_GRAMS = 1 << 17;
const MOST_LONG_BITS = 22;
const MOST_FOUR_BITS = 19;
/** For each that is set there are this many. Few places get as far as the tables behind the first: those may be sparser. */
const GRAM_SPARSITY = 32;
const LONG_SPARSITY = 32;

/** Numbers that are gathered one by one. */
class Numbers {
  #values = new Uint32Array(1 << 10);
  length = 0;

  get values(): Uint32Array {
    return this.#values.subarray(0, this.length);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const values = new Uint32Array(this.length * 2);
      values.set(this.#values);
      this.#values = values;
    }
    this.#values[this.length++] = value;
  }
}

/** Entries that are found by hashes: grams say where to look again, longer hashes name the bucket. */
export class Buckets {
  readonly #grams = { eight: new Numbers(), six: new Numbers() };
  readonly #hashes = new Numbers();
  readonly #items = new Numbers();

  addGram(look: 'eight' | 'six', hash: number): void {
    this.#grams[look].push(hash);
  }

  /** `hash` is one of `ofLook`, `item` of `packItem`. */
  add(hash: number, item: number): void {
    this.#hashes.push(hash);
    this.#items.push(item);
  }

  write(writer: TableWriter): void {
    const hashes = this.#hashes.values;
    const eight = hashes.filter((hash) => lookOf(hash) === LOOK.eight);
    const six = hashes.filter((hash) => lookOf(hash) === LOOK.sixForward || lookOf(hash) === LOOK.sixBackward);
    const four = hashes.filter((hash) => lookOf(hash) === LOOK.fourEven);
    const pivots = hashes.filter((hash) => lookOf(hash) === LOOK.pivot);
    if (eight.length > 0) writer.pass(PASS.eight);
    if (six.length > 0) writer.pass(PASS.six);
    if (four.length > 0) writer.pass(PASS.four);
    writeBits(
      writer,
      'gramBits',
      'gramShift',
      [this.#grams.eight.values, this.#grams.six.values],
      GRAM_SPARSITY,
      this.#grams.eight.length + this.#grams.six.length > MANY_GRAMS ? MOST_GRAM_BITS + 1 : MOST_GRAM_BITS,
    );
    writeBits(writer, 'eightBits', 'eightShift', [eight], LONG_SPARSITY, MOST_LONG_BITS);
    writeBits(writer, 'sixBits', 'sixShift', [six], LONG_SPARSITY, MOST_LONG_BITS);
    writeBits(writer, 'fourBits', 'fourShift', [four], LONG_SPARSITY, MOST_FOUR_BITS);
    writeBits(writer, 'pivotBits', 'pivotShift', [pivots], LONG_SPARSITY, MOST_FOUR_BITS);
    if (hashes.length > 0) this.#writeItems(writer);
  }

  /** Sorted into their buckets by counting; in a bucket they keep the order in which they came. */
  #writeItems(writer: TableWriter): void {
    const hashes = this.#hashes.values;
    const items = this.#items.values;
    const bucketBits = Math.min(20, Math.max(4, Math.ceil(Math.log2(hashes.length))));
    const shift = 32 - bucketBits;
    const starts = new Uint32Array((1 << bucketBits) + 1);
    for (const hash of hashes) starts[(hash >>> shift) + 1]! += 1;
    for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
    const sorted = new Uint32Array((hashes.length + SPARE_ITEMS) * (BUCKET_ITEM_BYTES / 4));
    const next = starts.slice();
    hashes.forEach((hash, at) => {
      const place = next[hash >>> shift]!++;
      sorted[place * 2] = hash;
      sorted[place * 2 + 1] = items[at]!;
    });
    writer.table('bucketStarts', starts);
    writer.header[FILTER.bucketShift] = shift;
    writer.table('bucketItems', sorted);
  }
}

/** A table of bits, at each place one for every kind of hashes. */
function writeBits(
  writer: TableWriter,
  field: keyof typeof FILTER,
  shiftField: keyof typeof FILTER,
  kinds: readonly Uint32Array[],
  sparsity: number,
  mostBits: number,
): void {
  const mostPlaces = mostBits - (kinds.length - 1);
  const distinct = setBits(kinds, mostPlaces).count;
  if (distinct === 0) return;
  const places = Math.min(mostPlaces, Math.max(13, Math.ceil(Math.log2((distinct * sparsity) / kinds.length))));
  writer.table(field, setBits(kinds, places).words);
  writer.header[FILTER[shiftField]] = 32 - places;
}

/** `placeBits`: the number of places is that power of two. */
function setBits(kinds: readonly Uint32Array[], placeBits: number): { words: Uint32Array; count: number } {
  const words = new Uint32Array((kinds.length << placeBits) >>> 5);
  let count = 0;
  kinds.forEach((hashes, kind) => {
    for (const hash of hashes) {
      const bit = (hash >>> (32 - placeBits)) * kinds.length + kind;
      const mask = 1 << (bit & 31);
      if ((words[bit >>> 5]! & mask) !== 0) continue;
      words[bit >>> 5]! |= mask;
      count++;
    }
  });
  return { words, count };
}

/** An entry found by pairs: its number, and what lies before its window among the compared bytes. */
export interface ShortEntry extends PlacedEntry {
  readonly at: number;
  readonly before: number;
}

/** `four`, and what stands by pivots, are in buckets as well. */
export function writePairs(
  writer: TableWriter,
  four: readonly ShortEntry[],
  groups: readonly ShortEntry[],
  pivots: PivotPairs,
): void {
  if (four.length + groups.length + pivots.even.length === 0) return;
  const table = new Uint16Array(1 << 16);
  const { byteGroups, items } = groupEntries(table, four, groups, pivots);
  writer.table('pairEntries', table);
  if (groups.length === 0) return;
  writer.pass(PASS.groups);
  writer.table('byteGroups', byteGroups);
  const packed = items.map((units) =>
    units.map(({ at, ahead }) => packItem(groups[at]!.at, groups[at]!.before, ahead)),
  );
  writer.lists('groupStarts', 'groupItems', packed);
  if (items.length !== GROUP_COUNT || byteGroups.length !== GROUP_BYTES * 256) throw new Error('groups are incomplete');
}

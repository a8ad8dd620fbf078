/** Writes the tables of the filter as the kernel reads them (`bundle/filter-layout.ts`), from entries and their plans. */
import {
  BUCKET_ITEM_BYTES,
  COMPARED_BYTES,
  FILTER,
  FILTER_FIELDS,
  GROUP_BYTES,
  GROUP_COUNT,
  hashEight,
  hashGram,
  hashSix,
  LOOK,
  MAX_PROBES,
  NIBBLE_BUCKETS,
  ofLook,
  packItem,
  PASS,
  RECORD_BYTES,
  SPARE_ITEMS,
  type Look,
} from '../bundle/filter-layout.ts';
import type { RuleImage } from '../bundle/image.ts';
import { bytesAt, spellings, type FilterEntry } from './filter-entries.ts';
import { planFilter, type FilterPlan } from './filter-windows.ts';
import { groupEntries } from './filter-groups.ts';
import { planProbes, probeTable, type ProbePlan } from './filter-probes.ts';
import { byteFrequency } from './frequency.ts';

export type FilterSections = Pick<RuleImage, 'filterHeader' | 'filterTables' | 'filterStarts'>;

/** How far the position at which an entry is found may lie from the entry's first byte. */
export interface FilterReach {
  readonly min: number;
  readonly max: number;
}

export interface BuiltFilter {
  readonly sections: FilterSections;
  readonly reaches: readonly FilterReach[];
}

export function buildFilter(entries: readonly FilterEntry[]): BuiltFilter {
  const probes = entries.length > 0 && entries.length <= MAX_PROBES ? planProbes(entries) : undefined;
  const plans = probes?.probes.map(({ offset }): FilterPlan => ({ look: 'probes', offset })) ?? planFilter(entries);
  const writer = new TableWriter();
  const starts = new Int32Array(entries.length);
  const before = new Uint8Array(entries.length);
  entries.forEach((entry, at) => {
    const { offset } = plans[at]!;
    starts[at] = comparedFrom(entry, offset);
    before[at] = offset - starts[at];
  });
  const withLook = (look: FilterPlan['look']): number[] => [...plans.keys()].filter((at) => plans[at]!.look === look);
  writeBuckets(writer, entries, plans, before);
  const four = withLook('four');
  const groups = withLook('groups');
  if (four.length + groups.length > 0) writePairs(writer, entries, plans, before, four, groups);
  const nibbles = withLook('nibbles');
  if (nibbles.length > 0) writeNibbles(writer, entries, plans, before, nibbles);
  if (probes !== undefined) writeProbes(writer, probes, before);
  writeRecords(writer, entries, starts);
  return {
    sections: { filterHeader: writer.header, filterTables: writer.finish(), filterStarts: starts },
    reaches: plans.map(({ offset, look }) => ({ min: look === 'groups' ? offset - 1 : offset, max: offset + 3 })),
  };
}

/** The first of the sixteen bytes to compare: a little before the window, or where they say more. */
function comparedFrom({ length, mask }: FilterEntry, offset: number): number {
  const last = Math.max(0, Math.min(offset, length - COMPARED_BYTES));
  let best = last;
  let mostBytes = -1;
  for (let from = Math.max(0, offset - MOST_BEFORE); from <= last; from++) {
    let bytes = 0;
    for (let at = from; at < Math.min(length, from + COMPARED_BYTES); at++) if (mask[at] !== 0) bytes++;
    const isNearer = bytes === mostBytes && from <= offset - 2;
    if (bytes <= mostBytes && !isNearer) continue;
    mostBytes = bytes;
    best = from;
  }
  return best;
}

/** So that a window of four bytes is still among those compared. */
const MOST_BEFORE = COMPARED_BYTES - 4;

class TableWriter {
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

/** A table of bits, one for each hash's upper bits. */
class BitTable {
  readonly words: Uint32Array;
  readonly shift: number;

  /** For that many hashes, of which each sets one of 16 bits or more. */
  constructor(hashes: number, mostBits: number) {
    const bits = Math.min(mostBits, Math.max(13, Math.ceil(Math.log2(Math.max(1, hashes) * 16))));
    this.words = new Uint32Array(1 << (bits - 5));
    this.shift = 32 - bits;
  }

  add(hash: number): void {
    const bit = hash >>> this.shift;
    this.words[bit >>> 5]! |= 1 << (bit & 31);
  }
}

/** Beyond these a table leaves the nearer caches, which costs more than it lets through less. */
const MOST_GRAM_BITS = 21;
const MOST_LONG_BITS = 22;
const MOST_FOUR_BITS = 19;

class Items {
  hashes = new Uint32Array(1 << 10);
  items = new Uint32Array(1 << 10);
  length = 0;

  add(hash: number, item: number): void {
    if (this.length === this.hashes.length) {
      const { hashes, items } = this;
      this.hashes = new Uint32Array(this.length * 2);
      this.hashes.set(hashes);
      this.items = new Uint32Array(this.length * 2);
      this.items.set(items);
    }
    this.hashes[this.length] = hash;
    this.items[this.length++] = item;
  }
}

function writeBuckets(
  writer: TableWriter,
  entries: readonly FilterEntry[],
  plans: readonly FilterPlan[],
  before: Uint8Array,
): void {
  const items = new Items();
  const grams: number[] = [];
  const longs: Record<'eight' | 'six' | 'four', number[]> = { eight: [], six: [], four: [] };
  const add = (hash: number, look: Look, at: number, ahead: number): void => {
    items.add(ofLook(hash, look), packItem(at, before[at]!, ahead));
  };
  plans.forEach(({ look, offset }, at) => {
    const entry = entries[at]!;
    if (look === 'four') {
      for (const gram of spellings(entry, offset, 4)) {
        const hash = hashGram(gram);
        longs.four.push(hash);
        add(hash, LOOK.fourEven, at, 0);
        add(hash, LOOK.fourOdd, at, 1);
      }
      return;
    }
    if (look !== 'eight' && look !== 'six') return;
    for (let ahead = 0; ahead < 4; ahead++) {
      for (const gram of spellings(entry, offset + ahead, 4)) grams.push(hashGram(gram));
      if (look === 'eight') {
        const hash = hashEight(plainWord(entry, offset + ahead, 4), plainWord(entry, offset + ahead + 4, 4));
        longs.eight.push(hash);
        add(hash, LOOK.eight, at, ahead);
      } else {
        const from = ahead < 2 ? offset + ahead : offset + ahead - 2;
        const hash = hashSix(plainWord(entry, from, 4), plainWord(entry, from + 4, 2));
        longs.six.push(hash);
        add(hash, ahead < 2 ? LOOK.sixForward : LOOK.sixBackward, at, ahead);
      }
    }
  });
  if (longs.eight.length > 0) writer.pass(PASS.eight);
  if (longs.six.length > 0) writer.pass(PASS.six);
  if (longs.four.length > 0) writer.pass(PASS.four);
  if (grams.length > 0) writeBits(writer, 'gramBits', 'gramShift', grams, MOST_GRAM_BITS);
  if (longs.eight.length > 0) writeBits(writer, 'eightBits', 'eightShift', longs.eight, MOST_LONG_BITS);
  if (longs.six.length > 0) writeBits(writer, 'sixBits', 'sixShift', longs.six, MOST_LONG_BITS);
  if (longs.four.length > 0) writeBits(writer, 'fourBits', 'fourShift', longs.four, MOST_FOUR_BITS);
  if (items.length > 0) writeItems(writer, items);
}

function writeBits(
  writer: TableWriter,
  field: keyof typeof FILTER,
  shift: keyof typeof FILTER,
  hashes: readonly number[],
  mostBits: number,
): void {
  const bits = new BitTable(new Set(hashes).size, mostBits);
  for (const hash of hashes) bits.add(hash);
  writer.table(field, bits.words);
  writer.header[FILTER[shift]] = bits.shift;
}

/** Sorted into their buckets by counting; in a bucket they keep the order of the entries. */
function writeItems(writer: TableWriter, { hashes, items, length }: Items): void {
  const bucketBits = Math.min(20, Math.max(4, Math.ceil(Math.log2(length))));
  const shift = 32 - bucketBits;
  const starts = new Uint32Array((1 << bucketBits) + 1);
  for (let at = 0; at < length; at++) starts[(hashes[at]! >>> shift) + 1]! += 1;
  for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
  const sorted = new Uint32Array((length + SPARE_ITEMS) * (BUCKET_ITEM_BYTES / 4));
  const next = starts.slice();
  for (let at = 0; at < length; at++) {
    const place = next[hashes[at]! >>> shift]!++;
    sorted[place * 2] = hashes[at]!;
    sorted[place * 2 + 1] = items[at]!;
  }
  writer.table('bucketStarts', starts);
  writer.header[FILTER.bucketShift] = shift;
  writer.table('bucketItems', sorted);
}

/** Of bytes that are plain; letters of either case as capitals, which fold to the same. */
function plainWord(entry: FilterEntry, offset: number, length: number): number {
  let word = 0;
  for (let at = 0; at < length; at++) word |= entry.value[offset + at]! << (8 * at);
  return word;
}

function writePairs(
  writer: TableWriter,
  entries: readonly FilterEntry[],
  plans: readonly FilterPlan[],
  before: Uint8Array,
  four: readonly number[],
  groups: readonly number[],
): void {
  const table = new Uint16Array(1 << 16);
  const { byteGroups, items } = groupEntries(
    table,
    four.map((at) => ({ entry: entries[at]!, offset: plans[at]!.offset })),
    groups.map((at) => ({ entry: entries[at]!, offset: plans[at]!.offset })),
  );
  writer.table('pairEntries', table);
  if (groups.length === 0) return;
  writer.pass(PASS.groups);
  writer.table('byteGroups', byteGroups);
  writeLists(
    writer,
    'groupStarts',
    'groupItems',
    items.map((units) => units.map(({ at, ahead }) => packItem(groups[at]!, before[groups[at]!]!, ahead))),
  );
  if (items.length !== GROUP_COUNT || byteGroups.length !== GROUP_BYTES * 256) throw new Error('groups are incomplete');
}

function writeLists(
  writer: TableWriter,
  startsField: keyof typeof FILTER,
  itemsField: keyof typeof FILTER,
  lists: readonly (readonly number[])[],
): void {
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, at) => (starts[at + 1] = starts[at]! + list.length));
  writer.table(startsField, starts);
  writer.table(itemsField, Uint32Array.from(lists.flat()));
}

function writeNibbles(
  writer: TableWriter,
  entries: readonly FilterEntry[],
  plans: readonly FilterPlan[],
  before: Uint8Array,
  few: readonly number[],
): void {
  const buckets = Array.from({ length: NIBBLE_BUCKETS }, () => new NibbleBucket());
  for (const at of few) {
    const { offset } = plans[at]!;
    const sets = [0, 1, 2].map((place) => bytesAt(entries[at]!, offset + place));
    let best = buckets[0]!;
    let bestCost = Infinity;
    for (const bucket of buckets) {
      const cost = bucket.with(sets).cost - bucket.cost;
      if (cost >= bestCost) continue;
      bestCost = cost;
      best = bucket;
    }
    best.take(best.with(sets), at);
  }
  const tables = new Uint8Array(6 * 16);
  buckets.forEach(({ halves }, bucket) => {
    halves.forEach((half, table) => {
      for (let value = 0; value < 16; value++) tables[table * 16 + value]! |= ((half >>> value) & 1) << bucket;
    });
  });
  writer.pass(PASS.nibbles);
  writer.table('nibbles', tables);
  writeLists(
    writer,
    'nibbleStarts',
    'nibbleItems',
    buckets.map(({ entries: list }) => list.map((at) => packItem(at, before[at]!, 0))),
  );
}

function writeProbes(writer: TableWriter, plan: ProbePlan, before: Uint8Array): void {
  writer.pass(PASS.probes);
  writer.table('probes', probeTable(plan));
  writer.header[FILTER.probeCount] = plan.probes.length;
  const lists = Array.from({ length: NIBBLE_BUCKETS }, (_, at) =>
    at < plan.probes.length ? [packItem(at, before[at]!, 0)] : [],
  );
  writeLists(writer, 'nibbleStarts', 'nibbleItems', lists);
}

/** Which halves of bytes a bucket takes: low and high of each of three places, 16 bits each. */
class NibbleBucket {
  halves: readonly number[] = [0, 0, 0, 0, 0, 0];
  cost = 0;
  readonly entries: number[] = [];

  with(sets: readonly (readonly number[])[]): { halves: readonly number[]; cost: number } {
    const halves = [...this.halves];
    sets.forEach((bytes, place) => {
      for (const byte of bytes) {
        halves[place * 2]! |= 1 << (byte & 15);
        halves[place * 2 + 1]! |= 1 << (byte >>> 4);
      }
    });
    let cost = 1;
    for (let place = 0; place < 3; place++) {
      let part = 0;
      for (let byte = 0; byte < 256; byte++) {
        if (((halves[place * 2]! >>> (byte & 15)) & (halves[place * 2 + 1]! >>> (byte >>> 4)) & 1) !== 0)
          part += byteFrequency(byte);
      }
      cost *= part;
    }
    return { halves, cost };
  }

  take({ halves, cost }: { halves: readonly number[]; cost: number }, entry: number): void {
    this.halves = halves;
    this.cost = cost;
    this.entries.push(entry);
  }
}

function writeRecords(writer: TableWriter, entries: readonly FilterEntry[], starts: Int32Array): void {
  const records = new Uint8Array(entries.length * RECORD_BYTES);
  entries.forEach(({ length, value, mask }, at) => {
    const row = at * RECORD_BYTES;
    const start = starts[at]!;
    const count = Math.min(COMPARED_BYTES, length - start);
    records.set(value.subarray(start, start + count), row);
    records.set(mask.subarray(start, start + count), row + COMPARED_BYTES);
  });
  writer.table('records', records);
}

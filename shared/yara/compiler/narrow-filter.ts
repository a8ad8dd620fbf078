/**
 * The filter of fewer entries. Once an object's head and size have settled most rules as false, what their patterns left in the
 * tables would still send every place that looks like them to be looked at again. The tables are written anew from those of all
 * entries: windows and hashes are as they were, so an occurrence is found at the same place by either filter, and one may take
 * over from the other anywhere.
 */
import {
  aheadOf,
  beforeOf,
  BUCKET_ITEM_BYTES,
  COMPARED_BYTES,
  entryOf,
  FILTER,
  GROUP_COUNT,
  hashGram,
  LOOK,
  lookOf,
  PASS,
  PIVOT_MASK_BYTES,
  PIVOT_NUMBERS,
  RECORD_BYTES,
  RUN_BYTES,
  RUN_CLASS_BYTES,
  type FilterTables,
} from '../bundle/filter-layout.ts';
import { LITERAL, LITERAL_FIELDS, type RuleImage } from '../bundle/image.ts';
import { entryOfLiteral, spellingCount, spellings, type FilterEntry } from './filter-entries.ts';
import type { PivotPairs } from './filter-groups.ts';
import { Buckets, TableWriter, writePairs, type ShortEntry } from './filter-writer.ts';
import { pivotPairs } from './pivot-tables.ts';

const WITH_BUCKETS = PASS.eight | PASS.six | PASS.four | PASS.pivots;
/** Letters of either case. */
const MAX_GRAM_SPELLINGS = 16;
/** So many entries without four plain bytes are not worth sorting into groups again. */
const MAX_GROUP_ENTRIES = 512;
/** Of four bytes, as far as records tell them: a class of bytes may be more there than it is. */
const MOST_SPELLINGS = 1 << 16;

/**
 * Tables in which entry `e` is looked for where `live[e]` is not 0. Undefined for those of few entries, which are quick as they
 * are, and for what no compiler writes. O(entries and their spellings).
 */
export function narrowFilter(image: RuleImage, live: Uint8Array): FilterTables | undefined {
  const passes = image.filterHeader[FILTER.passes]!;
  if ((passes & (PASS.nibbles | PASS.probes)) !== 0) return undefined;
  const reader = new TableReader(image);
  const writer = new TableWriter();
  const buckets = new Buckets();
  const four = new Map<number, ShortEntry>();
  const groups = new Map<number, ShortEntry>();
  const byPivots: ShortEntry[] = [];
  const keep = (short: Map<number, ShortEntry>, item: number): void => {
    if (!short.has(entryOf(item))) short.set(entryOf(item), reader.shortEntry(item));
  };
  if ((passes & WITH_BUCKETS) !== 0) {
    const items = reader.bucketItems();
    for (let at = 0; at < items.length; at += BUCKET_ITEM_BYTES / 4) {
      const hash = items[at]!;
      const item = items[at + 1]!;
      if (live[entryOf(item)] === 0) continue;
      buckets.add(hash, item);
      const look = lookOf(hash);
      if (look === LOOK.fourEven) keep(four, item);
      else if (look === LOOK.pivot) byPivots.push(reader.shortEntry(item));
      else if (look !== LOOK.fourOdd && !reader.addGrams(look === LOOK.eight ? 'eight' : 'six', item, buckets))
        return undefined;
    }
  }
  if ((passes & PASS.groups) !== 0) {
    for (const item of reader.groupItems()) if (live[entryOf(item)] !== 0) keep(groups, item);
  }
  if (groups.size > MAX_GROUP_ENTRIES) return undefined;
  for (const { entry, offset } of four.values()) {
    if (spellingCount(entry, offset, 4) > MOST_SPELLINGS) return undefined;
  }
  buckets.write(writer);
  const pivots = reader.copyPivots(writer, byPivots);
  writePairs(writer, [...four.values()], [...groups.values()], pivots);
  reader.copyRuns(writer);
  writer.table('records', reader.records());
  return { filterHeader: writer.header, filterTables: writer.finish() };
}

/** Reads the tables of all entries, which were checked when they came from a bundle. */
class TableReader {
  readonly #image: RuleImage;
  readonly #words: Uint32Array;
  readonly #records: Uint8Array;

  constructor(image: RuleImage) {
    this.#image = image;
    const { filterTables, filterHeader, filterStarts } = image;
    const whole = filterTables.length & ~3;
    this.#words =
      filterTables.byteOffset % 4 === 0
        ? new Uint32Array(filterTables.buffer, filterTables.byteOffset, whole / 4)
        : new Uint32Array(filterTables.slice(0, whole).buffer);
    const first = filterHeader[FILTER.records]!;
    this.#records = filterTables.subarray(first, first + filterStarts.length * RECORD_BYTES);
  }

  records(): Uint8Array {
    return this.#records;
  }

  /** Hash and item in turn. */
  bucketItems(): Uint32Array {
    const lastStart = 2 ** (32 - this.#image.filterHeader[FILTER.bucketShift]!);
    const count = this.#words[this.#table('bucketStarts') + lastStart]!;
    const first = this.#table('bucketItems');
    return this.#words.subarray(first, first + count * (BUCKET_ITEM_BYTES / 4));
  }

  groupItems(): Uint32Array {
    const count = this.#words[this.#table('groupStarts') + GROUP_COUNT]!;
    const first = this.#table('groupItems');
    return this.#words.subarray(first, first + count);
  }

  /** Adds the grams at the position of an item: four bytes among those that are compared. Are they letters and plain bytes? */
  addGrams(look: 'eight' | 'six', item: number, buckets: Buckets): boolean {
    const row = entryOf(item) * RECORD_BYTES + beforeOf(item) + aheadOf(item);
    const bytes = this.#records;
    const mask = row + COMPARED_BYTES;
    const isPlain = (bytes[mask]! & bytes[mask + 1]! & bytes[mask + 2]! & bytes[mask + 3]!) === 0xff;
    if (isPlain) {
      buckets.addGram(
        look,
        hashGram(bytes[row]! | (bytes[row + 1]! << 8) | (bytes[row + 2]! << 16) | (bytes[row + 3]! << 24)),
      );
      return true;
    }
    const part = {
      length: 4,
      value: bytes.subarray(row, row + 4),
      mask: bytes.subarray(mask, mask + 4),
      sets: undefined,
    };
    if (spellingCount(part, 0, 4) > MAX_GRAM_SPELLINGS) return false;
    for (const gram of spellings(part, 0, 4)) buckets.addGram(look, hashGram(gram));
    return true;
  }

  /** The masks as they are, so that hashes stay what they were, for the pivots of those entries. */
  copyPivots(writer: TableWriter, entries: readonly ShortEntry[]): PivotPairs {
    if (entries.length === 0) return { even: [], odd: [] };
    const header = this.#image.filterHeader;
    const count = header[FILTER.pivotCount]!;
    const all = new Uint16Array(
      this.#words.buffer,
      this.#words.byteOffset + header[FILTER.pivotNumbers]!,
      PIVOT_NUMBERS,
    );
    const numbers = new Uint16Array(PIVOT_NUMBERS);
    for (const { entry, offset } of entries) {
      for (const pair of spellings(entry, offset, 2)) {
        numbers[pair] = all[pair]!;
        numbers[pair + PIVOT_NUMBERS / 2] = all[pair + PIVOT_NUMBERS / 2]!;
      }
    }
    const starts = this.#words.subarray(this.#table('pivotStarts'), this.#table('pivotStarts') + count + 2);
    const masks = this.#table('pivotMasks');
    writer.pass(PASS.pivots);
    writer.header[FILTER.pivotCount] = count;
    writer.table('pivotNumbers', numbers);
    writer.table('pivotStarts', starts);
    writer.table('pivotMasks', this.#words.subarray(masks, masks + starts[count + 1]! * (PIVOT_MASK_BYTES / 4)));
    return pivotPairs(numbers);
  }

  /** All of them: an entry's number in them is the entry's own. */
  copyRuns(writer: TableWriter): void {
    const header = this.#image.filterHeader;
    if ((header[FILTER.passes]! & PASS.runs) === 0) return;
    const part = (field: keyof typeof FILTER, size: number): Uint8Array =>
      this.#image.filterTables.subarray(header[FILTER[field]], header[FILTER[field]]! + size);
    writer.pass(PASS.runs);
    writer.header[FILTER.runCount] = header[FILTER.runCount]!;
    writer.header[FILTER.runClassCount] = header[FILTER.runClassCount]!;
    writer.table('runNumbers', part('runNumbers', 2 * this.#image.filterStarts.length));
    writer.table('runs', part('runs', RUN_BYTES * header[FILTER.runCount]!));
    writer.table('runClasses', part('runClasses', RUN_CLASS_BYTES * header[FILTER.runClassCount]!));
  }

  shortEntry(item: number): ShortEntry {
    const at = entryOf(item);
    const before = beforeOf(item);
    return { at, before, entry: this.#entry(at), offset: this.#image.filterStarts[at]! + before };
  }

  /** As the compiler knew it. Of an atom there is what the filter compares; the rest may be anything. */
  #entry(at: number): FilterEntry {
    const { literals, literalBytes, filterStarts } = this.#image;
    const row = at * LITERAL_FIELDS;
    if (row < literals.length) {
      const length = literals[row + LITERAL.length]!;
      const part = (field: keyof typeof LITERAL): Uint8Array | undefined => {
        const first = literals[row + LITERAL[field]]!;
        return first < 0 ? undefined : literalBytes.subarray(first, first + length);
      };
      return entryOfLiteral({ value: part('value')!, mask: part('mask'), negated: part('negation') });
    }
    const start = filterStarts[at]!;
    const value = new Uint8Array(start + COMPARED_BYTES);
    const mask = new Uint8Array(start + COMPARED_BYTES);
    const record = at * RECORD_BYTES;
    value.set(this.#records.subarray(record, record + COMPARED_BYTES), start);
    mask.set(this.#records.subarray(record + COMPARED_BYTES, record + RECORD_BYTES), start);
    return { length: value.length, value, mask, sets: undefined };
  }

  #table(field: keyof typeof FILTER): number {
    return this.#image.filterHeader[FILTER[field]]! / 4;
  }
}

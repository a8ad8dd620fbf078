/**
 * Are the tables of the filter sound? A part of `checkImage`. The kernel cannot leave its memory whatever they hold; this makes
 * sure that it reads what is meant for it, comes to an end, and names entries that exist.
 */
import { isWithin, rowsOf } from './bounds.ts';
import {
  BUCKET_ITEM_BYTES,
  entryOf,
  FILTER,
  FILTER_FIELDS,
  GROUP_BYTES,
  GROUP_COUNT,
  MAX_ENTRIES,
  NIBBLE_BUCKETS,
  NIBBLE_PLACES,
  MAX_PIVOT_MASKS,
  MAX_PROBES,
  MAX_RUN,
  MAX_RUN_DISTANCE,
  PASS,
  PIVOT_MASK_BYTES,
  PIVOT_NUMBERS,
  PIVOT_SPAN,
  PROBE_SPAN,
  PROBE_TABLE_BYTES,
  RECORD_BYTES,
  RUN_BYTES,
  RUN_CLASS_BYTES,
  SPARE_ITEMS,
} from './filter-layout.ts';
import { ATOM_FIELDS, LITERAL, LITERAL_FIELDS, type RuleImage } from './image.ts';

const BROKEN = 'its filter is broken';
const ALL_PASSES = Object.values(PASS).reduce((all, pass) => all | pass, 0);
const WORD = 4;
/** A hash leaves at least a word of bits and at most this many. */
const MIN_SHIFT = 32 - 24;
const MAX_SHIFT = 32 - 4;

export function checkFilter(image: RuleImage): string | undefined {
  const { filterHeader, filterTables, filterStarts, literals, atoms } = image;
  const literalCount = rowsOf(literals, LITERAL_FIELDS);
  const entryCount = literalCount + rowsOf(atoms, ATOM_FIELDS);
  if (filterHeader.length !== FILTER_FIELDS || filterStarts.length !== entryCount || entryCount > MAX_ENTRIES)
    return BROKEN;
  for (let entry = 0; entry < entryCount; entry++) {
    const start = filterStarts[entry]!;
    // Atoms are short; how short, the filter need not know.
    const length = entry < literalCount ? literals[entry * LITERAL_FIELDS + LITERAL.length]! : 256;
    if (start < 0 || start >= length) return BROKEN;
  }
  const tables = new Tables(filterHeader, filterTables, entryCount);
  const passes = filterHeader[FILTER.passes]!;
  const has = (pass: number): boolean => (passes & pass) !== 0;
  const isSound =
    (passes & ~ALL_PASSES) === 0 &&
    tables.hasRoom('records', entryCount * RECORD_BYTES) &&
    (!has(PASS.eight | PASS.six) || tables.isBitTable('gramBits', 'gramShift', 2)) &&
    (!has(PASS.eight) || tables.isBitTable('eightBits', 'eightShift')) &&
    (!has(PASS.six) || tables.isBitTable('sixBits', 'sixShift')) &&
    (!has(PASS.four) || tables.isBitTable('fourBits', 'fourShift')) &&
    (!has(PASS.eight | PASS.six | PASS.four | PASS.pivots) || tables.areBuckets()) &&
    (!has(PASS.four | PASS.groups | PASS.pivots) || tables.hasRoom('pairEntries', 2 << 16)) &&
    (!has(PASS.groups) ||
      (tables.hasRoom('byteGroups', GROUP_BYTES * 256 * WORD) &&
        tables.areLists('groupStarts', 'groupItems', GROUP_COUNT))) &&
    (!has(PASS.pivots) || tables.arePivots()) &&
    (!has(PASS.runs) || tables.areRuns()) &&
    (!has(PASS.nibbles) ||
      (tables.hasRoom('nibbles', NIBBLE_PLACES * 2 * 16) &&
        tables.areLists('nibbleStarts', 'nibbleItems', NIBBLE_BUCKETS))) &&
    (!has(PASS.probes) || (tables.areProbes() && tables.areLists('nibbleStarts', 'nibbleItems', NIBBLE_BUCKETS)));
  return isSound ? undefined : BROKEN;
}

class Tables {
  readonly #header: Int32Array;
  readonly #tables: Uint8Array;
  readonly #words: Uint32Array;
  readonly #bytes: number;
  readonly #entryCount: number;

  constructor(header: Int32Array, tables: Uint8Array, entryCount: number) {
    this.#header = header;
    this.#tables = tables;
    this.#bytes = tables.length;
    // What is not a whole word at the end belongs to no table of words.
    const whole = tables.length & ~(WORD - 1);
    const isAligned = tables.byteOffset % WORD === 0;
    this.#words = isAligned
      ? new Uint32Array(tables.buffer, tables.byteOffset, whole / WORD)
      : new Uint32Array(tables.slice(0, whole).buffer);
    this.#entryCount = entryCount;
  }

  hasRoom(field: keyof typeof FILTER, size: number): boolean {
    const at = this.#header[FILTER[field]]!;
    return at % WORD === 0 && isWithin(at, size, this.#bytes);
  }

  isBitTable(field: keyof typeof FILTER, shiftField: keyof typeof FILTER, bits = 1): boolean {
    const shift = this.#header[FILTER[shiftField]]!;
    return shift >= MIN_SHIFT && shift <= 32 - 5 && this.hasRoom(field, bits * 2 ** (32 - shift - 3));
  }

  areBuckets(): boolean {
    const shift = this.#header[FILTER.bucketShift]!;
    if (shift < MIN_SHIFT || shift > MAX_SHIFT) return false;
    const count = this.#countOf('bucketStarts', 2 ** (32 - shift));
    if (count < 0 || !this.hasRoom('bucketItems', (count + SPARE_ITEMS) * BUCKET_ITEM_BYTES)) return false;
    return this.#nameEntries('bucketItems', count, 2, 1);
  }

  areProbes(): boolean {
    const count = this.#header[FILTER.probeCount]!;
    if (count < 1 || count > MAX_PROBES || !this.hasRoom('probes', PROBE_TABLE_BYTES)) return false;
    const first = this.#header[FILTER.probes]!;
    return [2, 4].every((at) => Math.abs((this.#tables[first + at]! << 24) >> 24) < PROBE_SPAN);
  }

  arePivots(): boolean {
    const count = this.#header[FILTER.pivotCount]!;
    if (!(count >= 1 && count <= 0xffff) || !this.isBitTable('pivotBits', 'pivotShift')) return false;
    if (!this.hasRoom('pivotNumbers', 2 * PIVOT_NUMBERS)) return false;
    const masks = this.#countOf('pivotStarts', count + 1);
    if (masks < 0 || !this.hasRoom('pivotMasks', masks * PIVOT_MASK_BYTES)) return false;
    const starts = this.#header[FILTER.pivotStarts]! / WORD;
    for (let at = starts; at <= starts + count; at++) {
      if (this.#words[at + 1]! - this.#words[at]! > MAX_PIVOT_MASKS) return false;
    }
    const numbers = this.#header[FILTER.pivotNumbers]! / WORD;
    for (const both of this.#words.subarray(numbers, numbers + PIVOT_NUMBERS / 2)) {
      if ((both & 0xffff) > count || both >>> 16 > count) return false;
    }
    const first = this.#header[FILTER.pivotMasks]! / WORD;
    for (let mask = 0; mask < masks; mask++) {
      if (Math.abs(this.#words[first + mask * (PIVOT_MASK_BYTES / WORD)]! | 0) >= PIVOT_SPAN) return false;
    }
    return true;
  }

  areRuns(): boolean {
    const count = this.#header[FILTER.runCount]!;
    const classes = this.#header[FILTER.runClassCount]!;
    if (!(count >= 1 && count <= 0xffff) || !this.hasRoom('runs', count * RUN_BYTES)) return false;
    if (!(classes >= 1 && classes <= count) || !this.hasRoom('runClasses', classes * RUN_CLASS_BYTES)) return false;
    if (!this.hasRoom('runNumbers', 2 * this.#entryCount)) return false;
    const first = this.#header[FILTER.runs]! / WORD;
    for (let run = first; run < first + count * (RUN_BYTES / WORD); run += RUN_BYTES / WORD) {
      const [classAt, distance, length] = this.#words.subarray(run, run + RUN_BYTES / WORD);
      if (classAt! >= classes || distance! > MAX_RUN_DISTANCE || length! < 1 || length! > MAX_RUN) return false;
    }
    const numbers = this.#header[FILTER.runNumbers]!;
    for (let entry = 0; entry < this.#entryCount; entry++) {
      const number = this.#tables[numbers + 2 * entry]! | (this.#tables[numbers + 2 * entry + 1]! << 8);
      if (number > count) return false;
    }
    return true;
  }

  areLists(startsField: keyof typeof FILTER, itemsField: keyof typeof FILTER, lists: number): boolean {
    const count = this.#countOf(startsField, lists);
    return count >= 0 && this.hasRoom(itemsField, count * WORD) && this.#nameEntries(itemsField, count, 1, 0);
  }

  /** The number of items that those starts cut into lists; −1 when they do not ascend from 0. */
  #countOf(field: keyof typeof FILTER, lists: number): number {
    if (!this.hasRoom(field, (lists + 1) * WORD)) return -1;
    const first = this.#header[FILTER[field]]! / WORD;
    let last = 0;
    if (this.#words[first] !== 0) return -1;
    for (let at = first; at <= first + lists; at++) {
      const start = this.#words[at]!;
      if (start < last) return -1;
      last = start;
    }
    return last;
  }

  #nameEntries(field: keyof typeof FILTER, count: number, words: number, which: number): boolean {
    const first = this.#header[FILTER[field]]! / WORD + which;
    for (let item = 0; item < count; item++) {
      if (entryOf(this.#words[first + item * words]!) >= this.#entryCount) return false;
    }
    return true;
  }
}

/** Writes the tables of the filter as the kernel reads them (`bundle/filter-layout.ts`), from entries and their plans. */
import {
  COMPARED_BYTES,
  FILTER,
  GRAM_WINDOW,
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
  type Look,
} from '../bundle/filter-layout.ts';
import type { RuleImage } from '../bundle/image.ts';
import { spellings, type FilterEntry } from './filter-entries.ts';
import { planFilter, type FilterLook, type FilterPlan } from './filter-windows.ts';
import { Buckets, TableWriter, writePairs, type ShortEntry } from './filter-writer.ts';
import { fillNibbles } from './filter-nibbles.ts';
import { planProbes, probeTable, type ProbePlan } from './filter-probes.ts';
import type { PivotPlace } from './filter-pivots.ts';
import { writeRuns } from './filter-runs.ts';
import { writePivots, type PivotEntry } from './pivot-tables.ts';

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
    starts[at] = comparedFrom(entry, plans[at]!);
    before[at] = offset - starts[at];
  });
  const withLook = (look: FilterLook): number[] => [...plans.keys()].filter((at) => plans[at]!.look === look);
  const buckets = bucketsOf(entries, plans, before);
  const short = (look: FilterLook): ShortEntry[] =>
    withLook(look).map((at) => ({ at, entry: entries[at]!, offset: plans[at]!.offset, before: before[at]! }));
  const pivots = writePivots(
    writer,
    buckets,
    withLook('pivots').flatMap((at) =>
      plans[at]!.pivots!.map((place): PivotEntry => ({
        ...place,
        at,
        entry: entries[at]!,
        before: place.offset - starts[at]!,
      })),
    ),
  );
  buckets.write(writer);
  writePairs(writer, short('four'), short('groups'), pivots);
  const nibbles = withLook('nibbles');
  if (nibbles.length > 0) writeNibbles(writer, entries, plans, before, nibbles);
  if (probes !== undefined) writeProbes(writer, probes, before);
  writeRuns(writer, entries, starts);
  writeRecords(writer, entries, starts);
  return {
    sections: { filterHeader: writer.header, filterTables: writer.finish(), filterStarts: starts },
    reaches: plans.map(reachOf),
  };
}

function reachOf({ offset, look, pivots }: FilterPlan): FilterReach {
  if (pivots === undefined) return { min: look === 'groups' ? offset - 1 : offset, max: offset + 3 };
  // Of a pivot at an odd position the one before it is looked at.
  return { min: offset - 1, max: lastPivot(pivots) };
}

function lastPivot(pivots: readonly PivotPlace[]): number {
  return Math.max(...pivots.map(({ offset }) => offset));
}

/** The first of the sixteen bytes to compare, the window's grams among them: a little before it, or where they say more. */
function comparedFrom({ length, mask }: FilterEntry, { offset, look, pivots }: FilterPlan): number {
  const last = Math.max(0, Math.min(offset, length - COMPARED_BYTES));
  let best = last;
  let mostBytes = -1;
  const windowBytes =
    pivots !== undefined ? lastPivot(pivots) + 2 - offset : look === 'eight' || look === 'six' ? GRAM_WINDOW : 4;
  const mostBefore = COMPARED_BYTES - windowBytes;
  for (let from = Math.max(0, offset - mostBefore); from <= last; from++) {
    let bytes = 0;
    for (let at = from; at < Math.min(length, from + COMPARED_BYTES); at++) if (mask[at] !== 0) bytes++;
    const isNearer = bytes === mostBytes && from <= offset - 2;
    if (bytes <= mostBytes && !isNearer) continue;
    mostBytes = bytes;
    best = from;
  }
  return best;
}

/** Of all entries but those with pivots. */
function bucketsOf(entries: readonly FilterEntry[], plans: readonly FilterPlan[], before: Uint8Array): Buckets {
  const buckets = new Buckets();
  const add = (hash: number, look: Look, at: number, ahead: number): void => {
    buckets.add(ofLook(hash, look), packItem(at, before[at]!, ahead));
  };
  plans.forEach(({ look, offset }, at) => {
    const entry = entries[at]!;
    if (look === 'four') {
      for (const gram of spellings(entry, offset, 4)) {
        add(hashGram(gram), LOOK.fourEven, at, 0);
        add(hashGram(gram), LOOK.fourOdd, at, 1);
      }
      return;
    }
    if (look !== 'eight' && look !== 'six') return;
    for (let ahead = 0; ahead < 4; ahead++) {
      for (const gram of spellings(entry, offset + ahead, 4)) buckets.addGram(look, hashGram(gram));
      if (look === 'eight') {
        const hash = hashEight(plainWord(entry, offset + ahead, 4), plainWord(entry, offset + ahead + 4, 4));
        add(hash, LOOK.eight, at, ahead);
      } else {
        const from = ahead < 2 ? offset + ahead : offset + ahead - 2;
        const hash = hashSix(plainWord(entry, from, 4), plainWord(entry, from + 4, 2));
        add(hash, ahead < 2 ? LOOK.sixForward : LOOK.sixBackward, at, ahead);
      }
    }
  });
  return buckets;
}

/** Of bytes that are plain; letters of either case as capitals, which fold to the same. */
function plainWord(entry: FilterEntry, offset: number, length: number): number {
  let word = 0;
  for (let at = 0; at < length; at++) word |= entry.value[offset + at]! << (8 * at);
  return word;
}

function writeNibbles(
  writer: TableWriter,
  entries: readonly FilterEntry[],
  plans: readonly FilterPlan[],
  before: Uint8Array,
  few: readonly number[],
): void {
  const { tables, lists } = fillNibbles(few.map((at) => ({ entry: entries[at]!, offset: plans[at]!.offset })));
  writer.pass(PASS.nibbles);
  writer.table('nibbles', tables);
  writer.lists(
    'nibbleStarts',
    'nibbleItems',
    lists.map((list) => list.map((at) => packItem(few[at]!, before[few[at]!]!, 0))),
  );
}

function writeProbes(writer: TableWriter, plan: ProbePlan, before: Uint8Array): void {
  writer.pass(PASS.probes);
  writer.table('probes', probeTable(plan));
  writer.header[FILTER.probeCount] = plan.probes.length;
  const lists = Array.from({ length: NIBBLE_BUCKETS }, (_, at) =>
    at < plan.probes.length ? [packItem(at, before[at]!, 0)] : [],
  );
  writer.lists('nibbleStarts', 'nibbleItems', lists);
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

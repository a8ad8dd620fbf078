/**
 * Puts few entries into the eight buckets of the nibble tables: four bytes of each, told apart by their halves. What a bucket
 * takes is every mixture of the halves of its entries, so entries go together that raise that least.
 */
import { NIBBLE_BUCKETS, NIBBLE_PLACES } from '../bundle/filter-layout.ts';
import { bytesAt } from './filter-entries.ts';
import type { PlacedEntry } from './filter-groups.ts';
import { byteFrequency } from './frequency.ts';

export interface FilledNibbles {
  /** As the kernel reads them: low and high halves of each place. */
  readonly tables: Uint8Array;
  /** Per bucket its entries, by their index. */
  readonly lists: readonly (readonly number[])[];
  /** The part of all positions that is expected to pass. */
  readonly cost: number;
}

export function fillNibbles(placed: readonly PlacedEntry[]): FilledNibbles {
  const buckets = Array.from({ length: NIBBLE_BUCKETS }, () => new NibbleBucket());
  placed.forEach(({ entry, offset }, at) => {
    const sets = Array.from({ length: NIBBLE_PLACES }, (_, place) => bytesAt(entry, offset + place));
    let best = buckets[0]!;
    let bestCost = Infinity;
    for (const bucket of buckets) {
      const cost = bucket.with(sets).cost - bucket.cost;
      if (cost >= bestCost) continue;
      bestCost = cost;
      best = bucket;
    }
    best.take(best.with(sets), at);
  });
  const tables = new Uint8Array(NIBBLE_PLACES * 2 * 16);
  buckets.forEach(({ halves }, bucket) => {
    halves.forEach((half, table) => {
      for (let value = 0; value < 16; value++) tables[table * 16 + value]! |= ((half >>> value) & 1) << bucket;
    });
  });
  return {
    tables,
    lists: buckets.map(({ entries }) => entries),
    cost: buckets.reduce((sum, { cost }) => sum + cost, 0),
  };
}

/** Which halves of bytes a bucket takes: low and high of each place, 16 bits each. */
class NibbleBucket {
  halves: readonly number[] = new Array<number>(NIBBLE_PLACES * 2).fill(0);
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
    for (let place = 0; place < NIBBLE_PLACES; place++) {
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

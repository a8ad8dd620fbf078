/** What the kernel names in an object, for tests of the tables that it is given. */
import type { FilterTables } from '../../../../shared/yara/bundle/filter-layout.ts';
import { BLOCK_BYTES, Kernel } from '../../../../shared/yara/scan/kernel.ts';

export interface KernelHit {
  readonly entry: number;
  /** Offset of the bytes that were compared. */
  readonly compared: number;
}

/** In the order in which they are named, block by block. */
export function hitsOf(object: Uint8Array, tables: FilterTables): KernelHit[] {
  const kernel = new Kernel(tables.filterTables.length);
  kernel.load(tables);
  const found: KernelHit[] = [];
  for (let from = 0; from < object.length; from += BLOCK_BYTES) {
    let count = kernel.look(object, from, Math.min(object.length, from + BLOCK_BYTES));
    for (;;) {
      const ready = count < 0 ? ~count : count;
      for (let at = 0; at < ready * 2; at += 2) {
        found.push({ entry: kernel.hits[at + 1]!, compared: from + kernel.hits[at]! });
      }
      if (count >= 0) break;
      count = kernel.next();
    }
  }
  return found;
}

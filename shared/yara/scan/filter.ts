/**
 * The filter: where in a window does a literal, or an atom of a program, stand? The kernel looks at every position once and
 * gives hits: a literal of which at least sixteen bytes (or all it has) are there, or an atom that may be there. `verify`
 * does the rest.
 *
 * Positions are looked at in steps of up to four bytes, aligned in the object: `from` must be at an offset of the object that
 * is a multiple of `LOOK_STEP`, and so must `to`, except at the object's end. It never misses or repeats an occurrence.
 */
import { FILTER, type FilterTables } from '../bundle/filter-layout.ts';
import { BLOCK_BYTES, kernelOf } from './kernel.ts';

export const LOOK_STEP = 64;

/** Takes hits: `hits` holds position and entry of each; a position counts from `origin`. */
export type TakeHits = (hits: Int32Array, count: number, origin: number) => void;

export class Filter {
  readonly #tables: FilterTables;
  readonly #isEmpty: boolean;
  /** Entries that are looked for. */
  readonly entryCount: number;

  constructor(tables: FilterTables, entryCount: number) {
    this.entryCount = entryCount;
    this.#tables = tables;
    this.#isEmpty = tables.filterHeader[FILTER.passes] === 0;
  }

  /** Looks at a part of `from … to` of `buffer`, and returns where it ends. */
  look(buffer: Uint8Array, from: number, to: number, take: TakeHits): number {
    if (this.#isEmpty) return to;
    const end = Math.min(to, from + BLOCK_BYTES);
    const kernel = kernelOf(this.#tables);
    let count = kernel.look(buffer, from, end);
    for (; count < 0; count = kernel.next()) take(kernel.hits, ~count, from);
    if (count > 0) take(kernel.hits, count, from);
    return end;
  }
}

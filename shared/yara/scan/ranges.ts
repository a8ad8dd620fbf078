/**
 * Results of computations over ranges of the object. Those over the whole of it come from the stream; a short range, or one
 * that is held, is computed when it is asked for; a long one is read through `readAt` in blocks, once per kind. Results are
 * kept for the rules that ask for the same again.
 */
import { accumulatorFor, type RangeResults } from '../modules/range-computations.ts';
import type { RangeKind } from '../modules/schema.ts';
import { throwNotHeld, type Need } from './object-view.ts';
import { PAGE_BYTES, type Pages } from './pages.ts';

/** Longer ranges are not brought into pages, of which few are kept. */
const MAX_PAGED_BYTES = 4 * PAGE_BYTES;
/** A long range is read in blocks of this. */
const BLOCK_BYTES = 1 << 20;
/** Results kept; a distribution takes 2 KiB. */
const MAX_RESULTS = 4096;

export class Ranges {
  readonly #pages: Pages;
  readonly #results = new Map<string, RangeResults[RangeKind]>();
  /** Ranges that could not be read, with the reason. */
  readonly #refused = new Map<string, string>();

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  /** A result from elsewhere. */
  keep<Kind extends RangeKind>(kind: Kind, offset: number, length: number, result: RangeResults[Kind]): void {
    if (this.#results.size >= MAX_RESULTS) this.#results.clear();
    this.#results.set(keyOf(kind, offset, length), result);
  }

  /**
   * The result, or an exception that says what it needs. The range lies within the object. Before the end of the stream
   * there is none. `charge` takes what computing costs, in steps of evaluation.
   */
  get<Kind extends RangeKind>(
    kind: Kind,
    offset: number,
    length: number,
    isFinal: boolean,
    charge: (steps: number) => void,
  ): RangeResults[Kind] {
    if (!isFinal) throwNotHeld({ kind: 'none', reason: '' });
    const key = keyOf(kind, offset, length);
    const known = this.#results.get(key);
    if (known !== undefined) return known as RangeResults[Kind];
    const reason = this.#refused.get(key);
    if (reason !== undefined) throwNotHeld({ kind: 'none', reason });
    const missing = this.#pages.copy(offset, length, false);
    if (typeof missing === 'number') throwNotHeld(this.#needOf(kind, offset, length, missing));
    charge(length / BYTES_PER_STEP);
    const accumulator = accumulatorFor(kind);
    for (let done = 0; done < length;) {
      const block = this.#pages.copy(offset + done, Math.min(PAGE_BYTES, length - done)) as Uint8Array;
      accumulator.update(block, 0, block.length);
      done += block.length;
    }
    const result = accumulator.finish();
    this.keep(kind, offset, length, result);
    return result;
  }

  #needOf(computation: RangeKind, offset: number, length: number, missing: number): Need {
    if (length > MAX_PAGED_BYTES) {
      const reason = this.#pages.refusalOf(length);
      return reason === undefined ? { kind: 'range', computation, offset, length } : { kind: 'none', reason };
    }
    const reason = this.#pages.refusalOf(PAGE_BYTES);
    return reason === undefined ? { kind: 'page', offset: missing } : { kind: 'none', reason };
  }

  /** Reads a long range and keeps its result, or why there is none. */
  async compute(kind: RangeKind, offset: number, length: number, abortSignal: AbortSignal | undefined): Promise<void> {
    const accumulator = accumulatorFor(kind);
    for (let done = 0; done < length;) {
      const count = Math.min(BLOCK_BYTES, length - done);
      const reason = this.#pages.refusalOf(count);
      if (reason !== undefined) {
        this.#refused.set(keyOf(kind, offset, length), reason);
        return;
      }
      const block = await this.#pages.read(offset + done, count);
      abortSignal?.throwIfAborted();
      accumulator.update(block, 0, block.length);
      done += count;
    }
    this.keep(kind, offset, length, accumulator.finish());
  }
}

/** How many bytes of a range cost as much as one step of evaluation. */
const BYTES_PER_STEP = 16;

function keyOf(kind: RangeKind, offset: number, length: number): string {
  return `${kind} ${offset} ${length}`;
}

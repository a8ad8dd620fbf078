/**
 * Blocks that were seen before. In data made of one byte, or of a short pattern over and over, entries may begin everywhere, and
 * the filter's work is candidates, not bytes. Its hits depend on a block and what stands around it alone: so those of a block that was
 * costly are kept with its bytes, and given again wherever the same bytes stand. To compare takes a fraction of looking.
 *
 * Memory: one block and its hits, at most 0.5 MB. What is kept changes nothing but the time.
 */
import type { Filter, TakeHits } from './filter.ts';
import { BLOCK_BYTES, MEMORY_MAP } from './kernel.ts';

/** What the kernel may look at on either side of a block. */
const { CONTEXT_BYTES } = MEMORY_MAP;
const KEPT_BYTES = BLOCK_BYTES + 2 * CONTEXT_BYTES;
/** The hits of a block come at once, unless there are more candidates than the kernel has room for. */
const COSTLY_CALLS = 2;
const MAX_KEPT_HITS = 1 << 16;

type Looking = Pick<Filter, 'look'>;

export class RepeatedBlocks {
  /** The block that `#hits` are of, with its context, as `#filter` saw it. */
  #bytes = new Uint8Array(0);
  #filter: Looking | undefined;
  #hits = new Int32Array(0);
  #hitCount = 0;
  /** Of the look under way. */
  #calls = 0;
  #isKeeping = false;
  #isCostly = false;
  #take: TakeHits = () => undefined;

  /** As `filter.look`. */
  look(filter: Looking, buffer: Uint8Array, from: number, to: number, take: TakeHits): number {
    const isWhole =
      to - from >= BLOCK_BYTES && from >= CONTEXT_BYTES && from + BLOCK_BYTES + CONTEXT_BYTES <= buffer.length;
    if (isWhole && filter === this.#filter && this.#isSame(buffer, from - CONTEXT_BYTES)) {
      if (this.#hitCount > 0) take(this.#hits, this.#hitCount, from);
      return from + BLOCK_BYTES;
    }
    this.#calls = 0;
    this.#isKeeping = isWhole && this.#isCostly;
    if (this.#isKeeping) this.#forget();
    this.#take = take;
    const end = filter.look(buffer, from, to, this.#takeHits);
    this.#isCostly = this.#calls >= COSTLY_CALLS;
    if (this.#isKeeping) this.#keep(filter, buffer, from - CONTEXT_BYTES);
    return end;
  }

  /** What is kept is another block's until all hits of this one are. */
  #forget(): void {
    this.#hitCount = 0;
    this.#filter = undefined;
  }

  readonly #takeHits: TakeHits = (hits, count, origin) => {
    this.#calls++;
    if (this.#isKeeping) this.#keepHits(hits, count);
    this.#take(hits, count, origin);
  };

  #keepHits(hits: Int32Array, count: number): void {
    const total = this.#hitCount + count;
    if (total > MAX_KEPT_HITS) {
      this.#isKeeping = false;
      return;
    }
    if (this.#hits.length < total * 2) {
      const grown = new Int32Array(Math.max(this.#hits.length * 2, total * 2));
      grown.set(this.#hits);
      this.#hits = grown;
    }
    this.#hits.set(hits.subarray(0, count * 2), this.#hitCount * 2);
    this.#hitCount = total;
  }

  #keep(filter: Looking, buffer: Uint8Array, from: number): void {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(KEPT_BYTES);
    this.#bytes.set(buffer.subarray(from, from + KEPT_BYTES));
    this.#filter = filter;
  }

  #isSame(buffer: Uint8Array, from: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < KEPT_BYTES; at++) if (bytes[at] !== buffer[from + at]) return false;
    return true;
  }
}

/**
 * Filters of the entries that are still looked for, kept with the rules: objects of one kind and of about one size leave the same
 * entries, so what was written for one serves the next. Which filter is used changes nothing but the time.
 */
import type { RuleImage } from '../bundle/image.ts';
import { narrowFilter } from '../compiler/narrow-filter.ts';
import { Filter } from './filter.ts';

/**
 * Writing the tables takes about as long as scanning this many bytes may save: of one object, or of all that left the same entries.
 * (12 to 20 ms with 5,180 rules, of which 1 MiB of text saves 1 and of compressed data 0.3.)
 */
const WORTH_BYTES = 12 << 20;
/** The tables are as large as those of all entries, and a kernel holds them as well. */
const MAX_FILTERS = 3;
const MAX_KNOWN = 64;
/** More than this part of the entries that the filter in use looks for is not worth another one. */
const WORTH_PART = 3 / 4;

interface Known {
  readonly live: Uint8Array;
  /** That it would have been used for, since it was written last. */
  bytes: number;
  /** Null where there is none to be had. */
  filter: Filter | null | undefined;
}

export class NarrowFilters {
  readonly #image: RuleImage;
  /** By a hash of `live`; used last comes last. */
  readonly #known = new Map<number, Known>();

  constructor(image: RuleImage) {
    this.#image = image;
  }

  /**
   * A filter for the entries of which `live` is not 0, when it is worth it: `inUse` are looked for by the filter that would be used
   * otherwise, `bytesLeft` are still to be looked at. O(entries).
   */
  of(live: Uint8Array, inUse: number, bytesLeft: number): Filter | undefined {
    let count = 0;
    let hash = 0;
    for (let entry = 0; entry < live.length; entry++) {
      if (live[entry] === 0) continue;
      count++;
      hash = (Math.imul(hash ^ entry, 0x9e3779b1) + (hash >>> 15)) | 0;
    }
    if (count === 0 || count > inUse * WORTH_PART) return undefined;
    const known = this.#remember(live, hash);
    known.bytes += bytesLeft;
    if (known.filter === undefined) {
      if (known.bytes < WORTH_BYTES) return undefined;
      const tables = narrowFilter(this.#image, live);
      known.filter = tables === undefined ? null : new Filter(tables, count);
      this.#forgetFilters();
    }
    return known.filter ?? undefined;
  }

  #remember(live: Uint8Array, hash: number): Known {
    let known = this.#known.get(hash);
    this.#known.delete(hash);
    if (known === undefined || !isEqual(known.live, live)) known = { live: live.slice(), bytes: 0, filter: undefined };
    this.#known.set(hash, known);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    return known;
  }

  #forgetFilters(): void {
    const held = [...this.#known.values()].filter(({ filter }) => filter instanceof Filter);
    for (const known of held.slice(0, -MAX_FILTERS)) {
      known.filter = undefined;
      known.bytes = 0;
    }
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

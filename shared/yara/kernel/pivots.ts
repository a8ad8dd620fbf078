/**
 * Entries whose plain bytes seldom stand side by side, blocks of code above all: two that do are the entry's pivot, and what is
 * plain around it says which entry it may be. A pivot has a few masks, each of eight bytes at some distance from it; what a mask
 * takes is looked up as a hash. Many entries share a pivot, and many a mask.
 *
 * ```
 * a mask   0 distance of its first byte from the pivot's, signed   4, 8 the bits it takes, little-endian
 * ```
 */
import { bitOf, hashMasked, ofMask } from './hashes';
import {
  BLOCK,
  MASKED_FULL,
  MASKED_LIST,
  PIVOT_BITS,
  PIVOT_LIST,
  PIVOT_MASKS,
  PIVOT_NUMBERS,
  PIVOT_POSITIONS,
  PIVOT_SHIFT,
  PIVOT_STARTS,
} from './memory';
import { pivotPositionsEnd } from './pairs';

const MASK_BYTES: u32 = 12;

export let maskedEnd: usize = 0;

/** The number of the pivot there, 0 where none is. Those of odd positions stand behind the others. */
function pivotAt(numbers: usize, at: u32): u32 {
  return <u32>load<u16>(numbers + <usize>(((<u32>load<u16>(BLOCK + <usize>at)) << 1) + ((at & 1) << 17)));
}

/** Fills `PIVOT_LIST` and returns its end. What is written never meets what is still to be read. */
export function lookForPivots(): usize {
  const numbers = load<usize>(PIVOT_NUMBERS);
  let end = PIVOT_LIST;
  for (let from = PIVOT_POSITIONS; from < pivotPositionsEnd; from += 2) {
    const at = <u32>load<u16>(from);
    store<u16>(end, <u16>at);
    end += (<usize>(pivotAt(numbers, at) !== 0)) << 1;
    store<u16>(end, <u16>(at + 1));
    end += (<usize>(pivotAt(numbers, at + 1) !== 0)) << 1;
  }
  return end;
}

/**
 * Looks around the pivots of `PIVOT_LIST` from `from` to `past` and fills `MASKED_LIST`, as far as there is room: `maskedEnd` is
 * its end. Returns where it goes on.
 */
export function lookAroundPivots(from: usize, past: usize): usize {
  const numbers = load<usize>(PIVOT_NUMBERS);
  const starts = load<usize>(PIVOT_STARTS);
  const masks = load<usize>(PIVOT_MASKS);
  const bits = load<usize>(PIVOT_BITS);
  const shift = load<u32>(PIVOT_SHIFT);
  let end = MASKED_LIST;
  for (; from < past && end < MASKED_FULL; from += 2) {
    const at = <u32>load<u16>(from);
    const start = starts + ((<usize>pivotAt(numbers, at)) << 2);
    const first = load<u32>(start);
    const pastMask = load<u32>(start, 4);
    for (let number = first; number < pastMask; number++) {
      const mask = masks + <usize>(number * MASK_BYTES);
      const bytes = BLOCK + <usize>at + <usize>load<i32>(mask);
      const hash = hashMasked(load<u32>(bytes) & load<u32>(mask, 4), load<u32>(bytes, 4) & load<u32>(mask, 8), number);
      store<u32>(end, at);
      store<u32>(end, ofMask(hash, number - first), 4);
      end += (<usize>bitOf(bits, shift, hash)) << 3;
    }
  }
  maskedEnd = end;
  return from;
}

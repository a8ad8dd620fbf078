/**
 * The filter: where in a window could a literal be? It looks at every position once, with one or two table look-ups, and
 * writes a candidate (start of the literal, literal) for each entry of the buckets it hits. It never misses an occurrence;
 * most candidates are none, and `verify` tells them apart.
 *
 * It is pure: what it finds depends on the bytes from a position to three bytes behind it and on the tables. The buffer
 * must hold four readable bytes behind the last position looked at.
 */
import {
  GRAM_BITS,
  GRAM_BUCKET_BITS,
  GRAM_ITEM_FIELDS,
  hashGram,
  PAIR_ITEM_FIELDS,
  type RuleImage,
} from '../bundle/image.ts';

/** Candidates of one call; `starts` are offsets into the buffer and may lie before the window's first position. */
export class CandidateList {
  readonly starts: Int32Array;
  readonly literals: Int32Array;
  length = 0;

  constructor(capacity: number) {
    this.starts = new Int32Array(capacity);
    this.literals = new Int32Array(capacity);
  }
}

export interface Filter {
  /**
   * Looks at the positions `from … to` (exclusive) of `buffer` and returns the first one not looked at: `to`, or less when
   * the list is full. The list is emptied first.
   */
  find(buffer: Uint8Array, from: number, to: number, candidates: CandidateList): number;
  /** The most candidates that one position can give: the least capacity of a list. */
  readonly candidatesPerPosition: number;
}

export function createFilter(image: RuleImage): Filter {
  const { gramBits, gramStarts, gramItems, pairStarts, pairItems } = image;
  const hasGrams = gramItems.length > 0;
  const hasPairs = pairItems.length > 0;
  const candidatesPerPosition = longestBucket(gramStarts) + longestBucket(pairStarts);
  const bitShift = 32 - GRAM_BITS;
  const bucketShift = 32 - GRAM_BUCKET_BITS;

  function find(buffer: Uint8Array, from: number, to: number, candidates: CandidateList): number {
    const { starts, literals } = candidates;
    const room = starts.length - candidatesPerPosition;
    let count = 0;
    let gram = buffer[from]! | (buffer[from + 1]! << 8) | (buffer[from + 2]! << 16);
    let at = from;
    for (; at < to && count <= room; at++) {
      gram |= buffer[at + 3]! << 24;
      if (hasGrams) {
        const hash = hashGram(gram);
        const bit = hash >>> bitShift;
        if (((gramBits[bit >>> 5]! >>> (bit & 31)) & 1) !== 0) {
          const bucket = hash >>> bucketShift;
          const end = gramStarts[bucket + 1]! * GRAM_ITEM_FIELDS;
          for (let item = gramStarts[bucket]! * GRAM_ITEM_FIELDS; item < end; item += GRAM_ITEM_FIELDS) {
            if (gramItems[item] !== hash) continue;
            literals[count] = gramItems[item + 1]!;
            starts[count++] = at - gramItems[item + 2]!;
          }
        }
      }
      if (hasPairs) {
        const pair = gram & 0xffff;
        const end = pairStarts[pair + 1]! * PAIR_ITEM_FIELDS;
        for (let item = pairStarts[pair]! * PAIR_ITEM_FIELDS; item < end; item += PAIR_ITEM_FIELDS) {
          literals[count] = pairItems[item]!;
          starts[count++] = at - pairItems[item + 1]!;
        }
      }
      gram >>>= 8;
    }
    candidates.length = count;
    return at;
  }

  return { find, candidatesPerPosition };
}

/** In items. */
function longestBucket(starts: Uint32Array): number {
  let longest = 0;
  for (let bucket = 1; bucket < starts.length; bucket++)
    longest = Math.max(longest, starts[bucket]! - starts[bucket - 1]!);
  return longest;
}

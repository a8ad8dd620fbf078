/** Is what a table of an image names there? For the checks of images that come from outside. */
import { PATTERN_FIELDS, PIECE_FIELDS, type RuleImage } from './image.ts';

/** Rows of a table, or −1 when it does not divide into any. */
export function rowsOf(table: { readonly length: number }, fields: number): number {
  return table.length % fields === 0 ? table.length / fields : -1;
}

/** Is `first … first + count` a part of `0 … length`? */
export function isWithin(first: number, count: number, length: number): boolean {
  return first >= 0 && count >= 0 && first + count <= length;
}

export function isString(image: RuleImage, id: number): boolean {
  return id >= 0 && id < image.stringOffsets.length - 1;
}

/** A pattern, or `~piece` of a chain. */
export function isTarget({ patterns, pieces }: RuleImage, target: number): boolean {
  return target < 0 ? ~target < pieces.length / PIECE_FIELDS : target < patterns.length / PATTERN_FIELDS;
}

/** Packed with a mark into 31 bits. */
export function isRank(rank: number): boolean {
  return rank >= 0 && rank < 1 << 21;
}

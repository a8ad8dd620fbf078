/**
 * What functions of modules compute over a range of the object: digests and statistics. Each is an accumulator that takes
 * the range in pieces, holds a state of fixed size however long the range is, and can be saved and restored between pieces.
 * Statistics give the sums that the functions need; what is made of them is the functions' business.
 */
import { crc32, md5, sha1, sha256 } from './digests.ts';
import { RANGE_KINDS, type RangeKind } from './schema.ts';
import { distribution, monteCarlo, serialCorrelation } from './statistics.ts';
import { wordSum } from './word-sum.ts';

/** Results by kind. Digests are lower-case hex. */
export interface RangeResults {
  readonly md5: Uint8Array;
  readonly sha1: Uint8Array;
  readonly sha256: Uint8Array;
  readonly crc32: number;
  readonly distribution: Distribution;
  readonly serialCorrelation: SerialCorrelation;
  readonly monteCarlo: MonteCarlo;
  /** 32 bits. */
  readonly wordSum: number;
}

export interface Distribution {
  /** How often each of the 256 bytes occurs. */
  readonly counts: Float64Array;
  readonly length: number;
}

export interface SerialCorrelation {
  /** Sum of each byte times the next one, the last times the first. */
  readonly products: number;
  readonly sum: number;
  readonly squares: number;
  readonly length: number;
}

export interface MonteCarlo {
  readonly inside: number;
  readonly points: number;
}

export interface Accumulator<Result> {
  update(bytes: Uint8Array, from: number, to: number): void;
  /** The result so far; further updates may follow. */
  finish(): Result;
  /** Length of what `save` gives, always the same. */
  readonly savedBytes: number;
  save(): Uint8Array;
  /** Takes what `save` gave. */
  restore(saved: Uint8Array): void;
}

const accumulators: { readonly [Kind in RangeKind]: () => Accumulator<RangeResults[Kind]> } = {
  md5,
  sha1,
  sha256,
  crc32,
  distribution,
  serialCorrelation,
  monteCarlo,
  wordSum,
};

export function accumulatorFor<Kind extends RangeKind>(kind: Kind): Accumulator<RangeResults[Kind]> {
  return accumulators[kind]();
}

/** The computation over bytes in memory. */
export function computeOver<Kind extends RangeKind>(kind: Kind, bytes: Uint8Array): RangeResults[Kind] {
  const accumulator = accumulatorFor(kind);
  accumulator.update(bytes, 0, bytes.length);
  return accumulator.finish();
}

/** The kinds among the bits of a mask. */
export function kindsIn(mask: number): readonly RangeKind[] {
  return RANGE_KINDS.filter((_, bit) => ((mask >>> bit) & 1) === 1);
}

export function kindBit(kind: RangeKind): number {
  return 1 << RANGE_KINDS.indexOf(kind);
}

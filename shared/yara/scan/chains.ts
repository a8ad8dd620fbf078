/**
 * Chains: patterns of pieces with wide gaps between them. Matches of pieces come in ordered by their starts; a match of the
 * first piece is a *head*, which waits for a match of the next one at the right distance, and so on to the last. Every head
 * is reported once: with the first tail that completes it where gaps are lazy, with the last one where they are greedy.
 *
 * A piece before a gap may have several ends, and the gap may begin at any of them. Behind a gap without an upper bound only
 * the nearest end counts; elsewhere ends that lie so near each other that the gap reaches from one to what the next one
 * reaches are one *run*, and a piece is told run by run.
 *
 * Where no gap has an upper bound, all who wait are alike (`CrowdTracker`); otherwise each head waits for itself
 * (`HeadTracker`).
 */
import { CHAIN, CHAIN_FIELDS, PIECE, PIECE_FIELDS, type RuleImage } from '../bundle/image.ts';
import { CrowdTracker } from './crowd-tracker.ts';
import { HeadTracker } from './head-tracker.ts';
import type { UnknownReason } from './match-store.ts';
import { SavedNumbers } from './saved-numbers.ts';

/** Numbers of eight bytes that all chains together may hold. Who has no room for a head knows nothing of its pattern. */
export const MAX_CHAIN_NUMBERS = 1 << 22;

export interface ChainSink {
  /** One match. */
  readonly match: (pattern: number, start: number, length: number) => void;
  /** `count` further matches that are only counted, the last one at `lastStart`. */
  readonly count: (pattern: number, count: number, lastStart: number) => void;
  /** From here on nothing certain can be said of the pattern. */
  readonly unknown: (pattern: number, reason: UnknownReason) => void;
  /** How many more matches of the pattern are worth their offsets. */
  readonly wanted: (pattern: number) => number;
  /** Steps of matching for each byte of the object. */
  readonly stepsPerByte: () => number;
}

/** A gap's width, in bytes; `max` may be Infinity. */
export interface Gap {
  readonly min: number;
  readonly max: number;
}

/** What a chain is, and whom it tells. */
export interface ChainShape {
  readonly pattern: number;
  readonly gaps: readonly Gap[];
  readonly isGreedy: boolean;
  readonly sink: ChainSink;
  readonly room: ChainRoom;
}

/** What all chains together still may hold. */
export class ChainRoom {
  #left = MAX_CHAIN_NUMBERS;

  /** False when there is no room for that many numbers. */
  take(numbers: number): boolean {
    if (numbers > this.#left) return false;
    this.#left -= numbers;
    return true;
  }

  giveBack(numbers: number): void {
    this.#left += numbers;
  }

  reset(): void {
    this.#left = MAX_CHAIN_NUMBERS;
  }
}

export interface Tracker {
  /** Piece number `index` starts at `start` and has the ends `firstEnd … lastEnd`, or a run of some that lie in between. */
  piece(index: number, start: number, firstEnd: number, lastEnd: number): void;
  finish(): void;
  /** Forgets all; the room is given back by who resets it. */
  reset(): void;
  save(to: number[]): void;
  restore(from: SavedNumbers): void;
}

export class Chains {
  readonly #image: RuleImage;
  readonly #trackers: Tracker[] = [];
  readonly #room = new ChainRoom();

  constructor(image: RuleImage, sink: ChainSink) {
    this.#image = image;
    for (let chain = 0; chain < image.chains.length / CHAIN_FIELDS; chain++) {
      const shape = { ...shapeOf(image, chain), sink, room: this.#room };
      const isEndless = shape.gaps.every(({ max }) => max === Infinity);
      this.#trackers.push(isEndless ? new CrowdTracker(shape) : new HeadTracker(shape));
    }
  }

  /**
   * A piece matches at `start`; its nearest end of a run is at `length`, the farthest `spread` behind that. Starts must not
   * descend; runs of one start come one after the other.
   */
  piece(piece: number, start: number, length: number, spread: number): void {
    const chain = this.#image.pieces[piece * PIECE_FIELDS + PIECE.chain]!;
    const index = piece - this.#image.chains[chain * CHAIN_FIELDS + CHAIN.firstPiece]!;
    this.#trackers[chain]!.piece(index, start, start + length, start + length + spread);
  }

  /** The object has ended. */
  finish(): void {
    for (const tracker of this.#trackers) tracker.finish();
  }

  reset(): void {
    this.#room.reset();
    for (const tracker of this.#trackers) tracker.reset();
  }

  /** Plain numbers, for a checkpoint. */
  save(): Float64Array {
    const numbers: number[] = [];
    for (const tracker of this.#trackers) tracker.save(numbers);
    return Float64Array.from(numbers);
  }

  /** False when the numbers are not those of such chains. */
  restore(numbers: Float64Array): boolean {
    this.reset();
    const reader = new SavedNumbers(numbers);
    for (const tracker of this.#trackers) tracker.restore(reader);
    return reader.isSound && reader.isAtEnd;
  }
}

/** The pattern that a match goes to in the end. */
export function patternOfTarget({ chains, pieces }: RuleImage, target: number): number {
  return target >= 0 ? target : chains[pieces[~target * PIECE_FIELDS + PIECE.chain]! * CHAIN_FIELDS + CHAIN.pattern]!;
}

/** Which ends of a piece its chain must be told. */
export const ENDS = { preferred: -1, nearest: Infinity } as const;

/**
 * One of `ENDS`, or the widest distance between two ends that are one run: what a gap that begins at one of them reaches then
 * has no hole.
 */
export function endsWanted(image: RuleImage, piece: number): number {
  const chain = image.pieces[piece * PIECE_FIELDS + PIECE.chain]! * CHAIN_FIELDS;
  const isLast = piece + 1 === image.chains[chain + CHAIN.firstPiece]! + image.chains[chain + CHAIN.pieceCount]!;
  if (isLast) return ENDS.preferred;
  const next = (piece + 1) * PIECE_FIELDS;
  return image.pieces[next + PIECE.maxGap]! - image.pieces[next + PIECE.minGap]! + 1;
}

function shapeOf(image: RuleImage, chain: number): Pick<ChainShape, 'pattern' | 'gaps' | 'isGreedy'> {
  const row = chain * CHAIN_FIELDS;
  const { chains, pieces } = image;
  const first = chains[row + CHAIN.firstPiece]!;
  return {
    pattern: chains[row + CHAIN.pattern]!,
    isGreedy: chains[row + CHAIN.isGreedy] === 1,
    gaps: Array.from({ length: chains[row + CHAIN.pieceCount]! - 1 }, (_, at): Gap => {
      const piece = (first + 1 + at) * PIECE_FIELDS;
      return { min: pieces[piece + PIECE.minGap]!, max: pieces[piece + PIECE.maxGap]! };
    }),
  };
}

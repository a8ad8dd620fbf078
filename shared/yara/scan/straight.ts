/**
 * Walks straight programs (compiler/straight-program.ts) item by item. How far the rounds of a repeat reach is remembered from
 * one start to the next, so that dense starts cost what the bytes they stand in do.
 */
import type { StraightProgram } from '../compiler/straight-program.ts';
import { hasByte } from '../syntax/byte-set.ts';
import { assertionHolds, type Stretch } from './automaton.ts';

export class StraightWalker {
  readonly #program: StraightProgram;
  readonly #stretch: Stretch;
  /** Rounds looked at so far. */
  steps = 0;
  /** Per item: where known rounds reach from and to, by the place of a round's start within a unit. */
  readonly #known: readonly (Rounds | undefined)[];
  /** What a match begins with; undefined where that may be left out. */
  readonly #first: Uint32Array | undefined;

  /** Starts should ascend; what is remembered of one serves the next. No match is followed further than `limit`. */
  constructor(program: StraightProgram, stretch: Stretch, limit: number) {
    this.#program = program;
    this.#stretch = stretch;
    const first = program.items.find((item) => item.kind !== 'assertion');
    this.#first = first !== undefined && first.min > 0 ? first.unit[0] : undefined;
    this.#known = program.items.map((item) =>
      item.kind === 'run' && item.max > 1 ? new Rounds(item.unit, stretch.bytes, limit) : undefined,
    );
  }

  /**
   * Is there between the indices a run as long as the program's longest needs to be? Where it is long, so few places must be
   * looked at that most blocks are done with at once.
   */
  hasLongRun(from: number, past: number): boolean {
    const { longRun } = this.#program;
    if (longRun === undefined) return true;
    const { set, length } = longRun;
    const { bytes } = this.#stretch;
    // Each run of that length holds one of these places.
    for (let at = from + length - 1; at < past;) {
      let first = at;
      while (first >= from && at - first < length && hasByte(set, bytes[first]!)) first--;
      if (at - first === length) return true;
      // Whatever is long enough begins behind the byte that does not fit.
      at = first + length;
    }
    return false;
  }

  /** Is the byte there one that a match may begin with? */
  mayBegin(start: number): boolean {
    return this.#first === undefined || hasByte(this.#first, this.#stretch.bytes[start]!);
  }

  /** Length of the match that begins at `start` and ends at `limit` or before it; 0 for none, since it reads a byte. */
  lengthAt(start: number, limit: number): number {
    const { items, firstNeedless } = this.#program;
    const { bytes } = this.#stretch;
    let at = start;
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!;
      if (item.kind === 'assertion') {
        if (!assertionHolds(item.assertion, this.#stretch, at)) return 0;
        continue;
      }
      const { unit, min, max, isGreedy } = item;
      const known = this.#known[index];
      if (known === undefined) {
        // A byte, or a round that may be left out.
        let place = at;
        for (const set of unit) if (place < limit && hasByte(set, bytes[place]!)) place++;
        const isThere = place - at === unit.length;
        if (!isThere && min > 0) return 0;
        if (isThere && (min > 0 || isGreedy || firstNeedless > index)) at = place;
        continue;
      }
      const fitting = Math.floor((limit - at) / unit.length);
      const all = known.from(at);
      this.steps += all;
      const rounds = Math.min(all, max, fitting);
      if (rounds < min) return 0;
      at += (isGreedy || firstNeedless > index + 1 ? rounds : min) * unit.length;
    }
    return at - start;
  }
}

/** How often a unit stands one behind the other. */
class Rounds {
  readonly #unit: readonly Uint32Array[];
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #from: Int32Array;
  readonly #to: Int32Array;

  constructor(unit: readonly Uint32Array[], bytes: Uint8Array, limit: number) {
    this.#unit = unit;
    this.#bytes = bytes;
    this.#limit = limit;
    this.#from = new Int32Array(unit.length).fill(-1);
    this.#to = new Int32Array(unit.length).fill(-1);
  }

  from(start: number): number {
    const { length } = this.#unit;
    const phase = start % length;
    const knownFrom = this.#from[phase]!;
    const knownTo = this.#to[phase]!;
    if (start < knownFrom || start > knownTo) {
      let at = start;
      while (this.#standsAt(at)) {
        at += length;
        if (at === knownFrom) at = knownTo;
      }
      this.#from[phase] = start;
      this.#to[phase] = at;
    }
    return (this.#to[phase]! - start) / length;
  }

  #standsAt(at: number): boolean {
    const unit = this.#unit;
    if (at + unit.length > this.#limit) return false;
    for (let index = 0; index < unit.length; index++)
      if (!hasByte(unit[index]!, this.#bytes[at + index]!)) return false;
    return true;
  }
}

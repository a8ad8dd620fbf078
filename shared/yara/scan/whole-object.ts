/**
 * Computations over the whole object that rules are certain to ask for (`hash.md5(0, filesize)`), done while it streams by.
 * Their state is of fixed size and is part of a checkpoint.
 */
import { accumulatorFor, kindsIn, type Accumulator } from '../modules/range-computations.ts';
import type { RangeKind } from '../modules/schema.ts';
import type { Ranges } from './ranges.ts';

export class WholeObject {
  #mask = 0;
  #accumulators: readonly { readonly kind: RangeKind; readonly accumulator: Accumulator<unknown> }[] = [];

  /** Begins anew with the kinds among the bits. */
  begin(mask: number): void {
    this.#mask = mask;
    this.#accumulators = kindsIn(mask).map((kind) => ({ kind, accumulator: accumulatorFor(kind) }));
  }

  update(bytes: Uint8Array, from: number, count: number): void {
    for (const { accumulator } of this.#accumulators) accumulator.update(bytes, from, from + count);
  }

  /** Hands the results of an object of that size to those who ask for ranges. */
  finish(ranges: Ranges, size: number): void {
    for (const { kind, accumulator } of this.#accumulators) {
      ranges.keep(kind, 0, size, accumulator.finish() as never);
    }
  }

  save(): WholeObjectState {
    const states = this.#accumulators.map(({ accumulator }) => accumulator.save());
    const bytes = new Uint8Array(states.reduce((sum, state) => sum + state.length, 0));
    let at = 0;
    for (const state of states) {
      bytes.set(state, at);
      at += state.length;
    }
    return { mask: this.#mask, bytes };
  }

  /** False when the state is not of that many kinds. */
  restore({ mask, bytes }: WholeObjectState): boolean {
    this.begin(mask);
    let at = 0;
    for (const { accumulator } of this.#accumulators) {
      const { savedBytes } = accumulator;
      if (at + savedBytes > bytes.length) return false;
      accumulator.restore(bytes.subarray(at, at + savedBytes));
      at += savedBytes;
    }
    return at === bytes.length;
  }
}

export interface WholeObjectState {
  readonly mask: number;
  readonly bytes: Uint8Array;
}

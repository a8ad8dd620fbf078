/**
 * How much work patterns have made, against `limits.stepsPerByte`. What is counted, and where in the object, depends on the
 * bytes alone, so that the bound is met at the same place however the object is cut. A little object may take what a MiB may.
 */
export class StepCounts {
  readonly #perByte: number;
  readonly #spent: Float64Array;

  /** For `count` things that are counted each for itself. */
  constructor(count: number, stepsPerByte: number) {
    this.#spent = new Float64Array(count);
    this.#perByte = stepsPerByte;
  }

  /** Steps left to what has come as far as `offset`; negative when it has met the bound. */
  left(index: number, offset: number): number {
    return this.#perByte * Math.max(offset, FREE_BYTES) - this.#spent[index]!;
  }

  spend(index: number, steps: number): void {
    this.#spent[index]! += steps;
  }

  save(): Float64Array {
    return this.#spent.slice();
  }

  restore(spent: Float64Array): void {
    this.#spent.set(spent);
  }
}

const FREE_BYTES = 1 << 20;

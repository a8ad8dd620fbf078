/** Reads numbers that a checkpoint saved; what is not there is 0, and `isSound` turns false. */
export class SavedNumbers {
  readonly #numbers: Float64Array;
  #at = 0;
  isSound = true;

  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#numbers.length;
  }

  number(): number {
    const value = this.#numbers[this.#at++];
    if (value === undefined) this.isSound = false;
    return value ?? 0;
  }

  /** The length of a list that follows; each of its items takes `fields` numbers at least. */
  size(fields = 1): number {
    const size = this.number();
    if (Number.isSafeInteger(size) && size >= 0 && size * fields <= this.#numbers.length - this.#at) return size;
    this.isSound = false;
    return 0;
  }

  /** A number from 0 on that is below `bound`. */
  index(bound: number): number {
    const index = this.number();
    if (Number.isSafeInteger(index) && index >= 0 && index < bound) return index;
    this.isSound = false;
    return 0;
  }
}

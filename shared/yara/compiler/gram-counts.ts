/** How many entries use each 4-byte gram: a hash table of numbers, for tens of thousands of them. */
import { hashGram } from '../bundle/filter-layout.ts';

export class GramCounts {
  #grams = new Uint32Array(1 << 10);
  #counts = new Uint32Array(1 << 10);
  #bits = 10;
  size = 0;

  count(gram: number): number {
    return this.#counts[this.#find(gram >>> 0)]!;
  }

  add(gram: number): void {
    if (this.size * 2 >= this.#grams.length) this.#grow();
    const at = this.#find(gram >>> 0);
    if (this.#counts[at] === 0) {
      this.#grams[at] = gram;
      this.size++;
    }
    this.#counts[at]! += 1;
  }

  /** Where it is, or belongs. */
  #find(gram: number): number {
    const last = this.#grams.length - 1;
    let at = hashGram(gram) >>> (32 - this.#bits);
    while (this.#counts[at] !== 0 && this.#grams[at] !== gram) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const grams = this.#grams;
    const counts = this.#counts;
    this.#bits++;
    this.#grams = new Uint32Array(grams.length * 2);
    this.#counts = new Uint32Array(grams.length * 2);
    counts.forEach((count, from) => {
      if (count === 0) return;
      const at = this.#find(grams[from]!);
      this.#grams[at] = grams[from]!;
      this.#counts[at] = count;
    });
  }
}

/**
 * Statistics over bytes that come in pieces. All sums are of whole numbers below 2^53 for ranges up to 2^37 bytes (128 GiB),
 * so they are exact and do not depend on how the range was cut; beyond that the last digits are rounded.
 */
import type { Accumulator, Distribution, MonteCarlo, SerialCorrelation } from './range-computations.ts';

export function distribution(): Accumulator<Distribution> {
  return new DistributionSum();
}

export function serialCorrelation(): Accumulator<SerialCorrelation> {
  return new SerialCorrelationSum();
}

export function monteCarlo(): Accumulator<MonteCarlo> {
  return new MonteCarloSum();
}

/** Numbers as a saved state: float64, little-endian. */
function saveNumbers(numbers: ArrayLike<number>): Uint8Array {
  const saved = new Uint8Array(numbers.length * 8);
  const view = new DataView(saved.buffer);
  for (let at = 0; at < numbers.length; at++) view.setFloat64(at * 8, numbers[at]!, true);
  return saved;
}

function restoreNumbers(saved: Uint8Array): Float64Array<ArrayBuffer> {
  const view = new DataView(saved.buffer, saved.byteOffset, saved.length);
  return Float64Array.from({ length: saved.length / 8 }, (_, at) => view.getFloat64(at * 8, true));
}

class DistributionSum implements Accumulator<Distribution> {
  #counts = new Float64Array(256);

  update(bytes: Uint8Array, from: number, to: number): void {
    const counts = this.#counts;
    for (let at = from; at < to; at++) counts[bytes[at]!]! += 1;
  }

  finish(): Distribution {
    return { counts: this.#counts.slice(), length: this.#counts.reduce((sum, count) => sum + count, 0) };
  }

  readonly savedBytes = 256 * 8;

  save(): Uint8Array {
    return saveNumbers(this.#counts);
  }

  restore(saved: Uint8Array): void {
    this.#counts = restoreNumbers(saved);
  }
}

class SerialCorrelationSum implements Accumulator<SerialCorrelation> {
  #length = 0;
  #first = 0;
  #last = 0;
  #products = 0;
  #sum = 0;
  #squares = 0;

  update(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    // Before the first byte stands none: a zero adds nothing to the products.
    if (this.#length === 0) this.#first = bytes[from]!;
    let previous = this.#last;
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      this.#products += previous * byte;
      this.#sum += byte;
      this.#squares += byte * byte;
      previous = byte;
    }
    this.#last = previous;
    this.#length += to - from;
  }

  finish(): SerialCorrelation {
    return {
      products: this.#products + this.#first * this.#last,
      sum: this.#sum,
      squares: this.#squares,
      length: this.#length,
    };
  }

  readonly savedBytes = 6 * 8;

  save(): Uint8Array {
    return saveNumbers([this.#length, this.#first, this.#last, this.#products, this.#sum, this.#squares]);
  }

  restore(saved: Uint8Array): void {
    const [length, first, last, products, sum, squares] = restoreNumbers(saved);
    this.#length = length!;
    this.#first = first!;
    this.#last = last!;
    this.#products = products!;
    this.#sum = sum!;
    this.#squares = squares!;
  }
}

/** Six bytes are a point: three for each coordinate. */
const POINT_BYTES = 6;
/** (256^3 − 1)^2 */
const RADIUS_SQUARED = 281474943156225;

class MonteCarloSum implements Accumulator<MonteCarlo> {
  readonly #begun = new Uint8Array(POINT_BYTES);
  #begunLength = 0;
  #inside = 0;
  #points = 0;

  update(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to && this.#begunLength > 0) {
      this.#begun[this.#begunLength++] = bytes[at++]!;
      if (this.#begunLength === POINT_BYTES) {
        this.#point(this.#begun, 0);
        this.#begunLength = 0;
      }
    }
    for (; at + POINT_BYTES <= to; at += POINT_BYTES) this.#point(bytes, at);
    while (at < to) this.#begun[this.#begunLength++] = bytes[at++]!;
  }

  #point(bytes: Uint8Array, at: number): void {
    const x = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const y = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
    if (x * x + y * y < RADIUS_SQUARED) this.#inside++;
    this.#points++;
  }

  finish(): MonteCarlo {
    return { inside: this.#inside, points: this.#points };
  }

  readonly savedBytes = 3 * 8 + POINT_BYTES;

  save(): Uint8Array {
    const saved = new Uint8Array(this.savedBytes);
    saved.set(saveNumbers([this.#inside, this.#points, this.#begunLength]));
    saved.set(this.#begun.subarray(0, this.#begunLength), 3 * 8);
    return saved;
  }

  restore(saved: Uint8Array): void {
    const [inside, points, begunLength] = restoreNumbers(saved.subarray(0, 3 * 8));
    this.#inside = inside!;
    this.#points = points!;
    // A state from outside may say anything; beyond the array it would write nowhere and never come to an end.
    this.#begunLength = begunLength! >= 0 && begunLength! < POINT_BYTES ? Math.floor(begunLength!) : 0;
    this.#begun.set(saved.subarray(3 * 8));
  }
}

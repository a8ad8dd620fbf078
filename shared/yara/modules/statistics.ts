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

/**
 * Bytes are counted by fours, each of the four in a table of its own: a byte that follows itself would wait for its own count.
 * Measured beside one table over bytes of which two in five are zero: 1.2 ns a byte instead of 1.4, alone in a process 0.5.
 */
class DistributionSum implements Accumulator<Distribution> {
  readonly #tables = new Float64Array(4 * 256);

  update(bytes: Uint8Array, from: number, to: number): void {
    const counts = this.#tables;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word = view.getInt32(at, true);
      counts[word & 0xff]! += 1;
      counts[256 | ((word >>> 8) & 0xff)]! += 1;
      counts[512 | ((word >>> 16) & 0xff)]! += 1;
      counts[768 | (word >>> 24)]! += 1;
    }
    for (; at < to; at++) counts[bytes[at]!]! += 1;
  }

  finish(): Distribution {
    const counts = this.#counts();
    return { counts, length: counts.reduce((sum, count) => sum + count, 0) };
  }

  readonly savedBytes = 256 * 8;

  save(): Uint8Array {
    return saveNumbers(this.#counts());
  }

  restore(saved: Uint8Array): void {
    this.#tables.fill(0);
    this.#tables.set(restoreNumbers(saved));
  }

  #counts(): Float64Array<ArrayBuffer> {
    const tables = this.#tables;
    return Float64Array.from({ length: 256 }, (_, byte) => {
      return tables[byte]! + tables[256 + byte]! + tables[512 + byte]! + tables[768 + byte]!;
    });
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

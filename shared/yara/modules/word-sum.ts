/**
 * The sum of a range's words of 32 bits, little-endian: the bit that overflows is added with the next word. Of one to three
 * bytes left over the first two are a word, and so is the third. It is what the checksum of PE files is made of.
 */
import type { Accumulator } from './range-computations.ts';

const WORD = 2 ** 32;
const SAVED_BYTES = 12;

export function wordSum(): Accumulator<number> {
  return new WordSum();
}

class WordSum implements Accumulator<number> {
  #sum = 0;
  #overflow = 0;
  /** Bytes of a word that is not whole yet, the first one lowest. */
  #pending = 0;
  #pendingBytes = 0;

  update(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to && this.#pendingBytes > 0) this.#addByte(bytes[at++]!);
    for (; at + 4 <= to; at += 4) {
      this.#add((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0);
    }
    while (at < to) this.#addByte(bytes[at++]!);
  }

  finish(): number {
    const end = new WordSum();
    end.#sum = this.#sum;
    end.#overflow = this.#overflow;
    if (this.#pendingBytes > 0) end.#add(this.#pending & 0xffff);
    if (this.#pendingBytes > 2) end.#add(this.#pending >>> 16);
    return end.#sum;
  }

  readonly savedBytes = SAVED_BYTES;

  save(): Uint8Array {
    const saved = new Uint8Array(SAVED_BYTES);
    const view = new DataView(saved.buffer);
    view.setUint32(0, this.#sum, true);
    view.setUint32(4, this.#pending, true);
    view.setUint8(8, this.#pendingBytes);
    view.setUint8(9, this.#overflow);
    return saved;
  }

  restore(saved: Uint8Array): void {
    const view = new DataView(saved.buffer, saved.byteOffset, saved.length);
    this.#sum = view.getUint32(0, true);
    this.#pending = view.getUint32(4, true);
    this.#pendingBytes = view.getUint8(8) % 4;
    this.#overflow = view.getUint8(9) % 2;
  }

  #addByte(byte: number): void {
    this.#pending = (this.#pending | (byte << (8 * this.#pendingBytes))) >>> 0;
    if (++this.#pendingBytes < 4) return;
    this.#add(this.#pending);
    this.#pending = 0;
    this.#pendingBytes = 0;
  }

  #add(word: number): void {
    const sum = this.#sum + word + this.#overflow;
    this.#overflow = sum >= WORD ? 1 : 0;
    this.#sum = sum >>> 0;
  }
}

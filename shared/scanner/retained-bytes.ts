/**
 * What is kept of a source that cannot seek, so that evidence can still show bytes: the first and the last mebibyte. Everything
 * between is gone; a read there gives nothing.
 */
const RETAINED_AT_EACH_END = 1024 * 1024;

export class RetainedBytes {
  readonly #capacity: number;
  readonly #head: Uint8Array;
  /** A ring: the byte of offset o stands at o modulo its length. */
  readonly #tail: Uint8Array;
  #position = 0;

  constructor(capacity = RETAINED_AT_EACH_END) {
    this.#capacity = capacity;
    this.#head = new Uint8Array(capacity);
    this.#tail = new Uint8Array(capacity);
  }

  /** Chunks in order, each once; copied. O(bytes of the chunk). */
  write(chunk: Uint8Array): void {
    const start = this.#position;
    if (start < this.#capacity) this.#head.set(chunk.subarray(0, this.#capacity - start), start);
    // Of a chunk longer than the ring only its end survives.
    const kept = chunk.subarray(Math.max(0, chunk.length - this.#capacity));
    const slot = (start + chunk.length - kept.length) % this.#capacity;
    const untilEnd = Math.min(kept.length, this.#capacity - slot);
    this.#tail.set(kept.subarray(0, untilEnd), slot);
    this.#tail.set(kept.subarray(untilEnd), 0);
    this.#position = start + chunk.length;
  }

  /** The bytes of `offset … offset + length` that exist, or none where any of them is no longer held. Never rejects. */
  readonly readAt = (offset: number, length: number): Promise<Uint8Array> => {
    const end = Math.min(offset + length, this.#position);
    if (end <= offset) return Promise.resolve(new Uint8Array(0));
    if (end <= this.#capacity) return Promise.resolve(this.#head.slice(offset, end));
    if (offset < this.#position - this.#capacity) return Promise.resolve(new Uint8Array(0));
    const bytes = new Uint8Array(end - offset);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = this.#tail[(offset + index) % this.#capacity]!;
    return Promise.resolve(bytes);
  };
}

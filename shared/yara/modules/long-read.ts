/**
 * Bytes of an object that are longer than what a module may ask for at once, or than what is held of the object at a time.
 * They are read part by part: a call that ended for want of bytes goes on from there, so that none is fetched twice.
 */
import { MAX_VIEW_BYTES, type ObjectView } from './module.ts';

export class LongRead {
  readonly #object: ObjectView;
  readonly #start: number;
  readonly #bytes: Uint8Array;
  #read = 0;

  /** `start … start + length` lies within the object. Memory of that length is taken at once. */
  constructor(object: ObjectView, start: number, length: number) {
    this.#object = object;
    this.#start = start;
    this.#bytes = new Uint8Array(length);
  }

  bytes(): Uint8Array {
    while (this.#read < this.#bytes.length) {
      const length = Math.min(MAX_VIEW_BYTES, this.#bytes.length - this.#read);
      this.#bytes.set(this.#object.bytes(this.#start + this.#read, length)!, this.#read);
      this.#read += length;
    }
    return this.#bytes;
  }
}

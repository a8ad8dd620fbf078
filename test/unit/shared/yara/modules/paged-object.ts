/**
 * An object as modules see it in a scan: a page that is not held ends the call, is fetched, and the call is made again. As
 * many pages are held as in a scan, the oldest goes first; what is fetched is counted.
 */
import { MAX_VIEW_BYTES, type ObjectView } from '../../../../../shared/yara/modules/module.ts';
import { PAGE_BYTES } from '../../../../../shared/yara/scan/pages.ts';

const HELD_PAGES = 64;
/** As in a scan that is not told otherwise. */
const MOST_READS = 10_000;

class Missing extends Error {
  readonly page: number;

  constructor(page: number) {
    super(`page ${page} is missing`);
    this.page = page;
  }
}

export class Refusal extends Error {}

export class PagedObject {
  reads = 0;
  bytesRead = 0;
  readonly view: ObjectView;
  readonly #held = new Map<number, Uint8Array>();
  readonly #read: (offset: number, length: number) => Uint8Array;

  /** `read` gives the bytes that exist there. */
  constructor(size: number, read: (offset: number, length: number) => Uint8Array) {
    this.#read = read;
    const bytes = (offset: number, length: number): Uint8Array | undefined => {
      if (length > MAX_VIEW_BYTES) throw new RangeError(`asked for ${length} bytes at once`);
      return offset < 0 || length < 0 || offset + length > size ? undefined : this.#copy(offset, length);
    };
    const viewAt = (offset: number, length: number): DataView | undefined => {
      const found = bytes(offset, length);
      return found && new DataView(found.buffer);
    };
    this.view = {
      size,
      bytes,
      unsigned: (offset, length, isBigEndian = false) => {
        const view = viewAt(offset, length);
        if (length === 1) return view?.getUint8(0);
        return length === 2 ? view?.getUint16(0, !isBigEndian) : view?.getUint32(0, !isBigEndian);
      },
      unsigned64: (offset, isBigEndian = false) => viewAt(offset, 8)?.getBigUint64(0, !isBigEndian),
      refuse: (reason) => {
        throw new Refusal(reason);
      },
    };
  }

  /** What the call gives once all that it needs is held. */
  ask<Result>(call: () => Result): Result {
    for (;;) {
      try {
        return call();
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        this.#fetch(error.page);
      }
    }
  }

  #fetch(page: number): void {
    const fetched = this.#read(page * PAGE_BYTES, PAGE_BYTES);
    if (++this.reads > MOST_READS) throw new Error('the object is read over and over');
    this.bytesRead += fetched.length;
    if (this.#held.size >= HELD_PAGES) this.#held.delete(this.#held.keys().next().value!);
    this.#held.set(page, fetched);
  }

  #copy(offset: number, length: number): Uint8Array {
    const copied = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const held = this.#held.get(page);
      if (held === undefined) throw new Missing(page);
      const run = held.subarray((offset + done) % PAGE_BYTES, ((offset + done) % PAGE_BYTES) + length - done);
      copied.set(run, done);
      done += run.length;
    }
    return copied;
  }
}

/**
 * Bytes of the object away from the stream's position, for conditions and modules that read them: the head and the tail of
 * what streamed by, and pages fetched by `readAt`. A byte that is not held is reported as missing; the scanner fetches the
 * page it named and evaluation goes on.
 *
 * What is held depends on offsets alone, never on how the stream was cut or resumed, so that evaluation before the end comes
 * to the same answers every time.
 */
import { SourceError, type ScanLimits } from './scan-result.ts';

export const PAGE_BYTES = 64 * 1024;
/** Held at a time: 4 MiB. */
const MAX_PAGES = 64;

/** What `byteAt` says when it has no byte: the object is shorter; the byte is not held. */
export const BEYOND = -1;
export const MISSING = -2;

export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

export class Pages {
  readonly #readAt: ReadAt | undefined;
  readonly #limits: Pick<ScanLimits, 'readBytes' | 'reads'>;
  readonly #head: Uint8Array;
  #headLength = 0;
  /** A ring: the byte at offset `o` stands at `o % length`. */
  readonly #tail: Uint8Array;
  /** Nothing before this offset is in the ring: not 0 when a scan goes on with less than was saved. */
  #tailStart = 0;
  /** Bytes of the stream so far. */
  #observed = 0;
  readonly #cached = new Map<number, Uint8Array>();
  /** Set once the stream has ended or when it was promised. */
  size: number | undefined;
  reads = 0;
  bytesRead = 0;

  /** Without `isNeeded` nothing is held: no rule reads. Where `readAt` serves, little is. */
  constructor(
    isNeeded: boolean,
    readAt: ReadAt | undefined,
    limits: Pick<ScanLimits, 'readBytes' | 'reads' | 'retainedBytes'>,
  ) {
    this.#readAt = readAt;
    this.#limits = limits;
    const wanted = readAt === undefined ? limits.retainedBytes : Math.min(limits.retainedBytes, PAGE_BYTES);
    const retained = isNeeded ? wanted : 0;
    this.#head = new Uint8Array(retained);
    this.#tail = new Uint8Array(retained);
  }

  /** Keeps what the stream brings, `offset` being the first byte's. */
  observe(chunk: Uint8Array, from: number, count: number, offset: number): void {
    this.#observed = offset + count;
    if (offset === this.#headLength && offset < this.#head.length) {
      const taken = Math.min(count, this.#head.length - offset);
      this.#head.set(chunk.subarray(from, from + taken), offset);
      this.#headLength = offset + taken;
    }
    const ring = this.#tail.length;
    if (ring === 0) return;
    const skipped = Math.max(0, count - ring);
    for (let done = skipped; done < count;) {
      const place = (offset + done) % ring;
      const run = Math.min(count - done, ring - place);
      this.#tail.set(chunk.subarray(from + done, from + done + run), place);
      done += run;
    }
  }

  /** The byte there, `BEYOND` or `MISSING`. `offset` is not negative. */
  byteAt(offset: number): number {
    if (this.size !== undefined && offset >= this.size) return BEYOND;
    if (offset < this.#headLength) return this.#head[offset]!;
    if (this.#isInTail(offset)) return this.#tail[offset % this.#tail.length]!;
    const page = this.#cached.get(Math.floor(offset / PAGE_BYTES));
    return page === undefined ? MISSING : (page[offset % PAGE_BYTES] ?? BEYOND);
  }

  /**
   * A copy of the bytes there, all of which must exist, or the offset of the first one that is not held. With `isWanted`
   * false nothing is copied: the answer is only whether all are held.
   */
  copy(offset: number, length: number, isWanted = true): Uint8Array | number {
    const copied = new Uint8Array(isWanted ? length : 0);
    for (let done = 0; done < length;) {
      const run = this.#runAt(offset + done, length - done);
      if (run === undefined) return offset + done;
      if (isWanted) copied.set(run, done);
      done += run.length;
    }
    return copied;
  }

  /** Held bytes from `offset` on, as many as stand together, `most` at most; undefined where the first is missing. */
  #runAt(offset: number, most: number): Uint8Array | undefined {
    if (offset < this.#headLength) return this.#head.subarray(offset, Math.min(this.#headLength, offset + most));
    if (this.#isInTail(offset)) {
      const place = offset % this.#tail.length;
      return this.#tail.subarray(place, Math.min(this.#tail.length, place + most, place + this.#observed - offset));
    }
    const within = offset % PAGE_BYTES;
    const run = this.#cached.get(Math.floor(offset / PAGE_BYTES))?.subarray(within, within + most);
    return run === undefined || run.length === 0 ? undefined : run;
  }

  #isInTail(offset: number): boolean {
    return offset < this.#observed && offset >= Math.max(this.#tailStart, this.#observed - this.#tail.length);
  }

  /** Why `length` further bytes cannot be fetched; undefined when they can. */
  refusalOf(length: number): string | undefined {
    if (this.#readAt === undefined) return 'unseekable';
    if (this.reads >= this.#limits.reads) return 'limit:reads';
    if (this.bytesRead + length > this.#limits.readBytes) return 'limit:readBytes';
    return undefined;
  }

  /** Fetches the page that holds `offset`. */
  async fetch(offset: number): Promise<void> {
    const page = Math.floor(offset / PAGE_BYTES);
    if (this.#cached.has(page)) return;
    const start = page * PAGE_BYTES;
    const length = this.size === undefined ? PAGE_BYTES : Math.min(PAGE_BYTES, this.size - start);
    const bytes = await this.read(start, length);
    if (this.#cached.size >= MAX_PAGES) {
      const oldest = this.#cached.keys().next();
      if (oldest.done !== true) this.#cached.delete(oldest.value);
    }
    this.#cached.set(page, bytes);
  }

  /** Reads past all that is held, and keeps nothing. `refusalOf` must have had nothing against it. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#readAt!(offset, length);
    if (bytes.length !== length && this.size !== undefined) {
      throw new SourceError(`readAt(${offset}, ${length}) gave ${bytes.length} bytes of an object of ${this.size}`);
    }
    this.reads++;
    this.bytesRead += bytes.length;
    return bytes;
  }

  /** Nothing before `offset` was seen. */
  startAt(offset: number): void {
    this.#observed = offset;
    this.#tailStart = offset;
  }

  save(): PagesState {
    return {
      head: this.#head.slice(0, this.#headLength),
      tail: this.#tail.slice(),
      reads: this.reads,
      bytesRead: this.bytesRead,
    };
  }

  /** `observed`: bytes of the stream when the state was saved. */
  restore(state: PagesState, observed: number): void {
    this.#observed = observed;
    this.#head.set(state.head.subarray(0, this.#head.length));
    this.#headLength = Math.min(state.head.length, this.#head.length);
    if (state.tail.length === this.#tail.length) this.#tail.set(state.tail);
    else this.#tailStart = observed;
    this.reads = state.reads;
    this.bytesRead = state.bytesRead;
  }
}

export interface PagesState {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly reads: number;
  readonly bytesRead: number;
}

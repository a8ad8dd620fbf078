/**
 * Bytes of the object away from the stream's position, for conditions that read them. What is held is asked in turn: the
 * head, the window, the tail (only where the object cannot be read elsewhere), and pages fetched by `readAt`. A byte that
 * is not held is reported as missing; the scanner fetches the page it named and the condition is evaluated again.
 */
import { SourceError, type ScanLimits } from './scan-result.ts';
import type { Window } from './window.ts';

export const PAGE_BYTES = 64 * 1024;
/** Held at a time: 4 MiB. */
const MAX_PAGES = 64;

/** What `byteAt` says when it has no byte: the object is shorter; the byte is not held. */
export const BEYOND = -1;
export const MISSING = -2;

export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

export class Pages {
  readonly #window: Window;
  readonly #readAt: ReadAt | undefined;
  readonly #limits: Pick<ScanLimits, 'readBytes' | 'reads'>;
  #head: Uint8Array;
  #headLength = 0;
  /** A ring: the byte at offset `o` stands at `o % length`. Empty where `readAt` serves. */
  readonly #tail: Uint8Array;
  readonly #cached = new Map<number, Uint8Array>();
  /** Set once the stream has ended or when it was promised. */
  size: number | undefined;
  reads = 0;
  bytesRead = 0;

  /** Without `isNeeded` nothing is held: no rule reads. */
  constructor(
    window: Window,
    isNeeded: boolean,
    readAt: ReadAt | undefined,
    limits: Pick<ScanLimits, 'readBytes' | 'reads' | 'retainedBytes'>,
  ) {
    this.#window = window;
    this.#readAt = readAt;
    this.#limits = limits;
    const retained = isNeeded ? limits.retainedBytes : 0;
    this.#head = new Uint8Array(readAt === undefined ? retained : Math.min(retained, PAGE_BYTES));
    this.#tail = new Uint8Array(readAt === undefined ? retained : 0);
  }

  /** Keeps what the stream brings, `offset` being the first byte's. */
  observe(chunk: Uint8Array, from: number, count: number, offset: number): void {
    if (offset < this.#head.length) {
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
    const window = this.#window;
    if (offset >= window.startOffset && offset < window.endOffset) return window.bytes[offset - window.base]!;
    const ring = this.#tail.length;
    if (ring > 0 && offset < window.endOffset && offset >= window.endOffset - ring) return this.#tail[offset % ring]!;
    const page = this.#cached.get(Math.floor(offset / PAGE_BYTES));
    return page === undefined ? MISSING : (page[offset % PAGE_BYTES] ?? BEYOND);
  }

  get canFetch(): boolean {
    return this.#readAt !== undefined;
  }

  /** Why no further page may be fetched; undefined when one may. */
  get exhausted(): string | undefined {
    if (this.#readAt === undefined) return 'unseekable';
    if (this.reads >= this.#limits.reads) return 'limit:reads';
    if (this.bytesRead + PAGE_BYTES > this.#limits.readBytes) return 'limit:readBytes';
    return undefined;
  }

  /** Fetches the page that holds `offset`. */
  async fetch(offset: number): Promise<void> {
    const page = Math.floor(offset / PAGE_BYTES);
    if (this.#cached.has(page) || this.#readAt === undefined) return;
    const start = page * PAGE_BYTES;
    const length = this.size === undefined ? PAGE_BYTES : Math.min(PAGE_BYTES, this.size - start);
    const bytes = await this.#readAt(start, length);
    if (bytes.length !== length && this.size !== undefined) {
      throw new SourceError(`readAt(${start}, ${length}) gave ${bytes.length} bytes of an object of ${this.size}`);
    }
    this.reads++;
    this.bytesRead += bytes.length;
    if (this.#cached.size >= MAX_PAGES) {
      const oldest = this.#cached.keys().next();
      if (oldest.done !== true) this.#cached.delete(oldest.value);
    }
    this.#cached.set(page, bytes);
  }

  save(): PagesState {
    return {
      head: this.#head.slice(0, this.#headLength),
      tail: this.#tail.slice(),
      reads: this.reads,
      bytesRead: this.bytesRead,
    };
  }

  restore(state: PagesState): void {
    this.#head.set(state.head.subarray(0, this.#head.length));
    this.#headLength = Math.min(state.head.length, this.#head.length);
    if (state.tail.length === this.#tail.length) this.#tail.set(state.tail);
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

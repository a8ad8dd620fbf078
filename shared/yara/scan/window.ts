/**
 * The window: the part of the stream that is held. It slides: what was looked at leaves on the left, what arrives is
 * appended on the right. Before what is still to be looked at it keeps as many bytes as a match may begin earlier or a
 * word boundary needs (`leftReach`); a position is looked at once as many bytes follow as a match there may take
 * (`rightReach`), or the stream has ended. Memory is fixed when the window is made.
 *
 * A large chunk is not copied: once it holds all that is still needed, the window lies over it (`bytes` is the chunk) until
 * `release`, which takes back what the next chunk will need.
 *
 * ```
 * bytes   | pad | … kept … | to be looked at … | lookahead | free | pad |
 * index         dataStart   cursor                          end
 * ```
 * Index `i` of `bytes` holds offset `base + i` of the object.
 */
import { LOOK_STEP } from './filter.ts';

export const PIECE_BYTES = 256 * 1024;
/** A chunk with that much left is not copied but looked at where it lies. */
const WORTH_BORROWING = 64 * 1024;
/** What is copied of it first, besides the reaches, so that everything before it has been looked at. */
const SEAM = 32 * 1024;

const LEFT_PAD = 16;
const RIGHT_PAD = 64;

export class Window {
  bytes: Uint8Array;
  readonly #own: Uint8Array;
  readonly #leftReach: number;
  readonly #rightReach: number;
  readonly #limit: number;
  /** Offset of index 0; negative at the start of an object. */
  base = -LEFT_PAD;
  /** One past the last valid index. */
  end = LEFT_PAD;
  /** The first index not looked at. */
  cursor = LEFT_PAD;

  constructor(leftReach: number, rightReach: number) {
    this.#leftReach = leftReach;
    this.#rightReach = rightReach;
    this.#limit = LEFT_PAD + leftReach + rightReach + PIECE_BYTES;
    this.#own = new Uint8Array(this.#limit + RIGHT_PAD);
    this.bytes = this.#own;
  }

  /** Index of the first valid byte. */
  get dataStart(): number {
    return Math.max(this.#oldestIndex, 0);
  }

  #oldestIndex = LEFT_PAD;

  /** Offset one past the last byte held. */
  get endOffset(): number {
    return this.base + this.end;
  }

  get cursorOffset(): number {
    return this.base + this.cursor;
  }

  get startOffset(): number {
    return this.base + this.dataStart;
  }

  /**
   * Takes bytes of `chunk` from `from` on, `most` or as many as fit, and returns how many: at least one where there is one. Until
   * `release` the chunk must not change, and what is appended must be its next bytes.
   */
  append(chunk: Uint8Array, from: number, most: number): number {
    const left = chunk.length - from;
    if (this.bytes !== this.#own || this.#borrow(chunk, from)) {
      const count = Math.min(left, most);
      this.end += count;
      return count;
    }
    if (this.end === this.#limit) this.#slide();
    const seam = this.#leftReach + this.#rightReach + SEAM;
    const wanted = left >= seam + WORTH_BORROWING ? seam : left;
    const count = Math.min(wanted, most, this.#limit - this.end);
    this.bytes.set(chunk.subarray(from, from + count), this.end);
    this.end += count;
    return count;
  }

  /** To be called when a chunk was appended to its end: nothing of it is used from now on. */
  release(): void {
    if (this.bytes === this.#own) return;
    const keepFrom = Math.max(0, this.cursor - this.#leftReach);
    this.#own.set(this.bytes.subarray(keepFrom, this.end), LEFT_PAD);
    this.bytes = this.#own;
    this.#moveTo(LEFT_PAD - keepFrom);
    this.#oldestIndex = LEFT_PAD;
  }

  /** Lays the window over `chunk`, of which `from` is next, when that is worth it and holds all that is needed. */
  #borrow(chunk: Uint8Array, from: number): boolean {
    if (chunk.length - from < WORTH_BORROWING) return false;
    const shift = from - this.end;
    if (Math.max(this.#oldestIndex, this.cursor - this.#leftReach) + shift < 0) return false;
    // Of one class, whatever the caller's is: what reads it stays fast.
    this.bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#moveTo(shift);
    this.#oldestIndex = 0;
    return true;
  }

  /** What had index `i` has index `i + shift` from now on. */
  #moveTo(shift: number): void {
    this.base -= shift;
    this.end += shift;
    this.cursor += shift;
  }

  /** The first index that may not be looked at yet: at a multiple of `LOOK_STEP` in the object, but for its end. */
  lookLimit(isLast: boolean): number {
    if (isLast) return this.end;
    const limit = this.end - this.#rightReach + 1;
    return Math.max(this.cursor, limit - ((this.base + limit) % LOOK_STEP));
  }

  reset(): void {
    this.bytes = this.#own;
    this.bytes.fill(0, 0, LEFT_PAD);
    this.base = -LEFT_PAD;
    this.end = LEFT_PAD;
    this.cursor = LEFT_PAD;
    this.#oldestIndex = LEFT_PAD;
  }

  /** As if everything before `offset` had been looked at and had left. */
  startAt(offset: number): void {
    this.reset();
    this.base = offset - this.end;
  }

  /** Restores what a checkpoint held: `held` ends at `endOffset`, and positions before `cursorOffset` were looked at. */
  restore(held: Uint8Array, endOffset: number, cursorOffset: number): void {
    this.reset();
    this.bytes.set(held, LEFT_PAD);
    this.end = LEFT_PAD + held.length;
    this.base = endOffset - this.end;
    this.cursor = cursorOffset - this.base;
  }

  /** What a checkpoint must hold to go on from here. */
  held(): Uint8Array {
    return this.bytes.slice(Math.max(this.dataStart, this.cursor - this.#leftReach), this.end);
  }

  #slide(): void {
    const keepFrom = Math.max(this.#oldestIndex, this.cursor - this.#leftReach);
    const shift = keepFrom - LEFT_PAD;
    this.bytes.copyWithin(LEFT_PAD, keepFrom, this.end);
    this.#moveTo(-shift);
    this.#oldestIndex = LEFT_PAD;
  }
}

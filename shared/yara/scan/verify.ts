/**
 * Verification: is the candidate's literal really there, and does it stand as each of its users wants it? What passes goes
 * to the queue, once per user.
 */
import { LITERAL, LITERAL_FIELDS, USER, USER_FIELDS, USER_FLAG, type RuleImage } from '../bundle/image.ts';
import type { CandidateList } from './filter.ts';
import type { MatchQueue } from './match-queue.ts';
import type { Window } from './window.ts';

export class Verifier {
  readonly #image: RuleImage;
  readonly #window: Window;
  readonly #queue: MatchQueue;
  /** Candidates whose literal was there. */
  verified = 0;

  constructor(image: RuleImage, window: Window, queue: MatchQueue) {
    this.#image = image;
    this.#window = window;
    this.#queue = queue;
  }

  /** Every candidate must have `rightReach` bytes behind its window, or the stream has ended at the window's end. */
  verify(candidates: CandidateList): void {
    const { literals, literalUsers } = this.#image;
    const { base } = this.#window;
    for (let at = 0; at < candidates.length; at++) {
      const start = candidates.starts[at]!;
      const row = candidates.literals[at]! * LITERAL_FIELDS;
      const length = literals[row + LITERAL.length]!;
      if (!this.#fits(row, start, length)) continue;
      this.verified++;
      let user = literals[row + LITERAL.firstUser]! * USER_FIELDS;
      const lastUser = user + literals[row + LITERAL.userCount]! * USER_FIELDS;
      for (; user < lastUser; user += USER_FIELDS) {
        const flags = literalUsers[user + USER.flags]!;
        if (flags !== 0 && !this.#standsAlone(start, start + length, flags)) continue;
        this.#queue.push(base + start, literalUsers[user + USER.pattern]!, length);
      }
    }
  }

  #fits(row: number, start: number, length: number): boolean {
    const { bytes, dataStart, end } = this.#window;
    if (start < dataStart || start + length > end) return false;
    const { literals, literalBytes } = this.#image;
    const value = literals[row + LITERAL.value]!;
    const mask = literals[row + LITERAL.mask]!;
    if (mask < 0) {
      for (let at = 0; at < length; at++) {
        if (bytes[start + at] !== literalBytes[value + at]) return false;
      }
      return true;
    }
    const negation = literals[row + LITERAL.negation]!;
    for (let at = 0; at < length; at++) {
      const isEqual = (bytes[start + at]! & literalBytes[mask + at]!) === literalBytes[value + at];
      if (isEqual !== (negation < 0 || literalBytes[negation + at] === 0)) return false;
    }
    return true;
  }

  /** `fullword`: no letter or digit on either side; in wide text a neighbour is such a byte followed by a zero. */
  #standsAlone(start: number, end: number, flags: number): boolean {
    const { bytes, dataStart, end: dataEnd } = this.#window;
    if ((flags & USER_FLAG.wide) === 0) {
      return (
        !(start - 1 >= dataStart && isAlphanumeric(bytes[start - 1]!)) &&
        !(end < dataEnd && isAlphanumeric(bytes[end]!))
      );
    }
    return (
      !(start - 2 >= dataStart && bytes[start - 1] === 0 && isAlphanumeric(bytes[start - 2]!)) &&
      !(end + 1 < dataEnd && bytes[end + 1] === 0 && isAlphanumeric(bytes[end]!))
    );
  }
}

function isAlphanumeric(byte: number): boolean {
  const folded = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (folded >= 0x61 && folded <= 0x7a);
}

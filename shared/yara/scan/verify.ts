/**
 * Verification: is the candidate's literal really there, and does it stand as each of its users wants it? What passes goes
 * to the queue, once per user. Candidates of atoms go to the program they belong to.
 */
import {
  ATOM,
  ATOM_FIELDS,
  BASE64,
  BASE64_FIELDS,
  LITERAL,
  LITERAL_FIELDS,
  PROGRAM,
  PROGRAM_FIELDS,
  stringBytesOf,
  USER,
  USER_FIELDS,
  USER_FLAG,
  type RuleImage,
} from '../bundle/image.ts';
import { COMPARED_BYTES } from '../bundle/filter-layout.ts';
import { decodeBase64, droppedInFront } from '../compiler/base64.ts';
import { Guards } from './guards.ts';
import type { LivePatterns } from './live-patterns.ts';
import type { MatchQueue } from './match-queue.ts';
import { isFreeOnLeft, isFreeOnRight, standsAlone } from './neighbours.ts';
import type { Profile } from './profile.ts';
import type { ProgramRunner } from './program-runner.ts';
import type { Window } from './window.ts';

export class Verifier {
  readonly #image: RuleImage;
  readonly #window: Window;
  readonly #queue: MatchQueue;
  readonly #programs: ProgramRunner;
  readonly #guards: Guards;
  readonly #live: LivePatterns;
  /** Literals that were there. */
  verified = 0;
  /** Told of every hit, when there is one. */
  profile: Profile | undefined;

  constructor(image: RuleImage, window: Window, queue: MatchQueue, programs: ProgramRunner, live: LivePatterns) {
    this.#image = image;
    this.#window = window;
    this.#queue = queue;
    this.#programs = programs;
    this.#live = live;
    this.#guards = new Guards(image, window);
  }

  /**
   * Hits of the filter, see `TakeHits`. Each must have `rightReach` bytes behind its position, or the stream has ended at the
   * window's end.
   */
  verify(hits: Int32Array, count: number, origin: number): void {
    const { filterStarts } = this.#image;
    const { dataStart, end } = this.#window;
    const live = this.#live.entries;
    const { profile } = this;
    for (let at = 0; at < count * 2; at += 2) {
      const entry = hits[at + 1]!;
      if (live[entry] === 0) continue;
      const start = origin + hits[at]! - filterStarts[entry]!;
      if (start < dataStart || start >= end) continue;
      if (profile !== undefined) this.#verifyProfiled(profile, entry, start);
      else if (this.#verifyHit(entry, start) && hits[at + 3] === entry) at = this.#tellRun(hits, count * 2, at, origin);
    }
  }

  /**
   * The hits behind the one at `at` that are of its entry, a literal, as long as nothing but its place is to be told. Returns where
   * the last of them stands. Where a literal stands everywhere, this is what there is to do.
   */
  #tellRun(hits: Int32Array, past: number, at: number, origin: number): number {
    const { literals, literalUsers, filterStarts } = this.#image;
    const entry = hits[at + 1]!;
    const row = entry * LITERAL_FIELDS;
    const user = literals[row + LITERAL.firstUser]! * USER_FIELDS;
    const length = literals[row + LITERAL.length]!;
    const target = literalUsers[user + USER.target]!;
    const isPlain = literalUsers[user + USER.flags] === 0 && literals[row + LITERAL.userCount] === 1;
    const isWhole = length <= COMPARED_BYTES && literals[row + LITERAL.negation]! < 0;
    if (!isPlain || !isWhole || !this.#live.has(target)) return at;
    const { base, dataStart, end } = this.#window;
    const rank = literalUsers[user + USER.rank]!;
    const from = origin - filterStarts[entry]!;
    let last = at;
    for (; last + 2 < past && hits[last + 3] === entry; last += 2) {
      const start = from + hits[last + 2]!;
      if (start < dataStart || start + length > end) continue;
      this.verified++;
      this.#queue.push(base + start, target, length, rank, -1);
    }
    return last;
  }

  /** Was it a literal, and there? */
  #verifyHit(entry: number, start: number): boolean {
    const { literals, atoms } = this.#image;
    const row = entry * LITERAL_FIELDS;
    if (row >= literals.length) {
      const atom = entry - literals.length / LITERAL_FIELDS;
      if (this.#guards.letsPass(atoms[atom * ATOM_FIELDS + ATOM.guard]!, start)) this.#programs.atomAt(atom, start);
      return false;
    }
    const length = literals[row + LITERAL.length]!;
    if (start + length > this.#window.end) return false;
    const isWhole = length <= COMPARED_BYTES && literals[row + LITERAL.negation]! < 0;
    if (!isWhole && !this.#fits(row, start, length)) return false;
    this.verified++;
    const firstUser = literals[row + LITERAL.firstUser]!;
    const past = firstUser + literals[row + LITERAL.userCount]!;
    for (let user = firstUser; user < past; user++) this.#tell(user * USER_FIELDS, start, length);
    return true;
  }

  /** Users of one literal share the time. */
  #verifyProfiled(profile: Profile, entry: number, start: number): void {
    const from = profile.now();
    const isThere = this.#verifyHit(entry, start);
    const ms = profile.now() - from;
    const { literals, literalUsers, atoms, programs } = this.#image;
    const row = entry * LITERAL_FIELDS;
    if (row >= literals.length) {
      const program = atoms[(entry - literals.length / LITERAL_FIELDS) * ATOM_FIELDS + ATOM.program]!;
      profile.candidate(programs[program * PROGRAM_FIELDS + PROGRAM.target]!, false, ms);
      return;
    }
    const firstUser = literals[row + LITERAL.firstUser]!;
    const userCount = literals[row + LITERAL.userCount]!;
    for (let user = firstUser; user < firstUser + userCount; user++) {
      profile.candidate(literalUsers[user * USER_FIELDS + USER.target]!, isThere, ms / userCount);
    }
  }

  #tell(user: number, start: number, length: number): void {
    const { literalUsers } = this.#image;
    const window = this.#window;
    const flags = literalUsers[user + USER.flags]!;
    const target = literalUsers[user + USER.target]!;
    if (!this.#live.has(target)) return;
    const rank = literalUsers[user + USER.rank]!;
    let mark = -1;
    if (flags !== 0) {
      const isXor = (flags & USER_FLAG.xor) !== 0;
      const key = isXor ? literalUsers[user + USER.detail]! : 0;
      if (isXor) mark = key;
      if ((flags & USER_FLAG.fullword) !== 0 && !standsAlone(window, start, start + length, flags, key)) return;
      if ((flags & USER_FLAG.leftAlone) !== 0 && !isFreeOnLeft(window, start, flags, 0)) return;
      if ((flags & USER_FLAG.rightAlone) !== 0 && !isFreeOnRight(window, start + length, flags, 0)) return;
      if ((flags & USER_FLAG.base64) !== 0 && !this.#decodes(literalUsers[user + USER.detail]!, start)) return;
    }
    this.#queue.push(window.base + start, target, length, rank, mark);
  }

  #fits(row: number, start: number, length: number): boolean {
    const { bytes } = this.#window;
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

  /** Do the groups of four characters around the found ones decode, and to the text? At the object's end they may be cut. */
  #decodes(form: number, start: number): boolean {
    const image = this.#image;
    const row = form * BASE64_FIELDS;
    const plain = stringBytesOf(image, image.base64Forms[row + BASE64.plain]!);
    const alphabet = stringBytesOf(image, image.base64Forms[row + BASE64.alphabet]!);
    const padding = image.base64Forms[row + BASE64.padding]!;
    const unit = image.base64Forms[row + BASE64.unit]!;
    const { bytes, dataStart, end } = this.#window;
    const first = start - droppedInFront(padding) * unit;
    if (first < dataStart) return false;
    const characters: number[] = [];
    const whole = Math.ceil((padding + plain.length) / 3) * 4;
    for (let at = 0; at < whole; at++) {
      const place = first + at * unit;
      if (place + unit > end) break;
      if (unit === 2 && bytes[place + 1] !== 0) return false;
      characters.push(bytes[place]!);
    }
    while (characters.at(-1) === EQUALS) characters.pop();
    const decoded = decodeBase64(Uint8Array.from(characters), alphabet);
    if (decoded === undefined || decoded.length < padding + plain.length) return false;
    return plain.every((byte, at) => decoded[padding + at] === byte);
  }
}

const EQUALS = 0x3d;

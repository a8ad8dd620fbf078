/**
 * What an object shall be like: bytes that stand fixed, how many matches of a pattern are wanted, the bounds of its size, the
 * externals. Conditions are worked off into a plan (`solve.ts`), a plan is made into an object (`layout.ts`). Everything
 * said to a plan holds from then on; what contradicts it is answered with false and changes nothing.
 */
import type { Pattern } from '../../shared/yara/syntax/ast.ts';
import type { Random } from './random.ts';
import { makeWitness } from './witness.ts';

/** No object grows larger: what asks for more is not made. */
export const LARGEST_OBJECT = 3 * 1024 * 1024;
/** Matches of one pattern that an object is given at most. */
export const MOST_COPIES = 1500;

export interface Wanted {
  readonly least: number;
  readonly most: number;
  /** Those whose place is decided, by offset. */
  readonly placed: readonly { readonly offset: number; readonly length: number }[];
}

const ANYTHING: Wanted = { least: 0, most: MOST_COPIES, placed: [] };

/** A text that an external shall have: exactly, or with these parts. */
export interface WantedText {
  readonly exact: string | undefined;
  readonly parts: readonly string[];
}

export class Plan {
  readonly bytes: Map<number, number>;
  readonly wanted: Map<Pattern, Wanted>;
  readonly externals: Map<string, WantedText>;
  least: number;
  most: number;
  /** Bytes whose entropy is asked for: 8 is random, 0 is all the same. */
  entropy: number | undefined;

  constructor(from?: Plan) {
    this.bytes = new Map(from?.bytes);
    this.wanted = new Map(from?.wanted);
    this.externals = new Map(from?.externals);
    this.least = from?.least ?? 0;
    this.most = from?.most ?? LARGEST_OBJECT;
    this.entropy = from?.entropy;
  }

  /** Takes over everything of another plan, which was made from this one. */
  become(other: Plan): void {
    replace(this.bytes, other.bytes);
    replace(this.wanted, other.wanted);
    replace(this.externals, other.externals);
    this.least = other.least;
    this.most = other.most;
    this.entropy = other.entropy;
  }

  wantedOf(pattern: Pattern): Wanted {
    return this.wanted.get(pattern) ?? ANYTHING;
  }

  /** The object has from `least` to `most` bytes. */
  limitSize(least: number, most: number): boolean {
    const newLeast = Math.max(this.least, least);
    const newMost = Math.min(this.most, most);
    if (newLeast > newMost) return false;
    this.least = newLeast;
    this.most = newMost;
    return true;
  }

  limitCount(pattern: Pattern, least: number, most: number): boolean {
    const wanted = this.wantedOf(pattern);
    const limited = {
      ...wanted,
      least: Math.max(wanted.least, least),
      most: Math.min(wanted.most, most),
    };
    if (limited.least > limited.most || limited.placed.length > limited.most) return false;
    this.wanted.set(pattern, limited);
    return true;
  }

  /** These bytes stand at `offset`. */
  fix(offset: number, bytes: Uint8Array): boolean {
    if (offset < 0 || offset + bytes.length > this.most) return false;
    for (let at = 0; at < bytes.length; at++) {
      const fixed = this.bytes.get(offset + at);
      if (fixed !== undefined && fixed !== bytes[at]) return false;
    }
    for (let at = 0; at < bytes.length; at++) this.bytes.set(offset + at, bytes[at]!);
    this.least = Math.max(this.least, offset + bytes.length);
    return true;
  }

  /** The pattern matches at `offset`; several witnesses are tried against what stands fixed. */
  place(pattern: Pattern, offset: number, random: Random): boolean {
    const wanted = this.wantedOf(pattern);
    if (wanted.placed.some((place) => place.offset === offset)) return true;
    if (wanted.placed.length >= wanted.most) return false;
    for (let tries = 0; tries < 6; tries++) {
      const { bytes, before, after, atStart, atEnd } = makeWitness(pattern, random);
      if (atStart && offset !== 0) return false;
      if (!this.fix(offset, bytes)) continue;
      // What must stand beside it is tried: the edge of the object would do as well.
      this.fix(offset - before.length, before);
      if (atEnd) this.limitSize(0, offset + bytes.length);
      else this.fix(offset + bytes.length, after);
      const placed = [...wanted.placed, { offset, length: bytes.length }].sort((a, b) => a.offset - b.offset);
      this.wanted.set(pattern, { ...wanted, least: Math.max(wanted.least, placed.length), placed });
      return true;
    }
    return false;
  }

  /** The first offset behind everything fixed in the first 64 KiB, with a little room. */
  freeOffset(random: Random): number {
    let last = 0x40;
    for (const offset of this.bytes.keys()) if (offset > last && offset < 1 << 16) last = offset;
    return last + 1 + random.below(200);
  }

  wantText(external: string, text: string, isWhole: boolean): boolean {
    const { exact, parts } = this.externals.get(external) ?? { exact: undefined, parts: [] };
    if (isWhole) {
      if ((exact ?? text) !== text || !parts.every((part) => text.includes(part))) return false;
      this.externals.set(external, { exact: text, parts });
      return true;
    }
    if (exact !== undefined) return exact.includes(text);
    this.externals.set(external, { exact, parts: [...parts, text] });
    return true;
  }
}

function replace<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}

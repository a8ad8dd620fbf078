/** Collects the sections of an image while the compiler works, and interns strings and constants. */
import type { Atom } from '../compiler/atoms.ts';
import { encodeGuard } from '../compiler/guards.ts';
import { encodeShape } from '../compiler/shape-code.ts';
import type { Shape } from '../compiler/shape.ts';
import { sectionTypes, type RuleImage, type SectionName } from './image.ts';

const encoder = new TextEncoder();

export class ImageBuilder {
  readonly #stringIds = new Map<string, number>();
  readonly #strings: Uint8Array[] = [];
  readonly #integerIds = new Map<bigint, number>();
  readonly #floatIds = new Map<string, number>();
  readonly #floats: number[] = [];
  readonly #setIds = new Map<string, number>();
  readonly #linkIds = new Map<string, number>();
  readonly #regexIds = new Map<number, number>();
  readonly #shapeIds = new Map<string, number>();
  readonly #shapes: Uint8Array[] = [];
  readonly #byteSetIds = new Map<string, number>();
  /** The same by object, which is enough for most. */
  readonly #byteSetIdOf = new Map<Uint32Array, number>();
  readonly #byteSets: Uint32Array[] = [];
  readonly #guardStarts = new Map<string, number>();
  readonly #guards: Uint8Array[] = [];
  #guardBytes = 0;

  readonly rules: number[] = [];
  readonly tags: number[] = [];
  readonly metas: number[] = [];
  readonly patterns: number[] = [];
  readonly sets: number[] = [];
  readonly code: number[] = [];
  readonly links: number[] = [];
  readonly regexes: number[] = [];
  readonly base64Forms: number[] = [];
  readonly externals: number[] = [];
  readonly diagnostics: number[] = [];

  text(text: string): number {
    return this.bytes(encoder.encode(text));
  }

  bytes(bytes: Uint8Array): number {
    const key = keyOf(bytes);
    let id = this.#stringIds.get(key);
    if (id === undefined) {
      id = this.#strings.length;
      this.#strings.push(bytes.slice());
      this.#stringIds.set(key, id);
    }
    return id;
  }

  integer(value: bigint): number {
    let id = this.#integerIds.get(value);
    if (id === undefined) {
      id = this.#integerIds.size;
      this.#integerIds.set(value, id);
    }
    return id;
  }

  float(value: number): number {
    const key = Object.is(value, -0) ? '-0' : String(value);
    let id = this.#floatIds.get(key);
    if (id === undefined) {
      id = this.#floats.length;
      this.#floats.push(value);
      this.#floatIds.set(key, id);
    }
    return id;
  }

  /** The start of a run of `sets` with these members; equal runs are shared. */
  set(members: readonly number[]): number {
    const key = members.join(',');
    let start = this.#setIds.get(key);
    if (start === undefined) {
      start = this.sets.length;
      for (const member of members) this.sets.push(member);
      this.#setIds.set(key, start);
    }
    return start;
  }

  /** What code names in a module. */
  link(name: string): number {
    let id = this.#linkIds.get(name);
    if (id === undefined) {
      id = this.links.length;
      this.links.push(this.text(name));
      this.#linkIds.set(name, id);
    }
    return id;
  }

  /** A regex of a condition. */
  regex(regex: Shape): number {
    const shape = this.shape(regex);
    let id = this.#regexIds.get(shape);
    if (id === undefined) {
      id = this.regexes.length;
      this.regexes.push(shape);
      this.#regexIds.set(shape, id);
    }
    return id;
  }

  /** Equal shapes are shared. */
  shape(shape: Shape): number {
    const code = encodeShape(shape, (set) => this.#byteSet(set));
    const key = keyOf(code);
    let id = this.#shapeIds.get(key);
    if (id === undefined) {
      id = this.#shapes.length;
      this.#shapes.push(code);
      this.#shapeIds.set(key, id);
    }
    return id;
  }

  /** Offset of the atom's guard; equal ones are shared. */
  guard(atom: Atom): number {
    const code = encodeGuard(atom, (set) => this.#byteSet(set));
    const key = keyOf(code);
    let start = this.#guardStarts.get(key);
    if (start === undefined) {
      start = this.#guardBytes;
      this.#guards.push(code);
      this.#guardStarts.set(key, start);
      this.#guardBytes += code.length;
    }
    return start;
  }

  #byteSet(set: Uint32Array): number {
    const known = this.#byteSetIdOf.get(set);
    if (known !== undefined) return known;
    const key = set.join();
    let id = this.#byteSetIds.get(key);
    if (id === undefined) {
      id = this.#byteSets.length;
      this.#byteSets.push(set);
      this.#byteSetIds.set(key, id);
    }
    this.#byteSetIdOf.set(set, id);
    return id;
  }

  build(matching: Pick<RuleImage, MatchingSection>): RuleImage {
    const strings = joined(this.#strings);
    const shapes = joined(this.#shapes);
    return {
      stringOffsets: strings.offsets,
      stringBytes: strings.bytes,
      rules: Int32Array.from(this.rules),
      tags: Int32Array.from(this.tags),
      metas: Int32Array.from(this.metas),
      patterns: Int32Array.from(this.patterns),
      ...matching,
      base64Forms: Int32Array.from(this.base64Forms),
      sets: Int32Array.from(this.sets),
      code: Int32Array.from(this.code),
      links: Int32Array.from(this.links),
      regexes: Int32Array.from(this.regexes),
      shapes: shapes.bytes,
      shapeOffsets: shapes.offsets,
      guards: joined(this.#guards).bytes,
      byteSets: Uint32Array.from(this.#byteSets.flatMap((set) => [...set])),
      integers: BigInt64Array.from(this.#integerIds.keys()),
      floats: Float64Array.from(this.#floats),
      externals: Int32Array.from(this.externals),
      diagnostics: Int32Array.from(this.diagnostics),
    };
  }
}

/** One character per byte makes an exact key of any bytes. */
function keyOf(bytes: Uint8Array): string {
  let key = '';
  for (let at = 0; at < bytes.length; at += 8192) key += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return key;
}

/** One after the other; `offsets` cuts them apart again. */
function joined(parts: readonly Uint8Array[]): { readonly offsets: Uint32Array; readonly bytes: Uint8Array } {
  const offsets = new Uint32Array(parts.length + 1);
  let total = 0;
  parts.forEach((part, id) => {
    total += part.length;
    offsets[id + 1] = total;
  });
  const bytes = new Uint8Array(total);
  parts.forEach((part, id) => {
    bytes.set(part, offsets[id]);
  });
  return { offsets, bytes };
}

/** The sections that `buildMatcher` makes from the literals. */
export type MatchingSection = Extract<
  SectionName,
  | 'literals'
  | 'literalBytes'
  | 'literalUsers'
  | 'programs'
  | 'atoms'
  | 'chains'
  | 'pieces'
  | 'filterHeader'
  | 'filterTables'
  | 'filterStarts'
  | 'scalars'
>;

export const sectionNames = Object.keys(sectionTypes) as SectionName[];

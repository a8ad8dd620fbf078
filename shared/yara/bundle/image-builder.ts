/** Collects the sections of an image while the compiler works, and interns strings and constants. */
import { STATE_FIELDS } from '../compiler/automaton.ts';
import { REGEX_FIELDS, sectionTypes, type RuleImage, type SectionName } from './image.ts';

const encoder = new TextEncoder();

export class ImageBuilder {
  readonly #stringIds = new Map<string, number>();
  readonly #strings: Uint8Array[] = [];
  readonly #integerIds = new Map<bigint, number>();
  readonly #floatIds = new Map<string, number>();
  readonly #floats: number[] = [];
  readonly #setIds = new Map<string, number>();
  readonly #linkIds = new Map<string, number>();
  readonly #regexIds = new Map<string, number>();
  readonly #regexSetIds = new Map<string, number>();

  readonly rules: number[] = [];
  readonly tags: number[] = [];
  readonly metas: number[] = [];
  readonly patterns: number[] = [];
  readonly sets: number[] = [];
  readonly code: number[] = [];
  readonly links: number[] = [];
  readonly regexes: number[] = [];
  readonly #regexStates: number[] = [];
  readonly #regexSets: Uint32Array[] = [];
  readonly base64Forms: number[] = [];
  readonly externals: number[] = [];
  readonly diagnostics: number[] = [];

  text(text: string): number {
    return this.bytes(encoder.encode(text));
  }

  bytes(bytes: Uint8Array): number {
    // One character per byte makes an exact key of any bytes.
    let key = '';
    for (let at = 0; at < bytes.length; at += 8192) key += String.fromCharCode(...bytes.subarray(at, at + 8192));
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

  /** A regex of a condition. `statesFor` gives its states, with sets numbered by what it is handed. */
  regex(statesFor: (intern: (set: Uint32Array) => number) => readonly number[]): number {
    const states = statesFor((set) => this.#regexSet(set));
    const key = states.join();
    let id = this.#regexIds.get(key);
    if (id === undefined) {
      id = this.regexes.length / REGEX_FIELDS;
      this.regexes.push(this.#regexStates.length / STATE_FIELDS, states.length / STATE_FIELDS);
      for (const number of states) this.#regexStates.push(number);
      this.#regexIds.set(key, id);
    }
    return id;
  }

  #regexSet(set: Uint32Array): number {
    const key = set.join();
    let id = this.#regexSetIds.get(key);
    if (id === undefined) {
      id = this.#regexSets.length;
      this.#regexSets.push(set);
      this.#regexSetIds.set(key, id);
    }
    return id;
  }

  build(matching: Pick<RuleImage, MatchingSection>): RuleImage {
    const offsets = new Uint32Array(this.#strings.length + 1);
    let total = 0;
    this.#strings.forEach((bytes, id) => {
      total += bytes.length;
      offsets[id + 1] = total;
    });
    const stringBytes = new Uint8Array(total);
    this.#strings.forEach((bytes, id) => {
      stringBytes.set(bytes, offsets[id]);
    });
    return {
      stringOffsets: offsets,
      stringBytes,
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
      regexStates: Int32Array.from(this.#regexStates),
      regexSets: Uint32Array.from(this.#regexSets.flatMap((set) => [...set])),
      integers: BigInt64Array.from(this.#integerIds.keys()),
      floats: Float64Array.from(this.#floats),
      externals: Int32Array.from(this.externals),
      diagnostics: Int32Array.from(this.diagnostics),
    };
  }
}

/** The sections that `buildMatcher` makes from the literals. */
export type MatchingSection = Extract<
  SectionName,
  | 'literals'
  | 'literalBytes'
  | 'literalUsers'
  | 'programs'
  | 'states'
  | 'byteSets'
  | 'atoms'
  | 'chains'
  | 'pieces'
  | 'filterHeader'
  | 'filterTables'
  | 'filterStarts'
  | 'scalars'
>;

export const sectionNames = Object.keys(sectionTypes) as SectionName[];

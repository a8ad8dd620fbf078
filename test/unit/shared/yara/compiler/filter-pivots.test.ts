/**
 * Blocks of code with a wildcard at every other byte, and short texts, by the hundred: the kernel names each place where one of
 * them stands, once, and hardly any other.
 */
import { describe, expect, it } from 'vitest';
import { FILTER, PASS } from '../../../../../shared/yara/bundle/filter-layout.ts';
import {
  bytesAt,
  entryOfSets,
  isOpenAt,
  type FilterEntry,
} from '../../../../../shared/yara/compiler/filter-entries.ts';
import { buildFilter, type BuiltFilter } from '../../../../../shared/yara/compiler/filter-tables.ts';
import { BLOCK_BYTES } from '../../../../../shared/yara/scan/kernel.ts';
import { hitsOf } from '../kernel-hits.ts';
import { randomFor, seed, type Random } from '../../../../conformance/seed.ts';

const MARGIN = 64;
/** Opcodes with how many bytes that may be anything follow. */
const INSTRUCTIONS = [
  ['8b', 1],
  ['8b', 2],
  ['83', 2],
  ['85', 1],
  ['0f84', 4],
  ['0f85', 4],
  ['0fb6', 2],
  ['e8', 4],
  ['c9c3', 0],
  ['5?', 0],
  ['ff7?', 1],
  ['33', 1],
] as const;

function block(random: Random): string {
  let pattern = '';
  for (let count = 3 + random.below(7); count > 0; count--) {
    const [opcode, open] = INSTRUCTIONS[random.below(INSTRUCTIONS.length)]!;
    pattern += opcode + '??'.repeat(open);
  }
  return pattern.replace(/(\?\?)+$/, '');
}

function shortText(random: Random): string {
  const letters = 'abcdefghijklmnop';
  return Array.from({ length: 2 + random.below(2) }, () =>
    letters.charCodeAt(random.below(letters.length)).toString(16).padStart(2, '0'),
  ).join('');
}

function entryOf(pattern: string): FilterEntry {
  const halves = Array.from(pattern);
  const bytes = (of: (half: string) => number): Uint8Array =>
    Uint8Array.from({ length: pattern.length / 2 }, (_, at) => of(halves[2 * at]!) * 16 + of(halves[2 * at + 1]!));
  return {
    length: pattern.length / 2,
    value: bytes((half) => (half === '?' ? 0 : parseInt(half, 16))),
    mask: bytes((half) => (half === '?' ? 0 : 15)),
    sets: undefined,
  };
}

/** `a` or `b`, any digit, and so on: what an atom of a regex is. */
function setsOf(random: Random): FilterEntry {
  const sets = ['09', 'ab', 'xz', 'qq'].map((ends) => {
    const set = new Uint32Array(8);
    for (let byte = ends.charCodeAt(0); byte <= ends.charCodeAt(1); byte++) set[byte >>> 5]! |= 1 << (byte & 31);
    return set;
  });
  return entryOfSets(Array.from({ length: 3 }, () => sets[random.below(sets.length)]!));
}

/** Code that the entries are like, with each of them in it a few times, at even places and at odd ones, and across blocks. */
function objectFor(entries: readonly FilterEntry[], random: Random): Uint8Array {
  const object = new Uint8Array(8 * BLOCK_BYTES);
  for (let at = 0; at < object.length;) {
    const [opcode, open] = INSTRUCTIONS[random.below(INSTRUCTIONS.length)]!;
    for (const byte of Buffer.from(opcode.replace('?', '7'), 'hex')) object[at++] = byte;
    for (let left = open; left > 0; left--) object[at++] = random.below(256);
  }
  for (const entry of entries) {
    const even = MARGIN + random.below(object.length / 2 - 2 * MARGIN) * 2;
    for (const at of [even, (even + 5001) % (object.length - 2 * MARGIN), 3 * BLOCK_BYTES - random.below(20)]) {
      for (let place = 0; place < entry.length; place++) {
        const bytes = bytesAt(entry, place);
        if (!bytes.includes(object[at + place]!)) object[at + place] = bytes[random.below(bytes.length)]!;
      }
    }
  }
  return object;
}

function hitsIn(object: Uint8Array, { sections }: BuiltFilter): string[] {
  return hitsOf(object, sections)
    .filter(({ compared }) => compared >= MARGIN && compared < object.length - MARGIN)
    .map(({ entry, compared }) => `${entry} ${compared}`)
    .sort();
}

/** The same, by looking everywhere. */
function placesIn(object: Uint8Array, entries: readonly FilterEntry[], { sections }: BuiltFilter): string[] {
  const found: string[] = [];
  entries.forEach((form, entry) => {
    const places = Array.from({ length: form.length }, (_, place) => place).filter((place) => !isOpenAt(form, place));
    const fits = places.map((place) => new Set(bytesAt(form, place)));
    const from = sections.filterStarts[entry]!;
    for (let start = MARGIN; start < object.length - MARGIN; start++) {
      if (places.every((place, at) => fits[at]!.has(object[start - from + place]!))) found.push(`${entry} ${start}`);
    }
  });
  return found.sort();
}

/** Each place once. What the sixteen bytes that are compared do not hold is looked at later, so there may be others. */
function expectAll(found: readonly string[], expected: readonly string[]): void {
  const places = new Set(found);
  expect(expected.filter((place) => !places.has(place))).toEqual([]);
  expect(places.size).toBe(found.length);
}

describe(`pivots, seed ${seed}`, () => {
  it('find what stands there, once, and hardly anything else', () => {
    for (let round = 0; round < 3; round++) {
      const random = randomFor('filter-pivots', String(round));
      const patterns = new Set(Array.from({ length: 300 }, () => block(random)));
      for (let count = 0; count < 40; count++) patterns.add(shortText(random));
      const entries = [...patterns].map(entryOf);
      for (let count = 0; count < 10; count++) entries.push(setsOf(random));
      const built = buildFilter(entries);
      expect(built.sections.filterHeader[FILTER.passes]! & PASS.pivots).toBe(PASS.pivots);
      const object = objectFor(entries, random);
      const found = hitsIn(object, built);
      const expected = placesIn(object, entries, built);
      expectAll(found, expected);
      expect(found.length).toBeLessThan(2 * expected.length);
      // Some may have been written over.
      expect(new Set(found.map((hit) => parseInt(hit))).size).toBeGreaterThan(0.9 * entries.length);
    }
  });

  it('find hundreds of equal entries wherever they stand, more than there is room for at once', () => {
    const entries = Array.from({ length: 400 }, () => entryOf('8b????85??0f84'));
    const built = buildFilter(entries);
    expect(built.sections.filterHeader[FILTER.passes]! & PASS.pivots).toBe(PASS.pivots);
    const object = new Uint8Array(2 * BLOCK_BYTES);
    for (let at = 0; at + 8 < object.length; at += 7) object.set([0x8b, 1, 2, 0x85, 3, 0x0f, 0x84], at);
    const found = hitsIn(object, built);
    expect(found.length).toBeGreaterThan(400 * 4000);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toHaveLength(placesIn(object, entries, built).length);
  });

  it('are looked around where they stand at every other byte', () => {
    const random = randomFor('filter-pivots', 'dense');
    const entries = Array.from({ length: 300 }, () => entryOf(block(random) + '0f84'));
    const built = buildFilter(entries);
    const object = Uint8Array.from({ length: 2 * BLOCK_BYTES }, (_, at) => (at % 2 === 0 ? 0x0f : 0x84));
    expectAll(hitsIn(object, built), placesIn(object, entries, built));
  });
});

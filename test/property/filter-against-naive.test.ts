/**
 * The filter with its kernel against a plain search: every occurrence of every literal is hit exactly once, whatever the
 * number and kind of literals (which decides by which look-ups they are found) and wherever looks begin and end.
 */
import { describe, expect, it } from 'vitest';
import { buildFilter } from '../../shared/yara/compiler/filter-tables.ts';
import { entryOfLiteral } from '../../shared/yara/compiler/filter-entries.ts';
import { planFilter } from '../../shared/yara/compiler/filter-windows.ts';
import type { Literal } from '../../shared/yara/compiler/literals.ts';
import { Filter, LOOK_STEP } from '../../shared/yara/scan/filter.ts';
import { randomFor, runs, seed, type Random } from '../conformance/seed.ts';

/** More than two blocks of the kernel. */
const OBJECT_BYTES = 40_000;
/** Readable around the object, as in a scanner's window; filled with what must not be found. */
const PAD = 100;

type Kind = 'plain' | 'caseless' | 'masked' | 'negated' | 'runs' | 'sparse';

function randomLiteral(random: Random, kind: Kind, longest: number, alphabet: number): Literal {
  const length = 1 + random.below(longest);
  const value = Uint8Array.from({ length }, () => (kind === 'runs' ? 0x20 : 0x61 + random.below(alphabet)));
  if (kind === 'runs') value[random.below(length)] = [0, 0x20, 0xff, 0x61][random.below(4)]!;
  const mask = new Uint8Array(length).fill(0xff);
  let negated: Uint8Array | undefined;
  if (kind === 'caseless') mask.forEach((_, at) => (mask[at] = 0xdf));
  if (kind === 'masked') mask.forEach((_, at) => (mask[at] = [0xff, 0xff, 0xff, 0x0f, 0xf0, 0][random.below(6)]!));
  if (kind === 'sparse') mask.forEach((_, at) => (mask[at] = [0xff, 0xff, 0xf0, 0, 0, 0, 0][random.below(7)]!));
  if (kind === 'negated') negated = Uint8Array.from({ length }, () => Number(random.below(4) === 0));
  value.forEach((byte, at) => (value[at] = byte & mask[at]!));
  const isPlain = kind === 'plain' || kind === 'runs';
  return { value, mask: isPlain ? undefined : mask, negated, users: [] };
}

function fits({ value, mask, negated }: Literal, bytes: Uint8Array, at: number): boolean {
  if (at + value.length > bytes.length) return false;
  for (let place = 0; place < value.length; place++) {
    const isEqual = (bytes[at + place]! & (mask?.[place] ?? 0xff)) === value[place];
    if (isEqual === (negated?.[place] === 1)) return false;
  }
  return true;
}

function randomObject(random: Random, literals: readonly Literal[], alphabet: number): Uint8Array {
  const object = Uint8Array.from({ length: OBJECT_BYTES }, () => 0x61 + random.below(alphabet));
  for (let run = 0; run < 6; run++) {
    const at = random.below(OBJECT_BYTES);
    object.fill([0, 0x20, 0xff, 0x61][random.below(4)]!, at, at + random.below(300));
  }
  for (let planted = 0; planted < 400; planted++) {
    const { value, mask } = literals[random.below(literals.length)]!;
    // Often across the edge of a block, and at either end of the object.
    const near = [0, OBJECT_BYTES, 16384, 32768, random.below(OBJECT_BYTES)][random.below(5)]!;
    const at = near - random.below(value.length + 70) + 35;
    value.forEach((byte, place) => {
      if (at + place >= 0 && at + place < OBJECT_BYTES)
        object[at + place] = byte | (random.below(256) & ~(mask?.[place] ?? 0xff));
    });
  }
  return object;
}

/** Looks at the object in parts of random lengths; occurrences as `offset * literals + literal`, in ascending order. */
function filtered(literals: readonly Literal[], object: Uint8Array, random: Random): number[] {
  const { sections } = buildFilter(literals.map(entryOfLiteral));
  const filter = new Filter(sections, literals.length);
  const buffer = new Uint8Array(OBJECT_BYTES + 2 * PAD).map(() => 0x61 + random.below(26));
  buffer.set(object, PAD);
  const found: number[] = [];
  const end = PAD + object.length;
  for (let from = PAD; from < end;) {
    const to = Math.min(end, from + LOOK_STEP * (1 + random.below(400)));
    from = filter.look(buffer, from, to, (hits, count, origin) => {
      for (let at = 0; at < count * 2; at += 2) {
        const literal = hits[at + 1]!;
        const offset = origin + hits[at]! - sections.filterStarts[literal]! - PAD;
        if (offset >= 0 && fits(literals[literal]!, object, offset)) found.push(offset * literals.length + literal);
      }
    });
  }
  return found.sort((a, b) => a - b);
}

function searched(literals: readonly Literal[], object: Uint8Array): number[] {
  const found: number[] = [];
  for (let offset = 0; offset < object.length; offset++) {
    literals.forEach((literal, at) => {
      if (fits(literal, object, offset)) found.push(offset * literals.length + at);
    });
  }
  return found;
}

const kinds: readonly Kind[] = ['plain', 'caseless', 'masked', 'negated', 'runs', 'sparse'];
const sets: readonly { name: string; count: number; longest: number; alphabet: number; kinds: readonly Kind[] }[] = [
  { name: 'one', count: 1, longest: 20, alphabet: 26, kinds: ['plain'] },
  { name: 'one short', count: 1, longest: 3, alphabet: 3, kinds },
  { name: 'a few', count: 12, longest: 40, alphabet: 8, kinds },
  { name: 'a few of any length', count: 40, longest: 40, alphabet: 20, kinds: ['plain', 'caseless'] },
  { name: 'short ones', count: 60, longest: 6, alphabet: 4, kinds },
  { name: 'runs', count: 30, longest: 30, alphabet: 1, kinds: ['runs'] },
  { name: 'two letters', count: 60, longest: 24, alphabet: 2, kinds: ['plain'] },
  { name: 'many short ones', count: 400, longest: 9, alphabet: 20, kinds: ['masked', 'masked', 'caseless', 'negated'] },
  { name: 'many with few plain bytes', count: 500, longest: 50, alphabet: 12, kinds: ['sparse'] },
  { name: 'many', count: 700, longest: 50, alphabet: 26, kinds },
];

describe(`the filter, seed ${seed}`, () => {
  it.each(sets)('hits each occurrence of $name once', ({ name, count, longest, alphabet, kinds: among }) => {
    for (let round = 0; round < runs(count > 100 ? 2 : 6); round++) {
      const random = randomFor('filter', name, String(round));
      const literals = Array.from({ length: count }, () =>
        randomLiteral(random, among[random.below(among.length)]!, longest, alphabet),
      );
      const object = randomObject(random, literals, alphabet);
      expect(filtered(literals, object, random), `${name}, round ${round}`).toEqual(searched(literals, object));
    }
  });

  it('uses every way of looking', () => {
    const used = new Set<string>();
    for (const { name, count, longest, alphabet, kinds: among } of sets) {
      const random = randomFor('filter', name, '0');
      const literals = Array.from({ length: count }, () =>
        randomLiteral(random, among[random.below(among.length)]!, longest, alphabet),
      );
      for (const { look } of planFilter(literals.map(entryOfLiteral))) used.add(look);
    }
    expect([...used].sort()).toEqual(['eight', 'four', 'groups', 'nibbles', 'pivots', 'six']);
  });
});

it('equal occurrences beyond the room for hits come in several parts', () => {
  const literal: Literal = { value: Uint8Array.of(0x61), mask: undefined, negated: undefined, users: [] };
  const literals = Array.from({ length: 40 }, () => literal);
  const object = new Uint8Array(3000).fill(0x61);
  expect(filtered(literals, object, randomFor('parts'))).toEqual(
    Array.from({ length: object.length * literals.length }, (_, at) => at),
  );
});

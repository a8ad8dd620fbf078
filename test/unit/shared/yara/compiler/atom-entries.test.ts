/**
 * What the filter is told of an atom: every byte that it wants behind one is there in every match, and a run of a class that is no
 * mask is looked at exactly.
 */
import { describe, expect, it } from 'vitest';
import { FILTER, PASS } from '../../../../../shared/yara/bundle/filter-layout.ts';
import { entryOfAtom } from '../../../../../shared/yara/compiler/atom-entries.ts';
import { bytesAt, type FilterEntry } from '../../../../../shared/yara/compiler/filter-entries.ts';
import { buildFilter } from '../../../../../shared/yara/compiler/filter-tables.ts';
import type { Shape } from '../../../../../shared/yara/compiler/shape.ts';
import { BLOCK_BYTES } from '../../../../../shared/yara/scan/kernel.ts';
import { hitsOf } from '../kernel-hits.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

function setOf(text: string): Uint32Array {
  const set = new Uint32Array(8);
  for (const byte of Buffer.from(text, 'latin1')) set[byte >>> 5]! |= 1 << (byte & 31);
  return set;
}

const byte = (text: string): Shape => ({ kind: 'byte', set: setOf(text) });
const repeat = (item: Shape, min: number, max: number): Shape => ({ kind: 'repeat', item, min, max, isGreedy: true });

function entryOf(own: string, behind: readonly Shape[]): FilterEntry {
  const sets = Array.from(own, setOf);
  return entryOfAtom({ sets, minBefore: 0, maxBefore: 0, before: [], behind });
}

/** The bytes of each position, as a text. */
function shown(entry: FilterEntry): string[] {
  return Array.from({ length: entry.length }, (_, at) => Buffer.from(bytesAt(entry, at)).toString('latin1'));
}

describe('what stands behind an atom', () => {
  it.each<[string, readonly Shape[], string[]]>([
    ['nothing', [], ['a']],
    ['bytes', [byte('b'), byte('cd')], ['a', 'b', 'cd']],
    [
      'the rounds a repeat must have, and what comes then',
      [repeat(byte('01'), 2, 4), byte(';')],
      ['a', '01', '01', '01;'],
    ],
    ['a repeat of a fixed number, and what follows', [repeat(byte('01'), 2, 2), byte(';')], ['a', '01', '01', ';']],
    ['what may be left out with what comes then', [repeat(byte(' '), 0, Infinity), byte('[')], ['a', ' [']],
    ['no more where the match may end', [repeat(byte(' '), 0, 1)], ['a']],
    [
      'an alternation by its first bytes',
      [{ kind: 'alternation', items: [byte('x'), byte('y')] }, byte('z')],
      ['a', 'xy'],
    ],
    [
      'an alternation that may be empty',
      [{ kind: 'alternation', items: [byte('x'), { kind: 'sequence', items: [] }] }, byte('z')],
      ['a', 'xz'],
    ],
    ['assertions by what follows them', [{ kind: 'assertion', assertion: 2 }, byte('b')], ['a', 'b']],
  ])('%s', (_, behind, expected) => {
    expect(shown(entryOf('a', behind))).toEqual(expected);
  });

  it('is no longer than the filter reads', () => {
    expect(entryOf('a', [repeat(byte(' '), 400, Infinity), byte('b')]).length).toBe(256);
  });
});

describe(`runs, seed ${seed}`, () => {
  it('keep what is one, wherever it stands', () => {
    const random = randomFor('runs');
    const entries = ['"', "'", '\\', 'x='].map((own) =>
      entryOf(own, [repeat(byte('0123456789abcdef'), 20, 40), byte(';')]),
    );
    entries.push(entryOf('    ', [repeat(byte(' '), 400, Infinity)]));
    const { sections } = buildFilter(entries);
    expect(sections.filterHeader[FILTER.passes]! & PASS.runs).toBe(PASS.runs);
    const letters = '0123456789abcdefg"\'\\x= ';
    const object = Uint8Array.from({ length: 4 * BLOCK_BYTES }, () => letters.charCodeAt(random.below(letters.length)));
    const planted: string[] = [];
    for (let count = 0; count < 300; count++) {
      const at = 64 + count * 200 + random.below(60);
      const entry = random.below(4);
      const own = ['"', "'", '\\', 'x='][entry]!;
      const digits = Array.from({ length: 20 }, () => letters.charCodeAt(random.below(16)));
      object.set([...Buffer.from(own), ...digits], at);
      planted.push(`${entry} ${at}`);
    }
    const found = hitsOf(object, sections).map(
      ({ entry, compared }) => `${entry} ${compared - sections.filterStarts[entry]!}`,
    );
    expect(planted.filter((place) => !found.includes(place))).toEqual([]);
    // Sixteen of twenty digits are looked at: hardly anything else passes.
    expect(found.length).toBeLessThan(planted.length * 1.1);
  });
});

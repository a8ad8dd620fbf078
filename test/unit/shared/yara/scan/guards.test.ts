/**
 * Guards refuse an atom only where no match can have it. What they say of bytes beside an atom is shown case by case; that
 * no match is lost, by random patterns with a match of theirs planted in the object.
 */
import { describe, expect, it } from 'vitest';
import { guardStarts } from '../../../../../shared/yara/bundle/guard-code.ts';
import { ATOM, ATOM_FIELDS } from '../../../../../shared/yara/bundle/image.ts';
import { loaded } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import { Guards } from '../../../../../shared/yara/scan/guards.ts';
import { Window } from '../../../../../shared/yara/scan/window.ts';
import { randomFor, seed, type Random } from '../../../../conformance/seed.ts';

function imageOf(pattern: string) {
  return loaded(compileRules([{ text: `rule r { strings: $a = ${pattern}\ncondition: $a }` }])).image;
}

/** At which offsets of the text may the pattern's only atom be part of a match? */
function passed(pattern: string, text: string): number[] {
  const image = imageOf(pattern);
  expect(image.atoms.length).toBe(ATOM_FIELDS);
  const window = new Window(64, 64);
  window.append(Buffer.from(text, 'latin1'), 0, text.length);
  const guards = new Guards(image, window);
  const offsets = Array.from({ length: text.length }, (_, offset) => offset);
  return offsets.filter((offset) => guards.letsPass(image.atoms[ATOM.guard]!, offset - window.base));
}

describe('a guard', () => {
  // The atoms are `zqxj`: each offset is asked, as if the filter had found it there.
  it.each([
    ['a byte behind', '/zqxj[0-9]/', 'zqxj5 zqxja', [0]],
    ['a byte before', '/[0-9][xy]*zqxj/', '5zqxj azqxj', [1]],
    ['a gap and what follows it', '{ 7a 71 78 6a [1-3] 41 42 }', 'zqxj..AB zqxj....AB', [0]],
    ['a repeat and what follows it', '/zqxj[a-c]*!/', 'zqxjabc! zqxjabd!', [0]],
    ['what precedes a repeat', '/!\\s*zqxj/', '!  zqxj .  zqxj', [3]],
    ['bits', '{ 7a 71 78 6a [1-2] 4? ?1 }', 'zqxj.\x4f\x31 zqxj.\x5f\x31', [0]],
    ['the end of the object', '/zqxj[^a]{1,9}b/', 'zqxj--', []],
  ])('asks for %s', (_, pattern, text, expected) => {
    const atoms = [...text.matchAll(/zqxj/g)].map(({ index }) => index);
    expect(passed(pattern, text).filter((offset) => atoms.includes(offset))).toEqual(expected);
  });

  it('lets pass what it cannot say', () => {
    expect(passed('/zqxj(a*b|c*)d/', 'zqxj--')).toContain(0);
    expect(passed('/zqxj.{3000,4000}d/', `zqxj${'-'.repeat(4100)}`)).toContain(0);
  });

  it('looks for what follows a long gap', () => {
    const gap = (length: number): string => `zqxj${'-'.repeat(length)}door`;
    expect(passed('/zqxj.{255,1000}do+r/', gap(1200))).not.toContain(0);
    expect(passed('/zqxj.{255,1000}do+r/', gap(200))).not.toContain(0);
    expect(passed('/zqxj.{255,1000}do+r/', gap(255))).toContain(0);
    expect(passed('/zqxj.{255,1000}do+r/', gap(1000))).toContain(0);
    expect(passed('/zqxj.{0,1000}do+r/', `zqxj---\n${gap(0).slice(4)}`)).not.toContain(0);
  });

  it('tries only so much', () => {
    // Where each of the gaps may end there are four more ways.
    const gaps = '[1-99] 2d '.repeat(5);
    expect(passed(`{ 7a 71 78 6a ${gaps} 41 }`, `zqxj${'-'.repeat(400)}`)).toContain(0);
  });
});

describe(`no match is lost, with seed ${seed}`, () => {
  it('to the guards of hex patterns and regexes', async () => {
    const random = randomFor('guards');
    for (let round = 0; round < 150; round++) {
      const { pattern, witness } = round % 2 === 0 ? hexPattern(random) : regex(random);
      const before = random.below(40);
      const object = Buffer.concat([noise(random, before), witness, noise(random, random.below(40))]);
      const rules = compileRules([{ text: `rule r { strings: $a = ${pattern}\ncondition: $a }` }]);
      const { matches } = await scanBytes(rules, object);
      const offsets = matches[0]?.patterns[0]?.matches.map(({ offset }) => offset);
      expect(offsets, `${pattern} on ${object.toString('hex')}`).toContain(before);
    }
  });
});

describe('guards of a scan in large chunks', () => {
  it('look at the chunk that is scanned where it is', async () => {
    const scanner = new StreamScanner(compileRules([{ text: 'rule r { strings: $a = /zqxj[0-9]/ condition: $a }' }]));
    const chunk = Buffer.alloc(1 << 20, '.');
    chunk.write('zqxj5', 700_000);
    scanner.write(Buffer.from('zqxj7'));
    scanner.write(chunk);
    scanner.write(chunk);
    const { matches } = await scanner.end();
    expect(matches[0]?.patterns[0]?.matches.map(({ offset }) => offset)).toEqual([0, 700_005, 700_005 + chunk.length]);
  });
});

describe('the check of guards from outside', () => {
  const { guards, byteSets } = imageOf('/[a-f]{2}zqxj[0-9]{1,9}[a-f]!/');

  it('takes what the compiler wrote', () => {
    expect(guardStarts(guards, byteSets.length / 8)?.[0]).toBe(1);
  });

  it('refuses a set that is not there, and every cut', () => {
    expect(guardStarts(guards, 1)).toBeUndefined();
    for (let length = 1; length < guards.length; length++) {
      expect(guardStarts(guards.subarray(0, length), byteSets.length / 8)).toBeUndefined();
    }
  });
});

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => [0, 0x41, 0x7a, 0x20, random.below(256)][random.below(5)]!));
}

interface Planted {
  readonly pattern: string;
  readonly witness: Buffer;
}

function hexPattern(random: Random): Planted {
  const parts: string[] = ['7a71786a'];
  const bytes: number[] = [...Buffer.from('zqxj')];
  const put = (part: string, fitting: readonly number[]): void => {
    if (random.below(2) === 0) {
      parts.push(part);
      bytes.push(...fitting);
    } else {
      parts.unshift(part);
      bytes.unshift(...fitting);
    }
  };
  for (let count = random.below(8); count > 0; count--) {
    const byte = random.below(256);
    const hex = byte.toString(16).padStart(2, '0');
    const kind = random.below(5);
    const least = random.below(4);
    const more = 1 + random.below(9);
    if (kind === 0) put(hex, [byte]);
    else if (kind === 1) put(`${hex[0]!}?`, [(byte & 0xf0) | random.below(16)]);
    else if (kind === 2) put(`~${hex}`, [(byte + 1 + random.below(255)) & 0xff]);
    else if (kind === 3) put(`(${hex} | 41 42)`, random.below(2) === 0 ? [byte] : [0x41, 0x42]);
    else
      put(`?? [${least}-${least + more}] 4?`, [
        1,
        ...noise(random, least + random.below(more + 1)),
        0x40 + random.below(16),
      ]);
  }
  return { pattern: `{ ${parts.join(' ')} }`, witness: Buffer.from(bytes) };
}

function regex(random: Random): Planted {
  let pattern = 'zqxj';
  let text = 'zqxj';
  const kinds: readonly (readonly [string, () => string])[] = [
    ['\\s*', () => ' '.repeat(random.below(4))],
    ['[a-f]{1,3}', () => 'face'.slice(0, 1 + random.below(3))],
    ['(ab|c)', () => (random.below(2) === 0 ? 'ab' : 'c')],
    ['\\d+', () => '0123456789'.slice(random.below(9))],
    ['.{0,5}?-', () => `${'.'.repeat(random.below(6))}-`],
    ['(x[0-9]){2}', () => 'x1x2'],
    ['[^z]', () => '!'],
    ['\\b', () => ''],
  ];
  for (let count = random.below(6); count > 0; count--) {
    const [part, fitting] = kinds[random.below(kinds.length)]!;
    // A word boundary only where there is one.
    if (part === '\\b') {
      pattern += '-\\b_';
      text += '-_';
    } else if (part.endsWith('?-') || random.below(2) === 0) {
      pattern += part;
      text += fitting();
    } else {
      pattern = `!${part}${pattern}`;
      text = `!${fitting()}${text}`;
    }
  }
  // Lazy and greedy repeats do not mix.
  const isLazy = pattern.includes('}?');
  if (isLazy) pattern = pattern.replaceAll(/(\*|\+|\d\})(?!\?)/g, '$1?');
  return { pattern: `/${pattern}/`, witness: Buffer.from(text) };
}

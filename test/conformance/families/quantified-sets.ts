/**
 * Every quantifier × sets of one to four of which none to all hold, in each of the places where a quantifier may stand,
 * the number a constant and one known at run time only.
 */
import { readBytes } from '../bytes.ts';
import type { Case } from '../case.ts';
import { sheetOf } from '../sheet.ts';

/** `a` to `d` are there, `w` to `z` are not. */
const object = readBytes('abcd');
const strings = Array.from('abcdwxyz', (letter) => letter)
  .map((letter) => `$${letter} = "${letter}"`)
  .join('\n');

interface Place {
  readonly name: string;
  readonly features: readonly string[];
  readonly write: (quantifier: string, letters: readonly string[]) => string;
  readonly isPlain: boolean;
}

const places: readonly Place[] = [
  {
    name: 'of',
    features: ['text', 'of'],
    isPlain: true,
    write: (quantifier, letters) => `${quantifier} of (${dollars(letters)})`,
  },
  {
    name: 'of in',
    features: ['text', 'of', 'of-in'],
    isPlain: false,
    write: (quantifier, letters) => `${quantifier} of (${dollars(letters)}) in (0..3)`,
  },
  {
    name: 'for of',
    features: ['text', 'for-of'],
    isPlain: false,
    write: (quantifier, letters) => `for ${quantifier} of (${dollars(letters)}) : ($)`,
  },
  {
    name: 'of conditions',
    features: ['text', 'of-tuple', 'at'],
    isPlain: false,
    write: (quantifier, letters) =>
      `${quantifier} of (${letters.map((letter) => `$${letter} at ${'abcd'.indexOf(letter) & 3}`).join(', ')})`,
  },
  {
    name: 'for in',
    features: ['for-in', 'text-value'],
    isPlain: false,
    write: (quantifier, letters) =>
      `for ${quantifier} s in (${letters.map((letter) => `"${letter}"`).join(', ')}) : (s < "e")`,
  },
];

function dollars(letters: readonly string[]): string {
  return letters.map((letter) => `$${letter}`).join(', ');
}

const percentages = [0, 1, 24, 25, 26, 33, 34, 49, 50, 51, 66, 67, 74, 75, 76, 99, 100];

export function quantifiedSetCases(): Case[] {
  return places.map((place) => {
    const conditions = new Map<string, boolean>();
    for (let size = 1; size <= 4; size++) {
      for (let found = 0; found <= size; found++) {
        const letters = `${'abcd'.slice(0, found)}${'wxyz'.slice(0, size - found)}`.split('');
        const ask = (quantifier: string, holds: boolean): unknown =>
          conditions.set(place.write(quantifier, letters), holds);
        ask('any', found > 0);
        ask('all', found === size);
        ask('none', found === 0);
        for (let wanted = -1; wanted <= size + 1; wanted++) {
          // What the reference makes of these here depends on other rules: `cases/quantifiers.yaml` has them one by one.
          if (place.isPlain && wanted <= 0) continue;
          const holds = holdsFor(wanted, found);
          if (wanted >= 0) ask(`${wanted}`, holds);
          ask(`(filesize - ${4 - wanted})`, holds);
        }
        for (const percent of percentages) {
          const holds = percent === 0 ? found === 0 : found * 100 >= percent * size;
          ask(`${percent}%`, holds);
          ask(`(filesize * 25 - ${100 - percent})%`, holds);
        }
      }
    }
    return {
      chapter: 'quantified sets',
      name: `quantifiers before ${place.name}`,
      features: [...place.features, 'of-percent', 'arithmetic'],
      bytes: object,
      ...sheetOf(conditions, strings),
    };
  });
}

function holdsFor(wanted: number, found: number): boolean {
  if (wanted === 0) return found === 0;
  // A negative number is met as soon as one item holds.
  return found >= Math.max(wanted, 1);
}

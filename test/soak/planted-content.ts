/**
 * Objects for a soak and what must be found in them, known from how they are made and not from a scan. The rules are of three
 * kinds: text (ascii and wide), bytes with a jump, and one that only the end of the object decides.
 */
import type { Random } from '../differential/random.ts';

export const soakRules = `
rule callback { strings: $a = "30.40.50.60:9342" fullword ascii wide condition: $a }
rule jump { strings: $b = { 5E 0A ?? 7C [2-6] 91 C3 D5 } condition: $b }
rule ending { condition: filesize > 8 and uint32be(filesize - 4) == 0x7E536F6B }
`;

export interface PlantedContent {
  readonly bytes: Buffer;
  /** Names of the rules that match, sorted. */
  readonly rules: readonly string[];
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Text in which no rule finds anything, of any length. */
function filler(random: Random, length: number): Buffer {
  return Buffer.alloc(length, `row ${random.below(1_000_000)}: 130.40.50.60:93421 ^\n.|`);
}

const jump = Buffer.from([0x5e, 0x0a, 0x11, 0x7c, 1, 2, 3, 0x91, 0xc3, 0xd5]);

/** Something to find, put anywhere into what surrounds it. */
function malicious(random: Random, length: number): PlantedContent {
  const bytes = filler(random, Math.max(length, 200));
  const place = (needle: Uint8Array): void => {
    bytes.set(needle, random.below(bytes.length - needle.length - 8));
  };
  const rules: string[] = [];
  switch (random.below(4)) {
    case 0:
      place(Buffer.from(' 30.40.50.60:9342 '));
      rules.push('callback');
      break;
    case 1:
      place(Buffer.from(' 30.40.50.60:9342 ', 'utf16le'));
      rules.push('callback');
      break;
    case 2:
      place(jump);
      rules.push('jump');
      break;
    default:
      // Both, apart from each other: the second half holds one, the end the other.
      bytes.set(jump, Math.floor(bytes.length / 2));
      bytes.write('~Sok', bytes.length - 4, 'latin1');
      rules.push('ending', 'jump');
  }
  return { bytes, rules };
}

/** `small`: up to 60 KB, a few of them empty; `large`: 4 to 12 MiB, several ranges and, where it is slow, slices. */
export function plantContent(random: Random, size: 'small' | 'large', isMalicious: boolean): PlantedContent {
  const length = size === 'large' ? random.between(4 * MiB, 12 * MiB) : random.below(60 * KiB);
  if (isMalicious) return malicious(random, length);
  return { bytes: filler(random, random.chance(3) ? 0 : length), rules: [] };
}

const oddNames = [
  'a b/c d',
  '100%/50%25',
  'plus+and&amp;',
  'question?mark#hash',
  'quote\'and"double',
  'ümläut/ß/é',
  '日本語/ファイル',
  '😀/🇩🇪',
  'רוכסן',
  '..dots../.hidden',
  '[brackets]{braces}',
  'e\u0301 combining',
  'x'.repeat(700),
];

/** A name of its own for each index, every other one odd where that is asked for. */
export function plantName(random: Random, index: number, isOdd: boolean): string {
  const name = `${String(index).padStart(6, '0')}.bin`;
  return isOdd ? `${random.pick(oddNames)}-${name}` : name;
}

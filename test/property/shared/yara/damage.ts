/** Engine files for the property tests: rules that use much of the language, and ways to damage what was made of them. */
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { compileRules, type CompiledRules } from '../../../../shared/yara/index.ts';

/** Compiled with `onInvalidRule: 'skip'`, so that one form that is refused does not take the others away. */
export function variedRules(): CompiledRules {
  return compileRules(
    [
      {
        text: 'rule plain : tag { meta: m = "x" n = 2 strings: $a = "needle" wide ascii nocase fullword condition: $a }',
      },
      { text: 'rule keyed { strings: $a = "secret" xor(1-9) $b = "hidden" base64 condition: any of them }' },
      {
        text: 'rule hex { strings: $a = { 4d 5? [2-6] ( 61 62 | 63 ) ~00 } $b = { 01 02 [300-] 03 04 } condition: #a > 1 or $b at 4 }',
      },
      {
        text: 'rule regex { strings: $a = /ab[a-f]{2,40}c\\b/i $b = /x.{1,300}y/s $c = /[0-9]+z/ condition: any of them }',
      },
      {
        text: `rule counts { strings: $a = "ab" $b = "cd" condition:
          for any i in (1..#a) : (@a[i] < filesize - 2 and !a[i] == 2) or 50% of them in (0..100) or
          for all of ($a, $b) : (# >= 1 and @ > uint16(0)) }`,
      },
      {
        text: 'private rule helper { condition: uint32(0) == 0x464c457f or filesize \\ 3 == 7 } rule refers { condition: helper and owner contains "root" }',
        namespace: 'other',
      },
      { text: 'import "math" rule module { condition: math.entropy(0, filesize) > 3.5 }' },
      { text: 'global rule everywhere { condition: filesize >= 0 }', namespace: 'other' },
    ],
    { externals: { owner: 'root' }, onInvalidRule: 'skip' },
  );
}

/** One place and what happens there. */
export interface Damage {
  /** From 0 to 1: where, of the whole. */
  readonly place: number;
  readonly kind: 'byte' | 'word' | 'cut' | 'zero' | 'double' | 'swap';
  readonly value: number;
}

const words = [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x10000, 7, 255];

export const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    kind: fc.constantFrom('byte', 'byte', 'word', 'word', 'word', 'cut', 'zero', 'double', 'swap'),
    value: fc.nat({ max: 0xffffffff }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** A damaged copy; what stands before `from` is left as it is. */
export function damaged(bytes: Uint8Array, all: readonly Damage[], from: number): Uint8Array {
  let out = bytes.slice();
  for (const { place, kind, value } of all) {
    const at = from + Math.floor(place * (out.length - from));
    const word = at & ~3;
    switch (kind) {
      case 'byte':
        out[at] = value & 0xff;
        break;
      case 'word':
        if (word + 4 <= out.length) {
          new DataView(out.buffer).setUint32(word, value % 3 === 0 ? value : words[value % words.length]!, true);
        }
        break;
      case 'zero':
        out.fill(0, at, at + 1 + (value % 64));
        break;
      case 'cut':
        out = out.slice(0, value % 4 === 0 ? at : out.length);
        break;
      case 'double':
        // A size, as sizes are written here.
        if (at - (at % 8) + 8 <= out.length) {
          const sizes = [0, -1, 1e9, 2 ** 53, Number.NaN, Infinity, 0.5, value];
          new DataView(out.buffer).setFloat64(at - (at % 8), sizes[value % sizes.length]!, true);
        }
        break;
      case 'swap':
        if (word + 8 <= out.length) out.copyWithin(word, word + 4, word + 8);
        break;
    }
    if (out.length <= from) break;
  }
  return out;
}

/** Writes the checksum that fits what stands behind it. */
export function withChecksum(bytes: Uint8Array, at: number): Uint8Array {
  if (bytes.length < at + 32) return bytes;
  const out = bytes.slice();
  out.set(sha256(out.subarray(at + 32)), at);
  return out;
}

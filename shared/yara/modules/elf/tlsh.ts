/**
 * TLSH, the locality-sensitive hash of Trend Micro, in the form that telfhash takes: 128 buckets, a checksum of one byte,
 * version 4. Six triplets of bytes from each window of five are counted in buckets by Pearson's hash; the digest says for
 * each bucket in which quarter of all counts it lies.
 *
 * ```
 * T1 · checksum · length class (both with their hex digits swapped) · ratios of quartiles · 32 bytes of buckets, last first
 * ```
 * Source: Oliver, Cheng, Chen, "TLSH: A Locality Sensitive Hash", 2013; its tables are those of github.com/trendmicro/tlsh.
 */

const WINDOW = 5;
const BUCKETS = 128;
const MIN_BYTES = 50;
const VERSION = 'T1';

/** The permutation that Pearson's hash goes through. */
const PERMUTATION = bytesOfHex(
  '0157310cb0b266a679c10654f9e62ca30ec5d5b5a155da5040ef18e2ec8e26c86eb168678dfdff324d6551122d601fde' +
    '196bbe4656edf02248f214d6f4e395eb61ea39163cfa52afd0057fc76f3e87f8aea9d33a429a6ac3f5ab11bbb6b300f3' +
    '8438944b80859e64827e5b0d99f6d8db7744df4e5358c9637a0b5c208872340a8a1e30b79c233d1a8f4afb5e81a23f98' +
    'aa0773a7f1ce0396373b97dc5a3517837dad0fee4f5f59106989e1e0d9a0257b7649029d2e74099186e4cfd4cad745e5' +
    '1bbc437ca8fc2a041d6c15f713cd27cbe928ba93c6c09b21a4bf62cca5b4754c8c24d2ac29369f08b9e871c4e72f9278' +
    '33411c90fedd5dbdc28b702b476db8d1',
);

/** The longest text of each length class. */
const LONGEST = (
  '1 2 3 5 7 11 17 25 38 57 86 129 194 291 437 656 854 1110 1443 1876 2439 3171 3475 3823 4205 4626 5088 ' +
  '5597 6157 6772 7450 8195 9014 9916 10907 11998 13198 14518 15970 17567 19323 21256 23382 25720 28292 ' +
  '31121 34233 37656 41422 45564 50121 55133 60646 66711 73382 80721 88793 97672 107439 118183 130002 ' +
  '143002 157302 173032 190335 209369 230306 253337 278670 306538 337191 370911 408002 448802 493682 ' +
  '543050 597356 657091 722800 795081 874589 962048 1058252 1164078 1280486 1408534 1549388 1704327 ' +
  '1874759 2062236 2268459 2495305 2744836 3019320 3321252 3653374 4018711 4420582 4862641 5348905 5883796 ' +
  '6472176 7119394 7831333 8614467 9475909 10423501 11465851 12612437 13873681 15261050 16787154'
)
  .split(' ')
  .map(Number);

/** Salt of each triplet, and how far behind the newest byte its second and third byte stand. */
const TRIPLETS = [
  [2, 1, 2],
  [3, 1, 3],
  [5, 2, 3],
  [7, 2, 4],
  [11, 1, 4],
  [13, 3, 4],
] as const;

export type Quartiles = readonly [first: number, second: number, third: number];

/**
 * Undefined where the text is too short or too uniform to have one. 72 characters; texts up to 16 MiB. `quartilesOf` is
 * another for comparing with implementations that find quartiles in a way of their own.
 */
export function tlsh(
  text: Uint8Array,
  quartilesOf: (buckets: Uint32Array) => Quartiles = quartiles,
): Uint8Array | undefined {
  if (text.length < MIN_BYTES) return undefined;
  const counts = new Uint32Array(256);
  let checksum = 0;
  for (let at = WINDOW - 1; at < text.length; at++) {
    const newest = text[at]!;
    checksum = pearson(0, newest, text[at - 1]!, checksum);
    for (const [salt, second, third] of TRIPLETS) {
      counts[pearson(salt, newest, text[at - second]!, text[at - third]!)]!++;
    }
  }
  const buckets = counts.subarray(0, BUCKETS);
  const [first, second, third] = quartilesOf(buckets);
  if (third === 0) return undefined;
  const lengthClass = LONGEST.findIndex((longest) => text.length <= longest);
  const ratios = (ratio(first, third) << 4) | ratio(second, third);
  const digest = [swapped(checksum), swapped(lengthClass), hex(ratios)];
  for (let group = BUCKETS / 4 - 1; group >= 0; group--) {
    let bits = 0;
    for (let place = 0; place < 4; place++) {
      const count = buckets[group * 4 + place]!;
      const quarter = count > third ? 3 : count > second ? 2 : count > first ? 1 : 0;
      bits |= quarter << (2 * place);
    }
    digest.push(hex(bits));
  }
  return new TextEncoder().encode(VERSION + digest.join(''));
}

function pearson(salt: number, first: number, second: number, third: number): number {
  const table = PERMUTATION;
  return table[table[table[table[salt]! ^ first]! ^ second]! ^ third]!;
}

export function quartiles(buckets: Uint32Array): Quartiles {
  const sorted = buckets.slice().sort();
  const quarter = BUCKETS / 4;
  return [sorted[quarter - 1]!, sorted[2 * quarter - 1]!, sorted[3 * quarter - 1]!];
}

function ratio(quartile: number, third: number): number {
  return Math.floor((quartile * 100) / third) % 16;
}

function bytesOfHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

function swapped(byte: number): string {
  const [high, low] = hex(byte);
  return `${low}${high}`;
}

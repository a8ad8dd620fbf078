/**
 * Counts what ordinary data is made of and writes `shared/yara/compiler/gram-frequencies.ts`: how often the 4-byte grams stand
 * there (by a 16-bit hash) and the 2-byte ones, four bits each. The kinds weigh as `weights` says, whatever their sizes.
 *
 *   node --disable-warning=ExperimentalWarning test/bench/train-frequencies.ts
 *
 * The result depends on the machine's files, so it is committed and made anew only on purpose.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frequencySlot, levelOf } from '../../shared/yara/compiler/frequency.ts';
import { bytesOfKind, type Kind } from './inputs.ts';

const BYTES_PER_KIND = 48 << 20;
const weights: readonly (readonly [Kind, number])[] = [
  ['elf', 1],
  ['pe', 1],
  ['text', 1],
  ['utf16', 0.5],
  ['base64', 0.25],
];

const grams = new Float64Array(1 << 16);
const pairs = new Float64Array(1 << 16);
let total = 0;
for (const [kind, weight] of weights) {
  const bytes = bytesOfKind(kind, 'train', BYTES_PER_KIND);
  if (bytes === undefined) throw new Error(`there is no data of kind ${kind} to train on`);
  console.log(`${kind}: ${bytes.length} bytes`);
  total += weight;
  const share = weight / (bytes.length - 3);
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const low = bytes[at]! | (bytes[at + 1]! << 8);
    pairs[low]! += share;
    grams[frequencySlot(low | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))]! += share;
  }
}

const file = join(import.meta.dirname, '../../shared/yara/compiler/gram-frequencies.ts');
writeFileSync(
  file,
  `/**
 * How often grams stand in ordinary data: 65,536 levels of four bits each, two a byte, in base64. \`frequency.ts\` reads them.
 * Written by \`test/bench/train-frequencies.ts\`; not to be edited.
 */
export const GRAM_LEVELS =
  '${encode(grams)}';
export const PAIR_LEVELS =
  '${encode(pairs)}';
`,
);

function encode(counts: Float64Array): string {
  const packed = Buffer.alloc(counts.length / 2);
  counts.forEach((count, at) => (packed[at >> 1]! |= levelOf(count / total) << (4 * (at & 1))));
  return packed.toString('base64');
}

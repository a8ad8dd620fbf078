/**
 * How often bytes, pairs and 4-byte grams stand in ordinary data: what windows and atoms are chosen by. The tables were
 * counted once (`gram-frequencies.ts`); a level of four bits stands for a power of two.
 */
import { hasByte } from '../syntax/byte-set.ts';
import { bytesOfBase64 } from '../bundle/base64-text.ts';
import { GRAM_LEVELS, PAIR_LEVELS } from './gram-frequencies.ts';

const LEVELS = 16;
/** Level 0 is 2^−1, each further one 2^−1.3 times that. */
const FIRST_BITS = 1;
const BITS_PER_LEVEL = 1.3;

/** The level of a frequency between 0 and 1. */
export function levelOf(frequency: number): number {
  const level = Math.round((-Math.log2(frequency) - FIRST_BITS) / BITS_PER_LEVEL);
  return Math.min(LEVELS - 1, Math.max(0, level));
}

const frequencyOfLevel = Array.from({ length: LEVELS }, (_, level) => 2 ** -(FIRST_BITS + BITS_PER_LEVEL * level));

/** The place of a little-endian 4-byte gram in its table. Grams share places. */
export function frequencySlot(gram: number): number {
  return Math.imul(gram ^ (gram >>> 15), 0x85ebca6b) >>> 16;
}

interface Model {
  readonly grams: Uint8Array;
  readonly pairs: Uint8Array;
  readonly bytes: Float64Array;
}

let model: Model | undefined;

/** Unpacked when first asked for: rules that are only decoded never need it. */
function loadModel(): Model {
  if (model !== undefined) return model;
  const pairs = unpack(PAIR_LEVELS);
  const bytes = new Float64Array(256);
  pairs.forEach((level, pair) => (bytes[pair & 0xff]! += frequencyOfLevel[level]!));
  const sum = bytes.reduce((all, part) => all + part, 0);
  model = { grams: unpack(GRAM_LEVELS), pairs, bytes: bytes.map((part) => part / sum) };
  return model;
}

function unpack(packed: string): Uint8Array {
  const levels = new Uint8Array(1 << 16);
  bytesOfBase64(packed).forEach((byte, at) => {
    levels[2 * at] = byte & 15;
    levels[2 * at + 1] = byte >>> 4;
  });
  return levels;
}

export function gramFrequency(gram: number): number {
  return frequencyOfLevel[loadModel().grams[frequencySlot(gram)]!]!;
}

/** `pair` is little-endian. */
export function pairFrequency(pair: number): number {
  return frequencyOfLevel[loadModel().pairs[pair]!]!;
}

export function byteFrequency(byte: number): number {
  return loadModel().bytes[byte]!;
}

export interface SetFacts {
  readonly size: number;
  /** Of all bytes of ordinary data, the part that is in the set. */
  readonly frequency: number;
}

const known = new WeakMap<Uint32Array, SetFacts>();

/** The set must not change afterwards. */
export function factsOf(set: Uint32Array): SetFacts {
  let facts = known.get(set);
  if (facts === undefined) {
    let size = 0;
    let frequency = 0;
    for (let byte = 0; byte < 256; byte++) {
      if (!hasByte(set, byte)) continue;
      size++;
      frequency += byteFrequency(byte);
    }
    known.set(set, (facts = { size, frequency: Math.min(1, frequency) }));
  }
  return facts;
}

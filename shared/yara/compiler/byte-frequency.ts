/** How often bytes stand in ordinary data: what windows and atoms are chosen by. */
import { hasByte } from '../syntax/byte-set.ts';

/** A 4-byte window may be spelled out in this many ways at most (four letters without case are 16). */
export const MAX_GRAM_SPELLINGS = 64;

export function byteFrequency(byte: number): number {
  if (byte === 0) return 0.25;
  if (byte === 0xff) return 0.04;
  if (byte === 0x20) return 0.06;
  if (byte >= 0x61 && byte <= 0x7a) return 0.02;
  if (byte >= 0x30 && byte <= 0x39) return 0.008;
  if (byte >= 0x41 && byte <= 0x5a) return 0.006;
  return 0.003;
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

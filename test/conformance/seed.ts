/** Random numbers that can be had again: the seed is `SLUICE_SEED`, or of the moment, and stands in every failure's message. */

export const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 2 ** 31);

/** How many random examples a property is tried on: `usual`, or that many times `SLUICE_RUNS` for a longer look. */
export function runs(usual: number): number {
  return usual * Number(process.env.SLUICE_RUNS ?? 1);
}

export interface Random {
  /** From 0 to `bound - 1`. */
  below(bound: number): number;
}

/** The same sequence for the same seed and words. */
export function randomFor(...words: readonly string[]): Random {
  // FNV-1a over the words, then mulberry32: both short, and even enough for choosing where to cut.
  let state = seed | 0;
  for (const letter of words.join('\0')) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193);
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
    },
  };
}

/** Pieces of `bytes` of random lengths, some empty, most short, but no more than about a thousand. */
export function randomPieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const longest = Math.max([3, 20, 200, 5000][random.below(4)]!, Math.ceil(bytes.length / 500));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(random.below(longest + 1), bytes.length - at);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/**
 * The filter's inner part, compiled to WebAssembly: where in a block does one of the entries stand? The host writes a block
 * with its context, calls `look` once and then `next` as long as the number it was given is negative.
 *
 * It keeps nothing from block to block. A table that is wrong can make it miss, repeat or trap, but neither read nor write
 * outside its memory.
 */
import { lookForEight, lookForGrams, lookForSixBackward, lookForSixForward } from './grams';
import { KIND_EIGHT, KIND_FOUR_EVEN, KIND_FOUR_ODD, KIND_SIX_BACKWARD, KIND_SIX_FORWARD } from './hashes';
import {
  COMPRESS,
  EVEN_LIST,
  ODD_LIST,
  PASS_EIGHT,
  PASS_FOUR,
  PASS_GROUPS,
  PASS_NIBBLES,
  PASS_PIVOTS,
  PASS_PROBES,
  PASS_SIX,
  PASSES,
} from './memory';
import { lookForNibbles } from './nibbles';
import { evenEnd, lookForFour, lookForGroups, lookForPairs, oddEnd } from './pairs';
import { lookForPivots } from './pivots';
import { lookForProbes } from './probes';
import { emptyLists, rewind, setListEnd, STAGE_GROUPS, STAGE_NIBBLES, STAGE_PIVOTS, takeHits } from './verify';

/** To be called once, before anything else. */
export function prepare(): void {
  for (let lanes: u32 = 0; lanes < 256; lanes++) {
    let to = COMPRESS + <usize>(lanes << 4);
    for (let lane: u32 = 0; lane < 8; lane++) {
      if (((lanes >> lane) & 1) === 0) continue;
      store<u16>(to, <u16>(lane << 1));
      to += 2;
    }
  }
}

/** Looks at the first `length` bytes of the block: a multiple of 64. What it returns is as of `next`. */
export function look(length: u32): i32 {
  const passes = load<u32>(PASSES);
  emptyLists();
  if ((passes & (PASS_EIGHT | PASS_SIX)) !== 0) {
    lookForGrams(length);
    if ((passes & PASS_EIGHT) !== 0) setListEnd(KIND_EIGHT, lookForEight());
    if ((passes & PASS_SIX) !== 0) {
      setListEnd(KIND_SIX_BACKWARD, lookForSixBackward());
      setListEnd(KIND_SIX_FORWARD, lookForSixForward());
    }
  }
  if ((passes & (PASS_FOUR | PASS_GROUPS | PASS_PIVOTS)) !== 0) {
    lookForPairs(length);
    if ((passes & PASS_FOUR) !== 0) {
      setListEnd(KIND_FOUR_EVEN, lookForFour(EVEN_LIST, evenEnd, 0));
      setListEnd(KIND_FOUR_ODD, lookForFour(ODD_LIST, oddEnd, 1));
    }
    if ((passes & PASS_GROUPS) !== 0) setListEnd(STAGE_GROUPS, lookForGroups());
    if ((passes & PASS_PIVOTS) !== 0) setListEnd(STAGE_PIVOTS, lookForPivots());
  }
  if ((passes & PASS_NIBBLES) !== 0) setListEnd(STAGE_NIBBLES, lookForNibbles(length));
  if ((passes & PASS_PROBES) !== 0) setListEnd(STAGE_NIBBLES, lookForProbes(length));
  rewind();
  return takeHits();
}

/** The number of hits that lie ready; complemented when there are more to come. */
export function next(): i32 {
  return takeHits();
}

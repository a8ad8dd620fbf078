/**
 * Entries with seven plain bytes or more: one look-up of four bytes at every fourth position, then a longer one at those that
 * passed. Nothing branches on data: a position is always stored, and the list's end moves on by what the look-up gave.
 */
import { bitOf, hashEight, hashGram, hashSix } from './hashes';
import {
  BLOCK,
  EIGHT_BITS,
  EIGHT_LIST,
  EIGHT_SHIFT,
  GRAM_BITS,
  GRAM_LIST,
  GRAM_SHIFT,
  SIX_BACKWARD_LIST,
  SIX_BITS,
  SIX_FORWARD_LIST,
  SIX_SHIFT,
} from './memory';

/** Fills `GRAM_LIST` and returns its end. */
export function lookForGrams(length: u32): usize {
  const bits = load<usize>(GRAM_BITS);
  const shift = load<u32>(GRAM_SHIFT);
  let end = GRAM_LIST;
  for (let at: u32 = 0; at < length; at += 16) {
    store<u16>(end, <u16>at);
    end += <usize>(bitOf(bits, shift, hashGram(load<u32>(BLOCK + at))) << 1);
    store<u16>(end, <u16>(at + 4));
    end += <usize>(bitOf(bits, shift, hashGram(load<u32>(BLOCK + at, 4))) << 1);
    store<u16>(end, <u16>(at + 8));
    end += <usize>(bitOf(bits, shift, hashGram(load<u32>(BLOCK + at, 8))) << 1);
    store<u16>(end, <u16>(at + 12));
    end += <usize>(bitOf(bits, shift, hashGram(load<u32>(BLOCK + at, 12))) << 1);
  }
  return end;
}

/** Keeps what is followed by eight bytes that some entry has there. */
export function lookForEight(gramEnd: usize): usize {
  const bits = load<usize>(EIGHT_BITS);
  const shift = load<u32>(EIGHT_SHIFT);
  let end = EIGHT_LIST;
  for (let from = GRAM_LIST; from < gramEnd; from += 2) {
    const at = load<u16>(from);
    store<u16>(end, at);
    end += <usize>(bitOf(bits, shift, hashEight(BLOCK + <usize>at)) << 1);
  }
  return end;
}

/** Keeps positions whose six bytes, `back` before them, some entry has. */
export function lookForSix(gramEnd: usize, list: usize, back: usize): usize {
  const bits = load<usize>(SIX_BITS);
  const shift = load<u32>(SIX_SHIFT);
  let end = list;
  for (let from = GRAM_LIST; from < gramEnd; from += 2) {
    const at = load<u16>(from);
    store<u16>(end, at);
    end += <usize>(bitOf(bits, shift, hashSix(BLOCK + <usize>at - back)) << 1);
  }
  return end;
}

export function lookForSixForward(gramEnd: usize): usize {
  return lookForSix(gramEnd, SIX_FORWARD_LIST, 0);
}

export function lookForSixBackward(gramEnd: usize): usize {
  return lookForSix(gramEnd, SIX_BACKWARD_LIST, 2);
}

/**
 * Entries with seven plain bytes or more: one look-up of four bytes at every fourth position, then a longer one at those that
 * passed. Nothing branches on data: a position is always stored, and the list's end moves on by what the look-up gave.
 */
import { bitOf, hashEight, hashGram, hashSix } from './hashes';
import {
  BLOCK,
  COMPRESS,
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
  SPARE,
} from './memory';

/** Fills `GRAM_LIST` and returns its end. */
export function lookForGrams(length: u32): usize {
  const bits = load<usize>(GRAM_BITS);
  const shift = <i32>load<u32>(GRAM_SHIFT);
  const factor = i32x4.splat(0x9e3779b1);
  const seven = i32x4.splat(7);
  const masks = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const none = i8x16.splat(0);
  let end = GRAM_LIST;
  for (let at: u32 = 0; at < length; at += 64) {
    const h0 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at), factor), shift);
    const h1 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 16), factor), shift);
    const h2 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 32), factor), shift);
    const h3 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 48), factor), shift);
    v128.store(SPARE, i32x4.shr_u(h0, 3));
    v128.store(SPARE, i32x4.shr_u(h1, 3), 16);
    v128.store(SPARE, i32x4.shr_u(h2, 3), 32);
    v128.store(SPARE, i32x4.shr_u(h3, 3), 48);
    const want = i8x16.swizzle(
      masks,
      i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_u(v128.and(h0, seven), v128.and(h1, seven)),
        i16x8.narrow_i32x4_u(v128.and(h2, seven), v128.and(h3, seven)),
      ),
    );
    let x = v128.load8_lane(bits + load<u32>(SPARE), none, 0);
    let y = v128.load8_lane(bits + load<u32>(SPARE, 16), none, 4);
    let z = v128.load8_lane(bits + load<u32>(SPARE, 32), none, 8);
    let w = v128.load8_lane(bits + load<u32>(SPARE, 48), none, 12);
    x = v128.load8_lane(bits + load<u32>(SPARE, 4), x, 1);
    y = v128.load8_lane(bits + load<u32>(SPARE, 20), y, 5);
    z = v128.load8_lane(bits + load<u32>(SPARE, 36), z, 9);
    w = v128.load8_lane(bits + load<u32>(SPARE, 52), w, 13);
    x = v128.load8_lane(bits + load<u32>(SPARE, 8), x, 2);
    y = v128.load8_lane(bits + load<u32>(SPARE, 24), y, 6);
    z = v128.load8_lane(bits + load<u32>(SPARE, 40), z, 10);
    w = v128.load8_lane(bits + load<u32>(SPARE, 56), w, 14);
    x = v128.load8_lane(bits + load<u32>(SPARE, 12), x, 3);
    y = v128.load8_lane(bits + load<u32>(SPARE, 28), y, 7);
    z = v128.load8_lane(bits + load<u32>(SPARE, 44), z, 11);
    w = v128.load8_lane(bits + load<u32>(SPARE, 60), w, 15);
    const found = v128.or(v128.or(x, y), v128.or(z, w));
    const lanes: u32 = i8x16.bitmask(i8x16.ne(v128.and(found, want), none));
    const low: u32 = lanes & 0xff;
    const high: u32 = lanes >> 8;
    v128.store(end, i16x8.add(i16x8.splat(<i16>at), i16x8.shl(v128.load(COMPRESS + ((<usize>low) << 4)), 1)));
    end += (<usize>popcnt(low)) << 1;
    v128.store(end, i16x8.add(i16x8.splat(<i16>(at + 32)), i16x8.shl(v128.load(COMPRESS + ((<usize>high) << 4)), 1)));
    end += (<usize>popcnt(high)) << 1;
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

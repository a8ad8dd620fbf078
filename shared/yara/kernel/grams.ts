/**
 * Entries with seven plain bytes or more: one look-up of four bytes at every fourth position, then a longer one at those that
 * passed. Nothing branches on data: positions are always stored, and the list's end moves on by what the look-up gave.
 */
import { bitOf, hashEight, hashGram, hashSix } from './hashes';
import {
  BLOCK,
  COMPRESS,
  EIGHT_BITS,
  EIGHT_LIST,
  EIGHT_SHIFT,
  GRAM_BITS,
  GRAM_SHIFT,
  SIX_BACKWARD_LIST,
  SIX_BITS,
  SIX_FORWARD_LIST,
  SIX_SHIFT,
  SPARE,
} from './memory';

export let eightEnd: usize = 0;
export let sixEnd: usize = 0;

/**
 * Fills `EIGHT_LIST` and `SIX_FORWARD_LIST`. A place of the table has two bits, one for grams of either kind; sixteen positions
 * are looked up at once.
 */
export function lookForGrams(length: u32): void {
  const bits = load<usize>(GRAM_BITS);
  const shift = <i32>load<u32>(GRAM_SHIFT);
  const factor = i32x4.splat(0x9e3779b1);
  const three = i32x4.splat(3);
  let eight = EIGHT_LIST;
  let six = SIX_FORWARD_LIST;
  for (let at: u32 = 0; at < length; at += 64) {
    const h0 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at), factor), shift);
    const h1 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 16), factor), shift);
    const h2 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 32), factor), shift);
    const h3 = i32x4.shr_u(i32x4.mul(v128.load(BLOCK + at, 48), factor), shift);
    v128.store(SPARE, i32x4.shr_u(h0, 2));
    v128.store(SPARE, i32x4.shr_u(h1, 2), 16);
    v128.store(SPARE, i32x4.shr_u(h2, 2), 32);
    v128.store(SPARE, i32x4.shr_u(h3, 2), 48);
    const low = i16x8.narrow_i32x4_u(v128.and(h0, three), v128.and(h1, three));
    const high = i16x8.narrow_i32x4_u(v128.and(h2, three), v128.and(h3, three));
    const places = i8x16.narrow_i16x8_u(low, high);
    const found = gather(bits);
    const ofEight = v128.and(found, i8x16.swizzle(i8x16(1, 4, 16, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), places));
    const ofSix = v128.and(found, i8x16.swizzle(i8x16(2, 8, 32, -128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), places));
    eight = append(eight, at, ofEight);
    six = append(six, at, ofSix);
  }
  eightEnd = eight;
  sixEnd = six;
}

/** The sixteen bytes of the table that `SPARE` has the numbers of. */
function gather(table: usize): v128 {
  const none = i8x16.splat(0);
  // Four chains, so that no byte waits for all before it.
  let a = v128.load8_lane(table + load<u32>(SPARE), none, 0);
  let b = v128.load8_lane(table + load<u32>(SPARE, 16), none, 4);
  let c = v128.load8_lane(table + load<u32>(SPARE, 32), none, 8);
  let d = v128.load8_lane(table + load<u32>(SPARE, 48), none, 12);
  a = v128.load8_lane(table + load<u32>(SPARE, 4), a, 1);
  b = v128.load8_lane(table + load<u32>(SPARE, 20), b, 5);
  c = v128.load8_lane(table + load<u32>(SPARE, 36), c, 9);
  d = v128.load8_lane(table + load<u32>(SPARE, 52), d, 13);
  a = v128.load8_lane(table + load<u32>(SPARE, 8), a, 2);
  b = v128.load8_lane(table + load<u32>(SPARE, 24), b, 6);
  c = v128.load8_lane(table + load<u32>(SPARE, 40), c, 10);
  d = v128.load8_lane(table + load<u32>(SPARE, 56), d, 14);
  a = v128.load8_lane(table + load<u32>(SPARE, 12), a, 3);
  b = v128.load8_lane(table + load<u32>(SPARE, 28), b, 7);
  c = v128.load8_lane(table + load<u32>(SPARE, 44), c, 11);
  d = v128.load8_lane(table + load<u32>(SPARE, 60), d, 15);
  return v128.or(v128.or(a, b), v128.or(c, d));
}

/** Appends the positions, four apart, whose byte is not 0. */
function append(end: usize, at: u32, found: v128): usize {
  const lanes: u32 = i8x16.bitmask(i8x16.eq(found, i8x16.splat(0))) ^ 0xffff;
  const low: u32 = lanes & 0xff;
  const high: u32 = lanes >> 8;
  v128.store(end, i16x8.add(i16x8.splat(<i16>at), i16x8.shl(v128.load(COMPRESS + ((<usize>low) << 4)), 1)));
  end += (<usize>popcnt(low)) << 1;
  v128.store(end, i16x8.add(i16x8.splat(<i16>(at + 32)), i16x8.shl(v128.load(COMPRESS + ((<usize>high) << 4)), 1)));
  return end + ((<usize>popcnt(high)) << 1);
}

/** Keeps of `EIGHT_LIST` what is followed by eight bytes that some entry has there. In place. */
export function lookForEight(): usize {
  const bits = load<usize>(EIGHT_BITS);
  const shift = load<u32>(EIGHT_SHIFT);
  let end = EIGHT_LIST;
  for (let from = EIGHT_LIST; from < eightEnd; from += 2) {
    const at = load<u16>(from);
    store<u16>(end, at);
    end += <usize>(bitOf(bits, shift, hashEight(BLOCK + <usize>at)) << 1);
  }
  return end;
}

/** Copies positions whose six bytes, `back` before them, some entry has, from `SIX_FORWARD_LIST` to a list: itself, or another. */
function lookForSix(list: usize, back: usize): usize {
  const bits = load<usize>(SIX_BITS);
  const shift = load<u32>(SIX_SHIFT);
  let end = list;
  for (let from = SIX_FORWARD_LIST; from < sixEnd; from += 2) {
    const at = load<u16>(from);
    store<u16>(end, at);
    end += <usize>(bitOf(bits, shift, hashSix(BLOCK + <usize>at - back)) << 1);
  }
  return end;
}

export function lookForSixBackward(): usize {
  return lookForSix(SIX_BACKWARD_LIST, 2);
}

/** In place: nothing else can be read from the list afterwards. */
export function lookForSixForward(): usize {
  return lookForSix(SIX_FORWARD_LIST, 0);
}

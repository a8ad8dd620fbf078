/**
 * Few entries: three bytes at every position, sixteen positions at once, in eight buckets. For each of the three a table by
 * the byte's lower half and one by its upper half hold the buckets that it fits; a position whose three bytes fit one bucket
 * goes on the list with its buckets. (Known as Teddy.)
 */
import { BLOCK, NIBBLE_LIST, NIBBLES, SPARE } from './memory';

function look(table: v128, halves: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, halves);
  return i8x16.swizzle(table, halves);
}

/** Appends the positions of one vector; `buckets` is not zero. */
function append(end: usize, at: u32, buckets: v128): usize {
  v128.store(SPARE, buckets);
  let lanes = i8x16.bitmask(i8x16.ne(buckets, i8x16.splat(0)));
  while (lanes !== 0) {
    const lane: u32 = ctz(lanes);
    store<u32>(end, (at + lane) | ((<u32>load<u8>(SPARE + <usize>lane)) << 16));
    end += 4;
    lanes &= lanes - 1;
  }
  return end;
}

/** Fills `NIBBLE_LIST` and returns its end. */
export function lookForNibbles(length: u32): usize {
  const tables = load<usize>(NIBBLES);
  const low0 = v128.load(tables);
  const high0 = v128.load(tables, 16);
  const low1 = v128.load(tables, 32);
  const high1 = v128.load(tables, 48);
  const low2 = v128.load(tables, 64);
  const high2 = v128.load(tables, 80);
  const half = i8x16.splat(15);
  let end = NIBBLE_LIST;
  for (let at: u32 = 0; at < length; at += 32) {
    const bytes = BLOCK + <usize>at;
    let b0 = v128.load(bytes);
    let b1 = v128.load(bytes, 1);
    let b2 = v128.load(bytes, 2);
    const first = v128.and(
      v128.and(
        v128.and(look(low0, v128.and(b0, half)), look(high0, v128.and(i16x8.shr_u(b0, 4), half))),
        v128.and(look(low1, v128.and(b1, half)), look(high1, v128.and(i16x8.shr_u(b1, 4), half))),
      ),
      v128.and(look(low2, v128.and(b2, half)), look(high2, v128.and(i16x8.shr_u(b2, 4), half))),
    );
    b0 = v128.load(bytes, 16);
    b1 = v128.load(bytes, 17);
    b2 = v128.load(bytes, 18);
    const second = v128.and(
      v128.and(
        v128.and(look(low0, v128.and(b0, half)), look(high0, v128.and(i16x8.shr_u(b0, 4), half))),
        v128.and(look(low1, v128.and(b1, half)), look(high1, v128.and(i16x8.shr_u(b1, 4), half))),
      ),
      v128.and(look(low2, v128.and(b2, half)), look(high2, v128.and(i16x8.shr_u(b2, 4), half))),
    );
    if (v128.any_true(v128.or(first, second))) {
      if (v128.any_true(first)) end = append(end, at, first);
      if (v128.any_true(second)) end = append(end, at + 16, second);
    }
  }
  return end;
}

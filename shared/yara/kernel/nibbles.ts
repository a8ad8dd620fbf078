/**
 * Few entries: three bytes at every position, sixteen positions at once, in eight buckets. For each of the three a table by
 * the byte's lower half and one by its upper half hold the buckets that it fits (known as Teddy). Where something fits, the
 * fourth byte is looked at too; a position whose bytes all fit one bucket goes on the list with its buckets.
 */
import { BLOCK, COMPRESS, NIBBLE_LIST, NIBBLE_POSITIONS, NIBBLES } from './memory';

function look(table: v128, halves: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, halves);
  return i8x16.swizzle(table, halves);
}

/** Appends the positions of one vector, without branching on how many there are. */
function append(end: usize, at: u32, buckets: v128): usize {
  const lanes: u32 = i8x16.bitmask(i8x16.ne(buckets, i8x16.splat(0)));
  const low: u32 = lanes & 0xff;
  const high: u32 = lanes >> 8;
  v128.store(end, i16x8.add(i16x8.splat(<i16>at), i16x8.shr_u(v128.load(COMPRESS + ((<usize>low) << 4)), 1)));
  end += (<usize>popcnt(low)) << 1;
  v128.store(end, i16x8.add(i16x8.splat(<i16>(at + 8)), i16x8.shr_u(v128.load(COMPRESS + ((<usize>high) << 4)), 1)));
  return end + ((<usize>popcnt(high)) << 1);
}

/** Adds to the positions from `NIBBLE_POSITIONS` to `past` the buckets they fit. What is written never meets what is still to be read. */
function addBuckets(past: usize): usize {
  const tables = load<usize>(NIBBLES);
  let end = NIBBLE_LIST;
  for (let from = NIBBLE_POSITIONS; from < past; from += 2) {
    const at = <u32>load<u16>(from);
    const bytes = BLOCK + <usize>at;
    const buckets =
      bucketsOf(tables, load<u8>(bytes)) &
      bucketsOf(tables + 32, load<u8>(bytes, 1)) &
      bucketsOf(tables + 64, load<u8>(bytes, 2)) &
      bucketsOf(tables + 96, load<u8>(bytes, 3));
    store<u32>(end, at | (buckets << 16));
    end += 4;
  }
  return end;
}

function bucketsOf(table: usize, byte: u8): u32 {
  return (<u32>load<u8>(table + <usize>(byte & 15))) & (<u32>load<u8>(table + <usize>(byte >> 4), 16));
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
  const low3 = v128.load(tables, 96);
  const high3 = v128.load(tables, 112);
  const half = i8x16.splat(15);
  let end = NIBBLE_POSITIONS;
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
      b0 = v128.load(bytes, 3);
      b1 = v128.load(bytes, 19);
      end = append(
        end,
        at,
        v128.and(first, v128.and(look(low3, v128.and(b0, half)), look(high3, v128.and(i16x8.shr_u(b0, 4), half)))),
      );
      end = append(
        end,
        at + 16,
        v128.and(second, v128.and(look(low3, v128.and(b1, half)), look(high3, v128.and(i16x8.shr_u(b1, 4), half)))),
      );
    }
  }
  return addBuckets(end);
}

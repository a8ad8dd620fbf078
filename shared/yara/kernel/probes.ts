/**
 * One entry, or two that share a byte (a text and its wide form): that byte and one more of each entry's, compared at every
 * position, sixteen positions at once. The table:
 *
 * ```
 * 0   the shared byte, which stands at the position
 * 1   the first entry's other byte      2   its distance from the position, signed
 * 3   the second entry's                4   its distance
 * ```
 */
import { BLOCK, NIBBLE_LIST, PROBE_COUNT, PROBES, SPARE } from './memory';

/** Fills `NIBBLE_LIST` and returns its end. */
export function lookForProbes(length: u32): usize {
  return load<u32>(PROBE_COUNT) === 1 ? lookForOne(length) : lookForTwo(length);
}

function lookForOne(length: u32): usize {
  const table = load<usize>(PROBES);
  const shared = v128.load8_splat(table);
  const other = v128.load8_splat(table, 1);
  const from = BLOCK + <usize>load<i8>(table, 2);
  let end = NIBBLE_LIST;
  for (let at: usize = 0; at < <usize>length; at += 64) {
    const a = v128.and(i8x16.eq(v128.load(BLOCK + at), shared), i8x16.eq(v128.load(from + at), other));
    const b = v128.and(i8x16.eq(v128.load(BLOCK + at, 16), shared), i8x16.eq(v128.load(from + at, 16), other));
    const c = v128.and(i8x16.eq(v128.load(BLOCK + at, 32), shared), i8x16.eq(v128.load(from + at, 32), other));
    const d = v128.and(i8x16.eq(v128.load(BLOCK + at, 48), shared), i8x16.eq(v128.load(from + at, 48), other));
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    end = append(end, <u32>at, shared, other, from, other, from, 1);
  }
  return end;
}

function lookForTwo(length: u32): usize {
  const table = load<usize>(PROBES);
  const shared = v128.load8_splat(table);
  const other0 = v128.load8_splat(table, 1);
  const from0 = BLOCK + <usize>load<i8>(table, 2);
  const other1 = v128.load8_splat(table, 3);
  const from1 = BLOCK + <usize>load<i8>(table, 4);
  let end = NIBBLE_LIST;
  for (let at: usize = 0; at < <usize>length; at += 64) {
    const a = v128.and(
      i8x16.eq(v128.load(BLOCK + at), shared),
      v128.or(i8x16.eq(v128.load(from0 + at), other0), i8x16.eq(v128.load(from1 + at), other1)),
    );
    const b = v128.and(
      i8x16.eq(v128.load(BLOCK + at, 16), shared),
      v128.or(i8x16.eq(v128.load(from0 + at, 16), other0), i8x16.eq(v128.load(from1 + at, 16), other1)),
    );
    const c = v128.and(
      i8x16.eq(v128.load(BLOCK + at, 32), shared),
      v128.or(i8x16.eq(v128.load(from0 + at, 32), other0), i8x16.eq(v128.load(from1 + at, 32), other1)),
    );
    const d = v128.and(
      i8x16.eq(v128.load(BLOCK + at, 48), shared),
      v128.or(i8x16.eq(v128.load(from0 + at, 48), other0), i8x16.eq(v128.load(from1 + at, 48), other1)),
    );
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    end = append(end, <u32>at, shared, other0, from0, other1, from1, 3);
  }
  return end;
}

/** Appends what stands in the 64 positions from `at` on, with the entries as bits: those of `entries`. */
function append(
  end: usize,
  at: u32,
  shared: v128,
  other0: v128,
  from0: usize,
  other1: v128,
  from1: usize,
  entries: u32,
): usize {
  for (let past = at + 64; at < past; at += 16) {
    const here = i8x16.eq(v128.load(BLOCK + <usize>at), shared);
    const first = v128.and(i8x16.eq(v128.load(from0 + <usize>at), other0), i8x16.splat(1));
    const second = v128.and(i8x16.eq(v128.load(from1 + <usize>at), other1), i8x16.splat(2));
    const found = v128.and(v128.and(here, v128.or(first, second)), i8x16.splat(<i8>entries));
    v128.store(SPARE, found);
    let lanes = i8x16.bitmask(i8x16.ne(found, i8x16.splat(0)));
    while (lanes !== 0) {
      const lane: u32 = ctz(lanes);
      store<u32>(end, (at + lane) | ((<u32>load<u8>(SPARE + <usize>lane)) << 16));
      end += 4;
      lanes &= lanes - 1;
    }
  }
  return end;
}

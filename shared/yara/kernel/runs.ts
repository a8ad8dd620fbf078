/**
 * Hits of entries that want more than masks say: a run of bytes of one class, among those that are compared or behind them. Letters
 * and digits are no mask; nor does a quote with four of them behind it say that there are thirty.
 */
import { BLOCK, HITS, RUN_CLASSES, RUN_NUMBERS, RUNS } from './memory';

const RUN_BYTES: u32 = 12;

/** Keeps those hits up to `past` whose run is there, in place. Returns their end. */
export function keepRuns(past: usize): usize {
  const numbers = load<usize>(RUN_NUMBERS);
  let end = HITS;
  for (let hit = HITS; hit < past; hit += 8) {
    const at = load<i32>(hit);
    const entry = load<u32>(hit, 4);
    store<i32>(end, at);
    store<u32>(end, entry, 4);
    const number = <u32>load<u16>(numbers + ((<usize>entry) << 1));
    if (number === 0 || isRun(BLOCK + <usize>at, number - 1)) end += 8;
  }
  return end;
}

function isRun(compared: usize, number: u32): bool {
  const run = load<usize>(RUNS) + <usize>(number * RUN_BYTES);
  const table = load<usize>(RUN_CLASSES) + <usize>(load<u32>(run) << 5);
  const bytes = v128.load(compared + <usize>load<u32>(run, 4));
  const lower = v128.and(bytes, i8x16.splat(15));
  const upper = v128.and(i8x16.shr_u(bytes, 4), i8x16.splat(7));
  const isHigh = i8x16.shr_s(bytes, 7);
  const belonging = v128.bitselect(
    i8x16.swizzle(v128.load(table, 16), lower),
    i8x16.swizzle(v128.load(table), lower),
    isHigh,
  );
  const bit = i8x16.swizzle(i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0), upper);
  const missing: u32 = i8x16.bitmask(i8x16.eq(v128.and(belonging, bit), i8x16.splat(0)));
  return (missing & ((1 << load<u32>(run, 8)) - 1)) === 0;
}

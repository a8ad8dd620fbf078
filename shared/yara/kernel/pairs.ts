/**
 * Shorter entries: one look-up of two bytes at every second position. An entry of the table has eight bits for pairs that
 * begin something and eight for pairs that follow; where both bits of a group meet, a position goes on its group's list.
 *
 * ```
 * bits 0–1, 8–9     entries of four bytes that begin at an even position
 * bits 2–3, 10–11   at an odd one: the position is their second byte's
 * bits 4–7, 12–15   entries told apart byte by byte, and pivots (`pivots.ts`): where there are any, 4 is of the former,
                  5 and 6 are of the latter, and 7 is of both
 * ```
 */
import { bitOf, hashGram } from './hashes';
import {
  BLOCK,
  BYTE_GROUPS,
  COMPRESS,
  EVEN_LIST,
  FOUND_PAIRS,
  FOUR_BITS,
  FOUR_SHIFT,
  GROUP_LIST,
  GROUP_MASKS,
  ODD_LIST,
  PAIR_ENTRIES,
  PASS_PIVOTS,
  PASSES,
  PIVOT_POSITIONS,
} from './memory';

/** Bytes whose groups of thirty-two fit the bits of a word. */
const STRETCH: u32 = 2048;

const EVEN_LANES: i8 = 0x03;
const ODD_LANES: i8 = 0x0c;
const GROUP_LANES: i8 = <i8>0xf0;
const GROUP_LANES_BESIDE: i8 = <i8>0x90;
const PIVOT_LANES: i8 = <i8>0xe0;

export let evenEnd: usize = 0;
export let oddEnd: usize = 0;
export let groupEnd: usize = 0;
export let pivotPositionsEnd: usize = 0;

/** Fills the lists. Where anything was found is gathered as bits and looked at afterwards: few branches are foretold wrongly. */
export function lookForPairs(length: u32): void {
  const table = load<usize>(PAIR_ENTRIES);
  evenEnd = EVEN_LIST;
  oddEnd = ODD_LIST;
  groupEnd = GROUP_LIST;
  pivotPositionsEnd = PIVOT_POSITIONS;
  const hasPivots = (load<u32>(PASSES) & PASS_PIVOTS) !== 0;
  let here = entriesAt(table, BLOCK);
  for (let from: u32 = 0; from < length; from += STRETCH) {
    const past = min(from + STRETCH, length);
    let found: u64 = 0;
    let bit: u64 = 1;
    let to = FOUND_PAIRS;
    for (let at = from; at < past; at += 32) {
      const middle = entriesAt(table, BLOCK + <usize>at + 16);
      // The last pair needs the one behind it: the block's context has it.
      const next = entriesAt(table, BLOCK + <usize>at + 32);
      const both = i8x16.narrow_i16x8_u(follow(here, middle), follow(middle, next));
      here = next;
      v128.store(to, both);
      if (v128.any_true(both)) found |= bit;
      bit <<= 1;
      to += 16;
    }
    if (found !== 0) appendFound(from, found, hasPivots);
  }
}

/** Appends what `FOUND_PAIRS` has of the stretch at `from`, thirty-two positions a bit of `found`. */
function appendFound(from: u32, found: u64, hasPivots: bool): void {
  let even = evenEnd;
  let odd = oddEnd;
  let group = groupEnd;
  for (; found !== 0; found &= found - 1) {
    const number = <u32>ctz(found);
    const at = from + (number << 5);
    const both = v128.load(FOUND_PAIRS + ((<usize>number) << 4));
    even = append(even, at, both, EVEN_LANES);
    odd = append(odd, at, both, ODD_LANES);
    if (hasPivots) {
      group = append(group, at, both, GROUP_LANES_BESIDE);
      pivotPositionsEnd = append(pivotPositionsEnd, at, both, PIVOT_LANES);
    } else group = append(group, at, both, GROUP_LANES);
  }
  evenEnd = even;
  oddEnd = odd;
  groupEnd = group;
}

/** The entries of eight pairs. */
function entriesAt(table: usize, bytes: usize): v128 {
  let entries = v128.load16_lane(table + ((<usize>load<u16>(bytes)) << 1), i16x8.splat(0), 0);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 2)) << 1), entries, 1);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 4)) << 1), entries, 2);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 6)) << 1), entries, 3);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 8)) << 1), entries, 4);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 10)) << 1), entries, 5);
  entries = v128.load16_lane(table + ((<usize>load<u16>(bytes, 12)) << 1), entries, 6);
  return v128.load16_lane(table + ((<usize>load<u16>(bytes, 14)) << 1), entries, 7);
}

/** Where what begins with one pair is followed by the next: bits 0–7 of each. */
function follow(entries: v128, behind: v128): v128 {
  const next = v128.shuffle<i16>(entries, behind, 1, 2, 3, 4, 5, 6, 7, 8);
  return v128.and(entries, i16x8.shr_u(next, 8));
}

/** Appends the positions of those of sixteen pairs that have one of the bits, without branching on how many there are. */
function append(end: usize, at: u32, both: v128, bits: i8): usize {
  const lanes: u32 = i8x16.bitmask(i8x16.eq(v128.and(both, i8x16.splat(bits)), i8x16.splat(0))) ^ 0xffff;
  const low: u32 = lanes & 0xff;
  const high: u32 = lanes >> 8;
  v128.store(end, v128.or(i16x8.splat(<i16>at), v128.load(COMPRESS + ((<usize>low) << 4))));
  end += (<usize>popcnt(low)) << 1;
  v128.store(end, v128.or(i16x8.splat(<i16>(at + 16)), v128.load(COMPRESS + ((<usize>high) << 4))));
  return end + ((<usize>popcnt(high)) << 1);
}

/** Keeps those of the list whose four bytes, `back` before the position, some entry has. In place. */
export function lookForFour(list: usize, listEnd: usize, back: usize): usize {
  const bits = load<usize>(FOUR_BITS);
  const shift = load<u32>(FOUR_SHIFT);
  let end = list;
  for (let from = list; from < listEnd; from += 2) {
    const at = load<u16>(from);
    store<u16>(end, at);
    end += <usize>(bitOf(bits, shift, hashGram(load<u32>(BLOCK + <usize>at - back))) << 1);
  }
  return end;
}

/** Keeps those of `GROUP_LIST` whose eight bytes fit some group, and writes the groups to `GROUP_MASKS`. In place. */
export function lookForGroups(): usize {
  const table = load<usize>(BYTE_GROUPS);
  let end = GROUP_LIST;
  let masks = GROUP_MASKS;
  for (let from = GROUP_LIST; from < groupEnd; from += 2) {
    const at = load<u16>(from);
    const bytes = BLOCK + <usize>at;
    const groups =
      load<u32>(table + ((<usize>load<u8>(bytes)) << 2)) &
      load<u32>(table + ((<usize>load<u8>(bytes, 1)) << 2), 0x400) &
      load<u32>(table + ((<usize>load<u8>(bytes, 2)) << 2), 0x800) &
      load<u32>(table + ((<usize>load<u8>(bytes, 3)) << 2), 0xc00) &
      load<u32>(table + ((<usize>load<u8>(bytes, 4)) << 2), 0x1000) &
      load<u32>(table + ((<usize>load<u8>(bytes, 5)) << 2), 0x1400) &
      load<u32>(table + ((<usize>load<u8>(bytes, 6)) << 2), 0x1800) &
      load<u32>(table + ((<usize>load<u8>(bytes, 7)) << 2), 0x1c00);
    store<u16>(end, at);
    store<u32>(masks, groups);
    const isKept: usize = <usize>(groups !== 0);
    end += isKept << 1;
    masks += isKept << 2;
  }
  return end;
}

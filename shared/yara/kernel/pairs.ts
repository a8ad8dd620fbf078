/**
 * Shorter entries: one look-up of two bytes at every second position. An entry of the table has eight bits for pairs that
 * begin something and eight for pairs that follow; where both bits of a group meet, a position goes on its group's list.
 *
 * ```
 * bits 0–1, 8–9     entries of four bytes that begin at an even position
 * bits 2–3, 10–11   at an odd one: the position is their second byte's
 * bits 4–7, 12–15   entries told apart byte by byte
 * ```
 */
import { bitOf, hashGram } from './hashes';
import {
  BLOCK,
  BYTE_GROUPS,
  COMPRESS,
  ENTRIES,
  EVEN_LIST,
  FOUR_BITS,
  FOUR_SHIFT,
  GROUP_LIST,
  GROUP_MASKS,
  ODD_LIST,
  PAIR_ENTRIES,
} from './memory';

const EVEN_LANES: i16 = 0x0003;
const ODD_LANES: i16 = 0x000c;
const GROUP_LANES: i16 = 0x00f0;

export let evenEnd: usize = 0;
export let oddEnd: usize = 0;
export let groupEnd: usize = 0;

/** Fills the three lists. */
export function lookForPairs(length: u32): void {
  const table = load<usize>(PAIR_ENTRIES);
  let to = ENTRIES;
  // One vector more than the block: the last pair needs the one behind it.
  const last = length + 16;
  for (let at: u32 = 0; at < last; at += 8) {
    const bytes = load<u64>(BLOCK + at);
    store<u16>(to, load<u16>(table + <usize>(((<u32>bytes) & 0xffff) << 1)));
    store<u16>(to, load<u16>(table + <usize>(<u32>((bytes >> 15) & 0x1fffe))), 2);
    store<u16>(to, load<u16>(table + <usize>(<u32>((bytes >> 31) & 0x1fffe))), 4);
    store<u16>(to, load<u16>(table + <usize>(<u32>((bytes >> 47) & 0x1fffe))), 6);
    to += 8;
  }
  let even = EVEN_LIST;
  let odd = ODD_LIST;
  let group = GROUP_LIST;
  let from = ENTRIES;
  const none = i16x8.splat(0);
  for (let at: u32 = 0; at < length; at += 16) {
    const both = v128.and(v128.load(from), i16x8.shr_u(v128.load(from, 2), 8));
    const positions = i16x8.splat(<i16>at);
    let lanes = i16x8.bitmask(i16x8.ne(v128.and(both, i16x8.splat(EVEN_LANES)), none));
    v128.store(even, v128.or(positions, v128.load(COMPRESS + <usize>(lanes << 4))));
    even += <usize>(popcnt(lanes) << 1);
    lanes = i16x8.bitmask(i16x8.ne(v128.and(both, i16x8.splat(ODD_LANES)), none));
    v128.store(odd, v128.or(positions, v128.load(COMPRESS + <usize>(lanes << 4))));
    odd += <usize>(popcnt(lanes) << 1);
    lanes = i16x8.bitmask(i16x8.ne(v128.and(both, i16x8.splat(GROUP_LANES)), none));
    v128.store(group, v128.or(positions, v128.load(COMPRESS + <usize>(lanes << 4))));
    group += <usize>(popcnt(lanes) << 1);
    from += 16;
  }
  evenEnd = even;
  oddEnd = odd;
  groupEnd = group;
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

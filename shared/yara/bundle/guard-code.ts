/**
 * Guards: what must stand around an atom where it is part of a match, as bytes. A guard is three codes, one behind the other:
 * what follows the atom, what comes before it (nearest first), and the atom itself where the filter compares only part of it.
 *
 * ```
 * guard    length of the atom, bytes of the first code, bytes of the second, code, code, code
 * code     steps, end
 * end      0
 * run      1 count  bytes               these bytes
 * masked   2 count  (value, mask)…      bytes of which only these bits count
 * set      3 low high                   a byte of that set
 * gap      4 min min max max            that many bytes, 16-bit numbers, low bytes first
 * repeat   5 low high min min max max   that many bytes of the set
 * ```
 * `count` is 1 to 255. `max` is exact below `ENDLESS`, which stands for any number from there on.
 */
export const GUARD_OP = { end: 0, run: 1, masked: 2, set: 3, gap: 4, repeat: 5 } as const;
export const ENDLESS = 0xffff;

/** Of a guard, before its codes. */
export const GUARD_HEAD = 3;
const CODES_PER_GUARD = 3;

/** Where guards begin, a mark each; undefined when `guards` is anything else than guards, or one names a set that is not there. */
export function guardStarts(guards: Uint8Array, setCount: number): Uint8Array | undefined {
  const starts = new Uint8Array(guards.length);
  for (let at = 0; at < guards.length;) {
    const head = at;
    starts[head] = 1;
    at += GUARD_HEAD;
    for (let code = 0; code < CODES_PER_GUARD; code++) {
      const from = at;
      at = endOfCode(guards, from, setCount);
      if (at < 0 || (code < CODES_PER_GUARD - 1 && guards[head + 1 + code] !== at - from)) return undefined;
    }
  }
  return starts;
}

/** Behind the code at `from`; −1 where there is none. */
function endOfCode(guards: Uint8Array, from: number, setCount: number): number {
  for (let at = from; at < guards.length;) {
    const op = guards[at]!;
    const count = guards[at + 1]!;
    const isSet = op === GUARD_OP.set || op === GUARD_OP.repeat;
    if (isSet && count + guards[at + 2]! * 256 >= setCount) return -1;
    switch (op) {
      case GUARD_OP.end:
        return at + 1;
      case GUARD_OP.run:
        at += 2 + count;
        break;
      case GUARD_OP.masked:
        at += 2 + 2 * count;
        break;
      case GUARD_OP.set:
        at += 3;
        break;
      case GUARD_OP.gap:
        at += 5;
        break;
      case GUARD_OP.repeat:
        at += 7;
        break;
      default:
        return -1;
    }
  }
  return -1;
}

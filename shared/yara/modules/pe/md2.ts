/**
 * MD2, which certificates of the nineties are signed with. Source: RFC 1319. Its table is a shuffle of the bytes by the
 * digits of pi (Fisher and Yates), so it is made from them, once, when it is first needed.
 */
import { once } from '../structure-value.ts';

const BLOCK_BYTES = 16;
const ROUNDS = 18;
/** As many as the shuffle takes, and some that it throws away. */
const PI_DIGITS = 800;

const table = once((): Uint8Array => {
  const digits = String(piTimes(10n ** BigInt(PI_DIGITS)));
  let next = 0;
  const below = (bound: number): number => {
    const length = bound > 100 ? 3 : bound > 10 ? 2 : 1;
    const drawn = Number(digits.slice(next, next + length));
    next += length;
    return drawn < bound * Math.floor(10 ** length / bound) ? drawn % bound : below(bound);
  };
  const shuffled = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (let at = 1; at < 256; at++) {
    const other = below(at + 1);
    [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
  }
  return shuffled;
});

/** By Machin's formula; the last digits are cut off by the guard. */
function piTimes(scale: bigint): bigint {
  const guard = 10n ** 10n;
  const arctan = (inverse: bigint): bigint => {
    let sum = 0n;
    let term = (scale * guard) / inverse;
    for (let odd = 1n; term !== 0n; odd += 2n, term /= -inverse * inverse) sum += term / odd;
    return sum;
  };
  return (4n * (4n * arctan(5n) - arctan(239n))) / guard;
}

export function md2(): { update(bytes: Uint8Array): void; finish(): Uint8Array } {
  const state = new Uint8Array(3 * BLOCK_BYTES);
  const checksum = new Uint8Array(BLOCK_BYTES);
  const block = new Uint8Array(BLOCK_BYTES);
  let begun = 0;
  const process = (bytes: Uint8Array): void => {
    mix(state, bytes);
    let last = checksum[BLOCK_BYTES - 1]!;
    for (let at = 0; at < BLOCK_BYTES; at++) last = checksum[at]! ^= table()[bytes[at]! ^ last]!;
  };
  const update = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      block[begun++] = byte;
      if (begun < BLOCK_BYTES) continue;
      process(block);
      begun = 0;
    }
  };
  return {
    update,
    finish: () => {
      update(new Uint8Array(BLOCK_BYTES - begun).fill(BLOCK_BYTES - begun));
      mix(state, checksum);
      return state.slice(0, BLOCK_BYTES);
    },
  };
}

function mix(state: Uint8Array, block: Uint8Array): void {
  for (let at = 0; at < BLOCK_BYTES; at++) {
    state[BLOCK_BYTES + at] = block[at]!;
    state[2 * BLOCK_BYTES + at] = block[at]! ^ state[at]!;
  }
  let last = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (let at = 0; at < state.length; at++) last = state[at]! ^= table()[last]!;
    last = (last + round) & 0xff;
  }
}

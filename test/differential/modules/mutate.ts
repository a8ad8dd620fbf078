/** Damaged copies of a file: bits flipped, fields made extreme, tails cut off, parts taken from elsewhere in it. */
import type { Random } from '../../conformance/seed.ts';

const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** `hot` are offsets and lengths of parts that say where things are; most changes fall there. */
export function mutated(
  bytes: Uint8Array,
  random: Random,
  hot: readonly { readonly offset: number; readonly length: number }[],
): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const place = (width: number): number => {
    const part =
      hot.length > 0 && random.below(8) > 0 ? hot[random.below(hot.length)]! : { offset: 0, length: bytes.length };
    const length = Math.max(1, Math.min(part.length, bytes.length - part.offset) - width + 1);
    return Math.min(part.offset + random.below(length), Math.max(0, bytes.length - width));
  };
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    switch (random.below(6)) {
      case 0: {
        const at = place(1);
        copy[at] = copy[at]! ^ (1 << random.below(8));
        break;
      }
      case 1:
        copy[place(1)] = random.below(256);
        break;
      case 2:
        view.setUint32(place(4) & ~3, EXTREMES[random.below(EXTREMES.length)]!, random.below(2) === 0);
        break;
      case 3:
        view.setUint16(place(2) & ~1, EXTREMES[random.below(EXTREMES.length)]! & 0xffff, random.below(2) === 0);
        break;
      case 4: {
        const length = 4 << random.below(4);
        const from = place(length);
        copy.copyWithin(place(length), from, from + length);
        break;
      }
      case 5:
        if (random.below(4) === 0) return copy.subarray(0, place(1) + 1);
        view.setUint32(place(4) & ~3, bytes.length - random.below(64) + 16, true);
    }
  }
  return copy;
}

/**
 * Damaged copies of a file: bits flipped, fields made extreme, tails cut off, parts taken from elsewhere in it, and fields
 * or whole headers taken from another file of its kind.
 */
import type { Random } from '../../conformance/seed.ts';

const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

export interface Part {
  readonly offset: number;
  readonly length: number;
}

export interface Donor {
  readonly bytes: Uint8Array;
  /** The part at a place is of the same kind as that of the damaged file at that place. */
  readonly parts: readonly Part[];
}

/** The longest part that is taken over as a whole. */
const MAX_TAKEN_BYTES = 400;

/** `hot` are parts that say where things are; most changes fall there. Without a donor nothing is taken from another file. */
export function mutated(bytes: Uint8Array, random: Random, hot: readonly Part[], donor?: Donor): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const place = (width: number): number => {
    const part =
      hot.length > 0 && random.below(8) > 0 ? hot[random.below(hot.length)]! : { offset: 0, length: bytes.length };
    const length = Math.max(1, Math.min(part.length, bytes.length - part.offset) - width + 1);
    return Math.min(part.offset + random.below(length), Math.max(0, bytes.length - width));
  };
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    switch (random.below(donor === undefined ? 6 : 8)) {
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
        break;
      default:
        takeOver(copy, random, hot, donor!);
    }
  }
  return copy;
}

/** A field of 2 to 16 bytes, or now and then all of a part, from where the donor has it to where it belongs here. */
function takeOver(copy: Uint8Array, random: Random, hot: readonly Part[], donor: Donor): void {
  const shared = Math.min(hot.length, donor.parts.length);
  if (shared === 0) return;
  const place = random.below(shared);
  const [own, other] = [hot[place]!, donor.parts[place]!];
  const length = Math.min(own.length, other.length, copy.length - own.offset, donor.bytes.length - other.offset);
  if (length <= 0) return;
  const width = random.below(4) === 0 ? Math.min(length, MAX_TAKEN_BYTES) : Math.min(length, 2 << random.below(4));
  const aligned = Math.min(2, width);
  const distance = Math.floor(random.below(length - width + 1) / aligned) * aligned;
  const taken = donor.bytes.subarray(other.offset + distance, other.offset + distance + width);
  copy.set(taken, own.offset + distance);
}

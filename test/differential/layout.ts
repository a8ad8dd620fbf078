/**
 * Makes an object of a plan: what is fixed stands where it must, witnesses are laid out in random order with random gaps,
 * now and then at the very edges, cut off, or over each other, and something fills the rest. No run of the same byte is
 * long and nothing is dense: the reference needs quadratic time where every byte begins a match.
 */
import type { Pattern } from '../../shared/yara/syntax/ast.ts';
import { LARGEST_OBJECT, MOST_COPIES, type Plan } from './plan.ts';
import type { Random } from './random.ts';
import { joined, makeWitness, nearMiss, widened, type Witness } from './witness.ts';

/** What is not asked for, but put there as well. */
export interface Noise {
  /** Patterns whose witnesses, whole or nearly right, are strewn in, unless the plan forbids them. */
  readonly patterns: readonly Pattern[];
  readonly pieces: number;
  /** After everything else one thing is broken: a byte, the end, or everything behind some place by one byte. */
  readonly isDamaged: boolean;
  /** What the object begins with; everything that has no place of its own stands behind it. */
  readonly container?: Uint8Array;
}

/** Beyond this size the filling is one block again and again. */
const FILLED_BYTE_BY_BYTE = 64 * 1024;
const ROOM_FOR_ALL = 900 * 1024;

const NO_BYTES = new Uint8Array(0);

const WORDS =
  'the of and http www com exe dll open load get set kernel32 user config GET POST Content-Type: %s %d temp'.split(' ');

export function layOut(plan: Plan, noise: Noise, random: Random): Uint8Array {
  const pieces = [...wantedPieces(plan, random), ...noisePieces(plan, noise, random)];
  const ordered = random.shuffle(pieces);
  const total = ordered.reduce((sum, { before, bytes, after }) => sum + before.length + bytes.length + after.length, 0);
  const { container = NO_BYTES } = noise;
  const isTight = plan.least + container.length + total * 1.2 + 64 > plan.most;
  const gap = isTight ? 0 : random.pick([0, 2, 30, 30, Math.max(4, Math.floor(60_000 / (ordered.length + 1)))]);
  const placed = placeAll(ordered, plan, gap, container.length, random);
  const end = placed.at(-1)?.end ?? container.length;
  const slack = random.pick([0, 0, 1, 64, 1000]);
  const size = Math.max(plan.least, Math.min(plan.most, Math.max(end, placed.length > 0 ? end : plan.least) + slack));
  const object = fill(Math.min(size, LARGEST_OBJECT), plan, pieces, random);
  write(object, 0, container);
  for (const { offset, bytes } of placed) write(object, offset, bytes);
  for (const [offset, byte] of plan.bytes) if (offset < object.length) object[offset] = byte;
  return noise.isDamaged ? damage(object, random) : object;
}

function behindPlaced(plan: Plan, pattern: Pattern): number {
  const last = plan.wantedOf(pattern).placed.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}

interface Piece extends Witness {
  /** Stands behind this offset: those whose place is decided are the first matches of their pattern. */
  readonly from: number;
}

/** Witnesses that are wanted and have no place yet. */
function wantedPieces(plan: Plan, random: Random): Piece[] {
  const pieces: Piece[] = [];
  let bytes = 0;
  for (const [pattern, { least, placed }] of plan.wanted) {
    const from = behindPlaced(plan, pattern);
    for (let copy = placed.length; copy < Math.min(least, MOST_COPIES) && bytes < ROOM_FOR_ALL; copy++) {
      const witness = makeWitness(pattern, random);
      bytes += witness.bytes.length;
      pieces.push({ ...witness, from });
    }
  }
  return pieces;
}

function noisePieces(plan: Plan, { patterns, pieces }: Noise, random: Random): Piece[] {
  const allowed = patterns.filter((pattern) => plan.wantedOf(pattern).most > 1);
  if (allowed.length === 0) return [];
  const out: Piece[] = [];
  for (let count = random.below(pieces + 1); count > 0; count--) {
    const pattern = random.pick(allowed);
    const witness = makeWitness(pattern, random);
    const from = behindPlaced(plan, pattern);
    if (witness.bytes.length === 0 || witness.bytes.length > 4000) continue;
    const kind = random.below(10);
    if (kind < 3) out.push({ ...witness, from });
    else if (kind < 8) out.push({ ...nearMiss(witness, random), from });
    else out.push({ ...overItself(witness, random), from });
  }
  return out;
}

/** A witness that begins inside another copy of itself. */
function overItself(witness: Witness, random: Random): Witness {
  const at = random.below(witness.bytes.length);
  return { ...witness, bytes: joined(witness.bytes.subarray(0, at), witness.bytes) };
}

interface Placed {
  readonly offset: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

function placeAll(pieces: readonly Piece[], plan: Plan, gap: number, start: number, random: Random): Placed[] {
  const taken = takenRanges(plan);
  const placed: Placed[] = [];
  let at = start;
  // What matches only at one of the edges comes first or last.
  const order = [...pieces].sort((a, b) => rank(a) - rank(b) || a.from - b.from);
  for (const { before, bytes, after, atStart, from } of order) {
    at = Math.max(at, from);
    if (!atStart && gap > 0 && !(at === 0 && random.chance(20))) at += random.below(gap);
    const isFirst = at === 0;
    const whole = joined(isFirst ? new Uint8Array(0) : before, bytes, after);
    if (!atStart) at = skipTaken(at, whole.length, taken);
    const offset = at;
    placed.push({ offset, end: offset + whole.length, bytes: whole });
    // Now and then the next one begins where this one's neighbour stands, or over its last byte.
    at = offset + whole.length - (random.chance(10) ? Math.min(after.length + random.below(2), whole.length) : 0);
  }
  const last = placed.at(-1);
  const lastPiece = order.at(-1);
  if (last === undefined || lastPiece === undefined || (!lastPiece.atEnd && !random.chance(30))) return placed;
  // Ends with the object itself.
  const bytes = last.bytes.subarray(0, last.bytes.length - lastPiece.after.length);
  return [...placed.slice(0, -1), { offset: last.offset, end: last.offset + bytes.length, bytes }];
}

function rank({ atStart, atEnd }: Witness): number {
  return atStart ? 0 : atEnd ? 2 : 1;
}

type Range = readonly [start: number, end: number];

/** Fixed bytes as ranges, those close together as one. */
function takenRanges(plan: Plan): Range[] {
  const ranges: Range[] = [];
  let start = -1;
  let end = -1;
  for (const offset of [...plan.bytes.keys()].sort((a, b) => a - b)) {
    if (offset > end + 2) {
      if (end > start) ranges.push([start, end]);
      start = offset;
    }
    end = offset + 1;
  }
  if (end > start) ranges.push([start, end]);
  return ranges;
}

function skipTaken(at: number, length: number, taken: readonly Range[]): number {
  let offset = at;
  for (const [start, end] of taken) if (offset < end && start < offset + length) offset = end;
  return offset;
}

function fill(size: number, plan: Plan, pieces: readonly Witness[], random: Random): Uint8Array {
  const object = new Uint8Array(size);
  if (size === 0) return object;
  const block =
    plan.entropy === undefined
      ? filling(size, pieces, random)
      : plan.entropy > 4
        ? random.bytes(Math.min(size, FILLED_BYTE_BY_BYTE))
        : Uint8Array.of(0x20);
  for (let at = 0; at < size; at += block.length) object.set(block.subarray(0, Math.min(block.length, size - at)), at);
  return object;
}

function filling(size: number, pieces: readonly Witness[], random: Random): Uint8Array {
  const length = Math.min(size, FILLED_BYTE_BY_BYTE);
  switch (random.below(size > FILLED_BYTE_BY_BYTE ? 3 : 7)) {
    case 0:
    case 1:
      return random.bytes(length);
    case 2:
      return words(length, random);
    case 3:
      return size > 8192 ? random.bytes(length) : new Uint8Array(length);
    case 4: {
      // Text as Windows programs hold it.
      return widened(words(Math.ceil(length / 2), random)).subarray(0, length);
    }
    case 5:
      return length > 2048 ? words(length, random) : fromTheirBytes(length, pieces, random);
    default:
      return fragments(length, pieces, random);
  }
}

function words(length: number, random: Random): Uint8Array {
  const parts: string[] = [];
  for (let written = 0; written < length;) {
    const word = `${random.pick(WORDS)}${random.pick([' ', ' ', '\n', '\r\n', '\0', '_', '/', '"', '.'])}`;
    parts.push(word);
    written += word.length;
  }
  return new TextEncoder().encode(parts.join('')).subarray(0, length);
}

/** Random bytes of those that the pieces are made of. */
function fromTheirBytes(length: number, pieces: readonly Witness[], random: Random): Uint8Array {
  const some = pieces.slice(0, 3).map(({ bytes }) => bytes.subarray(0, 40));
  const alphabet = joined(...some, Uint8Array.of(0, 0x20));
  return Uint8Array.from({ length }, () => random.pick(alphabet as unknown as readonly number[]));
}

/** Torn pieces of the witnesses, one behind the other. */
function fragments(length: number, pieces: readonly Witness[], random: Random): Uint8Array {
  const out = random.bytes(length);
  const long = pieces.filter(({ bytes }) => bytes.length > 3);
  if (long.length === 0) return out;
  for (let at = 0, count = 0; at < length && count < 400; count++) {
    const { bytes } = random.pick(long);
    const from = random.below(bytes.length);
    const part = bytes.subarray(from, Math.min(from + 1 + random.below(bytes.length - 1), length - at + from));
    // A whole witness is not wanted here.
    if (part.length < bytes.length) write(out, at, part);
    at += part.length + random.below(20);
  }
  return out;
}

function write(object: Uint8Array, offset: number, bytes: Uint8Array): void {
  if (offset < object.length) object.set(bytes.subarray(0, object.length - offset), offset);
}

function damage(object: Uint8Array, random: Random): Uint8Array {
  const at = random.below(object.length);
  switch (random.below(5)) {
    case 0:
      return object.subarray(0, at);
    case 1:
      return object.subarray(Math.min(object.length, 1 + random.below(8)));
    case 2:
      return joined(object.subarray(0, at), object.subarray(at + 1));
    case 3:
      return joined(object.subarray(0, at), random.bytes(1 + random.below(3)), object.subarray(at));
    default: {
      const changed = object.slice();
      for (let count = 1 + random.below(4); count > 0 && changed.length > 0; count--) {
        changed[random.below(Math.min(changed.length, random.chance(50) ? 64 : changed.length))]! ^=
          1 << random.below(8);
      }
      return changed;
    }
  }
}

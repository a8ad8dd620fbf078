/**
 * Shapes as bytes, so that a bundle keeps a regex about as long as it was written and not as large as it is unrolled.
 *
 * ```
 * node         head           what follows
 * byte         set · 8 + 0
 * assertion    kind · 8 + 1
 * sequence     count · 8 + 2  the items
 * alternation  count · 8 + 3  the items, first the preferred one
 * greedy       min · 8 + 4    max + 1, or 0 for no end; the item
 * lazy         min · 8 + 5    the same
 * ```
 * A head and a max are numbers of seven bits a byte, the lowest first; all bytes of one but its last have the top bit set.
 * A shape is written in one way only: a sequence has no sequence among its items and never just one item, an alternation at
 * least two, a repeat at least one possible round, of something that reads a byte. `measureShape` holds codes to that.
 */
import { extentOf, type Shape } from './shape.ts';

export const SHAPE_OP = { byte: 0, assertion: 1, sequence: 2, alternation: 3, greedy: 4, lazy: 5 } as const;
export const SHAPE_OPS = 8;

/** `numberOf` numbers the sets of bytes. */
export function encodeShape(shape: Shape, numberOf: (set: Uint32Array) => number): Uint8Array {
  const code: number[] = [];
  writeItems(itemsOf(shape), numberOf, code);
  return Uint8Array.from(code);
}

/** What stands one after the other, without what reads nothing and asserts nothing. */
function itemsOf(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'sequence':
      return shape.items.flatMap(itemsOf);
    case 'repeat':
      if (shape.max === 0) return [];
      // An item that reads nothing holds once or not at all.
      if (extentOf(shape.item).max === 0) return shape.min > 0 ? itemsOf(shape.item) : [];
      return [shape];
    case 'alternation':
      return shape.items.length === 1 ? itemsOf(shape.items[0]!) : [shape];
    default:
      return [shape];
  }
}

function writeItems(items: readonly Shape[], numberOf: (set: Uint32Array) => number, code: number[]): void {
  if (items.length !== 1) writeNumber(items.length * SHAPE_OPS + SHAPE_OP.sequence, code);
  for (const item of items) writeItem(item, numberOf, code);
}

function writeItem(shape: Shape, numberOf: (set: Uint32Array) => number, code: number[]): void {
  switch (shape.kind) {
    case 'byte':
      writeNumber(numberOf(shape.set) * SHAPE_OPS + SHAPE_OP.byte, code);
      return;
    case 'assertion':
      writeNumber(shape.assertion * SHAPE_OPS + SHAPE_OP.assertion, code);
      return;
    case 'sequence':
      writeItems(itemsOf(shape), numberOf, code);
      return;
    case 'alternation':
      writeNumber(shape.items.length * SHAPE_OPS + SHAPE_OP.alternation, code);
      for (const item of shape.items) writeItems(itemsOf(item), numberOf, code);
      return;
    case 'repeat':
      writeNumber(shape.min * SHAPE_OPS + (shape.isGreedy ? SHAPE_OP.greedy : SHAPE_OP.lazy), code);
      writeNumber(shape.max === Infinity ? 0 : shape.max + 1, code);
      writeItems(itemsOf(shape.item), numberOf, code);
  }
}

function writeNumber(number: number, code: number[]): void {
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) code.push((rest % 0x80) | 0x80);
  code.push(rest);
}

/** Reads numbers of a code from its start on. Behind the end there are zeros. */
export class ShapeReader {
  readonly #code: Uint8Array;
  at = 0;

  constructor(code: Uint8Array) {
    this.#code = code;
  }

  /** At most `Number.MAX_SAFE_INTEGER`, or NaN. */
  number(): number {
    let number = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#code[this.at++] ?? 0;
      number += (byte & 0x7f) * scale;
      if (byte < 0x80) return number <= Number.MAX_SAFE_INTEGER ? number : NaN;
      if (scale > Number.MAX_SAFE_INTEGER) return NaN;
    }
  }

  /**
   * Goes on behind the next nodes, as long as they are bytes of one of the first `setCount` sets, and says how many they
   * were: `most` at most, and of those with a head of more than two bytes none. Nearly all nodes are such.
   */
  skipBytes(most: number, setCount: number): number {
    const code = this.#code;
    let { at } = this;
    let count = 0;
    for (; count < most && at < code.length; count++) {
      const low = code[at]!;
      if (low < 0x80) {
        if (low % SHAPE_OPS !== SHAPE_OP.byte || low / SHAPE_OPS >= setCount) break;
        at++;
      } else {
        const high = code[at + 1] ?? 0x80;
        const head = (low & 0x7f) | (high << 7);
        if (high >= 0x80 || head % SHAPE_OPS !== SHAPE_OP.byte || head / SHAPE_OPS >= setCount) break;
        at += 2;
      }
    }
    this.at = at;
    return count;
  }
}

/** The shape of a code that was checked; `sets` are the sets of bytes by number. */
export function decodeShape(code: Uint8Array, sets: readonly Uint32Array[]): Shape {
  return readNode(new ShapeReader(code), sets);
}

function readNode(reader: ShapeReader, sets: readonly Uint32Array[]): Shape {
  const head = reader.number();
  const argument = Math.floor(head / SHAPE_OPS);
  switch (head % SHAPE_OPS) {
    case SHAPE_OP.byte:
      return { kind: 'byte', set: sets[argument]! };
    case SHAPE_OP.assertion:
      return { kind: 'assertion', assertion: argument };
    case SHAPE_OP.sequence:
      return { kind: 'sequence', items: readItems(argument, reader, sets) };
    case SHAPE_OP.alternation:
      return { kind: 'alternation', items: readItems(argument, reader, sets) };
    default: {
      const end = reader.number();
      return {
        kind: 'repeat',
        min: argument,
        max: end === 0 ? Infinity : end - 1,
        isGreedy: head % SHAPE_OPS === SHAPE_OP.greedy,
        item: readNode(reader, sets),
      };
    }
  }
}

function readItems(count: number, reader: ShapeReader, sets: readonly Uint32Array[]): Shape[] {
  const items: Shape[] = [];
  for (let item = 0; item < count; item++) items.push(readNode(reader, sets));
  return items;
}

/**
 * Turns patterns into literals: runs of bytes, each with the bits that count. A text pattern gives one literal per form
 * (ascii, wide), a hex pattern without jumps one. Equal literals of different patterns are stored once and know all their
 * users.
 *
 * A byte `b` of the data fits position `i` when `(b & mask[i]) === value[i]`, or when it does not, where `negated[i]` is 1.
 */
import type { HexNode } from '../syntax/hex-ast.ts';
import type { TextPattern } from '../syntax/ast.ts';
import { USER_FLAG } from '../bundle/image.ts';

export interface Literal {
  readonly value: Uint8Array;
  /** Undefined when every bit counts. */
  readonly mask: Uint8Array | undefined;
  /** Undefined when no byte is negated. */
  readonly negated: Uint8Array | undefined;
  readonly users: { readonly pattern: number; readonly flags: number }[];
}

/** The distinct literals of a rule set, in the order in which they were first added. */
export class LiteralSet {
  readonly #byKey = new Map<string, Literal>();

  get literals(): readonly Literal[] {
    return [...this.#byKey.values()];
  }

  add(form: Omit<Literal, 'users'>, pattern: number, flags: number): void {
    const key = [form.value, form.mask, form.negated]
      .map((bytes) => (bytes === undefined ? '' : latin1(bytes)))
      .join('\0|');
    const literal = this.#byKey.get(key) ?? { ...form, users: [] };
    this.#byKey.set(key, literal);
    if (!literal.users.some((user) => user.pattern === pattern && user.flags === flags)) {
      literal.users.push({ pattern, flags });
    }
  }
}

export function addTextPattern(literals: LiteralSet, pattern: number, text: TextPattern): void {
  const { ascii, wide, nocase, fullword } = text.modifiers;
  const value = text.bytes.slice();
  let mask: Uint8Array | undefined;
  if (nocase !== undefined && value.some(isLetter)) {
    mask = value.map((byte) => (isLetter(byte) ? 0xdf : 0xff));
    value.forEach((byte, at) => (value[at] = byte & mask![at]!));
  }
  const flags = fullword === undefined ? 0 : USER_FLAG.fullword;
  if (ascii !== undefined || wide === undefined) literals.add({ value, mask, negated: undefined }, pattern, flags);
  if (wide !== undefined) {
    literals.add(
      { value: widen(value, 0), mask: mask && widen(mask, 0xff), negated: undefined },
      pattern,
      flags === 0 ? 0 : flags | USER_FLAG.wide,
    );
  }
}

/** False when the pattern is more than a run of bytes: it has a jump or alternatives. */
export function addHexPattern(literals: LiteralSet, pattern: number, root: HexNode): boolean {
  const pieces = root.kind === 'sequence' ? root.items : [root];
  const value: number[] = [];
  const mask: number[] = [];
  const negated: number[] = [];
  const push = (byte: number, bits: number, isNegated: number): void => {
    value.push(byte);
    mask.push(bits);
    negated.push(isNegated);
  };
  for (const piece of pieces) {
    if (piece.kind === 'bytes') {
      piece.values.forEach((byte, at) => {
        push(byte, piece.masks[at]!, 0);
      });
    } else if (piece.kind === 'negatedByte') {
      push(piece.value, piece.mask, 1);
    } else if (piece.kind === 'jump' && piece.min === piece.max && piece.min <= MAX_FIXED_JUMP) {
      for (let at = 0; at < piece.min; at++) push(0, 0, 0);
    } else {
      return false;
    }
  }
  const form = {
    value: Uint8Array.from(value),
    mask: mask.every((byte) => byte === 0xff) ? undefined : Uint8Array.from(mask),
    negated: negated.includes(1) ? Uint8Array.from(negated) : undefined,
  };
  literals.add(form, pattern, 0);
  return true;
}

/** A fixed jump up to this long is wildcards of one literal; a longer one is a gap between two. */
const MAX_FIXED_JUMP = 64;

export function isLetter(byte: number): boolean {
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

function widen(bytes: Uint8Array, pad: number): Uint8Array {
  const wide = new Uint8Array(bytes.length * 2).fill(pad);
  bytes.forEach((byte, at) => (wide[at * 2] = byte));
  return wide;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

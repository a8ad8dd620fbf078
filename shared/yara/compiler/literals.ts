/**
 * Literals: runs of bytes, each with the bits that count. A text pattern gives one per form (ascii, wide, each xor key, each
 * base64 alignment); a hex pattern or regex that is nothing but a run of bytes gives one too. Equal literals of different
 * patterns are stored once and know all their users.
 *
 * A byte `b` of the data fits position `i` when `(b & mask[i]) === value[i]`, or when it does not, where `negated[i]` is 1.
 */
import type { ImageBuilder } from '../bundle/image-builder.ts';
import { USER_FLAG } from '../bundle/image.ts';
import type { TextPattern } from '../syntax/ast.ts';
import { hasByte } from '../syntax/byte-set.ts';
import type { Shape } from './shape.ts';
import { encodeBase64, STANDARD_ALPHABET } from './base64.ts';

export interface LiteralForm {
  readonly value: Uint8Array;
  /** Undefined when every bit counts. */
  readonly mask: Uint8Array | undefined;
  /** Undefined when no byte is negated; there is a mask where it is not. */
  readonly negated: Uint8Array | undefined;
}

/** Who wants to know of a literal: see `USER` of the image. */
export interface LiteralUser {
  readonly target: number;
  readonly flags: number;
  readonly detail: number;
  readonly rank: number;
}

export interface Literal extends LiteralForm {
  readonly users: LiteralUser[];
}

/** The distinct literals of a rule set, in the order in which they were first added. */
export class LiteralSet {
  readonly #byKey = new Map<string, Literal>();

  get literals(): readonly Literal[] {
    return [...this.#byKey.values()];
  }

  add(form: LiteralForm, user: LiteralUser): void {
    const parts = [form.value, form.mask, form.negated];
    const key = parts.map((bytes) => (bytes === undefined ? '' : latin1(bytes))).join('\0|');
    let literal = this.#byKey.get(key);
    if (literal === undefined) {
      literal = { ...form, users: [] };
      this.#byKey.set(key, literal);
    }
    literal.users.push(user);
  }
}

/** Of several forms that start at one place the one of lowest rank is reported. */
export function addTextPattern(literals: LiteralSet, image: ImageBuilder, target: number, text: TextPattern): void {
  const { ascii, wide, nocase, fullword, xor, base64, base64wide } = text.modifiers;
  const forms: { readonly bytes: Uint8Array; readonly isWide: boolean }[] = [];
  if (ascii !== undefined || wide === undefined) forms.push({ bytes: text.bytes, isWide: false });
  if (wide !== undefined) forms.push({ bytes: widen(text.bytes), isWide: true });
  if (base64 !== undefined || base64wide !== undefined) {
    for (const { bytes } of forms) {
      if (base64 !== undefined) addBase64(literals, image, target, bytes, base64.alphabet, 1);
      if (base64wide !== undefined) addBase64(literals, image, target, bytes, base64wide.alphabet, 2);
    }
    return;
  }
  const isFullword = fullword === undefined ? 0 : USER_FLAG.fullword;
  forms.forEach(({ bytes, isWide }, rank) => {
    const flags = isFullword | (isWide ? USER_FLAG.wide : 0);
    if (xor === undefined) {
      literals.add(nocase === undefined ? plainForm(bytes) : caselessForm(bytes), { target, flags, detail: -1, rank });
      return;
    }
    for (let key = xor.min; key <= xor.max; key++) {
      const form = plainForm(bytes.map((byte) => byte ^ key));
      literals.add(form, { target, flags: flags | USER_FLAG.xor, detail: key, rank });
    }
  });
}

/** The literal of a shape that is a run of bytes with values, masks and negations; undefined for any other. */
export function literalOfShape(shape: Shape): LiteralForm | undefined {
  const sets: Uint32Array[] = [];
  if (!collectSets(shape, sets) || sets.length === 0) return undefined;
  const bytes = sets.map(maskOf);
  if (!bytes.every((byte) => byte !== undefined)) return undefined;
  const isNegated = bytes.some((byte) => byte.isNegated);
  const isPlain = !isNegated && bytes.every(({ mask }) => mask === 0xff);
  return {
    value: Uint8Array.from(bytes, ({ value }) => value),
    mask: isPlain ? undefined : Uint8Array.from(bytes, ({ mask }) => mask),
    negated: isNegated ? Uint8Array.from(bytes, (byte) => Number(byte.isNegated)) : undefined,
  };
}

/** A fixed repeat up to this long is written out. */
const MAX_UNROLLED = 64;

function collectSets(shape: Shape, sets: Uint32Array[]): boolean {
  switch (shape.kind) {
    case 'byte':
      sets.push(shape.set);
      return true;
    case 'sequence':
      return shape.items.every((item) => collectSets(item, sets));
    case 'repeat':
      if (shape.min !== shape.max || shape.min > MAX_UNROLLED || shape.item.kind !== 'byte') return false;
      for (let at = 0; at < shape.min; at++) sets.push(shape.item.set);
      return true;
    default:
      return false;
  }
}

interface MaskedByte {
  readonly value: number;
  readonly mask: number;
  readonly isNegated: boolean;
}

const masks = new Map<string, MaskedByte | undefined>();

/** The value and mask that describe exactly this set, or its complement. */
function maskOf(set: Uint32Array): MaskedByte | undefined {
  const key = set.join();
  if (!masks.has(key)) {
    const members = allBytes.filter((byte) => hasByte(set, byte));
    const others = allBytes.filter((byte) => !hasByte(set, byte));
    const positive = describe(members);
    const negative = positive === undefined ? describe(others) : undefined;
    if (positive !== undefined) masks.set(key, { ...positive, isNegated: false });
    else masks.set(key, negative === undefined ? undefined : { ...negative, isNegated: true });
  }
  return masks.get(key);
}

const allBytes: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);

function describe(members: readonly number[]): { readonly value: number; readonly mask: number } | undefined {
  if (members.length === 0) return undefined;
  let common = 0xff;
  for (const byte of members) common &= ~(byte ^ members[0]!);
  const mask = common & 0xff;
  let free = 1;
  for (let bits = ~mask & 0xff; bits !== 0; bits &= bits - 1) free *= 2;
  return members.length === free ? { value: members[0]! & mask, mask } : undefined;
}

function addBase64(
  literals: LiteralSet,
  image: ImageBuilder,
  target: number,
  plain: Uint8Array,
  alphabet: Uint8Array | undefined,
  unit: 1 | 2,
): void {
  const symbols = alphabet ?? STANDARD_ALPHABET;
  for (let padding = 0; padding < 3; padding++) {
    const found = encodeBase64(plain, padding, symbols);
    if (found.length === 0) continue;
    const detail = image.base64Forms.length / 4;
    image.base64Forms.push(image.bytes(plain), image.bytes(symbols), padding, unit);
    const bytes = unit === 2 ? widen(found) : found;
    literals.add(plainForm(bytes), { target, flags: USER_FLAG.base64, detail, rank: padding });
  }
}

function plainForm(value: Uint8Array): LiteralForm {
  return { value: value.slice(), mask: undefined, negated: undefined };
}

function caselessForm(bytes: Uint8Array): LiteralForm {
  if (!bytes.some(isLetter)) return plainForm(bytes);
  const mask = bytes.map((byte) => (isLetter(byte) ? 0xdf : 0xff));
  return { value: bytes.map((byte, at) => byte & mask[at]!), mask, negated: undefined };
}

export function isLetter(byte: number): boolean {
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

function widen(bytes: Uint8Array): Uint8Array {
  const wide = new Uint8Array(bytes.length * 2);
  bytes.forEach((byte, at) => (wide[at * 2] = byte));
  return wide;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

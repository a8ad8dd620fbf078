/** Bytes that a pattern matches, with what must stand beside them, and bytes that it nearly matches. */
import type { Pattern, RegexPattern, TextPattern } from '../../shared/yara/syntax/ast.ts';
import { writeHexWitness } from './hex-witness.ts';
import type { Random } from './random.ts';
import { eitherCase, isAlphanumeric, isLetter, isWord, walkRegex } from './regex-witness.ts';

export interface Witness {
  readonly bytes: Uint8Array;
  /** Stand directly before and behind it; empty where anything may. The edge of the object always serves as well. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Matches only at the object's first byte, or up to its last. */
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

const NOTHING = new Uint8Array(0);
const BASE64 = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = 0x3d;
/** What may stand beside a whole word: `_` and bytes beyond ASCII are no part of one. */
const DELIMITERS = [0x20, 0x00, 0x0a, 0x22, 0x2e, 0x5f, 0x80, 0xff, 0xe9];

export function makeWitness(pattern: Pattern, random: Random): Witness {
  switch (pattern.kind) {
    case 'text':
      return textWitness(pattern, random);
    case 'hex': {
      const out: number[] = [];
      writeHexWitness(pattern.root, random, out);
      return plain(Uint8Array.from(out));
    }
    case 'regex':
      return regexWitness(pattern, random);
  }
}

function plain(bytes: Uint8Array): Witness {
  return { bytes, before: NOTHING, after: NOTHING, atStart: false, atEnd: false };
}

function textWitness({ bytes: text, modifiers }: TextPattern, random: Random): Witness {
  const { ascii, wide, nocase, fullword, xor, base64, base64wide } = modifiers;
  const isWide = wide !== undefined && (ascii === undefined || random.chance(50));
  const cased = nocase === undefined ? text : text.map((byte) => eitherCase(byte, random));
  const bytes = isWide ? widened(cased) : cased;
  if (base64 !== undefined || base64wide !== undefined) {
    const isBase64Wide = base64wide !== undefined && (base64 === undefined || random.chance(50));
    const alphabet = (isBase64Wide ? base64wide : base64)?.alphabet ?? BASE64;
    const encoded = encodeBase64(joined(random.bytes(random.below(7)), bytes, random.bytes(random.below(5))), alphabet);
    return plain(isBase64Wide ? widened(encoded) : encoded);
  }
  const key = xor === undefined ? 0 : random.between(xor.min, xor.max);
  const witness = plain(bytes.map((byte) => byte ^ key));
  if (fullword === undefined) return witness;
  const beside = (): Uint8Array => {
    const delimiter = random.pick(DELIMITERS);
    return (isWide ? Uint8Array.of(delimiter, 0) : Uint8Array.of(delimiter)).map((byte) => byte ^ key);
  };
  return { ...witness, before: beside(), after: beside() };
}

function regexWitness({ regex, modifiers }: RegexPattern, random: Random): Witness {
  const { ascii, wide, fullword } = modifiers;
  const isWide = wide !== undefined && (ascii === undefined || random.chance(50));
  const walk = walkRegex(regex.root, random);
  const beside = (word: boolean | undefined): Uint8Array => {
    if (word === undefined && fullword === undefined) return NOTHING;
    // Both asked for a letter and for a whole word: it can only be `_`.
    const byte = word === true ? (fullword ? 0x5f : random.pick([0x61, 0x5f, 0x39])) : random.pick(notWords);
    return isWide ? Uint8Array.of(byte, 0) : Uint8Array.of(byte);
  };
  const bytes = Uint8Array.from(walk.bytes);
  return {
    bytes: isWide ? widened(bytes) : bytes,
    before: beside(walk.wordBefore),
    after: beside(walk.wordAfter),
    atStart: walk.atStart,
    atEnd: walk.atEnd,
  };
}

const notWords = DELIMITERS.filter((byte) => !isWord(byte));

export function widened(bytes: Uint8Array): Uint8Array {
  const wide = new Uint8Array(bytes.length * 2);
  bytes.forEach((byte, at) => {
    wide[at * 2] = byte;
  });
  return wide;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function encodeBase64(bytes: Uint8Array, alphabet: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const characters = Math.min(bytes.length - at, 3) + 1;
    for (let place = 0; place < 4; place++) {
      out.push(place < characters ? alphabet[(group >>> (18 - 6 * place)) & 63]! : PADDING);
    }
  }
  return Uint8Array.from(out);
}

/** The witness with one thing wrong with it, which now and then it still survives. */
export function nearMiss(witness: Witness, random: Random): Witness {
  const { bytes } = witness;
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      return { ...witness, bytes: bytes.map((byte, index) => (index === at ? byte ^ (1 << random.below(8)) : byte)) };
    case 1:
      return { ...witness, bytes: bytes.map((byte, index) => (index === at ? random.byte() : byte)) };
    case 2:
      return { ...witness, bytes: joined(bytes.subarray(0, at), bytes.subarray(at + 1)) };
    case 3:
      return { ...witness, bytes: joined(bytes.subarray(0, at), random.bytes(1), bytes.subarray(at)) };
    case 4:
      return { ...witness, bytes: bytes.subarray(0, bytes.length - 1 - random.below(Math.min(bytes.length, 4))) };
    case 5:
      return { ...witness, bytes: bytes.map((byte, index) => (isLetter(byte) && index >= at ? byte ^ 0x20 : byte)) };
    case 6:
      return { ...witness, before: besideWord(witness.before, random) };
    default:
      return { ...witness, after: besideWord(witness.after, random) };
  }
}

/** A letter or digit, as wide as what it stands for. */
function besideWord(beside: Uint8Array, random: Random): Uint8Array {
  let letter = random.byte();
  while (!isAlphanumeric(letter)) letter = random.byte();
  return beside.length === 2 ? Uint8Array.of(letter, beside[1]!) : Uint8Array.of(letter);
}

/**
 * Bytes that a regex matches, by a random walk of its tree. Word boundaries are noted while walking and looked at when the
 * bytes are there; a walk that breaks one is given up and another begun.
 */
import { hasByte } from '../../shared/yara/syntax/byte-set.ts';
import type { RegexAssertion, RegexNode, RegexRepeat } from '../../shared/yara/syntax/regex-ast.ts';
import type { Random } from './random.ts';

/** Beyond this many bytes every repeat takes as few as it can. */
const LONG_WITNESS = 3000;
const TRIES = 12;

export interface RegexWalk {
  readonly bytes: readonly number[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
  /** What must stand beside it: undefined is anything. */
  readonly wordBefore: boolean | undefined;
  readonly wordAfter: boolean | undefined;
}

interface Noted {
  readonly at: number;
  readonly assertion: RegexAssertion['assertion'];
}

export function walkRegex(root: RegexNode, random: Random): RegexWalk {
  let walk: RegexWalk | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const bytes: number[] = [];
    const noted: Noted[] = [];
    write(root, random, bytes, noted);
    walk = judge(bytes, noted) ?? walk ?? { ...nothingBeside, bytes };
    if (judge(bytes, noted) !== undefined) break;
  }
  return walk!;
}

const nothingBeside = { atStart: false, atEnd: false, wordBefore: undefined, wordAfter: undefined };

/** Undefined when an assertion does not hold inside the bytes. */
function judge(bytes: readonly number[], noted: readonly Noted[]): RegexWalk | undefined {
  let walk: RegexWalk = { ...nothingBeside, bytes };
  const last = bytes.length;
  for (const { at, assertion } of noted) {
    if (assertion === 'start') {
      if (at > 0) return undefined;
      walk = { ...walk, atStart: true };
    } else if (assertion === 'end') {
      if (at < last) return undefined;
      walk = { ...walk, atEnd: true };
    } else {
      const isBoundary = assertion === 'wordBoundary';
      if (at > 0 && at < last) {
        if ((isWord(bytes[at - 1]!) !== isWord(bytes[at]!)) !== isBoundary) return undefined;
      } else if (last > 0 && at === 0) walk = { ...walk, wordBefore: isWord(bytes[0]!) !== isBoundary };
      else if (last > 0) walk = { ...walk, wordAfter: isWord(bytes[last - 1]!) !== isBoundary };
    }
  }
  return walk;
}

export function isWord(byte: number): boolean {
  return isAlphanumeric(byte) || byte === 0x5f;
}

export function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || isLetter(byte);
}

export function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function write(node: RegexNode, random: Random, out: number[], noted: Noted[]): void {
  switch (node.kind) {
    case 'empty':
      return;
    case 'literal':
      for (const byte of node.bytes) out.push(node.ignoreCase ? eitherCase(byte, random) : byte);
      return;
    case 'dot': {
      const byte = random.chance(80) ? random.between(0x20, 0x7e) : random.byte();
      out.push(byte === 0x0a && !node.includesNewline ? 0x20 : byte);
      return;
    }
    case 'class': {
      const members = membersOf(node.set);
      const printable = members.printable.length > 0 && random.chance(85);
      const from = printable ? members.printable : members.all;
      // An empty class fits nothing; whatever is written then is a near miss.
      out.push(from.length === 0 ? 0 : random.pick(from));
      return;
    }
    case 'assertion':
      noted.push({ at: out.length, assertion: node.assertion });
      return;
    case 'group':
      write(node.node, random, out, noted);
      return;
    case 'sequence':
      for (const item of node.items) write(item, random, out, noted);
      return;
    case 'alternation':
      write(random.pick(node.alternatives), random, out, noted);
      return;
    case 'repeat':
      for (let times = repetitions(node, random, out.length); times > 0; times--) write(node.node, random, out, noted);
      return;
  }
}

function repetitions({ min, max }: RegexRepeat, random: Random, written: number): number {
  if (written > LONG_WITNESS) return min;
  const few = random.pick([0, 0, 1, 2, random.below(12), random.below(random.chance(10) ? 300 : 12)]);
  if (max === undefined) return min + few;
  if (random.chance(15) && max <= 1000) return max;
  return Math.min(max, min + few);
}

/** A letter's other case; anything else is itself. */
export function eitherCaseOf(byte: number): number {
  return isLetter(byte) ? byte ^ 0x20 : byte;
}

export function eitherCase(byte: number, random: Random): number {
  return isLetter(byte) && random.chance(50) ? byte ^ 0x20 : byte;
}

interface Members {
  readonly all: readonly number[];
  readonly printable: readonly number[];
}

const known = new WeakMap<Uint32Array, Members>();

function membersOf(set: Uint32Array): Members {
  const found = known.get(set);
  if (found !== undefined) return found;
  const all = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => hasByte(set, byte));
  const members = { all, printable: all.filter((byte) => byte >= 0x20 && byte < 0x7f) };
  known.set(set, members);
  return members;
}

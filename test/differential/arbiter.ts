/**
 * What a regex or a hex pattern matches at one place, told by a machine that is as plain as can be: threads in order of preference, one byte
 * at a time, no atoms, no automata, no limits of reach. Where the engines differ and a dialect entry says
 * that the reference errs, this says whether ours is right.
 */
import { hasByte } from '../../shared/yara/syntax/byte-set.ts';
import type { HexPattern, RegexPattern } from '../../shared/yara/syntax/ast.ts';
import type { HexNode } from '../../shared/yara/syntax/hex-ast.ts';
import type { RegexAssertion, RegexNode, RegexRepeat } from '../../shared/yara/syntax/regex-ast.ts';
import { eitherCaseOf, isAlphanumeric, isWord } from './regex-witness.ts';

/** Regexes that are longer when written out have no arbiter. */
const MOST_STEPS = 60_000;

type Step =
  | { readonly kind: 'byte'; readonly takes: (byte: number) => boolean }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'assertion'; readonly assertion: RegexAssertion['assertion'] }
  | { readonly kind: 'match' };

/** Lengths of the matches at one start; more than one where the plain and the wide form both match. */
export type Arbiter = (bytes: Uint8Array, start: number) => ReadonlySet<number>;

const known = new WeakMap<RegexPattern | HexPattern, Arbiter | undefined>();

/** Undefined where the pattern is too long when it is written out. */
export function arbiterOf(pattern: RegexPattern | HexPattern): Arbiter | undefined {
  if (known.has(pattern)) return known.get(pattern);
  const arbiter = makeArbiter(pattern);
  known.set(pattern, arbiter);
  return arbiter;
}

function makeArbiter(pattern: RegexPattern | HexPattern): Arbiter | undefined {
  const steps: Step[] = [];
  const isWhole = pattern.kind === 'hex' ? compileHex(pattern.root, steps) : compile(pattern.regex.root, steps);
  if (!isWhole) return undefined;
  steps.push({ kind: 'match' });
  const { ascii, wide, fullword } = pattern.modifiers;
  const widths = [...(wide && !ascii ? [] : [1]), ...(wide ? [2] : [])];
  return (bytes, start) => {
    const lengths = new Set<number>();
    for (const width of widths) {
      const object = { bytes, width };
      const length = preferredLength(steps, object, start);
      if (length === undefined || length === 0) continue;
      if (fullword && !standsAlone(object, start, start + length)) continue;
      lengths.add(length);
    }
    return lengths;
  };
}

/** False when it becomes too long. */
function compile(node: RegexNode, steps: Step[]): boolean {
  if (steps.length > MOST_STEPS) return false;
  switch (node.kind) {
    case 'empty':
      return true;
    case 'literal':
      for (const byte of node.bytes) {
        const other = node.ignoreCase ? eitherCaseOf(byte) : byte;
        steps.push({ kind: 'byte', takes: (found) => found === byte || found === other });
      }
      return true;
    case 'dot':
      steps.push({ kind: 'byte', takes: (byte) => byte !== 0x0a || node.includesNewline });
      return true;
    case 'class':
      steps.push({ kind: 'byte', takes: (byte) => hasByte(node.set, byte) });
      return true;
    case 'assertion':
      steps.push({ kind: 'assertion', assertion: node.assertion });
      return true;
    case 'group':
      return compile(node.node, steps);
    case 'sequence':
      return node.items.every((item) => compile(item, steps));
    case 'alternation':
      return compileAlternation(node.alternatives, (alternative) => compile(alternative, steps), steps);
    case 'repeat':
      return compileRepeat(node, () => compile(node.node, steps), steps);
  }
}

/** Jumps are as short as they can be. */
function compileHex(node: HexNode, steps: Step[]): boolean {
  if (steps.length > MOST_STEPS) return false;
  switch (node.kind) {
    case 'bytes':
      node.values.forEach((value, at) => {
        const mask = node.masks[at]!;
        steps.push({ kind: 'byte', takes: (byte) => (byte & mask) === value });
      });
      return true;
    case 'negatedByte':
      steps.push({ kind: 'byte', takes: (byte) => (byte & node.mask) !== node.value });
      return true;
    case 'sequence':
      return node.items.every((item) => compileHex(item, steps));
    case 'alternatives':
      return compileAlternation(node.alternatives, (alternative) => compileHex(alternative, steps), steps);
    case 'jump': {
      const { min, max } = node;
      if (Math.max(min, max ?? 0) > MOST_STEPS) return false;
      const addAny = (): boolean => steps.push({ kind: 'byte', takes: () => true }) <= 2 * MOST_STEPS;
      return compileRepeat({ min, max, isGreedy: false }, addAny, steps);
    }
  }
}

/** `addOne` adds one round; false when it becomes too long. */
function compileRepeat(
  { min, max, isGreedy }: Pick<RegexRepeat, 'min' | 'max' | 'isGreedy'>,
  addOne: () => boolean,
  steps: Step[],
): boolean {
  for (let times = 0; times < min; times++) if (!addOne()) return false;
  const prefer = (split: Step & { kind: 'split' }, inside: number, outside: number): void => {
    [split.first, split.second] = isGreedy ? [inside, outside] : [outside, inside];
  };
  if (max === undefined) {
    const split = addSplit(steps);
    const at = steps.length;
    if (!addOne()) return false;
    const back = addSplit(steps);
    back.first = back.second = at - 1;
    prefer(split, at, steps.length);
    return true;
  }
  const splits: (readonly [Step & { kind: 'split' }, number])[] = [];
  for (let times = min; times < max; times++) {
    splits.push([addSplit(steps), steps.length]);
    if (!addOne()) return false;
  }
  for (const [split, at] of splits) prefer(split, at, steps.length);
  return true;
}

function addSplit(steps: Step[]): Step & { kind: 'split' } {
  const split: Step & { kind: 'split' } = { kind: 'split', first: 0, second: 0 };
  steps.push(split);
  return split;
}

function compileAlternation<T>(alternatives: readonly T[], add: (alternative: T) => boolean, steps: Step[]): boolean {
  const jumps: (Step & { kind: 'split' })[] = [];
  for (const [at, alternative] of alternatives.entries()) {
    const isLast = at === alternatives.length - 1;
    const split = isLast ? undefined : addSplit(steps);
    if (split !== undefined) split.first = steps.length;
    if (!add(alternative)) return false;
    if (split === undefined) continue;
    jumps.push(addSplit(steps));
    split.second = steps.length;
  }
  for (const jump of jumps) jump.first = jump.second = steps.length;
  return true;
}

interface Viewed {
  readonly bytes: Uint8Array;
  /** 2: each byte with a zero behind it. */
  readonly width: number;
}

/** Leftmost-first: the length that the most preferred thread reaches. */
function preferredLength(steps: readonly Step[], object: Viewed, start: number): number | undefined {
  const { bytes, width } = object;
  let threads: number[] = [];
  const seen = new Int32Array(steps.length).fill(-1);
  follow(steps, 0, object, start, seen, threads);
  let length: number | undefined;
  for (let at = start; threads.length > 0; at += width) {
    const next: number[] = [];
    const isUnit = at < bytes.length && (width === 1 || bytes[at + 1] === 0);
    for (const thread of threads) {
      const step = steps[thread]!;
      if (step.kind === 'match') {
        length = at - start;
        break;
      }
      if (step.kind === 'byte' && isUnit && step.takes(bytes[at]!)) {
        follow(steps, thread + 1, object, at + width, seen, next);
      }
    }
    threads = next;
  }
  return length;
}

/** Adds the threads that a place leads to without a byte, in order of preference. */
function follow(
  steps: readonly Step[],
  from: number,
  object: Viewed,
  at: number,
  seen: Int32Array,
  threads: number[],
): void {
  const waiting = [from];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen[place] === at) continue;
    seen[place] = at;
    const step = steps[place]!;
    if (step.kind === 'split') waiting.push(step.second, step.first);
    else if (step.kind !== 'assertion') threads.push(place);
    else if (holds(step.assertion, object, at)) waiting.push(place + 1);
  }
}

function holds(assertion: RegexAssertion['assertion'], object: Viewed, at: number): boolean {
  switch (assertion) {
    case 'start':
      return at === 0;
    case 'end':
      return at === object.bytes.length;
    case 'wordBoundary':
      return isWordBefore(object, at, isWord) !== isWordAfter(object, at, isWord);
    case 'notWordBoundary':
      return isWordBefore(object, at, isWord) === isWordAfter(object, at, isWord);
  }
}

type Kind = (byte: number) => boolean;

function isWordBefore({ bytes, width }: Viewed, at: number, is: Kind): boolean {
  if (at < width) return false;
  return is(bytes[at - width]!) && (width === 1 || bytes[at - 1] === 0);
}

function isWordAfter({ bytes, width }: Viewed, at: number, is: Kind): boolean {
  if (at + width > bytes.length) return false;
  return is(bytes[at]!) && (width === 1 || bytes[at + 1] === 0);
}

function standsAlone(object: Viewed, start: number, end: number): boolean {
  return !isWordBefore(object, start, isAlphanumeric) && !isWordAfter(object, end, isAlphanumeric);
}
